// Node's `ws`.
"use strict";

const http = require("node:http");
const WebSocket = require("ws");
const { Inbox, REASON, run } = require("./emitter.js");

function open(url, subprotocols) {
  const socket = new WebSocket(url, subprotocols);
  const inbox = new Inbox();
  socket.on("message", (data, isBinary) => inbox.put(isBinary ? data : data.toString()));
  socket.on("close", (code, reason) => inbox.put({ code, reason: reason.toString() }));
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () =>
      resolve({
        subprotocol: socket.protocol,
        send: (message) => socket.send(message),
        next: () => inbox.next(),
        close: (code, reason) => socket.close(code, reason),
        ping: () =>
          new Promise((pong) => {
            socket.on("pong", pong);
            socket.ping("hello");
          }),
        fragments: (chunks) =>
          chunks.forEach((chunk, i) => socket.send(chunk, { fin: i === chunks.length - 1 })),
      }),
    );
  });
}

function serve() {
  const server = http.createServer();
  const handleProtocols = (offered) => offered.has("chat.v2") && "chat.v2";
  const wss = new WebSocket.Server({
    noServer: true,
    handleProtocols,
    perMessageDeflate: { threshold: 0 },
  });
  server.on("upgrade", (request, stream, head) => {
    if (request.url === "/refuse")
      stream.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    else
      wss.handleUpgrade(request, stream, head, (socket) => wss.emit("connection", socket, request));
  });
  wss.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => {
      const text = isBinary ? "" : data.toString();
      if (text === "ping") socket.ping("hello");
      else if (text === "close") socket.close(3002, REASON);
      else if (text === "fragments") {
        ["one ", "two ", "three"].forEach((chunk, i) => socket.send(chunk, { fin: i === 2 }));
      } else socket.send(data, { binary: isBinary });
    });
    socket.on("pong", () => socket.send("pong"));
    socket.on("close", (code, reason) => console.log(`closed ${code} ${reason}`));
    socket.on("error", (error) => console.log(`error: ${error.message}`));
  });
  server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
}

process.argv[2] === "server" ? serve() : run(open, process.argv[3]);
