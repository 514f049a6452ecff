// Tabs as ARIA's practices describe them: one stop for Tab, arrows, Home and End choose.

import { byId } from "./dom.js";

/** Shows one panel at a time, and reports its name. */
export class Tabs {
  selected;

  #names;
  #changed;

  constructor(names, changed) {
    this.#names = names;
    this.#changed = changed;
    names.forEach((name) => {
      const tab = byId(`tab-${name}`);
      tab.addEventListener("click", () => this.select(name));
      tab.addEventListener("keydown", (event) => this.#pressed(event));
    });
    const wanted = location.hash.slice(1);
    this.select(names.includes(wanted) ? wanted : names[0]);
  }

  select(name) {
    this.selected = name;
    for (const other of this.#names) {
      const isSelected = other === name;
      const tab = byId(`tab-${other}`);
      tab.setAttribute("aria-selected", isSelected);
      tab.tabIndex = isSelected ? 0 : -1;
      byId(`panel-${other}`).hidden = !isSelected;
    }
    // A reloaded page shows the same tab.
    history.replaceState(null, "", `#${name}`);
    this.#changed(name);
  }

  #pressed(event) {
    const [now, last] = [this.#names.indexOf(this.selected), this.#names.length - 1];
    const index = {
      ArrowRight: now === last ? 0 : now + 1,
      ArrowLeft: now === 0 ? last : now - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (index === undefined) return;
    event.preventDefault();
    this.select(this.#names[index]);
    byId(`tab-${this.selected}`).focus();
  }
}
