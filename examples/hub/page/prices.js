// The room of prices: a row for each symbol, subscribed by its check box, and a chart of one.

import { Chart, trend } from "./chart.js";
import { Connection } from "./connection.js";
import { byId, make, makeSvg, show } from "./dom.js";

/** Symbols that are subscribed at first, and the points that are kept of each: some 100 s. */
const AT_FIRST = 8;
const POINTS = 360;

export class Prices {
  connection;

  /** By symbol. */
  #rows = new Map();
  #chosen = null;
  #chart = new Chart(byId("chart"));
  #changed = new Set();
  #isVisible = false;

  constructor(me, { changed }) {
    this.connection = new Connection("prices", {
      query: () => ({ client: me.client }),
      text: (message) => this.#received(message),
      closed: () => this.#dim(),
      changed,
    });
    byId("all").addEventListener("change", () => {
      const rows = [...this.#rows.values()];
      this.#setSubscribed(rows, byId("all").checked);
    });
    new ResizeObserver(() => this.#drawSoon()).observe(byId("chart"));
  }

  set isVisible(isVisible) {
    this.#isVisible = isVisible;
    if (isVisible) this.#drawSoon();
  }

  #received(message) {
    switch (message.type) {
      case "symbols":
        return this.#symbols(message.symbols);
      case "history":
        return this.#history(message);
      case "price":
        return this.#price(message);
    }
  }

  #symbols(symbols) {
    if (this.#rows.size === 0) {
      symbols.forEach((symbol, index) => this.#rows.set(symbol.symbol, row(symbol, index)));
      for (const row of this.#rows.values()) {
        row.check.addEventListener("change", () => this.#setSubscribed([row], row.check.checked));
        row.choose.addEventListener("click", () => this.#choose(row));
      }
      const [tbody] = byId("prices").tBodies;
      tbody.replaceChildren(...Array.from(this.#rows.values(), (row) => row.element));
      this.#choose([...this.#rows.values()][0]);
    }
    // Subscriptions end with their connection.
    const wanted = [...this.#rows.values()].filter((row) => row.check.checked);
    this.#setSubscribed(wanted, true);
  }

  #setSubscribed(rows, isSubscribed) {
    const changed = rows.filter((row) => row.isSubscribed !== isSubscribed);
    for (const row of rows) row.check.checked = isSubscribed;
    const type = isSubscribed ? "subscribe" : "unsubscribe";
    const symbols = changed.map((row) => row.symbol);
    // If it is closed, the next `symbols` subscribes to the symbols that are checked then.
    if (symbols.length > 0 && this.connection.send({ type, symbols })) {
      for (const row of changed) setLive(row, isSubscribed);
    }
    this.#checkAll();
  }

  #checkAll() {
    const rows = [...this.#rows.values()];
    const checked = rows.filter((row) => row.check.checked).length;
    byId("all").checked = checked === rows.length;
    byId("all").indeterminate = checked > 0 && checked < rows.length;
  }

  #dim() {
    for (const row of this.#rows.values()) setLive(row, false);
  }

  #choose(row) {
    this.#chosen = row;
    for (const other of this.#rows.values()) {
      other.choose.setAttribute("aria-pressed", other === row);
      other.element.classList.toggle("chosen", other === row);
    }
    this.#drawSoon();
  }

  #history({ symbol, points }) {
    const row = this.#rows.get(symbol);
    if (row === undefined) return;
    row.points = points.slice(-POINTS);
    this.#drawSoon(row);
  }

  #price({ symbol, price, at }) {
    const row = this.#rows.get(symbol);
    // One that was under way when it was unsubscribed.
    if (!row?.isSubscribed) return;
    // The present value may be the last point of the history.
    if (row.points.length > 0 && at <= row.points.at(-1)[0]) return;
    row.points.push([at, price]);
    if (row.points.length > POINTS) row.points.shift();
    this.#drawSoon(row);
  }

  /** Once a frame, and only while it is seen. */
  #drawSoon(row = this.#chosen) {
    const isAsked = this.#changed.size > 0;
    if (row) this.#changed.add(row);
    if (isAsked || this.#changed.size === 0) return;
    requestAnimationFrame(() => {
      const changed = this.#changed;
      this.#changed = new Set();
      changed.forEach(draw);
      if (this.#isVisible && changed.has(this.#chosen)) this.#drawChart();
    });
  }

  #drawChart() {
    const { symbol, name, points } = this.#chosen;
    show(byId("chart-name"), `${symbol} ${name}`);
    show(byId("chart-price"), points.length ? digits(points.at(-1)[1]) : "");
    show(byId("chart-change"), points.length ? change(points) : "not subscribed");
    this.#chart.draw(points, `${symbol} ${name}`, digits);
  }
}

/** A row of the table. */
function row({ symbol, name }, index) {
  const check = make("input", {
    type: "checkbox",
    checked: index < AT_FIRST,
    attributes: { "aria-label": `Subscribe to ${symbol}` },
  });
  const choose = make("button", { type: "button", textContent: symbol, title: "Show in the chart" });
  const price = make("td", { className: "number price", textContent: "–" });
  const moved = make("td", { className: "number change", textContent: "–" });
  const line = makeSvg("polyline", {});
  const spark = makeSvg("svg", { "aria-hidden": "true", preserveAspectRatio: "none" }, line);
  spark.setAttribute("viewBox", "0 0 100 24");
  const element = make(
    "tr",
    { data: { symbol } },
    make("td", {}, check),
    make("th", { scope: "row" }, choose),
    make("td", { className: "wide", textContent: name }),
    price,
    moved,
    make("td", { className: "wide trend" }, spark),
  );
  return { symbol, name, element, check, choose, price, moved, line, points: [], isSubscribed: false };
}

function setLive(row, isSubscribed) {
  row.isSubscribed = isSubscribed;
  row.element.classList.toggle("live", isSubscribed);
}

function draw(row) {
  if (row.points.length === 0) return;
  show(row.price, digits(row.points.at(-1)[1]));
  show(row.moved, change(row.points));
  row.moved.classList.toggle("up", row.moved.textContent.startsWith("+"));
  row.line.setAttribute("points", trend(row.points, 100, 24));
}

const digits = (price) => price.toFixed(2);

/** From the first point that is kept to the last. */
function change(points) {
  const percent = (points.at(-1)[1] / points[0][1] - 1) * 100;
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(2)} %`;
}
