// An echo server on Node's `ws`, which checks text itself.
"use strict";

const WebSocket = require("ws");

const server = new WebSocket.Server({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("listening", () => console.log(`listening on 127.0.0.1:${server.address().port}`));
server.on("connection", (socket) => {
  socket.on("message", (data, binary) => socket.send(data, { binary }));
  socket.on("error", (error) => console.log(`a connection ended: ${error.message}`));
});
