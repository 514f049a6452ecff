// The room of the document: edits of several pages converge.

import { contains, converge, paste, select, type, typeAtOnce } from "../editor.mjs";
import { NO_SERVER } from "../visitor.mjs";

const open = async (story, hub, name, options = {}) => {
  return story.visit(hub, { name, tab: "document", ...options });
};

const atOnce = {
  name: "what two pages type at once converges, and a third page has it",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const [ada, bo] = [await open(story, hub, "Ada"), await open(story, hub, "Bo")];
    const both = await typeAtOnce(ada, bo);
    const third = await open(story, hub, "Cy");
    await third.sees("the document", (both) => $("editor").value === both, both);
  },
};

const samePlace = {
  name: "what two pages type at the same place converges",
  async run(story) {
    const hub = await story.hub();
    const [ada, bo] = [await open(story, hub, "Ada"), await open(story, hub, "Bo")];
    const [upper, lower] = ["ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"];
    await Promise.all([type(ada, upper), type(bo, lower)]);
    const both = await converge([ada, bo], 52);
    for (const part of [upper, lower]) {
      if (!contains(both, part)) throw new Error(`${part} is not in order: ${both}`);
    }
  },
};

const serverKilled = {
  name: "what is typed while the server is killed converges after its return",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await open(story, hub, "Ada", { expects: NO_SERVER });
    const bo = await open(story, hub, "Bo", { expects: NO_SERVER });
    await type(ada, "before ");
    await converge([ada, bo], 7);
    await hub.stop("SIGKILL");
    for (const visitor of [ada, bo]) await visitor.seesState("document", "closed 1006");
    await select(bo, 7);
    await Promise.all([type(ada, "ADA "), type(bo, "bo ")]);
    await ada.sees("that it is not saved", () => $("saved").textContent === "Not saved yet: offline");
    await hub.start();
    const both = await converge([ada, bo], 14);
    if (![..."ADA "].every((sign) => both.includes(sign)) || !contains(both, "before bo ")) {
      throw new Error(`not as typed: ${both}`);
    }
    // Also after a restart that nobody was prepared for. Pages would bring back what is not stored.
    for (const visitor of [ada, bo]) await visitor.page.close();
    await hub.stop("SIGKILL");
    await hub.start();
    const third = await open(story, hub, "Cy");
    await third.sees("the document", (both) => $("editor").value === both, both);
  },
};

const offline = {
  name: "what is typed while a page is offline converges",
  only: "chromium",
  async run(story) {
    const hub = await story.hub();
    const ada = await open(story, hub, "Ada", { expects: NO_SERVER });
    const bo = await open(story, hub, "Bo");
    await ada.page.setOfflineMode(true);
    // The emulation ends no WebSocket: the page's own check, or a restart, does.
    await ada.page.evaluate(() => document.getElementById("name").focus());
    await ada.fill("#name", "Ada offline");
    await ada.page.keyboard.press("Enter");
    await ada.seesState("document", "closed 1006");
    await type(ada, "offline ");
    await type(bo, "online ");
    await bo.sees("it saved", () => $("saved").textContent === "Saved");
    await ada.sees("that it is not saved", () => $("saved").textContent === "Not saved yet: offline");
    await bo.sees("its own text alone", () => $("editor").value === "online ");
    await ada.page.setOfflineMode(false);
    await converge([ada, bo], 15);
  },
};

const cursors = {
  name: "others' cursors and selections are seen where they are, until they leave",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const [ada, bo] = [await open(story, hub, "Ada"), await open(story, hub, "Bo")];
    await type(ada, "one two\nthree");
    await converge([ada, bo], 13);
    await select(bo, 7);
    const caret = (before) => {
      const [caret] = all("#mirror .caret");
      const range = document.createRange();
      if (!caret) return false;
      range.setStart($("mirror"), 0);
      range.setEndBefore(caret);
      return caret.textContent === "Bo" && range.toString() === before;
    };
    await ada.sees("Bo's caret at the end of the first line", caret, "one two");
    await ada.sees("it drawn in the first line, behind its text", () => {
      const [caret, paper] = [all("#mirror .caret")[0], $("editor")].map((e) => e.getBoundingClientRect());
      const style = getComputedStyle($("editor"));
      const [x, y] = [caret.left - paper.left, caret.top - paper.top];
      const canvas = document.createElement("canvas").getContext("2d");
      canvas.font = style.font;
      const expected = parseFloat(style.paddingLeft) + canvas.measureText("one two").width;
      return Math.abs(x - expected) < 2 && y >= parseFloat(style.paddingTop) && y < 32 + 29;
    });
    // A cursor stays at its characters when others write before it.
    await select(ada, 0);
    await type(ada, ">> ");
    await ada.sees("Bo's caret moved with the text", caret, ">> one two");
    await bo.sees("its own caret at the same place", () => $("editor").selectionStart === 10);
    await select(bo, 3, 6);
    await ada.sees("Bo's selection", () => all("#mirror mark").map((m) => m.textContent).join() === "one");
    await ada.sees("Bo in the list", () => all("#editors li").map((li) => li.textContent).join() === "Bo");
    await bo.page.close();
    await ada.sees("no cursor", () => all("#mirror .caret").length + all("#editors li").length === 0);
  },
};

const undo = {
  name: "undo takes back what was typed here, and nothing of the others",
  async run(story) {
    const hub = await story.hub();
    const [ada, bo] = [await open(story, hub, "Ada"), await open(story, hub, "Bo")];
    await type(ada, "mine ");
    await converge([ada, bo], 5);
    await select(bo, 5);
    await type(bo, "yours");
    await converge([ada, bo], 10);
    const press = async (...keys) => {
      await ada.page.focus("#editor");
      for (const key of keys) await ada.page.keyboard.down(key);
      for (const key of keys.reverse()) await ada.page.keyboard.up(key);
    };
    await press("Control", "z");
    for (const visitor of [ada, bo]) await visitor.sees("yours", () => $("editor").value === "yours");
    await press("Control", "Shift", "z");
    for (const visitor of [ada, bo]) {
      await visitor.sees("both again", () => $("editor").value === "mine yours");
    }
  },
};

const emoji = {
  name: "signs of two code units are replaced as a whole",
  async run(story) {
    const hub = await story.hub();
    const [ada, bo] = [await open(story, hub, "Ada"), await open(story, hub, "Bo")];
    // These differ in their second code unit alone, and the next two in their first. The caret is
    // before or behind the change.
    for (const caret of [0, 4]) {
      for (const value of ["a😀b", "a😁b", "a👁b", "a\u{10441}b"]) {
        await paste(ada, value, caret);
        await bo.sees(value, (value) => $("editor").value === value, value);
        await bo.sees("whole signs", () => $("editor").value.isWellFormed());
      }
    }
    await paste(bo, "𝄞!");
    await ada.sees("the answer", () => $("editor").value === "𝄞!");
  },
};

const long = {
  name: "a long document scrolls with its cursors",
  async run(story) {
    const hub = await story.hub();
    const [ada, bo] = [await open(story, hub, "Ada"), await open(story, hub, "Bo")];
    const lines = Array.from({ length: 2000 }, (_, index) => `line ${index}\n`);
    const { length } = lines.join("");
    await paste(ada, lines.join(""));
    await converge([ada, bo], length);
    await select(bo, length);
    await ada.page.evaluate(() => {
      document.getElementById("editor").scrollTop = 1e9;
    });
    await ada.sees("Bo's caret within the last lines", () => {
      const [caret] = all("#mirror .caret");
      const [box, paper] = [caret, $("editor")].map((element) => element?.getBoundingClientRect());
      return box && box.top > paper.top + 100 && box.bottom < paper.bottom;
    });
  },
};

const longMirror = {
  name: "of a long document, what is seen is marked, and what is changed is drawn anew",
  async run(story) {
    const hub = await story.hub();
    const [ada, bo] = [await open(story, hub, "Ada"), await open(story, hub, "Bo")];
    const lines = Array.from({ length: 2000 }, (_, index) => `line ${index}\n`);
    let { length } = lines.join("");
    await paste(ada, lines.join(""));
    await converge([ada, bo], length);
    await select(bo, 0, length);
    const isPartlyMarked = () => {
      const [marks, { length }] = [all("#mirror mark").length, $("mirror").children];
      return marks > 0 && marks < length / 4;
    };
    await ada.sees("the selection in the lines that are seen", isPartlyMarked);
    await ada.page.evaluate(() => {
      document.getElementById("editor").scrollTop = 1e9;
    });
    await ada.sees("it in the last lines", () => {
      return $("mirror").lastChild.querySelector("mark") && !$("mirror").firstChild.querySelector("mark");
    });
    await ada.page.evaluate(() => {
      for (const block of document.getElementById("mirror").children) block.isKept = true;
    });
    // A line break is deleted, at the end of a block, too; one is added; the end is changed.
    const end = lines.slice(0, 16).join("").length;
    // Each is drawn before the next, for which Firefox wants the page in front.
    const isMirrored = () => {
      const texts = [...$("mirror").children].map((block) => {
        const copy = block.cloneNode(true);
        copy.querySelectorAll(".caret").forEach((caret) => caret.remove());
        return copy.textContent;
      });
      return texts.join("") === `${$("editor").value}\u200b`
        && texts.slice(0, -1).every((text) => text.endsWith("\n"));
    };
    for (const [at, key] of [[end, "Backspace"], [5000, "Enter"], [5004, "Backspace"]]) {
      await select(bo, at);
      await bo.page.keyboard.press(key);
      length += key === "Enter" ? 1 : -1;
      await converge([ada, bo], length);
      await ada.page.bringToFront();
      await ada.sees("all lines in the mirror", isMirrored);
      await bo.page.bringToFront();
    }
    await select(bo, length);
    await type(bo, "the end");
    await converge([ada, bo], length + 7);
    await ada.page.bringToFront();
    await ada.sees("the end in the mirror", isMirrored);
    const kept = await ada.look("[...$('mirror').children].filter((block) => block.isKept).length");
    const blocks = await ada.look("$('mirror').children.length");
    if (kept < blocks - 8) throw new Error(`${kept} of ${blocks} blocks were kept`);
  },
};

const longLine = {
  name: "with a very long line no cursors are drawn, until it is broken",
  async run(story) {
    const hub = await story.hub();
    const [ada, bo] = [await open(story, hub, "Ada"), await open(story, hub, "Bo")];
    await type(ada, "word ");
    await converge([ada, bo], 5);
    await select(bo, 5);
    const hasCaret = (count) => all("#mirror .caret").length === count;
    await ada.sees("Bo's caret", hasCaret, 1);
    const [half, text] = ["word ".repeat(2000), "word ".repeat(4000)];
    await paste(ada, text);
    await ada.sees("no caret", hasCaret, 0);
    await ada.sees("Bo in the list", () => all("#editors li").map((li) => li.textContent).join() === "Bo");
    await paste(ada, `${half}\n${half}`);
    await ada.sees("Bo's caret again", hasCaret, 1);
  },
};

const tooLong = {
  name: "a change that is too long is discarded, with the reason, and the document goes on",
  async run(story) {
    const hub = await story.hub();
    const [ada, bo] = [await open(story, hub, "Ada"), await open(story, hub, "Bo")];
    const kept = "kept ".repeat(120_000);
    await paste(ada, kept);
    await converge([ada, bo], kept.length);
    // More than the document has room for, and more than a message may have.
    for (const size of [900_000, 1_500_000]) {
      await paste(ada, "x".repeat(size));
      await ada.sees("that it was discarded", (length) => {
        return $("refused").textContent.startsWith("The last change was discarded")
          && $("editor").value.length === length && $("state-document").textContent === "open";
      }, kept.length);
    }
    await paste(ada, `${kept}on`);
    const both = await converge([ada, bo], kept.length + 2);
    if (both !== `${kept}on`) throw new Error("not what was kept");
    await ada.sees("no reason any more", () => $("refused").textContent === "");
  },
};

export default [atOnce, samePlace, serverKilled, offline, cursors, undo, emoji, long, longMirror, longLine, tooLong];
