// Bun's `WebSocket`, and `Bun.serve` (uWebSockets).
require("./whatwg.js");

const REASON = "操作完成";

if (process.argv[2] === "server") {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, server) {
      if (new URL(request.url).pathname === "/refuse")
        return new Response("not for you\n", { status: 403 });
      const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(/, */);
      const headers = offered.includes("chat.v2") ? { "Sec-WebSocket-Protocol": "chat.v2" } : {};
      server.upgrade(request, { headers });
    },
    websocket: {
      perMessageDeflate: true,
      message(socket, message) {
        if (message === "close") socket.close(3002, REASON);
        else if (message === "ping") socket.ping("hello");
        else socket.send(message, true);
      },
      pong(socket) {
        socket.send("pong");
      },
      close(_, code, reason) {
        console.log(`closed ${code} ${reason}`);
      },
    },
  });
  console.log(`listening on ${server.port}`);
} else {
  runCases(process.argv[3], console.log).then(() => process.exit());
}
