// Others' cursors, selections and names over the editor, by y-protocols' awareness.
//
// Every connection has an awareness of its own, with a new client id: the server lets a connection
// set states of its own ids only, and an id that was removed could not come back with the same clock.

import { COLOURS } from "./identity.js";
import { byId, make } from "./dom.js";
import { Mirror, coloured } from "./mirror.js";
import * as Y from "./yjs.js";

/** Milliseconds between two messages of a moving cursor. */
const INTERVAL = 100;

export class Cursors {
  #me;
  #editor;
  #send;
  #mirror = new Mirror(byId("mirror"));
  #awareness = null;
  #moving = null;
  #drawing = null;

  /** @param send sends an encoded update */
  constructor(me, editor, send) {
    [this.#me, this.#editor, this.#send] = [me, editor, send];
    new ResizeObserver(() => this.#drawSoon()).observe(editor.element);
  }

  /** A new connection. */
  open() {
    this.close();
    const awareness = (this.#awareness = new Y.Awareness(new Y.Doc()));
    awareness.on("update", (_, origin) => {
      if (origin === "local") this.#send(Y.encodeAwarenessUpdate(awareness, [awareness.clientID]));
      else this.#drawSoon();
    });
    const { name, colour: color } = this.#me;
    awareness.setLocalState({ user: { name, color }, cursor: this.#cursor() });
  }

  close() {
    this.#awareness?.destroy();
    this.#awareness = null;
    this.#drawSoon();
  }

  read(update) {
    if (this.#awareness) Y.applyAwarenessUpdate(this.#awareness, update, "server");
  }

  /** The selection, the text or the visible part of it may have changed. */
  move() {
    this.#drawSoon();
    this.#moving ??= setTimeout(() => {
      this.#moving = null;
      const cursor = this.#cursor();
      const before = this.#awareness?.getLocalState()?.cursor;
      if (JSON.stringify(cursor) === JSON.stringify(before)) return;
      this.#awareness?.setLocalStateField("cursor", cursor);
    }, INTERVAL);
  }

  /** Relative to characters, so that others' changes move it. */
  #cursor() {
    const { element, text } = this.#editor;
    if (document.activeElement !== element) return null;
    const { selectionStart, selectionEnd, selectionDirection } = element;
    const ends = [selectionStart, selectionEnd];
    if (selectionDirection === "backward") ends.reverse();
    const [anchor, head] = ends.map((index) => {
      return Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index));
    });
    return { anchor, head };
  }

  #drawSoon() {
    this.#drawing ??= requestAnimationFrame(() => {
      this.#drawing = null;
      this.#draw();
    });
  }

  #draw() {
    const others = [...(this.#awareness?.getStates() ?? [])]
      .filter(([id]) => id !== this.#awareness.clientID)
      .map(([, state]) => this.#other(state))
      .filter((other) => other !== null);
    const dots = others.map(({ name, colour }) => coloured(make("li", { textContent: name }), colour));
    byId("editors").replaceChildren(...dots);
    const { value, scrollTop } = this.#editor.element;
    this.#mirror.draw(value, others.filter(({ to }) => to !== null), scrollTop);
  }

  /** `null` if the state makes no sense: another program may have written it. */
  #other({ user, cursor }) {
    if (typeof user?.name !== "string") return null;
    const name = user.name.slice(0, 32);
    const colour = COLOURS.includes(user.color) ? user.color : COLOURS[0];
    const [from, to] = cursor ? [this.#index(cursor.anchor), this.#index(cursor.head)] : [null, null];
    return { name, colour, from: from ?? to, to };
  }

  #index(json) {
    try {
      const position = Y.createRelativePositionFromJSON(json);
      const { doc } = this.#editor.text;
      const absolute = Y.createAbsolutePositionFromRelativePosition(position, doc);
      return absolute?.type === this.#editor.text ? absolute.index : null;
    } catch {
      return null;
    }
  }
}
