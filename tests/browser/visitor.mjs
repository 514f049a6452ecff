// A person in front of the page, with actions and waits. Waits are for conditions, each with a
// deadline.

/** Milliseconds until what a page has to show is missing. */
const TIMEOUT = 30_000;

export class Visitor {
  page;
  context;

  #kind;
  #errors = [];
  /** Errors of the console that belong to the story. */
  #expected;

  constructor(context, kind, { expects = null }) {
    this.context = context;
    this.#kind = kind;
    this.#expected = expects;
  }

  async open(url, { name = null, tab = "chat", width = 1100, height = 760, ready = true }) {
    this.page = await this.context.newPage();
    await this.page.setViewport({ width, height });
    this.page.on("pageerror", (error) => this.#errors.push(`uncaught: ${error.message}`));
    this.page.on("console", (message) => {
      if (message.type() === "error" || /content.security/i.test(message.text())) {
        this.#errors.push(message.text());
      }
    });
    await this.page.evaluateOnNewDocument(RECORD);
    this.response = await this.page.goto(new URL(`#${tab}`, url).href);
    if (ready) await this.sees("all rooms to be open", () => isOpen());
    if (name) await this.rename(name);
  }

  async rename(name) {
    await this.fill("#name", name);
    await this.page.keyboard.press("Enter");
    // Two rooms are opened again.
    await this.sees(`people with ${name}`, (name) => people().some((one) => one.startsWith(name)), name);
    await this.sees("all rooms to be open", () => isOpen());
  }

  /** Waits until the function returns true in the page, where it has the helpers below. */
  async sees(what, condition, ...values) {
    const body = `(${condition})(...${JSON.stringify(values)})`;
    const deadline = performance.now() + TIMEOUT;
    // Asked from outside: timers and frames of a page that is behind another one may be slow.
    while (performance.now() < deadline) {
      const result = await this.look(body);
      if (result) return result;
      await new Promise((next) => setTimeout(next, 20));
    }
    const shown = await this.look("document.body.innerText").catch(() => "");
    throw new Error(`a page does not show ${what}; it shows:\n${String(shown).slice(0, 1500)}`);
  }

  /** The value of an expression in the page now. */
  look(expression) {
    return this.page.evaluate(`(() => { ${HELPERS}; return ${expression}; })()`);
  }

  async fill(selector, text) {
    await this.page.focus(selector);
    await this.page.evaluate((selector) => document.querySelector(selector).select(), selector);
    await this.page.keyboard.type(text);
  }

  /** Sends a message as a person does: types, and presses Enter. */
  async say(text) {
    await this.page.focus("#say");
    await this.page.keyboard.type(text);
    await this.page.keyboard.press("Enter");
  }

  /** Sends all of the messages, faster than a person does. */
  sayAtOnce(texts) {
    return this.page.evaluate((texts) => {
      for (const text of texts) {
        document.getElementById("say").value = text;
        document.getElementById("say-form").requestSubmit();
      }
    }, texts);
  }

  async choose(tab) {
    await this.page.click(`#tab-${tab}`);
    await this.sees(`the panel of ${tab}`, (tab) => !$(`panel-${tab}`).hidden, tab);
  }

  /** Waits until the messages are exactly these, and none is under way. */
  seesMessages(texts) {
    return this.sees(
      `the messages ${JSON.stringify(texts)}`,
      (texts) => JSON.stringify(messages()) === JSON.stringify(texts) && pending() === 0,
      texts,
    );
  }

  seesState(room, state) {
    return this.sees(
      `${room} ${state}`,
      (room, state) => $(`state-${room}`).textContent.startsWith(state),
      room,
      state,
    );
  }

  expects(pattern) {
    this.#expected = pattern;
  }

  expectNoErrors() {
    const errors = this.#errors.filter((error) => !this.#expected?.test(error));
    if (errors.length > 0) throw new Error(`errors in the console:\n${errors.join("\n")}`);
  }

  get errors() {
    return this.#errors;
  }
}

/** Errors of the console of a page whose server is not there. */
export const NO_SERVER = /WebSocket|Failed to load resource|NetworkError|establish a connection|interrupted/;

/** Keeps the texts that were received, as they came, in `received`. */
const RECORD = `
  window.received = [];
  window.WebSocket = class extends WebSocket {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string") window.received.push(data);
      });
    }
  };
`;

/** The functions that conditions call in the page. */
const HELPERS = `
  const $ = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const isOpen = () => all(".state").length === 3
    && all(".state").every((state) => state.textContent === "open");
  const messages = () => all("#messages .text").map((text) => text.textContent);
  const pending = () => all("#messages [data-state]").length;
  const people = () => all("#people li > span:last-child").map((one) => one.textContent);
  const price = (symbol) => document.querySelector('#prices [data-symbol="' + symbol + '"] .price')
    .textContent
`;
