// Node's `ws` as a peer: `node peer_ws.js server OPTIONS [CERTIFICATE KEY]` echoes, over TLS if it has a certificate;
// `node peer_ws.js client OPTIONS URL` checks an echo.
"use strict";

const assert = require("node:assert");
const { randomBytes } = require("node:crypto");
const { readFileSync } = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const WebSocket = require("ws");

const [role, options, ...rest] = process.argv.slice(2);
const perMessageDeflate = { threshold: 0, ...JSON.parse(options) };

/** Text and binary of every form of length: what repeats itself, what does not, and what is more than a byte a letter. */
function* payloads() {
  for (const size of [0, 1, 63, 64, 125, 126, 1000, 65535, 65536, 300000]) {
    yield JSON.stringify({ text: "hello again, " }).repeat(Math.ceil(size / 20)).slice(0, size);
    yield "κόσμε 🙂 ".repeat(size / 16);
    yield randomBytes(size);
    yield Buffer.alloc(size);
  }
}

if (role === "server") {
  const [cert, key] = rest.map((file) => readFileSync(file));
  const server = cert ? https.createServer({ cert, key }) : http.createServer();
  server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
  new WebSocket.Server({ server, perMessageDeflate }).on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
    socket.on("error", (error) => console.log(`error: ${error.message}`));
  });
} else {
  const socket = new WebSocket(rest[0], { perMessageDeflate });
  const expected = [...payloads()];
  let at = 0;
  socket.on("open", () => expected.forEach((payload, n) => socket.send(payload, { compress: n % 5 !== 4 })));
  socket.on("message", (data, binary) => {
    const payload = expected[at++];
    assert.strictEqual(binary, typeof payload !== "string");
    assert.ok(data.equals(Buffer.from(payload)), `message ${at} came back changed`);
    if (at === expected.length) socket.close(1000);
  });
  socket.on("error", (error) => { throw error; });
  socket.on("close", (code) => {
    assert.deepStrictEqual([at, code], [expected.length, 1000]);
    console.log(`${at} messages`);
  });
}
