// The room of chat: history, messages in order, and resends until a message is acknowledged.

import { Connection } from "./connection.js";
import { byId, make, show } from "./dom.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";

/** Milliseconds without a key until a person types no longer. */
const TYPING = 3000;

/** Messages that are shown: older ones are removed. */
const SHOWN = 1000;

/** Pixels from the end within which the list follows new messages. */
const NEAR_END = 60;

export class Chat {
  connection;

  #me;
  #unreadChanged;
  #people;
  #outbox;
  #isVisible = false;
  #unread = 0;
  #typing = null;
  /** The sequence number of the newest message that is shown. */
  #latest = 0;
  /** Messages up to this one were there before the page. */
  #old = null;
  /** The element of each message of the outbox, by id. */
  #pending = new Map();

  constructor(me, { changed, unreadChanged }) {
    this.#me = me;
    this.#unreadChanged = unreadChanged;
    this.#people = new People(me);
    this.connection = new Connection("chat", {
      query: () => ({ client: me.client, name: me.name, since: this.#latest }),
      text: (message) => this.#received(message),
      closed: () => {
        this.#outbox.stop();
        this.#people.clear();
      },
      changed,
    });
    this.#outbox = new Outbox((message) => this.connection.send({ type: "say", ...message }));
    this.#outbox.messages.forEach((message) => this.#showPending(message));
    byId("say-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    byId("say").addEventListener("input", () => this.#typed());
    byId("log").addEventListener("scroll", () => this.#read());
  }

  /** Whether somebody sees the room. */
  set isVisible(isVisible) {
    this.#isVisible = isVisible;
    if (isVisible) {
      if (this.#unread > 0) this.#scroll();
      this.#read();
    }
  }

  #received(message) {
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "said":
        return this.#said(message);
      case "ack":
        return this.#acknowledged(message);
      case "refused":
        return this.#refused(message);
      case "people":
        return this.#people.update(message);
    }
  }

  #welcome({ latest, lastId }) {
    if (latest < this.#latest) {
      // Another store: nothing that is shown is in it. Its history follows.
      byId("messages").replaceChildren(...this.#pending.values());
      this.#latest = 0;
      this.#old = null;
    }
    this.#old ??= latest;
    this.#outbox.restart(lastId);
  }

  #said(message) {
    if (message.seq <= this.#latest) return;
    this.#latest = message.seq;
    const isMine = message.client === this.#me.client;
    const isAtEnd = this.#isAtEnd();
    const element = this.#element(message, isMine);
    if (isMine) this.#removePending(message.id);
    // Before those that have no place in the order yet.
    const [firstPending = null] = this.#pending.values();
    byId("messages").insertBefore(element, firstPending);
    byId("no-messages").hidden = true;
    if (byId("messages").childElementCount > SHOWN) byId("messages").firstElementChild.remove();
    if (isAtEnd) this.#scroll();
    const isNew = message.seq > this.#old && !isMine;
    if (isNew && !(this.#isVisible && isAtEnd)) this.#count(this.#unread + 1);
  }

  #acknowledged({ id, seq }) {
    this.#outbox.acknowledge(id);
    // Else its `said` follows, or it is older than the history that the page has asked for.
    if (seq <= this.#latest) this.#removePending(id);
  }

  #removePending(id) {
    this.#pending.get(id)?.remove();
    this.#pending.delete(id);
  }

  #refused({ id, reason }) {
    const element = this.#pending.get(id);
    this.#outbox.acknowledge(id);
    if (!element) return;
    this.#pending.delete(id);
    element.dataset.state = "refused";
    show(element.querySelector(".note"), `not sent: ${reason}`);
  }

  #say() {
    const text = byId("say").value.trim();
    if (text === "") return;
    byId("say").value = "";
    this.#setTyping(false);
    this.#showPending(this.#outbox.add(text));
    this.#scroll();
  }

  #showPending({ id, text }) {
    const message = { name: this.#me.name, text, at: Date.now() };
    const element = this.#element(message, true);
    element.dataset.state = "pending";
    show(element.querySelector(".note"), "sending");
    this.#pending.set(id, element);
    byId("messages").append(element);
    byId("no-messages").hidden = true;
  }

  #element({ seq, client, name, text, at }, isMine) {
    const time = new Date(at);
    const shown = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const head = make(
      "p",
      { className: "by" },
      make("b", { textContent: name }),
      make("time", { dateTime: time.toISOString(), textContent: shown }),
      make("span", { className: "note" }),
    );
    const element = make("li", {}, head, make("p", { className: "text", textContent: text }));
    if (isMine) element.classList.add("mine");
    if (seq !== undefined) element.dataset.seq = seq;
    element.dataset.client = isMine ? this.#me.client : client;
    return element;
  }

  #typed() {
    this.#setTyping(byId("say").value !== "");
  }

  #setTyping(typing) {
    if (typing !== (this.#typing !== null)) this.connection.send({ type: "typing", typing });
    clearTimeout(this.#typing);
    this.#typing = typing ? setTimeout(() => this.#setTyping(false), TYPING) : null;
  }

  #isAtEnd() {
    const log = byId("log");
    return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
  }

  #scroll() {
    byId("log").scrollTop = byId("log").scrollHeight;
  }

  #read() {
    if (this.#unread > 0 && this.#isVisible && this.#isAtEnd()) this.#count(0);
  }

  #count(unread) {
    this.#unread = unread;
    this.#unreadChanged(unread);
  }
}
