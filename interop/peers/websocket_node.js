// npm's `websocket`, WebSocket-Node.
"use strict";

const http = require("node:http");
const { client: Client, server: Server } = require("websocket");
const { Inbox, REASON, run } = require("./emitter.js");

const LIMITS = {
  maxReceivedFrameSize: 2 << 20,
  maxReceivedMessageSize: 2 << 20,
  fragmentOutgoingMessages: false,
};

const unpack = ({ type, utf8Data, binaryData }) => (type === "utf8" ? utf8Data : binaryData);

function send(connection, message) {
  typeof message === "string" ? connection.sendUTF(message) : connection.sendBytes(message);
}

function open(url, subprotocols) {
  const client = new Client(LIMITS);
  return new Promise((resolve, reject) => {
    client.on("connectFailed", reject);
    client.on("connect", (connection) => {
      const inbox = new Inbox();
      connection.on("message", (message) => inbox.put(unpack(message)));
      connection.on("close", (code, reason) => inbox.put({ code, reason }));
      resolve({
        subprotocol: connection.protocol,
        send: (message) => send(connection, message),
        next: () => inbox.next(),
        close: (code, reason) => connection.close(code, reason),
        ping: () =>
          new Promise((pong) => {
            connection.on("pong", pong);
            connection.ping("hello");
          }),
      });
    });
    client.connect(url, subprotocols);
  });
}

function serve() {
  const server = http.createServer();
  new Server({ httpServer: server, ...LIMITS }).on("request", (request) => {
    if (request.resource === "/refuse") return request.reject(403);
    const connection = request.accept(
      request.requestedProtocols.includes("chat.v2") ? "chat.v2" : null,
    );
    connection.on("message", (message) => {
      const data = unpack(message);
      if (data === "ping") connection.ping("hello");
      else if (data === "close") connection.close(3002, REASON);
      else send(connection, data);
    });
    connection.on("pong", () => connection.sendUTF("pong"));
    connection.on("close", (code, reason) => console.log(`closed ${code} ${reason}`));
  });
  server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
}

process.argv[2] === "server" ? serve() : run(open, process.argv[3]);
