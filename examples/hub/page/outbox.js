// Messages that were not acknowledged: kept in the session storage, so a reload loses none, and sent
// again by the next connection. The server stores each id of a client once.

const KEY = "outbox";

/** Messages that are sent without an acknowledgement, so that a resend is no flood. */
const IN_FLIGHT = 16;

/** Bytes of a message as it is sent: the server closes the connection for a longer one. */
export const LONGEST = 16 * 1024;

/** Whether the text is too long as part of a message. In JSON, some characters have six bytes. */
export const isTooLong = (text) => length({ id: Number.MAX_SAFE_INTEGER, text }) > LONGEST;

const toSay = (message) => ({ type: "say", ...message });
const length = (message) => new TextEncoder().encode(JSON.stringify(toSay(message))).length;

export class Outbox {
  /** `{ id, text }`, the oldest first. */
  messages;
  /** Whether a reload would lose none of them: the session storage may be full. */
  isKept = true;

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

  /** The id of the longest message that this connection has sent, and that is not acknowledged. */
  longest() {
    const sent = this.messages.slice(0, this.#inFlight);
    const longest = Math.max(...sent.map(length));
    return sent.find((message) => length(message) === longest)?.id;
  }

  /** The connection has ended: further messages wait for the next one. */
  stop() {
    this.#isWelcome = false;
  }

  /** Removes a message that the server has stored, or has finally refused. */
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
      if (!this.#send(toSay(this.messages[this.#inFlight]))) return;
      this.#inFlight++;
    }
  }

  #save() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ next: this.#next, messages: this.messages }));
      this.isKept = true;
    } catch {
      this.isKept = false;
    }
  }
}
