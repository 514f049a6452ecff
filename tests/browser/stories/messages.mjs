// The chat's list of messages, and those that wait to be sent.

import { NO_SERVER } from "../visitor.mjs";

/** Lets no connection be opened, and ends those that are open with the hub. */
async function disconnect(visitor, hub) {
  await visitor.page.evaluate(() => {
    window.WebSocketBefore = WebSocket;
    window.WebSocket = class {
      constructor() {
        setTimeout(() => this.onclose({ code: 1006, reason: "" }));
      }
    };
  });
  await hub.stop("SIGKILL");
  await visitor.seesState("chat", "closed 1006");
}

async function connectAgain(visitor) {
  await visitor.page.evaluate(() => (window.WebSocket = window.WebSocketBefore));
  // The wait may be long by now, or about to end.
  await visitor.sees("all rooms to be open", () => {
    $("now").click();
    return isOpen();
  });
}

/** Says what the page's field does not take, or too much for it, on a connection of its own. */
function sayRaw(visitor, texts) {
  return visitor.page.evaluate(async (texts) => {
    const url = new URL("/rooms/chat?client=raw&name=Raw", location.href);
    url.protocol = "ws:";
    const socket = new WebSocket(url);
    await new Promise((opened) => (socket.onopen = opened));
    texts.forEach((text, index) => socket.send(JSON.stringify({ type: "say", id: index + 1, text })));
    let acknowledged = 0;
    await new Promise((done) => {
      socket.onmessage = ({ data }) => {
        if (JSON.parse(data).type === "ack" && ++acknowledged === texts.length) done();
      };
    });
    socket.close();
  }, texts);
}

const refusedOnly = () => all("#messages [data-state]").every((li) => li.dataset.state === "refused");

const tooLong = {
  name: "a message of too many bytes is marked, and keeps back no other one",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    // Few enough characters, each of which has six bytes in JSON.
    const poison = "\u0001".repeat(4000);
    await ada.sayAtOnce([poison, "after it"]);
    const isMarked = () => {
      const [refused] = all("#messages [data-state=refused] .note");
      return refused?.textContent.startsWith("not sent: it is longer than");
    };
    await ada.sees("the reason", isMarked);
    await ada.sees("the next message stored", () => messages().includes("after it"));
    await ada.sees("nothing under way", refusedOnly);
    // A message that another version of the page has kept.
    await ada.page.evaluate((poison) => {
      const messages = [{ id: 8, text: "before" }, { id: 9, text: poison }, { id: 10, text: "last" }];
      sessionStorage.setItem("outbox", JSON.stringify({ next: 11, messages }));
    }, poison);
    await ada.page.reload();
    await ada.sees("that it was discarded", () => {
      const [refused] = all("#messages [data-state=refused] .note");
      return refused?.textContent === "not sent: it is too long";
    });
    await ada.sees("the others stored", () => {
      return all("#messages [data-seq] .text").map((text) => text.textContent).join() === "after it,before,last";
    });
    await ada.sees("nothing under way", refusedOnly);
    await ada.sees("that nothing is kept", () => {
      return JSON.parse(sessionStorage.getItem("outbox")).messages.length === 0;
    });
  },
};

const halfPair = {
  name: "half of a surrogate pair is sent as a replacement character",
  async run(story) {
    const ada = await story.visit(await story.hub(), { name: "Ada" });
    await ada.page.evaluate(() => {
      document.getElementById("say").value = "\ud83d!";
      document.getElementById("say-form").requestSubmit();
    });
    await ada.seesMessages(["\ufffd!"]);
  },
};

const longerHistory = {
  name: "a hub with another, longer history replaces what the page has",
  async run(story) {
    const hub = await story.hub("--memory");
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    for (const text of ["one", "two"]) await ada.say(text);
    await ada.seesMessages(["one", "two"]);
    await disconnect(ada, hub);
    await hub.start();
    const bo = await story.visit(hub, { name: "Bo" });
    const texts = ["new one", "new two", "new three"];
    for (const text of texts) await bo.say(text);
    await bo.seesMessages(texts);
    await connectAgain(ada);
    await ada.seesMessages(texts);
  },
};

const afterTheNight = {
  name: "a page that missed more than a thousand messages shows the last ones, and how many it does not",
  async run(story) {
    const hub = await story.hub("--rate", "100000");
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    await ada.say("first");
    await ada.seesMessages(["first"]);
    await disconnect(ada, hub);
    await hub.start();
    const bo = await story.visit(hub, { name: "Bo" });
    await sayRaw(bo, Array.from({ length: 1100 }, (_, index) => `message ${index}`));
    const isComplete = () => {
      return pending() === 0 && messages().length === 1000 && messages()[999] === "message 1099"
        && messages()[0] === "message 100" && !$("hidden").hidden
        && $("hidden").textContent === "101 earlier messages are not shown";
    };
    await bo.sees("a thousand messages", isComplete);
    await ada.page.evaluate(() => {
      window.live = new Set();
      new MutationObserver(() => window.live.add(document.getElementById("log").ariaLive))
        .observe(document.getElementById("messages"), { childList: true });
    });
    await connectAgain(ada);
    await ada.sees("a thousand messages", isComplete);
    await ada.sees("the history not read out", () => [...window.live].join() === "off");
    await ada.sees("what follows read out", () => $("log").ariaLive === "polite");
    await bo.say("now");
    await ada.sees("the next one, and one less", () => {
      return messages()[999] === "now" && $("hidden").textContent.startsWith("102 ");
    });
  },
};

const fullStorage = {
  name: "without room in the session storage, no message vanishes",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    await ada.page.evaluate(() => {
      for (let [size, number] = [1 << 20, 0]; size > 0; number++) {
        try {
          sessionStorage.setItem(`filled ${number}`, "x".repeat(size));
        } catch {
          size >>= 1;
        }
      }
    });
    await hub.stop("SIGKILL");
    await ada.seesState("chat", "closed 1006");
    const texts = ["one", "two", "three"];
    await ada.sayAtOnce(texts);
    await ada.sees("all of them, with a warning", () => {
      return pending() === 3
        && all("#messages .note").every((note) => note.textContent === "sending; a reload would lose it");
    });
    await hub.start();
    await ada.seesMessages(texts);
  },
};

const dates = {
  name: "a message of another day has its date, also after midnight",
  async run(story) {
    const ada = await story.visit(await story.hub(), { name: "Ada" });
    const year = String(new Date().getFullYear());
    await ada.say("today");
    await ada.sees("no date", (year) => {
      const [time] = all("#messages [data-seq] time");
      return time && !time.textContent.includes(year) && time.title.includes(year);
    }, year);
    await ada.page.evaluate(() => {
      const Before = Date;
      window.Date = class extends Before {
        constructor(...all) {
          super(...(all.length > 0 ? all : [Before.now() + 3 * 24 * 3600 * 1000]));
        }
      };
    });
    await ada.say("three days later");
    await ada.sees("the date", (year) => all("#messages time")[0].textContent.includes(year), year);
  },
};

const looksLikeAnother = {
  name: "names and texts do not look like something else",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    const bo = await story.visit(hub, { name: "Ada (you)" });
    await ada.sees("one that is itself", () => {
      return all("#people i").length === 1 && people().sort().join() === "Ada (you),Ada (you)";
    });
    // It turns the direction, and the other one can't be seen.
    for (const name of ["\u202eyranoitciD", "\u3164"]) {
      await bo.page.evaluate((name) => {
        document.getElementById("name").value = name;
        document.getElementById("name").dispatchEvent(new Event("change"));
      }, name);
      await bo.sees("the name before", () => $("name").value === "Ada (you)");
    }
    await bo.page.evaluate(() => localStorage.setItem("name", "\u3164"));
    await bo.page.reload();
    await bo.sees("all rooms to be open", () => isOpen());
    await bo.sees("another name", () => $("name").value.trim().length > 1);
    await sayRaw(bo, [`start${"\n".repeat(3000)}end`]);
    await ada.sees("a message of half the window", () => {
      const [text] = all("#messages .text");
      return text && text.offsetHeight <= innerHeight / 2 && text.scrollHeight > innerHeight;
    });
  },
};

export default [
  tooLong, halfPair, longerHistory, afterTheNight, fullStorage, dates, looksLikeAnother,
];
