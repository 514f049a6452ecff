// Deno's `WebSocket`, and `Deno.upgradeWebSocket` in its server.
import "./whatwg.js";

const REASON = "操作完成";

function serve(request) {
  if (new URL(request.url).pathname === "/refuse")
    return new Response("not for you\n", { status: 403 });
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(/, */);
  const protocol = offered.includes("chat.v2") ? "chat.v2" : undefined;
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol });
  socket.onmessage = ({ data }) =>
    data === "close" ? socket.close(3002, REASON) : socket.send(data);
  socket.onclose = ({ code, reason }) => console.log(`closed ${code} ${reason}`);
  return response;
}

if (Deno.args[0] === "server") {
  Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`listening on ${port}`) },
    serve,
  );
} else {
  await globalThis.runCases(Deno.args[1], console.log);
  Deno.exit();
}
