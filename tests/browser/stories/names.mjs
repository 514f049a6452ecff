// Names and texts that are long, written from right to left, or many: the page keeps its shape.

import { converge, select, type } from "../editor.mjs";

/** The longest name, without a place to break it. */
const LONG = "W".repeat(32);

const RIGHT_TO_LEFT = "שלום עולם!";

/** How many pixels do not fit in the page's width. */
const overflow = `Math.max(...[document.documentElement, ...all("main, .log, .compose, .under, .paper")]
  .map((element) => element.scrollWidth - element.clientWidth))`;

async function expectFits(visitor, where) {
  const wide = await visitor.look(overflow);
  if (wide > 0) throw new Error(`${where} is ${wide} px too wide`);
}

const long = {
  name: "long names and words make a narrow page no wider",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", width: 390, height: 800 });
    const bo = await story.visit(hub, { name: LONG });
    await bo.say("x".repeat(300));
    await bo.page.keyboard.type("typing");
    await ada.seesMessages(["x".repeat(300)]);
    await ada.sees("who is typing, in one line", (name) => {
      const { textContent, clientHeight } = $("typing");
      return textContent === `${name} is typing…` && clientHeight < 40;
    }, LONG);
    await expectFits(ada, "the chat");
    for (const visitor of [ada, bo]) await visitor.choose("document");
    await type(bo, "a text whose end is at the right side");
    await converge([ada, bo], 37);
    await ada.sees("the name of the cursor within the paper", () => {
      const [name, paper] = [".caret b", ".paper"].map((it) => all(it)[0]?.getBoundingClientRect());
      return name && name.left >= paper.left && name.right <= paper.right;
    });
    await expectFits(ada, "the document");
  },
};

const directions = {
  name: "a text that is written from right to left begins at the right, and turns nothing beside it",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    const bo = await story.visit(hub, { name: "דנה" });
    await bo.say(RIGHT_TO_LEFT);
    await ada.seesMessages([RIGHT_TO_LEFT]);
    /** Where the sign with this index is drawn, from the left. */
    const x = `(node, index) => {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + 1);
      return range.getBoundingClientRect().left;
    }`;
    const [first, end] = await ada.look(`[0, ${RIGHT_TO_LEFT.length - 1}].map((index) => {
      return (${x})(all("#messages .text")[0].firstChild, index);
    })`);
    if (first <= end) throw new Error(`the "!" is at ${end} px, and the beginning at ${first} px`);
    await bo.page.keyboard.type("typing");
    await ada.sees("who is typing, after the name", () => {
      const [name, rest] = $("typing").childNodes.length === 3 ? [...$("typing").childNodes].slice(1) : [];
      const range = document.createRange();
      if (!name) return false;
      range.selectNodeContents(rest);
      return name.getBoundingClientRect().right <= range.getBoundingClientRect().left + 1;
    });
    for (const visitor of [ada, bo]) await visitor.choose("document");
    await type(ada, `left\n${RIGHT_TO_LEFT}`);
    await converge([ada, bo], 5 + RIGHT_TO_LEFT.length);
    await select(bo, 5);
    await ada.sees("the caret at the right, and its name to the left of it", () => {
      const [caret, name] = [".caret", ".caret b"].map((it) => all(it)[0]?.getBoundingClientRect());
      const { left, right } = $("editor").getBoundingClientRect();
      return caret && caret.left > (left + right) / 2 && name.right <= caret.right + 1;
    });
    await select(bo, 4);
    await ada.sees("the caret at the left", () => {
      const [caret] = all(".caret").map((it) => it.getBoundingClientRect());
      const { left, right } = $("editor").getBoundingClientRect();
      return caret && caret.left < (left + right) / 2;
    });
  },
};

/** Opens the document so many times more, each with a name and a cursor. */
async function crowd(visitor, count) {
  await visitor.page.evaluate(async (count) => {
    const Y = await import("/yjs.js");
    window.crowd = Array.from({ length: count }, (_, index) => {
      const name = `Person ${index}`;
      const query = new URLSearchParams({ client: `person-${index}-${Date.now()}`, name });
      const socket = new WebSocket(`/rooms/document?${query}`);
      socket.onopen = () => {
        const awareness = new Y.Awareness(new Y.Doc());
        awareness.setLocalState({ user: { name, color: "#4450c4" }, cursor: null });
        const encoder = Y.createEncoder();
        Y.writeVarUint(encoder, 1);
        Y.writeVarUint8Array(encoder, Y.encodeAwarenessUpdate(awareness, [awareness.clientID]));
        socket.send(Y.toUint8Array(encoder));
        awareness.destroy();
      };
      return socket;
    });
  }, count);
}

const many = {
  name: "with many people in the document, there is room for its text",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", tab: "document", width: 390, height: 800 });
    const bo = await story.visit(hub, { name: "Bo" });
    await crowd(bo, 80);
    await ada.sees("some names, and how many others", () => {
      const items = all("#editors li").map((li) => li.textContent);
      return items.length === 7 && items[6] === "and 75 more";
    });
    const height = await ada.look(`$("editor").clientHeight`);
    if (height < 400) throw new Error(`the editor has ${height} px of 800`);
  },
};

export default [long, directions, many];
