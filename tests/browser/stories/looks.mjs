// How the page looks and is used: keyboard, accessibility, narrow and wide, light and dark.

import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { NO_SERVER } from "../visitor.mjs";

const require = createRequire(join(process.env.WORK, "installed.json"));
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** Levels A and AA of WCAG. */
const LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const TABS = ["chat", "prices", "document"];

async function expectAccessible(visitor, where) {
  await visitor.page.evaluate(AXE);
  const found = await visitor.page.evaluate(async (values) => {
    const { violations, passes } = await axe.run({ runOnly: { type: "tag", values } });
    const nodes = ({ nodes }) => nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`);
    return {
      violations: violations.map((one) => `${one.id}: ${nodes(one).slice(0, 3).join("\n")}`),
      passes: passes.length,
    };
  }, LEVELS);
  if (found.passes < 10) throw new Error(`only ${found.passes} rules were checked`);
  if (found.violations.length > 0) throw new Error(`${where}:\n${found.violations.join("\n")}`);
}

const prefer = (visitor, scheme) => {
  return visitor.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
};

/** Two people who are in the middle of something; returns the one who looks. */
async function scene(story, options = {}) {
  const hub = await story.hub();
  const ada = await story.visit(hub, { name: "Ada", ...options });
  const bo = await story.visit(hub, { name: "Bo", expects: NO_SERVER });
  const cy = await story.visit(hub, { name: "Cy", expects: NO_SERVER });
  const lines = [
    [bo, "Morning! Is the hub up for the demo? 👋"],
    [ada, "It is: three rooms, one WebSocket each."],
    [cy, "Kill the server while we write. I want to see it come back."],
    [ada, "Go on. What isn't acknowledged is sent again, and stored once."],
  ];
  const said = [];
  for (const [visitor, text] of lines) {
    await visitor.say(text);
    said.push(text);
    await ada.seesMessages(said);
  }
  for (const visitor of [ada, bo, cy]) await visitor.choose("document");
  const write = async (visitor, text) => {
    await visitor.page.focus("#editor");
    await visitor.page.keyboard.type(text);
  };
  await write(ada, "Notes for the demo\n\n");
  await write(ada, "Chat: history, people, unread messages, and an acknowledgement for each message.\n");
  await write(ada, "Prices: the latest value only, so that a slow reader is never behind.\n");
  await write(ada, "Document: everybody writes at once, and all see the same.");
  for (const visitor of [bo, cy]) {
    await visitor.sees("the notes", () => $("editor").value.endsWith("all see the same."));
    await visitor.page.focus("#editor");
  }
  await bo.page.evaluate(() => {
    const editor = document.getElementById("editor");
    const start = editor.value.indexOf("the latest value only");
    editor.setSelectionRange(start, start + "the latest value only".length);
  });
  await cy.page.evaluate(() => {
    const editor = document.getElementById("editor");
    const end = editor.value.indexOf("Document:") + "Document: everybody".length;
    editor.setSelectionRange(end, end);
  });
  await ada.sees("both cursors", () => {
    return all("#mirror .caret").length === 2 && all("#mirror mark").length === 1;
  });
  await cy.choose("chat");
  await cy.page.focus("#say");
  await cy.page.keyboard.type("And");
  for (const room of TABS) {
    await ada.choose(room);
    await ada.sees("figures", () => {
      return /B$/.test($("received").textContent) && /ms$/.test($("roundtrip").textContent);
    });
  }
  await ada.choose("prices");
  await ada.sees("prices", () => {
    return all("#prices .live .price").every((cell) => cell.textContent !== "–");
  });
  await ada.choose("chat");
  return { hub, ada, bo, cy };
}

const accessible = {
  name: "no violation of WCAG A or AA, in any room, light and dark, narrow and wide",
  quick: true,
  only: "chromium",
  async run(story) {
    const { hub, ada } = await scene(story, { expects: NO_SERVER });
    for (const [width, height] of [[1400, 860], [360, 720]]) {
      await ada.page.setViewport({ width, height });
      for (const scheme of ["light", "dark"]) {
        await prefer(ada, scheme);
        for (const tab of TABS) {
          await ada.choose(tab);
          await expectAccessible(ada, `${tab}, ${scheme}, ${width} px`);
          await ada.page.screenshot({ path: join(story.shots, `${tab}-${scheme}-${width}.png`) });
          const wide = await ada.look(`Math.max(
            ...[document.documentElement, ...all(".log, .table, .tabs, .meters, #people")]
              .map((element) => element.scrollWidth - element.clientWidth))`);
          if (wide > 0) throw new Error(`${tab} is ${wide} px too wide for ${width} px`);
        }
      }
    }
    await hub.stop("SIGKILL");
    await ada.sees("a countdown", () => /in ([2-9]|\d\d) s/.test($("countdown").textContent));
    for (const width of [360, 1400]) {
      await ada.page.setViewport({ width, height: 760 });
      for (const scheme of ["light", "dark"]) {
        await prefer(ada, scheme);
        await expectAccessible(ada, `closed, ${scheme}`);
        await ada.page.screenshot({ path: join(story.shots, `closed-${scheme}-${width}.png`) });
      }
    }
  },
};

const login = {
  name: "no violation of WCAG A or AA where the token is asked for",
  only: "chromium",
  async run(story) {
    const hub = await story.hub("--token", "a-secret-of-the-story");
    const ada = await story.visit(hub, { ready: false, expects: /./ });
    await ada.sees("the question", () => $("login").open);
    for (const scheme of ["light", "dark"]) {
      await prefer(ada, scheme);
      await expectAccessible(ada, scheme);
      await ada.page.screenshot({ path: join(story.shots, `login-${scheme}.png`) });
    }
  },
};

const schemes = {
  name: "dark and light, as the system prefers",
  quick: true,
  only: "chromium",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub);
    const brightness = `getComputedStyle(document.body).backgroundColor.match(/\\d+/g)
      .reduce((sum, part) => sum + Number(part), 0)`;
    for (const [scheme, isRight] of [["light", (sum) => sum > 600], ["dark", (sum) => sum < 150]]) {
      await prefer(ada, scheme);
      const found = await ada.look(brightness);
      if (!isRight(found)) throw new Error(`${scheme}: ${found}`);
    }
  },
};

const keyboard = {
  name: "everything by the keyboard alone, with the focus seen",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub);
    const press = (key) => ada.page.keyboard.press(key);
    const focused = (id) => document.activeElement.id === id;
    const seesFocus = async (id) => {
      await ada.sees(`the focus on ${id}`, focused, id);
      await ada.sees(`${id} outlined`, () => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return outlineStyle === "solid" && parseFloat(outlineWidth) >= 2;
      });
    };
    await press("Tab");
    await seesFocus("name");
    await press("Tab");
    await seesFocus("tab-chat");
    const selected = (name) => {
      const tab = $(`tab-${name}`);
      return tab.getAttribute("aria-selected") === "true" && !$(`panel-${name}`).hidden
        && all("[role=tabpanel]").filter((panel) => !panel.hidden).length === 1;
    };
    for (const [key, name] of [
      ["ArrowRight", "prices"], ["ArrowRight", "document"], ["ArrowRight", "chat"],
      ["ArrowLeft", "document"], ["Home", "chat"], ["End", "document"], ["Home", "chat"],
    ]) {
      await press(key);
      await seesFocus(`tab-${name}`);
      await ada.sees(`${name} selected`, selected, name);
    }
    await press("Tab");
    await seesFocus("log");
    await press("Tab");
    await seesFocus("say");
    await ada.page.keyboard.type("by keyboard");
    await press("Enter");
    await ada.seesMessages(["by keyboard"]);
    await press("Tab");
    await ada.page.keyboard.down("Shift");
    for (let step = 0; step < 3; step++) await press("Tab");
    await ada.page.keyboard.up("Shift");
    await seesFocus("tab-chat");
    await press("ArrowRight");
    await press("Tab");
    await press("Tab");
    await press("Tab");
    await ada.sees("the focus on the first symbol", () => document.activeElement.matches("tbody input"));
    await press(" ");
    await ada.sees("it unsubscribed", () => all("#prices tbody tr")[0].matches(":not(.live)"));
  },
};

/** The picture of the README: the three rooms of a narrow page, side by side. */
export async function picture(story, file) {
  const { ada } = await scene(story, { width: 420, height: 652 });
  await prefer(ada, "light");
  await ada.page.setViewport({ width: 420, height: 652, deviceScaleFactor: 1.25 });
  const shots = [];
  for (const room of TABS) {
    await ada.choose(room);
    await ada.page.evaluate(() => document.activeElement.blur());
    await ada.sees("a round trip on a quiet machine", () => {
      return parseFloat($("roundtrip").textContent) < 10;
    });
    shots.push(await ada.page.screenshot({ encoding: "base64" }));
  }
  const images = shots.map((shot) => `<img src="data:image/png;base64,${shot}">`).join("");
  // All sizes are whole pixels at this scale: nothing is drawn anew.
  const frame = await ada.context.newPage();
  await frame.setViewport({ width: 1364, height: 700, deviceScaleFactor: 1.25 });
  await frame.setContent(`<!DOCTYPE html><style>
    body { display: flex; gap: 28px; margin: 0; padding: 24px; background: #e9e9e5; }
    img { width: 420px; border-radius: 14px; }
  </style>${images}`);
  await frame.screenshot({ path: file });
  const { size } = statSync(file);
  if (size > 200 * 1024) throw new Error(`${file} has ${size} bytes`);
}

export default [accessible, login, schemes, keyboard];
