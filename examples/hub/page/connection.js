// A WebSocket that is opened again after its end (RFC 6455 §7.2.3), by WHATWG's API.
//
// States: connecting, open, closing, closed (with code and reason). A closed connection waits for
// a random part of a limit that doubles ("full jitter"), and connects again. Pings of the page
// measure the round trip, because the API has none; a peer that doesn't answer is given up.

/** Milliseconds: the first limit of a wait, the longest one; an open connection that lasted this
 * long starts with the first limit again. */
const FIRST = 1000;
const LONGEST = 30_000;
const STABLE = 5000;

/** Milliseconds between two pings, and for which an answer is waited for. */
const PING_INTERVAL = 5000;
const TIMEOUT = 12_000;

export class Connection {
  state = "connecting";
  code = null;
  reason = "";
  /** The time of the next attempt, on the clock of `performance.now()`. */
  retryAt = null;
  /** Milliseconds. */
  roundTrip = null;
  /** The latest message of this type. */
  stats = null;
  /** "connected" or "lost", if the hub is one of several behind a broker. */
  broker = null;
  /** Closed before it was open: refused, or no server. */
  neverOpened = false;

  #room;
  #handlers;
  #socket = null;
  #attempts = 0;
  #timer = null;
  #pings = null;
  #pingedAt = null;
  #openedAt = null;
  #isRestarting = false;

  /**
   * @param room a name, as in `/rooms/NAME`
   * @param handlers `query()` returns the parameters of the URL. `opened()`, `text(message)`,
   *   `binary(bytes)`, `closed()` and `changed()` are optional.
   */
  constructor(room, handlers) {
    this.#room = room;
    this.#handlers = handlers;
    addEventListener("online", () => this.retryNow());
  }

  get isOpen() {
    // The socket's own state is ahead of its events.
    return this.state === "open" && this.#socket.readyState === WebSocket.OPEN;
  }

  get isCompressed() {
    return this.isOpen && this.#socket.extensions.includes("permessage-deflate");
  }

  connect() {
    clearTimeout(this.#timer);
    this.#timer = this.retryAt = null;
    this.#isRestarting = this.neverOpened = false;
    const url = new URL(`/rooms/${this.#room}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = new URLSearchParams(this.#handlers.query());
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#opened();
    this.#socket.onmessage = ({ data }) => this.#received(data);
    this.#socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#timer = setTimeout(() => this.#abandon(), TIMEOUT);
    this.#enter("connecting");
  }

  /** Returns whether the connection was open. A sent message may still be lost. */
  send(message) {
    if (!this.isOpen) return false;
    const isBinary = message instanceof Uint8Array;
    this.#socket.send(isBinary ? message : JSON.stringify(message));
    return true;
  }

  /** Closes the connection and opens another one at once, with a new query. */
  restart(reason) {
    if (this.state === "closed") return this.retryNow();
    this.#isRestarting = true;
    this.#socket.close(1000, reason);
    this.#enter("closing");
  }

  /** Ends the wait, if it waits. */
  retryNow() {
    if (this.retryAt !== null) this.connect();
  }

  #opened() {
    clearTimeout(this.#timer);
    this.#openedAt = performance.now();
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL);
    this.#enter("open");
    this.#ping();
    this.#handlers.opened?.();
  }

  #received(data) {
    this.#pingedAt = null;
    if (typeof data !== "string") return this.#handlers.binary?.(new Uint8Array(data));
    const message = JSON.parse(data);
    if (message.type === "pong") {
      this.roundTrip = performance.now() - message.at;
      this.#handlers.changed?.();
    } else if (message.type === "stats") {
      this.stats = message;
      this.#handlers.changed?.();
    } else if (message.type === "broker") {
      this.broker = message.state;
      this.#handlers.changed?.();
    } else {
      this.#handlers.text?.(message);
    }
  }

  #ping() {
    const now = performance.now();
    if (this.#pingedAt !== null && now - this.#pingedAt > TIMEOUT) return this.#abandon();
    this.#pingedAt ??= now;
    this.send({ type: "ping", at: now });
  }

  /** The closing handshake would wait for the peer, too. */
  #abandon() {
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#closed(1006, `no answer for ${TIMEOUT / 1000} s`);
  }

  #closed(code, reason) {
    clearInterval(this.#pings);
    clearTimeout(this.#timer);
    this.neverOpened = this.#openedAt === null;
    const isStable = !this.neverOpened && performance.now() - this.#openedAt > STABLE;
    if (isStable) this.#attempts = 0;
    this.#openedAt = this.#pingedAt = this.roundTrip = this.stats = this.broker = null;
    [this.code, this.reason] = this.#isRestarting ? [null, ""] : [code, reason];
    this.#handlers.closed?.();
    if (this.#isRestarting) return this.connect();
    const wait = Math.random() * Math.min(FIRST * 2 ** this.#attempts++, LONGEST);
    this.retryAt = performance.now() + wait;
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#enter("closed");
  }

  #enter(state) {
    this.state = state;
    this.#handlers.changed?.();
  }
}
