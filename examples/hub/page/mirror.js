// The text behind the editor, with a mark over each selection and a caret at each head.
//
// A long text is laid out once: it is in blocks of some lines. A block is made anew if a change
// touches it, or if it is visible and its cursors have changed.

import { make } from "./dom.js";

/** Lines of a block. */
const LINES = 16;

/** Code units of the longest line. The browser lays out a line as a whole after each change in it,
 * one of 1 MiB for seconds: while a line is longer, no cursors are drawn. */
const LONGEST = 16 * 1024;

export class Mirror {
  #element;
  #text = null;
  /** The texts and elements, and what is marked in them. */
  #blocks = [];

  constructor(element) {
    this.#element = element;
  }

  /** Shows the text at this place, and others' cursors in the visible part of it. */
  draw(text, others, scrollTop) {
    // Without cursors, the mirror shows nothing, whatever the text is.
    if (others.length > 0) this.#change(hasLongLine(text) ? "" : text);
    this.#element.scrollTop = scrollTop;
    const [first, end] = this.#seen();
    let start = 0;
    for (const [index, block] of this.#blocks.entries()) {
      const stop = start + block.text.length;
      const isLast = index === this.#blocks.length - 1;
      const isSeen = index >= first && index < end;
      this.#mark(block, isSeen ? within(others, start, stop, isLast) : []);
      start = stop;
    }
  }

  /** Replaces the blocks in which the text differs. */
  #change(text) {
    const before = this.#text ?? "";
    if (this.#text === text) return;
    this.#text = text;
    const most = Math.min(before.length, text.length);
    let [same, sameEnd] = [0, 0];
    while (same < most && before.charCodeAt(same) === text.charCodeAt(same)) same++;
    const isSame = (end) => before.charCodeAt(before.length - end) === text.charCodeAt(text.length - end);
    while (sameEnd < most - same && isSame(sameEnd + 1)) sameEnd++;
    let [first, start] = [0, 0];
    while (first < this.#blocks.length - 1 && start + this.#blocks[first].text.length <= same) {
      start += this.#blocks[first++].text.length;
    }
    let [end, rest] = [this.#blocks.length, 0];
    // The line break before a block is the same, too.
    while (end > first + 1 && rest + this.#blocks[end - 1].text.length < sameEnd) {
      rest += this.#blocks[--end].text.length;
    }
    // The text of the last block has its own end.
    const isLast = end === this.#blocks.length;
    const made = blocks(text.slice(start, text.length - rest), isLast);
    const gone = this.#blocks.splice(first, end - first, ...made);
    const next = this.#blocks[first + made.length]?.element ?? null;
    gone.forEach(({ element }) => element.remove());
    const fragment = document.createDocumentFragment();
    fragment.append(...made.map(({ element }) => element));
    this.#element.insertBefore(fragment, next);
  }

  /** The blocks that are seen, or a part of them: from the first one to before the second one. */
  #seen() {
    const { scrollTop, clientHeight } = this.#element;
    const behind = (y) => {
      let [low, high] = [0, this.#blocks.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.#blocks[middle].element.offsetTop > y) high = middle;
        else low = middle + 1;
      }
      return low;
    };
    return [Math.max(0, behind(scrollTop) - 1), behind(scrollTop + clientHeight)];
  }

  #mark(block, others) {
    const marks = JSON.stringify(others);
    if (block.marks === marks) return;
    block.marks = marks;
    block.element.replaceChildren(...marked(block.text, others), block.end);
  }
}

const hasLongLine = (text) => text.split("\n").some(({ length }) => length > LONGEST);

/** The cursors within a block, relative to it. */
function within(others, start, stop, isLast) {
  const clamp = (index) => Math.min(Math.max(index, start), stop) - start;
  return others
    .map(({ from, to, name, colour }) => {
      const isHere = to >= start && (to < stop || (isLast && to === stop));
      return { from: clamp(from), to: clamp(to), name: isHere ? name : null, colour };
    })
    .filter(({ from, to, name }) => name !== null || from !== to);
}

/** The text in blocks of whole lines. */
function blocks(text, isLast) {
  const made = [];
  let start = 0;
  for (let end = 0, lines = 0; end < text.length; ) {
    const line = text.indexOf("\n", end);
    end = line < 0 ? text.length : line + 1;
    lines++;
    if (lines % LINES === 0 && end < text.length) {
      made.push(text.slice(start, end));
      start = end;
    }
  }
  made.push(text.slice(start));
  return made.map((text, index) => {
    // A line break at the end has a line of its own, as in a textarea.
    const end = isLast && index === made.length - 1 ? "\u200b" : "";
    return { text, end, marks: "[]", element: make("div", {}, text, end) };
  });
}

/** The text as nodes. */
function marked(text, others) {
  const cuts = new Set(others.flatMap(({ from, to }) => [from, to]));
  const nodes = [];
  let start = 0;
  for (const end of [...cuts.add(text.length)].sort((a, b) => a - b)) {
    const covers = ({ from, to }) => Math.min(from, to) <= start && Math.max(from, to) >= end;
    const selection = others.find((other) => start < end && covers(other));
    const segment = text.slice(start, end);
    nodes.push(selection ? coloured(make("mark", {}, segment), selection.colour) : segment);
    for (const { name, colour } of others.filter(({ to, name }) => to === end && name !== null)) {
      const label = make("b", { textContent: name });
      nodes.push(coloured(make("i", { className: "caret", data: { name } }, label), colour));
    }
    start = end;
  }
  return nodes;
}

export function coloured(element, colour) {
  element.style.setProperty("--colour", colour);
  return element;
}
