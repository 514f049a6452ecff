// Node's `ws` the way introductions show it: a server of its own port, which answers and greets.
"use strict";

const { WebSocketServer } = require("ws");

const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });

wss.on("connection", (ws) => {
  ws.on("error", console.error);
  ws.on("message", (data) => ws.send(`received: ${data}`));
  ws.on("close", (code, reason) => console.log(`closed ${code} ${reason}`));
  ws.send("welcome");
});

wss.on("listening", () => console.log(`listening on ${wss.address().port}`));
