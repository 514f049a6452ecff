// Node's `ws` the way introductions show it: with Express on one port, and a broadcast.
"use strict";

const express = require("express");
const http = require("node:http");
const WebSocket = require("ws");

const app = express();
app.get("/page", (request, response) => response.send("<h1>chat</h1>"));

const server = http.createServer(app);
const wss = new WebSocket.Server({ server });

wss.on("connection", (ws, request) => {
  ws.on("message", (message) => {
    if (request.url === "/broadcast") {
      wss.clients.forEach((client) => {
        if (client !== ws && client.readyState === WebSocket.OPEN) client.send(message.toString());
      });
    } else {
      ws.send(`received: ${message}`);
    }
  });
  ws.send("welcome");
});

server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
