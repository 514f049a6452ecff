// The header: the state of each room, and the figures of the selected room's connection.

import { byId, show } from "./dom.js";

export class Status {
  #rooms;
  #selected;
  #timer = null;

  /** @param rooms connections by the name of the room */
  constructor(rooms) {
    this.#rooms = rooms;
    byId("now").addEventListener("click", () => {
      for (const connection of Object.values(rooms)) connection.retryNow();
    });
  }

  select(name) {
    this.#selected = name;
    this.update();
  }

  update() {
    for (const [name, connection] of Object.entries(this.#rooms)) {
      const element = byId(`state-${name}`);
      show(element, describe(connection));
      element.dataset.state = connection.state;
    }
    this.#broker();
    this.#figures(this.#rooms[this.#selected]);
    this.#notice(this.#rooms[this.#selected]);
  }

  /** Each room's connection may be to another hub: one that has lost the broker counts. */
  #broker() {
    const states = Object.values(this.#rooms).map(({ broker }) => broker).filter(Boolean);
    const isLost = states.includes("lost");
    const element = byId("broker");
    element.hidden = states.length === 0;
    element.dataset.state = isLost ? "lost" : "connected";
    const lost = "The broker is away: what you send is kept here until it is stored";
    show(element, isLost ? lost : "Broker connected");
  }

  #figures({ isOpen, isCompressed, roundTrip, stats }) {
    const offered = isCompressed ? "permessage-deflate" : "off";
    show(byId("roundtrip"), roundTrip === null ? "–" : milliseconds(roundTrip));
    show(byId("compression"), isOpen ? offered : "–");
    byId("compression").title = stats?.compression ?? "";
    // The server counts: its sent bytes are the received ones of the page.
    show(byId("received"), stats ? bytes(stats.sent) : "–");
    show(byId("sent"), stats ? bytes(stats.received) : "–");
    show(byId("dropped"), stats ? String(stats.dropped) : "–");
  }

  #notice(connection) {
    clearTimeout(this.#timer);
    const { state, code, retryAt } = connection;
    // An attempt to connect again is part of the same notice.
    const isLost = state === "closed" || (state === "connecting" && code !== null);
    byId("notice").hidden = !isLost;
    if (!isLost) return;
    show(byId("notice-text"), explain(connection));
    const wait = retryAt === null ? null : Math.max(0, retryAt - performance.now());
    const seconds = Math.ceil(wait / 1000);
    show(byId("countdown"), wait === null ? "connecting" : `reconnecting in ${seconds} s`);
    byId("now").disabled = wait === null;
    if (wait > 0) this.#timer = setTimeout(() => this.update(), wait % 1000 || 1000);
  }
}

function describe({ state, code, reason }) {
  return state === "closed" ? `closed ${code} ${reason}`.trim() : state;
}

function explain({ code, reason }) {
  const standard = {
    1000: "closed",
    1001: "the server is going away",
    1006: "the connection was lost",
    1008: "the server refused what this page sent",
    1011: "the server failed",
    1012: "the server restarts",
    1013: "the server is busy",
  };
  return `Closed with ${code}: ${reason || standard[code] || "no reason given"}`;
}

const milliseconds = (time) => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;

function bytes(count) {
  if (count < 1000) return `${count} B`;
  const unit = count < 1e6 ? ["kB", 1e3] : ["MB", 1e6];
  const value = count / unit[1];
  return `${value.toFixed(value < 100 ? 1 : 0)} ${unit[0]}`;
}
