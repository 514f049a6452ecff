// Two hubs behind one broker, with a page on each: together they are one hub, also after the broker
// or a hub was killed. Each story runs with Redis and with NATS.

import { programOf } from "../broker.mjs";
import { contains, converge, select, type, typeAtOnce } from "../editor.mjs";
import { NO_SERVER } from "../visitor.mjs";

/** A broker, and two hubs behind it. */
async function hubs(story, kind) {
  const broker = await story.broker(kind);
  const [one, two] = await Promise.all([0, 1].map(() => story.hub(...broker.options)));
  return { broker, one, two };
}

const isConnected = () => {
  const { hidden, dataset, textContent } = $("broker");
  return !hidden && dataset.state === "connected" && textContent === "Broker connected";
};

const isLost = () => {
  const { hidden, dataset, textContent } = $("broker");
  return !hidden && dataset.state === "lost" && textContent.startsWith("The broker is away");
};

const names = (names) => people().sort().join() === names;

/** Types it in both documents at once, and sees both. */
async function writeAtOnce(ada, bo) {
  for (const visitor of [ada, bo]) await visitor.choose("document");
  await typeAtOnce(ada, bo);
}

const together = {
  name: "chat goes both ways, people add up, and edits at once converge",
  quick: () => true,
  async run(story, kind) {
    const { one, two } = await hubs(story, kind);
    const ada = await story.visit(one, { name: "Ada" });
    const bo = await story.visit(two, { name: "Bo" });
    for (const visitor of [ada, bo]) await visitor.sees("the broker", isConnected);
    await ada.sees("both", names, "Ada (you),Bo");
    await bo.sees("both", names, "Ada,Bo (you)");
    await ada.say("of one");
    await bo.seesMessages(["of one"]);
    await bo.say("of two");
    for (const visitor of [ada, bo]) await visitor.seesMessages(["of one", "of two"]);
    await bo.page.focus("#say");
    await bo.page.keyboard.type("hm");
    await ada.sees("Bo typing", () => $("typing").textContent === "Bo is typing…");
    await writeAtOnce(ada, bo);
    await ada.sees("Bo's cursor", () => all("#mirror .caret").map((it) => it.textContent).join() === "Bo");
    await bo.page.close();
    await ada.sees("no cursor", () => all("#mirror .caret").length === 0);
    await ada.sees("that Bo has left", names, "Ada (you)");
  },
};

const brokerKilled = {
  name: "a killed broker: the page shows it, and what was acknowledged is there after its return",
  quick: (kind) => kind === "Redis",
  async run(story, kind) {
    const { broker, one, two } = await hubs(story, kind);
    const options = { tab: "document", expects: NO_SERVER };
    const ada = await story.visit(one, { name: "Ada", ...options });
    const bo = await story.visit(two, { name: "Bo", ...options });
    await type(ada, "before ");
    await converge([ada, bo], 7);
    for (const visitor of [ada, bo]) await visitor.choose("chat");
    await ada.say("before");
    await bo.seesMessages(["before"]);
    await broker.kill();
    for (const visitor of [ada, bo]) await visitor.sees("that the broker is away", isLost);
    // The hubs serve what they have.
    await bo.page.reload();
    await bo.choose("chat");
    await bo.seesMessages(["before"]);
    await bo.sees("that the broker is away", isLost);
    await ada.say("meanwhile of Ada");
    await bo.say("meanwhile of Bo");
    for (const visitor of [ada, bo]) {
      await visitor.sees("its message under way", () => messages().length === 2 && pending() === 1);
      await visitor.choose("document");
    }
    await select(bo, 7);
    await Promise.all([type(ada, "ADA "), type(bo, "bo ")]);
    for (const visitor of [ada, bo]) {
      await visitor.sees("that it is not saved", () => $("saved").textContent === "Saving…");
    }
    await bo.sees("nothing of Ada's", () => $("editor").value === "before bo ");
    await broker.start();
    for (const visitor of [ada, bo]) await visitor.sees("the broker", isConnected);
    const written = await converge([ada, bo], 14);
    if (!contains(written, "before bo ") || !contains(written, "ADA ")) {
      throw new Error(`not as typed: ${written}`);
    }
    await ada.sees("three messages", () => messages().length === 3 && pending() === 0);
    const said = await ada.look("messages()");
    await bo.seesMessages(said);
    // Hubs that begin anew have it of the broker alone.
    for (const hub of [one, two]) {
      await hub.stop("SIGKILL");
      await hub.start();
      const late = await story.visit(hub);
      await late.seesMessages(said);
      await late.sees("the document", (written) => $("editor").value === written, written);
    }
  },
};

const burst = {
  name: "a broker that is killed in the middle of a burst: every message once, in order",
  async run(story, kind) {
    const { broker, one, two } = await hubs(story, kind);
    const ada = await story.visit(one, { name: "Ada" });
    const bo = await story.visit(two, { name: "Bo" });
    const texts = Array.from({ length: 60 }, (_, index) => `message ${index}`);
    // Three times: what was stored, but not acknowledged, differs.
    for (let round = 0; round < 3; round++) {
      await ada.sayAtOnce(texts.slice(20 * round, 20 * (round + 1)));
      await bo.sees("one of them", (text) => messages().includes(text), texts[20 * round]);
      await broker.kill();
      await ada.sees("that the broker is away", isLost);
      await broker.start();
      await ada.sees("the broker", isConnected);
    }
    for (const visitor of [ada, bo]) await visitor.seesMessages(texts);
  },
};

const hubKilled = {
  name: "a killed hub: its people are gone, and its page continues after its return",
  async run(story, kind) {
    const { one, two } = await hubs(story, kind);
    const ada = await story.visit(one, { name: "Ada", tab: "document", expects: NO_SERVER });
    const bo = await story.visit(two, { name: "Bo", tab: "document" });
    await type(ada, "before ");
    await converge([ada, bo], 7);
    for (const visitor of [ada, bo]) await visitor.choose("chat");
    await ada.say("before");
    await bo.seesMessages(["before"]);
    await one.stop("SIGKILL");
    await ada.seesState("chat", "closed 1006");
    await ada.sees("nothing of a broker", () => $("broker").hidden);
    await ada.say("of Ada");
    await ada.sees("it under way", () => pending() === 1);
    await bo.say("of Bo");
    await bo.seesMessages(["before", "of Bo"]);
    // A hub that is silent for 15 s is gone.
    await bo.sees("that Ada is gone", names, "Bo (you)");
    for (const visitor of [ada, bo]) await visitor.choose("document");
    await select(bo, 7);
    await Promise.all([type(ada, "ADA "), type(bo, "bo ")]);
    await bo.sees("its own saved", () => $("saved").textContent === "Saved");
    await one.start();
    // Its wait may be long by now.
    await ada.page.evaluate(() => document.getElementById("now").click());
    await ada.sees("all rooms to be open", () => isOpen());
    await ada.sees("the broker", isConnected);
    const written = await converge([ada, bo], 14);
    if (!contains(written, "before bo ") || !contains(written, "ADA ")) {
      throw new Error(`not as typed: ${written}`);
    }
    for (const visitor of [ada, bo]) await visitor.seesMessages(["before", "of Bo", "of Ada"]);
    await ada.sees("both", names, "Ada (you),Bo");
    await bo.sees("both", names, "Ada,Bo (you)");
  },
};

export default ["Redis", "NATS"].flatMap((kind) => {
  return [together, brokerKilled, burst, hubKilled].map(({ name, quick = () => false, run }) => ({
    name: `${kind}: ${name}`,
    quick: quick(kind),
    needs: programOf(kind),
    run: (story) => run(story, kind),
  }));
});
