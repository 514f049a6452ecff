// A `<textarea>` bound to a Y.Text, both ways. Both count UTF-16 code units.

import * as Y from "./yjs.js";

/** The origin of changes that were typed here: those that undo takes back. */
const TYPED = Symbol("typed");

/** The origin of changes that the textarea made of others' text. */
const CLEANED = Symbol("cleaned");

export class Editor {
  element;
  text = null;
  isComposing = false;

  #undo = null;
  #moved;
  #observer = (event) => this.#follow(event);

  /** `moved` is called after the selection or the text may have changed. */
  constructor(element, { moved, composed }) {
    this.element = element;
    this.#moved = moved;
    element.addEventListener("input", () => this.#take());
    element.addEventListener("scroll", moved);
    element.addEventListener("focus", moved);
    element.addEventListener("blur", moved);
    document.addEventListener("selectionchange", moved);
    element.addEventListener("keydown", (event) => this.#pressed(event));
    element.addEventListener("beforeinput", (event) => this.#beforeInput(event));
    element.addEventListener("compositionstart", () => (this.isComposing = true));
    element.addEventListener("compositionend", () => {
      this.isComposing = false;
      this.#take();
      composed();
    });
  }

  /** Shows this text from now on. */
  bind(text) {
    this.text?.unobserve(this.#observer);
    this.#undo?.destroy();
    this.text = text;
    this.#undo = new Y.UndoManager(text, { trackedOrigins: new Set([TYPED]) });
    text.observe(this.#observer);
    this.element.value = text.toString();
  }

  /** Applies the typed change, as one deletion and one insertion. */
  #take() {
    const [before, after] = [this.text.toString(), this.element.value];
    if (before === after) return;
    const { start, removed, inserted } = difference(before, after, this.element.selectionEnd);
    this.text.doc.transact(() => {
      if (removed > 0) this.text.delete(start, removed);
      if (inserted !== "") this.text.insert(start, inserted);
    }, TYPED);
    this.#moved();
  }

  #follow({ delta, transaction }) {
    if (transaction.origin === TYPED || transaction.origin === CLEANED) return;
    let index = 0;
    for (const { retain = 0, insert = "", delete: removed = 0 } of delta) {
      index += retain;
      if (insert === "" && removed === 0) continue;
      // "preserve" keeps the selection at the same characters.
      this.element.setRangeText(insert, index, index + removed, "preserve");
      index += insert.length;
    }
    this.#removeReturns();
    // An embed is in the delta, but not in the text.
    const text = this.text.toString();
    if (this.element.value !== text) this.element.value = text;
    this.#moved();
  }

  /** A textarea has no carriage returns: with one in the text, the indices would differ. */
  #removeReturns() {
    const text = this.text.toString();
    if (!text.includes("\r")) return;
    const indices = Array.from(text.matchAll(/\r/g), ({ index }) => index);
    this.text.doc.transact(() => {
      for (const index of indices.reverse()) this.text.delete(index, 1);
    }, CLEANED);
    this.element.value = this.text.toString();
  }

  #pressed(event) {
    const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
    if (!(ctrlKey || metaKey) || altKey) return;
    const isUndo = key.toLowerCase() === "z" && !shiftKey;
    const isRedo = key.toLowerCase() === "y" || (key.toLowerCase() === "z" && shiftKey);
    if (!isUndo && !isRedo) return;
    event.preventDefault();
    this.#takeBack(isUndo);
  }

  /** Replaces the browser's own undo, which has no place for others' changes. */
  #beforeInput(event) {
    if (!event.inputType.startsWith("history")) return;
    event.preventDefault();
    this.#takeBack(event.inputType === "historyUndo");
  }

  #takeBack(isUndo) {
    if (isUndo) this.#undo.undo();
    else this.#undo.redo();
  }
}

/** The change between two texts that ends at `caret`, without splitting a surrogate pair. */
export function difference(before, after, caret) {
  const grown = after.length - before.length;
  // The text behind the caret was not typed.
  const most = Math.min(before.length, after.length);
  let end = 0;
  const limit = Math.min(most, after.length - caret);
  while (end < limit && before.at(-1 - end) === after.at(-1 - end)) end++;
  let start = 0;
  while (start < most - end && before[start] === after[start]) start++;
  if (start > 0 && isHigh(before.charCodeAt(start - 1))) start--;
  if (end > 0 && isLow(before.charCodeAt(before.length - end))) end--;
  const removed = before.length - end - start;
  return { start, removed, inserted: after.slice(start, start + removed + grown) };
}

const isHigh = (unit) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit) => unit >= 0xdc00 && unit < 0xe000;
