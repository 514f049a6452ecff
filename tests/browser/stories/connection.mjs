// Ends of connections, and what the page makes of them.

import { NO_SERVER } from "../visitor.mjs";

const killed = {
  name: "a killed server: 1006, a countdown, a new connection, every message once",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    const bo = await story.visit(hub, { name: "Bo", expects: NO_SERVER });
    await ada.say("before");
    await bo.seesMessages(["before"]);
    await hub.stop("SIGKILL");
    for (const room of ["chat", "prices", "document"]) await ada.seesState(room, "closed 1006");
    await ada.say("meanwhile 1");
    await ada.say("meanwhile 2");
    await ada.sees("both marked as under way", () => pending() === 2);
    // The waits double: sooner or later there is one that counts down.
    const seconds = `/reconnecting in (\\d+) s/.exec($("countdown").textContent)?.[1]`;
    await ada.sees("a countdown", `() => ${seconds} >= 2`);
    await ada.sees("its end", `() => ${seconds} === "1"`);
    await ada.sees("why", () => $("notice-text").textContent.startsWith("Closed with 1006"));
    await hub.start();
    await ada.sees("all rooms to be open", () => isOpen());
    for (const visitor of [ada, bo]) {
      await visitor.seesMessages(["before", "meanwhile 1", "meanwhile 2"]);
    }
    await ada.sees("no notice", () => $("notice").hidden);
    const late = await story.visit(hub);
    await late.seesMessages(["before", "meanwhile 1", "meanwhile 2"]);
  },
};

const now = {
  name: "the button connects at once",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    await hub.stop("SIGKILL");
    // Of waits of up to 8 s and more, one that is too long to be over meanwhile.
    await ada.sees("a long wait", () => {
      return /in ([4-9]|[1-3]\d) s/.test($("countdown").textContent);
    });
    await hub.start();
    const began = performance.now();
    await ada.page.click("#now");
    await ada.seesState("chat", "open");
    const took = performance.now() - began;
    if (took > 3000) throw new Error(`${took} ms`);
  },
};

const focused = {
  name: "the button keeps the focus while it connects, and gives it to the tab",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    await hub.stop("SIGKILL");
    await ada.seesState("chat", "closed 1006");
    await ada.page.focus("#now");
    await ada.page.keyboard.press("Enter");
    // The attempt that fails is over when the next wait begins.
    await ada.sees("another wait", () => /in [1-9]\d* s/.test($("countdown").textContent));
    const seesFocus = (id) => ada.sees(`the focus on ${id}`, (id) => document.activeElement.id === id, id);
    await seesFocus("now");
    await hub.start();
    await ada.page.keyboard.press("Enter");
    await ada.seesState("chat", "open");
    await seesFocus("tab-chat");
  },
};

const shutdown = {
  name: "a shutdown: 1001 with its reason, and a new connection after it",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    await ada.say("kept");
    await ada.seesMessages(["kept"]);
    await ada.page.evaluate(() => {
      window.states = [];
      for (const state of document.querySelectorAll(".state")) {
        new MutationObserver(() => window.states.push(`${state.id} ${state.textContent}`))
          .observe(state, { childList: true, characterData: true, subtree: true });
      }
    });
    const status = await hub.stop("SIGTERM");
    if (status !== 0) throw new Error(`the hub ended with ${status}`);
    // An attempt to connect again may have followed: what counts is what was shown first.
    for (const room of ["chat", "prices", "document"]) {
      await ada.sees(`1001 with a reason of ${room}`, (room) => {
        const first = states.find((state) => /^state-\w+ closed/.test(state) && state.includes(room));
        return /closed 1001 \w+/.test(first ?? "");
      }, room);
    }
    await hub.start();
    await ada.sees("all rooms to be open", () => isOpen());
    await ada.seesMessages(["kept"]);
  },
};

const burst = {
  name: "a server that is killed in the middle of a burst: every message once, in order",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    const bo = await story.visit(hub, { name: "Bo", expects: NO_SERVER });
    const texts = Array.from({ length: 60 }, (_, index) => `message ${index}`);
    // Three times: what was stored, but not acknowledged, differs.
    for (let round = 0; round < 3; round++) {
      await ada.sayAtOnce(texts.slice(20 * round, 20 * (round + 1)));
      await bo.sees("one of them", (text) => messages().includes(text), texts[20 * round]);
      await hub.stop("SIGKILL");
      await hub.start();
      await ada.sees("all rooms to be open", () => isOpen());
    }
    for (const visitor of [ada, bo]) await visitor.seesMessages(texts);
  },
};

const reloaded = {
  name: "what was not acknowledged survives a reload of the page",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    await ada.say("stored");
    await ada.seesMessages(["stored"]);
    // A server that is stopped takes bytes, and answers nothing.
    hub.signal("SIGSTOP");
    await ada.say("not answered");
    await ada.sees("it under way", () => pending() === 1);
    await hub.stop("SIGKILL");
    await hub.start();
    await ada.page.reload();
    await ada.seesMessages(["stored", "not answered"]);
    const bo = await story.visit(hub);
    await bo.seesMessages(["stored", "not answered"]);
  },
};

const overtaken = {
  name: "what is said before the server's welcome does not overtake what is sent again",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    // A server that is stopped takes bytes, and answers nothing.
    hub.signal("SIGSTOP");
    await ada.say("first");
    await ada.sees("it under way", () => pending() === 1);
    await hub.stop("SIGKILL");
    await ada.seesState("chat", "closed 1006");
    await ada.page.evaluate(() => {
      const state = document.getElementById("state-chat");
      const observer = new MutationObserver(() => {
        if (state.textContent !== "open") return;
        observer.disconnect();
        document.getElementById("say").value = "second";
        document.getElementById("say-form").requestSubmit();
      });
      observer.observe(state, { childList: true, characterData: true, subtree: true });
    });
    await hub.start();
    await ada.seesMessages(["first", "second"]);
  },
};

const silent = {
  name: "a server that answers no longer is given up",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    hub.signal("SIGSTOP");
    await ada.say("to nobody");
    // Two pings 5 s apart, and 12 s after the first one.
    await ada.sees("1006", () => $("state-chat").textContent.startsWith("closed 1006 no answer"));
    hub.signal("SIGCONT");
    await ada.sees("all rooms to be open", () => isOpen());
    await ada.seesMessages(["to nobody"]);
  },
};

const meters = {
  name: "the round trip, the compression and the bytes of each room are shown",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub);
    for (const room of ["chat", "prices", "document"]) {
      await ada.choose(room);
      await ada.sees(`figures of ${room}`, () => {
        return /^\d+(\.\d)? ms$/.test($("roundtrip").textContent)
          && $("compression").textContent === "permessage-deflate"
          && /^[\d.]+ [kM]?B$/.test($("received").textContent)
          && /^[\d.]+ [kM]?B$/.test($("sent").textContent)
          && /^\d+$/.test($("dropped").textContent);
      });
    }
    await ada.sees("nothing of a broker", () => $("broker").hidden);
    await ada.choose("prices");
    await ada.sees("what prices take", () => /^\d+\.?\d* (kB|MB)$/.test($("received").textContent));
  },
};

const tls = {
  name: "over TLS and HTTP/2, chat and a new connection work as well",
  async run(story) {
    const hub = await story.hub("--tls");
    const url = new URL(hub.url);
    url.hostname = "localhost";
    const ada = await story.visit(hub, { name: "Ada", url, expects: NO_SERVER });
    const protocol = await ada.look("performance.getEntriesByType('navigation')[0].nextHopProtocol");
    if (protocol !== "h2") throw new Error(protocol);
    await ada.say("encrypted");
    await ada.seesMessages(["encrypted"]);
    await hub.stop("SIGTERM");
    await ada.say("later");
    await hub.start();
    await ada.seesMessages(["encrypted", "later"]);
  },
};

export default [killed, now, focused, shutdown, burst, reloaded, overtaken, silent, meters, tls];
