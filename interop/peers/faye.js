// npm's `faye-websocket`, with the extension `permessage-deflate` of the same author.
"use strict";

const http = require("node:http");
const WebSocket = require("faye-websocket");
const deflate = require("permessage-deflate");
const { Inbox, REASON, run } = require("./emitter.js");

function open(url, subprotocols) {
  const socket = new WebSocket.Client(url, subprotocols, { extensions: [deflate] });
  const inbox = new Inbox();
  socket.on("message", ({ data }) => inbox.put(data));
  socket.on("close", ({ code, reason }) => inbox.put({ code, reason }));
  return new Promise((resolve, reject) => {
    socket.on("error", ({ message }) => reject(new Error(message)));
    socket.on("open", () =>
      resolve({
        subprotocol: socket.protocol,
        send: (message) => socket.send(message),
        next: () => inbox.next(),
        close: (code, reason) => socket.close(code, reason),
        ping: () => new Promise((pong) => socket.ping("hello", pong)),
      }),
    );
  });
}

function serve() {
  const server = http.createServer();
  server.on("upgrade", (request, stream, head) => {
    if (request.url === "/refuse")
      return stream.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    const socket = new WebSocket(request, stream, head, ["chat.v2"], { extensions: [deflate] });
    socket.on("message", ({ data }) => {
      if (data === "ping") socket.ping("hello", () => socket.send("pong"));
      else if (data === "close") socket.close(3002, REASON);
      else socket.send(data);
    });
    socket.on("close", ({ code, reason }) => console.log(`closed ${code} ${reason}`));
  });
  server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
}

process.argv[2] === "server" ? serve() : run(open, process.argv[3]);
