// Runs the stories, one after the other, each with hubs and pages of its own.

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { hasProgram } from "./broker.mjs";
import { isInstalled, launch } from "./browser.mjs";
import { Deadline } from "./deadline.mjs";
import { Story } from "./story.mjs";
import access from "./stories/access.mjs";
import brokers from "./stories/brokers.mjs";
import chat from "./stories/chat.mjs";
import connection from "./stories/connection.mjs";
import document from "./stories/document.mjs";
import looks, { picture } from "./stories/looks.mjs";
import messages from "./stories/messages.mjs";
import prices from "./stories/prices.mjs";

const { values: options } = parseArgs({
  options: {
    select: { type: "string", default: "all" },
    browser: { type: "string", multiple: true },
    story: { type: "string", multiple: true, default: [] },
    picture: { type: "string" },
    list: { type: "boolean", default: false },
  },
});

/** Seconds that one story may take, and a browser to end, and the whole run. */
const [STORY, CLOSING, RUN] = [180, 60, 3600];

const deadline = new Deadline(RUN);
const isQuick = options.select === "quick";
const browsers = options.browser ?? (isQuick ? ["chromium"] : ["chromium", "firefox"]);
const subjects = { chat, messages, prices, document, connection, brokers, access, looks };
const stories = Object.entries(subjects).flatMap(([subject, list]) => {
  return list.map((story) => ({ ...story, name: `${subject}: ${story.name}` }));
});
const isAsked = (story) =>
  (!isQuick || story.quick) &&
  (options.story.length === 0 || options.story.some((words) => story.name.includes(words)));

const chosen = stories.filter(isAsked);
if (options.picture) {
  const name = "looks: the picture of the README";
  chosen.push({ name, only: "chromium", run: (story) => picture(story, options.picture) });
}

const missingBrowsers = browsers.filter((kind) => !isInstalled(kind));
const needed = new Set(chosen.map(({ needs }) => needs).filter(Boolean));
const missingPrograms = [...needed].filter((program) => !hasProgram(program));

/** Runs the stories of one browser; returns whether each succeeded. */
async function runIn(kind) {
  const outcomes = [];
  const shots = join(process.env.WORK, "screenshots");
  mkdirSync(shots, { recursive: true });
  const browser = await launch(kind);
  console.log(`\n${await browser.version()}`);
  try {
    for (const { name, only, needs, run } of chosen) {
      if ((only && only !== kind) || missingPrograms.includes(needs)) continue;
      const began = performance.now();
      const story = new Story({ kind, browser, shots, name });
      const error = await story.run((it) => deadline.within(STORY, () => run(it)));
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`${error ? "FAILED" : "ok    "} ${seconds.padStart(5)} s  ${name}`);
      if (error) console.log(String(error.stack ?? error).replace(/^/gm, "    "));
      outcomes.push(!error);
    }
  } finally {
    const closing = new Deadline(CLOSING);
    await closing.within(CLOSING, () => browser.close()).catch((error) => {
      browser.process()?.kill("SIGKILL");
      console.log(`FAILED to close ${kind}: ${error.message}`);
      outcomes.push(false);
    });
  }
  return outcomes;
}

if (options.list) {
  for (const { name, quick } of chosen) console.log(quick ? `${name} (quick)` : name);
} else {
  rmSync(join(process.env.WORK, "failures"), { recursive: true, force: true });
  const outcomes = [];
  for (const kind of browsers.filter((kind) => !missingBrowsers.includes(kind))) {
    try {
      outcomes.push(...(await runIn(kind)));
    } catch (error) {
      console.log(`FAILED to run ${kind}: ${error.stack}`);
      outcomes.push(false);
    }
  }
  const passed = outcomes.filter(Boolean).length;
  const missing = [...missingBrowsers, ...missingPrograms];
  const skipped = missing.length > 0 ? `, skipped without ${missing.join(", ")}` : "";
  console.log(`${passed} passed, ${outcomes.length - passed} failed${skipped}`);
  // A story that was stopped may still wait: exit without it.
  process.exit(passed === outcomes.length && passed + missing.length > 0 ? 0 : 1);
}
