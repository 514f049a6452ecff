// Messages that were not acknowledged: kept in the session storage, so a reload loses none, and sent
// again by the next connection. The server stores each id of a client once.

const KEY = "outbox";

/** Messages that are sent without an acknowledgement, so that a resend is no flood. */
const IN_FLIGHT = 16;

export class Outbox {
  /** `{ id, text }`, the oldest first. */
  messages;

  #send;
  #next;
  /** How many of the first messages this connection has sent. */
  #inFlight = 0;
  /** Whether the server has welcomed this connection: before, a new message would overtake those
   * that have to be sent again. */
  #isWelcome = false;

  /** @param send sends a message if the connection is open, and returns whether it is */
  constructor(send) {
    this.#send = send;
    const { next = 1, messages = [] } = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    [this.#next, this.messages] = [next, messages];
  }

  /** Sends the text as soon as the connection permits; returns the message. */
  add(text) {
    const message = { id: this.#next++, text };
    this.messages.push(message);
    this.#save();
    this.#sendMore();
    return message;
  }

  /** A new connection has to send everything again; new ids are above the server's last one. */
  restart(lastId) {
    this.#next = Math.max(this.#next, lastId + 1);
    this.#inFlight = 0;
    this.#isWelcome = true;
    this.#sendMore();
  }

  /** The connection has ended: what is added waits for the next one. */
  stop() {
    this.#isWelcome = false;
  }

  /** The server has stored it, or has refused it for good. */
  acknowledge(id) {
    const index = this.messages.findIndex((message) => message.id === id);
    if (index < 0) return;
    this.messages.splice(index, 1);
    if (index < this.#inFlight) this.#inFlight--;
    this.#save();
    this.#sendMore();
  }

  #sendMore() {
    while (this.#isWelcome && this.#inFlight < Math.min(IN_FLIGHT, this.messages.length)) {
      if (!this.#send(this.messages[this.#inFlight])) return;
      this.#inFlight++;
    }
  }

  #save() {
    sessionStorage.setItem(KEY, JSON.stringify({ next: this.#next, messages: this.messages }));
  }
}
