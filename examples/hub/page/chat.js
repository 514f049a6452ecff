// The room of chat: history, messages in order, and resends until a message is acknowledged.

import { Connection } from "./connection.js";
import { byId } from "./dom.js";
import { Messages } from "./messages.js";
import { isTooLong, LONGEST, Outbox } from "./outbox.js";
import { People } from "./people.js";

/** Milliseconds without a key until a person types no longer. */
const TYPING = 3000;

/** The close code of a message that is too long (RFC 6455 §7.4.1). */
const TOO_BIG = 1009;

export class Chat {
  connection;

  #me;
  #unreadChanged;
  #people;
  #outbox;
  #messages = new Messages((messages, isAtEnd) => this.#drawn(messages, isAtEnd));
  #isVisible = false;
  #unread = 0;
  #typing = null;
  /** The id of the history that the messages are of. */
  #store = "";
  /** The sequence number of the newest message. */
  #latest = 0;
  /** The sequence number of the last message of the history. */
  #historyEnd = 0;
  /** Messages up to this one were there before the page. */
  #old = null;

  constructor(me, { changed, unreadChanged }) {
    this.#me = me;
    this.#unreadChanged = unreadChanged;
    this.#people = new People(me);
    this.connection = new Connection("chat", {
      query: () => {
        return { client: me.client, name: me.name, since: this.#latest, store: this.#store };
      },
      text: (message) => this.#received(message),
      closed: () => this.#closed(),
      changed,
    });
    this.#outbox = new Outbox((message) => this.connection.send(message));
    this.#outbox.messages.forEach((message) => this.#showPending(message));
    byId("say-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    byId("say").addEventListener("input", () => this.#typed());
    byId("log").addEventListener("scroll", () => this.#read());
  }

  /** Whether the room is visible. */
  set isVisible(isVisible) {
    this.#isVisible = isVisible;
    if (isVisible) {
      if (this.#unread > 0) this.#messages.scroll();
      this.#read();
    }
  }

  #received(message) {
    if (message.type === "said") return this.#said(message);
    // The message may depend on those before it.
    this.#messages.draw();
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "ack":
        return this.#acknowledged(message);
      case "refused":
        return this.#refused(message);
      case "people":
        return this.#people.update(message);
    }
  }

  #welcome({ you, store, next, latest, lastId }) {
    this.#me.shown = you;
    if (store !== this.#store) {
      // Nothing that is shown is in this history, which follows.
      this.#messages.restart(0);
      this.#latest = 0;
      this.#old = null;
    } else if (next > this.#latest + 1) {
      this.#messages.restart(next - 1 - this.#latest);
    }
    this.#store = store;
    this.#latest = next - 1;
    this.#historyEnd = latest;
    this.#old ??= latest;
    this.#messages.isReadOut = false;
    this.#showNews();
    this.#outbox.restart(lastId);
  }

  #said(message) {
    if (message.seq <= this.#latest) return;
    this.#latest = message.seq;
    this.#messages.add({ ...message, isMine: message.client === this.#me.shown });
    if (message.seq === this.#historyEnd) this.#showNews();
  }

  /** Shows the end of the history. Later messages are read out. */
  #showNews() {
    this.#messages.draw();
    if (this.#latest >= this.#historyEnd) this.#messages.isReadOut = true;
  }

  #drawn(messages, isAtEnd) {
    const news = messages.filter(({ seq, isMine }) => seq > this.#old && !isMine);
    const isRead = this.#isVisible && isAtEnd;
    if (news.length > 0 && !isRead) this.#count(this.#unread + news.length);
  }

  #acknowledged({ id, seq }) {
    this.#outbox.acknowledge(id);
    // Else its `said` follows, or it is older than the history that the page has asked for.
    if (seq <= this.#latest) this.#messages.removePending(id);
  }

  #refused({ id, reason }) {
    this.#outbox.acknowledge(id);
    this.#messages.refuse(id, reason);
  }

  #closed() {
    if (this.connection.code === TOO_BIG) {
      // Sent again, the same message would have the same end.
      this.#refused({ id: this.#outbox.longest(), reason: "it is too long" });
    }
    this.#outbox.stop();
    this.#people.clear();
  }

  #say() {
    // A half of a surrogate pair is no text that can be sent.
    const text = byId("say").value.trim().toWellFormed();
    if (text === "") return;
    byId("say").value = "";
    this.#setTyping(false);
    if (isTooLong(text)) {
      const reason = `it is longer than ${LONGEST} bytes`;
      return this.#messages.showRefused(text, this.#me.name, reason);
    }
    this.#showPending(this.#outbox.add(text));
  }

  #showPending(message) {
    const note = this.#outbox.isKept ? "sending" : "sending; a reload would lose it";
    this.#messages.showPending(message, this.#me.name, note);
  }

  #typed() {
    this.#setTyping(byId("say").value !== "");
  }

  #setTyping(typing) {
    if (typing !== (this.#typing !== null)) this.connection.send({ type: "typing", typing });
    clearTimeout(this.#typing);
    this.#typing = typing ? setTimeout(() => this.#setTyping(false), TYPING) : null;
  }

  #read() {
    if (this.#unread > 0 && this.#isVisible && this.#messages.isAtEnd) this.#count(0);
  }

  #count(unread) {
    this.#unread = unread;
    this.#unreadChanged(unread);
  }
}
