// Deadlines: of one story, and of the whole run, which no story exceeds.

export class Deadline {
  #limit;
  #end;

  /** The run ends within so many seconds. */
  constructor(limit) {
    this.#limit = limit;
    this.#end = performance.now() + limit * 1000;
  }

  /** Rejects if this takes more seconds, or more than what is left of the run. */
  async within(seconds, start) {
    const left = (this.#end - performance.now()) / 1000;
    const isLast = left < seconds;
    const why = isLast
      ? `the run did not end within ${this.#limit} s`
      : `did not end within ${seconds} s`;
    if (left <= 0) throw new Error(why);
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(why)), Math.min(left, seconds) * 1000);
    });
    return Promise.race([start(), late]).finally(() => clearTimeout(timer));
  }
}
