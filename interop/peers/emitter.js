// The cases of a client with Node's events, for `ws`, `websocket` and `faye-websocket`.
// `open(url, subprotocols)` returns a promise of { send, next, close, subprotocol }, with `ping`
// and `fragments` if the library can; `next()` is the next message, a Buffer if it is binary, or
// { code, reason }.
"use strict";

const assert = require("node:assert");

const REASON = "操作完成";
const ABSENT = "not in its API";
const JSON_TEXT = JSON.stringify({ type: "chat", text: "hello again" }).repeat(200);

/** A queue whose `next()` waits. */
class Inbox {
  items = [];
  wake = () => {};
  put(item) {
    this.items.push(item);
    this.wake();
  }
  async next() {
    while (!this.items.length)
      await new Promise((resolve) => {
        this.wake = resolve;
      });
    return this.items.shift();
  }
}

async function end(socket) {
  socket.close(1000, "");
  assert.strictEqual((await socket.next()).code, 1000);
}

async function exchange(socket, expected) {
  assert.deepStrictEqual(await socket.next(), expected);
  await end(socket);
}

function cases(open) {
  const ask = async (url, message, answer = message) => {
    const socket = await open(url, []);
    socket.send(message);
    await exchange(socket, answer);
  };
  return {
    text: (url) => ask(url, "hello"),
    unicode: (url) => ask(url, "κόσμε 🙂 操作完成"),
    "empty text": (url) => ask(url, ""),
    "empty binary": (url) => ask(url, Buffer.alloc(0)),
    binary: (url) =>
      ask(
        url,
        Buffer.from({ length: 1 << 20 }, (_, i) => i % 251),
      ),
    json: (url) => ask(url, JSON_TEXT),
    burst: async (url) => {
      const socket = await open(url, []);
      for (let i = 0; i < 1000; i++) socket.send(`message ${i}`);
      for (let i = 0; i < 1000; i++) assert.strictEqual(await socket.next(), `message ${i}`);
      await end(socket);
    },
    "client pings": async (url) => {
      const socket = await open(url, []);
      if (!socket.ping) throw new Error(ABSENT);
      await socket.ping();
      await end(socket);
    },
    "server pings": (url) => ask(url, "ping", "pong"),
    "client fragments": async (url) => {
      const socket = await open(url, []);
      if (!socket.fragments) throw new Error(ABSENT);
      socket.fragments(["κόσ", "με ", REASON]);
      await exchange(socket, `κόσμε ${REASON}`);
    },
    "server fragments": (url) => ask(url, "fragments", "one two three"),
    "client closes": async (url) => {
      const socket = await open(url, []);
      socket.close(3001, REASON);
      await socket.next();
    },
    "server closes": async (url) => {
      const socket = await open(url, []);
      socket.send("close");
      assert.deepStrictEqual(await socket.next(), { code: 3002, reason: REASON });
    },
    refusal: (url) => assert.rejects(open(`${url}refuse`, []), /403/),
    subprotocol: async (url) => {
      const socket = await open(url, ["chat.v1", "chat.v2"]);
      assert.strictEqual(socket.subprotocol, "chat.v2");
      await end(socket);
    },
  };
}

async function run(open, url) {
  for (const [name, test] of Object.entries(cases(open))) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("no end within 20 s")), 20000);
    });
    try {
      await Promise.race([test(url), late]);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`no ${name}: ${String(error.message).split("\n").join(" ")}`);
    }
    clearTimeout(timer);
  }
  process.exit();
}

module.exports = { Inbox, REASON, run };
