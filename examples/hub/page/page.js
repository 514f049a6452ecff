const element = id => document.getElementById(id);
const client = crypto.getRandomValues(new Uint32Array(4)).join("-");
const url = new URL(`/rooms/chat?client=${client}&name=somebody`, location.href);
const socket = new WebSocket(url.href.replace(/^http/, "ws"));
let id = 0;
socket.onopen = () => { element("state-chat").textContent = "open"; };
socket.onclose = event => { element("state-chat").textContent = `closed ${event.code} ${event.reason}`; };
socket.onmessage = event => {
  const message = JSON.parse(event.data);
  if (message.type !== "said") return;
  const line = document.createElement("li");
  line.textContent = `${message.name}: ${message.text}`;
  element("messages").append(line);
};
document.forms[0].onsubmit = event => {
  event.preventDefault();
  socket.send(JSON.stringify({ type: "say", id: ++id, text: element("say").value }));
  element("say").value = "";
};
