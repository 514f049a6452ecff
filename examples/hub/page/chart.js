// Lines of prices over time, as SVG.

import { makeSvg } from "./dom.js";

/** Room for the labels, in pixels. */
const RIGHT = 54;
const BOTTOM = 24;
const TOP = 8;

/** Milliseconds between two changes of the label that a screen reader reads. */
const LABEL_INTERVAL = 5000;

export class Chart {
  #svg;
  #labelled = { title: "", at: 0 };

  constructor(svg) {
    this.#svg = svg;
  }

  /**
   * @param points `[milliseconds, price]`, in order
   * @param isLive whether the last point is the present price
   */
  draw(points, { title, digits, isLive }) {
    const { clientWidth: width, clientHeight: height } = this.#svg;
    this.#label(points, title, digits);
    if (points.length < 2 || width === 0) return this.#svg.replaceChildren();
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const scale = scaleOf(points, width - RIGHT, height - BOTTOM - TOP);
    const y = (price) => TOP + scale.y(price);

    const grid = ticks(scale.low, scale.high).flatMap((price) => [
      makeSvg("line", { x1: 0, x2: width - RIGHT, y1: y(price), y2: y(price), class: "grid" }),
      text(width - RIGHT + 12, y(price) + 4, digits(price)),
    ]);
    const line = points.map(([at, price]) => `${scale.x(at).toFixed(1)},${y(price).toFixed(1)}`);
    const floor = height - BOTTOM;
    const area = `0,${floor} ${line.join(" ")} ${width - RIGHT},${floor}`;
    const [[start], [end, last]] = [points[0], points.at(-1)];
    const seconds = Math.round((end - start) / 1000);
    const [from, to] = isLive ? [`${seconds} s ago`, "now"] : [clock(start), clock(end)];
    this.#svg.replaceChildren(
      ...grid,
      makeSvg("polygon", { points: area, class: "area" }),
      makeSvg("polyline", { points: line.join(" "), class: "line" }),
      makeSvg("circle", { cx: width - RIGHT, cy: y(last), r: 4, class: "dot" }),
      text(0, height - 4, from),
      text(width - RIGHT, height - 4, to, "end"),
    );
  }

  #label(points, title, digits) {
    const now = performance.now();
    if (points.length === 0) title = `${title}: no prices yet`;
    if (title === this.#labelled.title && now - this.#labelled.at < LABEL_INTERVAL) return;
    this.#labelled = { title, at: now };
    if (points.length === 0) return this.#svg.setAttribute("aria-label", title);
    const prices = points.map(([, price]) => price);
    const range = `between ${digits(Math.min(...prices))} and ${digits(Math.max(...prices))}`;
    this.#svg.setAttribute("aria-label", `${title}: ${digits(prices.at(-1))}, ${range}`);
  }
}

/** The points of a small line without labels. */
export function trend(points, width, height) {
  const scale = scaleOf(points, width, height - 4);
  return points.map(([at, p]) => `${scale.x(at).toFixed(1)},${(scale.y(p) + 2).toFixed(1)}`).join(" ");
}

function scaleOf(points, width, height) {
  const prices = points.map(([, price]) => price);
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const [first, last] = [points[0][0], points.at(-1)[0]];
  return {
    low,
    high,
    x: (at) => ((at - first) / (last - first || 1)) * width,
    y: (price) => (1 - (price - low) / (high - low || 1)) * height,
  };
}

/** Three to six round numbers between these. */
function ticks(low, high) {
  const rough = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) found.push(n * step);
  return found;
}

const clock = (at) => new Date(at).toLocaleTimeString();

function text(x, y, textContent, anchor = "start") {
  const element = makeSvg("text", { x, y, "text-anchor": anchor });
  element.textContent = textContent;
  return element;
}
