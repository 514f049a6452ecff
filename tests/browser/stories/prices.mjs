// The room of prices.

import { NO_SERVER } from "../visitor.mjs";

/** Remembers the prices of two symbols, and counts their changes from now on. */
const WATCH = `
  window.changes = {};
  for (const row of document.querySelectorAll("#prices tbody tr")) {
    const { symbol } = row.dataset;
    window.changes[symbol] = 0;
    new MutationObserver(() => window.changes[symbol]++)
      .observe(row.querySelector(".price"), { childList: true, characterData: true, subtree: true });
  }
`;

const symbolsOf = (visitor) => {
  return visitor.look("all('#prices tbody tr').map((row) => row.dataset.symbol)");
};

const move = {
  name: "prices move, in the table and in the chart",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { tab: "prices" });
    await ada.sees("24 symbols", () => all("#prices tbody tr").length === 24);
    const [first, second] = await symbolsOf(ada);
    await ada.page.evaluate(WATCH);
    const changed = (first, second) => changes[first] > 3 && changes[second] > 3;
    await ada.sees("changing prices", changed, first, second);
    await ada.sees("a line of many points", () => {
      return all("#chart .line").some((line) => line.getAttribute("points").split(" ").length > 100);
    });
    const before = await ada.look("all('#chart .line')[0].getAttribute('points')");
    await ada.sees("another line", (before) => {
      return all("#chart .line")[0].getAttribute("points") !== before;
    }, before);
    await ada.sees("a label for those who don't see it", (first) => {
      return $("chart").getAttribute("aria-label").startsWith(first);
    }, first);
  },
};

const unsubscribe = {
  name: "an unsubscribed symbol stops, and goes on when it is subscribed again",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { tab: "prices" });
    await ada.sees("24 symbols", () => all("#prices tbody tr").length === 24);
    const [first, second] = await symbolsOf(ada);
    const check = `#prices [data-symbol="${first}"] input`;
    await ada.page.evaluate(WATCH);
    await ada.sees("changing prices", (first) => changes[first] > 3, first);
    await ada.page.click(check);
    await ada.sees("a row that is not live", (first) => {
      return !document.querySelector(`[data-symbol="${first}"]`).matches(".live");
    }, first);
    const forget = "for (const symbol in changes) changes[symbol] = 0; received.length = 0";
    const othersMove = () => ada.sees("others moving", (second) => changes[second] > 5, second);
    await ada.page.evaluate(forget);
    // Some may have been under way.
    await othersMove();
    await ada.page.evaluate(forget);
    await othersMove();
    const stray = await ada.look(`received.find((text) => text.includes('"${first}"'))`);
    if (stray) throw new Error(`after the unsubscription: ${stray}`);
    await ada.page.click(check);
    await ada.sees("changing prices again", (first) => changes[first] > 3, first);
  },
};

const everything = {
  name: "one check box subscribes to all, and to none: then nothing comes",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { tab: "prices" });
    await ada.sees("some subscribed", () => $("all").indeterminate);
    await ada.page.click("#all");
    await ada.sees("24 live rows with a price", () => {
      return all("#prices .live .price").filter((cell) => cell.textContent !== "–").length === 24;
    });
    await ada.page.click("#all");
    await ada.sees("no live row", () => all("#prices .live").length === 0 && !$("all").checked);
    await ada.page.evaluate(WATCH);
    // Bytes stop: two reports of the server differ by its reports and pongs alone.
    const sent = () => ada.look("$('received').textContent");
    await ada.sees("a report", () => /B$/.test($("received").textContent));
    const before = await sent();
    await ada.sees("another report", (before) => $("received").textContent !== before, before);
    const total = await ada.look("Object.values(changes).reduce((sum, count) => sum + count)");
    if (total !== 0) throw new Error(`${total} changes of symbols that are not subscribed`);
  },
};

const chosen = {
  name: "a chosen symbol is in the chart",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { tab: "prices" });
    await ada.sees("24 symbols", () => all("#prices tbody tr").length === 24);
    const third = (await symbolsOf(ada))[2];
    await ada.page.click(`#prices [data-symbol="${third}"] button`);
    await ada.sees("its name", (third) => $("chart-name").textContent.startsWith(third), third);
    await ada.sees("its price", (third) => $("chart-price").textContent === price(third), third);
    await ada.sees("that its button is pressed", (third) => {
      const pressed = all("#prices [aria-pressed=true]").map((button) => button.textContent);
      return pressed.join() === third;
    }, third);
  },
};

const notLive = {
  name: "the chart of a symbol without new prices ends at a time, and not now",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { tab: "prices", expects: NO_SERVER });
    await ada.sees("24 symbols", () => all("#prices tbody tr").length === 24);
    const symbols = await symbolsOf(ada);
    const seesEnd = (what, end) => ada.sees(what, (end) => {
      return new RegExp(end).test(all("#chart text").at(-1)?.textContent);
    }, end);
    await seesEnd("prices up to now", "^now$");
    await ada.page.click(`#prices [data-symbol="${symbols[0]}"] input`);
    await seesEnd("the time of the last one", ":");
    await ada.page.click(`#prices [data-symbol="${symbols[0]}"] input`);
    await seesEnd("prices up to now", "^now$");
    await hub.stop("SIGKILL");
    await ada.seesState("prices", "closed 1006");
    await seesEnd("the time of the last one", ":");
    const last = symbols.at(-1);
    await ada.page.click(`#prices [data-symbol="${last}"] button`);
    await ada.sees("a label without another symbol's prices", (last) => {
      const label = $("chart").getAttribute("aria-label");
      return label.startsWith(last) && label.endsWith(": no prices yet");
    }, last);
  },
};

const agree = {
  name: "two pages see the same prices",
  // Firefox draws no frames of the page that is behind.
  only: "chromium",
  async run(story) {
    const hub = await story.hub();
    const pages = [await story.visit(hub, { tab: "prices" }), await story.visit(hub, { tab: "prices" })];
    await pages[0].sees("24 symbols", () => all("#prices tbody tr").length === 24);
    const [symbol] = await symbolsOf(pages[0]);
    const record = `
      window.seen = new Set();
      new MutationObserver(() => window.seen.add(document
        .querySelector('#prices [data-symbol="${symbol}"] .price').textContent))
        .observe(document.querySelector("#prices"), { childList: true, characterData: true, subtree: true });
    `;
    for (const { page } of pages) await page.evaluate(record);
    await pages[0].sees("ten prices", () => seen.size >= 10);
    const prices = await pages[0].look("[...seen].slice(3, 8)");
    // A frame may skip one, if two come within it.
    await pages[1].sees("most of them", (prices) => {
      return prices.filter((price) => seen.has(price)).length >= 3;
    }, prices);
  },
};

export default [move, unsubscribe, everything, chosen, notLive, agree];
