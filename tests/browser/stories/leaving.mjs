// What a page that is left or loaded again keeps, and what it can't keep.

import { converge, type } from "../editor.mjs";
import { NO_SERVER } from "../visitor.mjs";

const draft = {
  name: "what was typed and not sent survives a reload",
  async run(story) {
    const ada = await story.visit(await story.hub(), { name: "Ada" });
    await ada.page.focus("#say");
    await ada.page.keyboard.type("half a sen");
    await ada.page.reload();
    await ada.sees("the beginning", () => isOpen() && $("say").value === "half a sen");
    await ada.page.focus("#say");
    await ada.page.keyboard.press("End");
    await ada.page.keyboard.type("tence");
    await ada.page.keyboard.press("Enter");
    await ada.seesMessages(["half a sentence"]);
    await ada.page.reload();
    await ada.sees("nothing in its place", () => isOpen() && $("say").value === "");
  },
};

const unsaved = {
  name: "a page whose document is not saved asks before it is left",
  quick: true,
  only: "chromium",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", tab: "document", expects: NO_SERVER });
    const asked = [];
    ada.page.on("dialog", (dialog) => {
      asked.push(dialog.type());
      return dialog.accept();
    });
    await type(ada, "saved");
    await converge([ada], 5);
    await ada.page.reload();
    await ada.sees("all rooms to be open", () => isOpen());
    await converge([ada], 5);
    if (asked.length > 0) throw new Error("it asked although all was saved");
    await hub.stop("SIGKILL");
    await ada.seesState("document", "closed 1006");
    await type(ada, "not saved ");
    await ada.sees("that it is not saved", () => $("saved").textContent === "Not saved yet: offline");
    await hub.start();
    await ada.page.goto(new URL("/healthz", hub.url).href);
    if (asked.join() !== "beforeunload") throw new Error(`it asked: ${asked.join() || "nothing"}`);
  },
};

const forbidden = {
  name: "where storage is forbidden, the page works",
  async run(story) {
    const ada = await story.visit(await story.hub(), { name: "Ada" });
    await ada.page.evaluateOnNewDocument(`
      for (const name of ["localStorage", "sessionStorage"]) {
        const get = () => { throw new DOMException("forbidden", "SecurityError"); };
        Object.defineProperty(window, name, { get });
      }
      navigator.locks.request = () => Promise.reject(new DOMException("forbidden", "SecurityError"));
    `);
    await ada.page.reload();
    await ada.sees("all rooms to be open", () => isOpen());
    await ada.rename("Bo");
    await ada.say("hello");
    await ada.seesMessages(["hello"]);
  },
};

export default [draft, unsaved, forbidden];
