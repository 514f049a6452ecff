// Socket.IO, with WebSocket as its only transport.
"use strict";

const http = require("node:http");
const { Server } = require("socket.io");
const { io } = require("socket.io-client");

function serve() {
  const server = http.createServer();
  const sockets = new Server(server, { transports: ["websocket"], pingInterval: 100 });
  sockets.on("connection", (socket) => {
    socket.on("echo", (text) => socket.emit("echo", text));
    socket.on("question", (number, acknowledge) => acknowledge("answer", number));
  });
  server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
}

/** Connects, sends an event with an acknowledgement and one without, and waits for a heartbeat. */
function client(url) {
  const socket = io(url.replace(/^ws/, "http"), { transports: ["websocket"], reconnection: false });
  const seen = [];
  socket.on("connect_error", (error) => {
    console.log(`no use of Socket.IO: ${error.message}`);
    process.exit();
  });
  socket.on("connect", () => {
    socket.emit("echo", "操作完成");
    socket.emit("question", 1, (name, number) => seen.push(`${name} ${number}`));
  });
  socket.on("echo", (text) => seen.push(text));
  socket.on("heartbeat", () => {
    const expected = "操作完成,question 1";
    console.log(seen.join() === expected ? "ok use of Socket.IO" : `no use of Socket.IO: ${seen}`);
    socket.disconnect();
  });
  socket.on("disconnect", () => process.exit());
}

process.argv[2] === "server" ? serve() : client(process.argv[3]);
