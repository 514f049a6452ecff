// The cases of a client that is WHATWG's `WebSocket`: browsers, Node, Bun, Deno. Calls
// `tell("ok CASE")` or `tell("no CASE: REASON")`, and returns once all are done.
"use strict";

const REASON = "操作完成";
const JSON_TEXT = JSON.stringify({ type: "chat", text: "hello again" }).repeat(200);

function check(condition, what) {
  if (!condition) throw new Error(what);
}

/** A socket whose events are awaited: `next()` is the next message or CloseEvent. */
function open(url, subprotocols) {
  const socket = new WebSocket(url, subprotocols);
  socket.binaryType = "arraybuffer";
  const inbox = [];
  let wake = () => {};
  const put = (item) => {
    inbox.push(item);
    wake();
  };
  socket.addEventListener("message", ({ data }) => put(data));
  socket.addEventListener("close", (event) => put(event));
  socket.next = async () => {
    while (!inbox.length)
      await new Promise((resolve) => {
        wake = resolve;
      });
    return inbox.shift();
  };
  return new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve(socket));
    socket.addEventListener("error", (event) => reject(new Error(event.message || "error event")));
  });
}

async function end(socket) {
  socket.close(1000);
  const event = await socket.next();
  check(event.code === 1000 && event.wasClean, `closed with ${event.code}`);
}

async function echo(url, message) {
  const socket = await open(url);
  socket.send(message);
  const answer = await socket.next();
  if (typeof message === "string") {
    check(answer === message, `received ${String(answer).slice(0, 60)}`);
  } else {
    const bytes = new Uint8Array(answer);
    check(
      bytes.length === message.length && bytes.every((byte, i) => byte === message[i]),
      "other bytes",
    );
  }
  await end(socket);
}

async function ask(url, word, expected) {
  const socket = await open(url);
  socket.send(word);
  const answer = await socket.next();
  check(answer === expected, `received ${answer}`);
  await end(socket);
}

async function absent() {
  throw new Error("not in its API");
}

const CASES = {
  text: (url) => echo(url, "hello"),
  unicode: (url) => echo(url, "κόσμε 🙂 操作完成"),
  "empty text": (url) => echo(url, ""),
  "empty binary": (url) => echo(url, new Uint8Array(0)),
  binary: (url) =>
    echo(
      url,
      Uint8Array.from({ length: 1 << 20 }, (_, i) => i % 251),
    ),
  json: (url) => echo(url, JSON_TEXT),
  burst: async (url) => {
    const socket = await open(url);
    for (let i = 0; i < 1000; i++) socket.send(`message ${i}`);
    for (let i = 0; i < 1000; i++) {
      const answer = await socket.next();
      check(answer === `message ${i}`, `received ${answer}`);
    }
    await end(socket);
  },
  "client pings": absent,
  "server pings": (url) => ask(url, "ping", "pong"),
  "client fragments": absent,
  "server fragments": (url) => ask(url, "fragments", "one two three"),
  "client closes": async (url) => {
    const socket = await open(url);
    socket.close(3001, REASON);
    const event = await socket.next();
    // The reason here is the server's: our server prints the one that it has received.
    check(event.code === 3001 && event.wasClean, `closed with ${event.code}`);
  },
  "server closes": async (url) => {
    const socket = await open(url);
    socket.send("close");
    const event = await socket.next();
    check(
      event.code === 3002 && event.reason === REASON,
      `closed with ${event.code} ${event.reason}`,
    );
  },
  // The API tells scripts nothing but that there is an error and, at the close, 1006.
  refusal: (url) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${url}refuse`);
      let errors = 0;
      socket.onopen = () => reject(new Error("accepted"));
      socket.onerror = () => {
        errors++;
      };
      socket.onclose = ({ code, wasClean }) =>
        errors === 1 && code === 1006 && !wasClean
          ? resolve()
          : reject(new Error(`${errors} errors, ${code}`));
    }),
  subprotocol: async (url) => {
    const socket = await open(url, ["chat.v1", "chat.v2"]);
    check(socket.protocol === "chat.v2", `negotiated ${socket.protocol}`);
    await end(socket);
  },
  ...USES(),
};

/** What introductions to WebSocket show, written the way they write it. */
function USES() {
  return {
    "use of onopen, onmessage, onclose": (url) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url);
        const seen = [socket.readyState];
        socket.onopen = () => {
          seen.push(socket.readyState);
          socket.send(JSON.stringify({ type: "greeting", text: "你好" }));
        };
        socket.onmessage = (event) => {
          seen.push(JSON.parse(event.data).text);
          socket.close(1000, REASON);
          seen.push(socket.readyState);
        };
        socket.onerror = () => reject(new Error("error event"));
        socket.onclose = (event) => {
          seen.push(socket.readyState, event.code, event.reason, event.wasClean);
          // The reason is the server's, and ours sends none.
          const expected = [0, 1, "你好", 2, 3, 1000, "", true];
          seen.join() === expected.join() ? resolve() : reject(new Error(seen.join()));
        };
      }),
    "use of addEventListener": (url) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url);
        socket.addEventListener("open", () => socket.send("Hello Server!"));
        socket.addEventListener("message", (event) => {
          event.data === "Hello Server!" ? socket.close() : reject(new Error(event.data));
        });
        socket.addEventListener("close", (event) => {
          event.wasClean ? resolve() : reject(new Error(`closed with ${event.code}`));
        });
      }),
    "use of Blob": (url) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url);
        socket.binaryType = "blob";
        socket.onopen = () => socket.send(new Blob(["ab", new Uint8Array([99, 100]).buffer]));
        socket.onerror = () => reject(new Error("error event"));
        socket.onmessage = async ({ data }) => {
          socket.close();
          const text = data instanceof Blob ? await data.text() : `not a Blob: ${typeof data}`;
          text === "abcd" ? resolve() : reject(new Error(text));
        };
      }),
    "use of ArrayBuffer": (url) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url);
        socket.binaryType = "arraybuffer";
        socket.onopen = () => socket.send(new Float64Array([Math.PI]).buffer);
        socket.onerror = () => reject(new Error("error event"));
        socket.onmessage = ({ data }) => {
          socket.close();
          new Float64Array(data)[0] === Math.PI ? resolve() : reject(new Error("other bytes"));
        };
      }),
  };
}

async function run(url, tell) {
  for (const [name, test] of Object.entries(CASES)) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("no end within 20 s")), 20000);
    });
    try {
      await Promise.race([test(url), late]);
      tell(`ok ${name}`);
    } catch (error) {
      tell(`no ${name}: ${error.message}`);
    }
    clearTimeout(timer);
  }
}

globalThis.runCases = run;
