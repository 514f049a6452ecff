// The list of messages. Messages that arrive together are drawn together: a page that comes back
// after a night receives a thousand.

import { byId, make, show } from "./dom.js";

/** Milliseconds for which messages are gathered. */
const GATHER = 50;

/** Milliseconds after the history until new messages are read out. */
const SETTLE = 1000;

/** Messages that are shown: older ones are removed. */
const SHOWN = 1000;

/** Pixels from the end within which the list follows new messages. */
const NEAR_END = 60;

export class Messages {
  #drawn;
  #gathered = [];
  #timer = null;
  /** The elements of messages that are not stored yet, by their id. */
  #pending = new Map();
  /** Messages before the list. */
  #hidden = 0;
  /** The day whose messages are shown without a date. */
  #today = new Date().toDateString();

  /** @param drawn gets messages that are drawn now, and whether the list follows them */
  constructor(drawn) {
    this.#drawn = drawn;
  }

  get isAtEnd() {
    const log = byId("log");
    return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
  }

  scroll() {
    byId("log").scrollTop = byId("log").scrollHeight;
  }

  /** Whether new messages are read out. A history is not. */
  set isReadOut(isReadOut) {
    if (!isReadOut) return byId("log").setAttribute("aria-live", "off");
    setTimeout(() => byId("log").setAttribute("aria-live", "polite"), SETTLE);
  }

  /** A message that is stored; `isMine` is one of this page. */
  add(message) {
    this.#gathered.push(message);
    this.#timer ??= setTimeout(() => this.draw(), GATHER);
  }

  draw() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const messages = this.#gathered.splice(0);
    if (messages.length === 0) return;
    this.#showDates();
    const { isAtEnd } = this;
    const elements = messages.slice(-SHOWN).map((message) => element(message));
    for (const { id } of messages.filter(({ isMine }) => isMine)) this.removePending(id);
    // Before those that have no place in the order yet.
    const [firstPending = null] = this.#pending.values();
    const fragment = document.createDocumentFragment();
    fragment.append(...elements);
    byId("messages").insertBefore(fragment, firstPending);
    this.#shorten(messages.length - elements.length);
    byId("no-messages").hidden = true;
    if (isAtEnd) this.scroll();
    this.#drawn(messages, isAtEnd);
  }

  /** Removes stored messages, and shows that so many are missing before the next ones. */
  restart(missing) {
    this.#gathered = [];
    const stored = byId("messages").querySelectorAll("[data-seq]");
    stored.forEach((element) => element.remove());
    this.#showHidden(missing === 0 ? 0 : this.#hidden + stored.length + missing);
  }

  /** Shows a message that is under way, with a note. */
  showPending({ id, text }, name, note) {
    const element = this.#showOwn(text, name, "pending", note);
    this.#pending.set(id, element);
  }

  removePending(id) {
    this.#pending.get(id)?.remove();
    this.#pending.delete(id);
  }

  /** A message that was under way, and will not be stored. */
  refuse(id, reason) {
    const element = this.#pending.get(id);
    if (!element) return;
    this.#pending.delete(id);
    mark(element, "refused", `not sent: ${reason}`);
  }

  /** A message that was never under way. */
  showRefused(text, name, reason) {
    this.#showOwn(text, name, "refused", `not sent: ${reason}`);
  }

  #showOwn(text, name, state, note) {
    const own = element({ name, text, at: Date.now(), isMine: true });
    mark(own, state, note);
    byId("messages").append(own);
    byId("no-messages").hidden = true;
    this.scroll();
    return own;
  }

  #shorten(hidden) {
    const list = byId("messages");
    while (list.childElementCount > SHOWN && list.firstElementChild.dataset.state !== "pending") {
      list.firstElementChild.remove();
      hidden++;
    }
    this.#showHidden(this.#hidden + hidden);
  }

  #showHidden(count) {
    this.#hidden = count;
    byId("hidden").hidden = count === 0;
    const messages = count === 1 ? "message is" : "messages are";
    show(byId("hidden"), `${count} earlier ${messages} not shown`);
  }

  /** After midnight, yesterday's messages get their date. */
  #showDates() {
    const today = new Date().toDateString();
    if (today === this.#today) return;
    this.#today = today;
    for (const time of byId("messages").querySelectorAll("time")) show(time, when(new Date(time.dateTime)));
  }
}

function element({ seq, name, text, at, isMine }) {
  const time = new Date(at);
  const title = time.toLocaleString([], { dateStyle: "full", timeStyle: "medium" });
  const head = make(
    "p",
    { className: "by" },
    make("b", { textContent: name }),
    make("time", { dateTime: time.toISOString(), title, textContent: when(time) }),
    make("span", { className: "note" }),
  );
  const element = make("li", {}, head, make("p", { className: "text", textContent: text }));
  if (isMine) element.classList.add("mine");
  if (seq !== undefined) element.dataset.seq = seq;
  return element;
}

function mark(element, state, note) {
  element.dataset.state = state;
  show(element.querySelector(".note"), note);
}

/** The time; of another day than today, with the date. */
function when(time) {
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday
    ? time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : time.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}
