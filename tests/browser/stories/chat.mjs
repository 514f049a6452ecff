// The room of chat, with two and three pages.

import { NO_SERVER } from "../visitor.mjs";

const UNICODE = "Grüße, 你好, 👩🏽‍🚀, ‮abc‬, 𝄞 <b>no markup</b> & \\\"quotes\\\"";

const bothWays = {
  name: "messages go both ways, in any script, and are not markup",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    const bo = await story.visit(hub, { name: "Bö 你好" });
    await ada.say("hello");
    await bo.seesMessages(["hello"]);
    // A keyboard has no keys for these.
    await bo.page.focus("#say");
    for (const sign of UNICODE) await bo.page.keyboard.sendCharacter(sign);
    await bo.page.keyboard.press("Enter");
    for (const visitor of [ada, bo]) await visitor.seesMessages(["hello", UNICODE]);
    await ada.sees("no element made of a text", () => all("#messages .text *").length === 0);
    await ada.sees("the other's name", () => all("#messages b")[1].textContent === "Bö 你好");
    await ada.sees("whose message is whose", () => {
      return all("#messages li").map((li) => li.matches(".mine")).join() === "true,false";
    });
  },
};

const history = {
  name: "a reloaded page has the history, once and in order",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    const texts = Array.from({ length: 30 }, (_, index) => `message ${index}`);
    for (const text of texts) await ada.say(text);
    await ada.seesMessages(texts);
    await ada.page.reload();
    await ada.seesMessages(texts);
    await ada.sees("the end of the list", () => {
      const log = $("log");
      return log.scrollHeight > log.clientHeight
        && log.scrollHeight - log.scrollTop - log.clientHeight < 2;
    });
    // Ids go on: this one is not taken for one of those before.
    await ada.say("after the reload");
    await ada.seesMessages([...texts, "after the reload"]);
    const late = await story.visit(hub);
    await late.seesMessages([...texts, "after the reload"]);
    await late.sees("nothing unread", () => $("unread").hidden && document.title === "Hub");
  },
};

const people = {
  name: "people come and go, and are seen typing",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    const bo = await story.visit(hub, { name: "Bo" });
    const names = (names) => people().sort().join() === names;
    await ada.sees("both", names, "Ada (you),Bo");
    await bo.sees("both", names, "Ada,Bo (you)");
    await bo.page.focus("#say");
    await bo.page.keyboard.type("hm");
    await ada.sees("Bo typing", () => $("typing").textContent === "Bo is typing…");
    await bo.page.keyboard.press("Enter");
    await ada.sees("nobody typing", () => $("typing").textContent === "");
    await bo.rename("Bob");
    await ada.sees("the new name", names, "Ada (you),Bob");
    await bo.page.close();
    await ada.sees("that Bob has left", names, "Ada (you)");
  },
};

const stopsTyping = {
  name: "a person who pauses types no longer",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    const bo = await story.visit(hub, { name: "Bo" });
    await bo.page.focus("#say");
    await bo.page.keyboard.type("hm");
    await ada.sees("Bo typing", () => $("typing").textContent === "Bo is typing…");
    await ada.sees("nobody typing", () => $("typing").textContent === "");
    await bo.sees("that it was not sent", () => $("say").value === "hm" && messages().length === 0);
  },
};

const unread = {
  name: "unread messages are counted in the title, until they are seen",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", tab: "prices" });
    const bo = await story.visit(hub, { name: "Bo" });
    await bo.say("one");
    await bo.say("two");
    const counted = (title, badge) => document.title === title && $("unread").textContent === badge;
    await ada.sees("two unread messages", counted, "(2) Hub", "2 unread");
    // A page that is behind another one is not seen.
    await ada.page.bringToFront();
    await ada.choose("chat");
    await ada.sees("none unread", counted, "Hub", "");
    await bo.say("three");
    await ada.seesMessages(["one", "two", "three"]);
    await ada.sees("none unread", counted, "Hub", "");
    await bo.sees("none unread of its own", counted, "Hub", "");
  },
};

const scrolledUp = {
  name: "a list that was scrolled up stays there, and counts",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    const bo = await story.visit(hub, { name: "Bo" });
    await ada.page.bringToFront();
    const texts = Array.from({ length: 30 }, (_, index) => `message ${index}`);
    for (const text of texts) await bo.say(text);
    await ada.seesMessages(texts);
    await ada.page.evaluate(() => (document.getElementById("log").scrollTop = 0));
    await bo.say("one more");
    await ada.sees("one unread", () => document.title === "(1) Hub" && $("log").scrollTop === 0);
    await ada.page.evaluate(() => (document.getElementById("log").scrollTop = 1e6));
    await ada.sees("none unread", () => document.title === "Hub");
  },
};

const duplicatedTab = {
  name: "a duplicated tab is somebody else: its messages are not taken for repeated ones",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    await ada.say("first");
    await ada.seesMessages(["first"]);
    const session = await ada.look("JSON.stringify({ ...sessionStorage })");
    const other = await story.visit(hub, { with: ada });
    await other.page.evaluate((session) => {
      for (const [key, value] of Object.entries(JSON.parse(session))) sessionStorage.setItem(key, value);
    }, session.replace(/\\"next\\":2/, '\\"next\\":1'));
    await other.page.reload();
    await other.sees("all rooms to be open", () => isOpen());
    await other.say("second");
    for (const visitor of [ada, other]) await visitor.seesMessages(["first", "second"]);
    await ada.sees("that it is not its own", () => all("#messages .mine").length === 1);
  },
};

const refused = {
  name: "a message that is too long is marked, with the reason",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    await ada.page.evaluate(() => {
      // The element's own limit is the same as the server's.
      document.getElementById("say").maxLength = 10_000;
      document.getElementById("say").value = "x".repeat(4001);
    });
    await ada.page.focus("#say");
    await ada.page.keyboard.press("Enter");
    await ada.sees("the reason", () => {
      const [refused] = all("#messages [data-state=refused] .note");
      return refused?.textContent.startsWith("not sent: ");
    });
    await ada.say("short");
    await ada.sees("the next message", () => messages().includes("short"));
    await ada.sees("it stored", () => all("#messages [data-state=pending]").length === 0);
  },
};

const anotherStore = {
  name: "a hub with another history replaces what the page has",
  async run(story) {
    const hub = await story.hub("--memory");
    const ada = await story.visit(hub, { name: "Ada", expects: NO_SERVER });
    for (const text of ["one", "two"]) await ada.say(text);
    await ada.seesMessages(["one", "two"]);
    await hub.stop("SIGKILL");
    await ada.seesState("chat", "closed 1006");
    await hub.start();
    const bo = await story.visit(hub, { name: "Bo" });
    await bo.say("new");
    await ada.seesMessages(["new"]);
  },
};

export default [
  bothWays, history, people, stopsTyping, unread, scrolledUp, duplicatedTab, refused, anotherStore,
];
