// What `interop/http_servers` does in the page of `examples/axum`: with its form, and with its own
// `socket`. Each step rejects at its deadline, or once the WebSocket is closed before its end.
"use strict";

const DEADLINE = 30_000;

/** Random bytes, the same in each run: they can't be compressed. */
function noise(length) {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

function within(what, start) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${what}: nothing within ${DEADLINE} ms`)), DEADLINE);
    start(resolve, reject);
  });
}

/** Resolves to what the page shows, once its WebSocket is open or closed. */
function settled() {
  const shown = (id) => document.getElementById(id)?.textContent;
  return within("the page's state", (resolve, reject) => {
    // Another page: an error of the proxy, for example.
    if (shown("state") === undefined) reject(new Error(`no state: ${document.body.innerText}`));
    const look = () => {
      if (shown("state") !== "connecting") resolve([shown("page"), shown("state")]);
    };
    const whole = { childList: true, characterData: true, subtree: true };
    new MutationObserver(look).observe(document.getElementById("state"), whole);
    look();
  });
}

/** Resolves to the next message. */
function answer(what, send) {
  return within(what, (resolve, reject) => {
    const closed = ({ code }) => reject(new Error(`${what}: closed with ${code}`));
    socket.addEventListener("message", ({ data }) => resolve(data), { once: true });
    socket.addEventListener("close", closed, { once: true });
    send();
  });
}

/** Sends text by the page's form, and then unicode and 1 MiB; resolves to what differs. */
async function echoes() {
  const wrong = [];
  const form = document.forms[0];
  const typed = "hello";
  form.elements.text.value = typed;
  const text = await answer("text", () => form.requestSubmit());
  const logged = [...document.querySelectorAll("#log p")].map((line) => line.textContent);
  if (text !== typed) wrong.push(`text: received ${text}`);
  if (logged.join() !== `→ ${typed},← ${typed}`) wrong.push(`text: the page shows ${logged}`);

  const unicode = "κόσμε 🙂 操作完成";
  const same = await answer("unicode", () => socket.send(unicode));
  if (same !== unicode) wrong.push(`unicode: received ${same}`);

  socket.binaryType = "arraybuffer";
  const sent = noise(1 << 20);
  const bytes = new Uint8Array(await answer("binary", () => socket.send(sent)));
  const isSame = bytes.length === sent.length && bytes.every((byte, i) => byte === sent[i]);
  if (!isSame) wrong.push(`binary: ${bytes.length} other bytes`);
  return wrong;
}

/** Closes; resolves to the code, whether that was clean, and what the page shows. */
function close(code, reason) {
  return within("the close event", (resolve, reject) => {
    if (socket.readyState !== WebSocket.OPEN) reject(new Error("closed before"));
    // The page's own handler comes first.
    socket.addEventListener("close", (event) => {
      const state = document.getElementById("state").textContent;
      resolve([event.code, event.wasClean, state]);
    });
    socket.close(code, reason);
  });
}
