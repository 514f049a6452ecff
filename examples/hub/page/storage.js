// What a page keeps for its reload (session storage) and for the next page (local storage). Both may be
// forbidden or full: then nothing is kept, and the page works all the same.

class Store {
  #name;

  constructor(name) {
    this.#name = name;
  }

  /** `null` if nothing is kept. */
  get(key) {
    try {
      return window[this.#name].getItem(key);
    } catch {
      return null;
    }
  }

  /** Returns whether it is kept. */
  set(key, value) {
    try {
      window[this.#name].setItem(key, value);
      return true;
    } catch {
      return false;
    }
  }

  clear() {
    try {
      window[this.#name].clear();
    } catch {
      // Forbidden: it has nothing.
    }
  }
}

export const session = new Store("sessionStorage");
export const local = new Store("localStorage");
