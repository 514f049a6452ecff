// The hubs, brokers and visitors of a story, and the checks at its end.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { Broker } from "./broker.mjs";
import { Hub } from "./hub.mjs";
import { Visitor } from "./visitor.mjs";

export class Story {
  kind;
  shots;

  #browser;
  #name;
  #hubs = [];
  #brokers = [];
  #contexts = [];
  #visitors = [];
  #endings = [];
  #isOver = false;

  constructor({ kind, browser, shots, name }) {
    Object.assign(this, { kind, shots });
    this.#browser = browser;
    this.#name = name;
  }

  /** Starts a hub with these further arguments. */
  async hub(...extra) {
    this.#begin();
    const hub = new Hub(extra);
    this.#hubs.push(hub);
    return hub.start();
  }

  /** Starts a broker of this kind. */
  async broker(kind) {
    this.#begin();
    const broker = new Broker(kind);
    this.#brokers.push(broker);
    return broker.start();
  }

  /** A person with a browser profile of their own, who has opened the hub's page. */
  async visit(hub, options = {}) {
    this.#begin();
    const context = options.with?.context ?? (await this.#browser.createBrowserContext());
    if (!options.with) this.#contexts.push(context);
    const visitor = new Visitor(context, this.kind, options);
    this.#visitors.push(visitor);
    await visitor.open(options.url ?? hub.url, options);
    return visitor;
  }

  /** A body that its deadline has stopped may still run: it starts nothing more. */
  #begin() {
    if (this.#isOver) throw new Error("the story has ended");
  }

  /** Called at the end, whatever happened. */
  finally(ending) {
    this.#endings.push(ending);
  }

  /** Returns the error, if there is one. */
  async run(body) {
    try {
      await body(this);
      for (const visitor of this.#visitors) visitor.expectNoErrors();
      return null;
    } catch (error) {
      this.#isOver = true;
      await this.#photograph();
      const logs = this.#hubs.map((hub) => hub.log.trimEnd()).filter(Boolean);
      error.stack = [error.stack, ...logs.map((log) => `hub: ${log.slice(-600)}`)].join("\n");
      return error;
    } finally {
      const closing = this.#contexts.map((context) => context.close().catch(() => {}));
      await Promise.all([...closing, ...this.#endings.map((ending) => ending())]);
      await Promise.all([...this.#hubs, ...this.#brokers].map((program) => program.remove()));
    }
  }

  async #photograph() {
    const folder = join(this.shots, "..", "failures");
    mkdirSync(folder, { recursive: true });
    const name = `${this.kind} ${this.#name}`.replace(/[^a-z0-9]+/gi, "-");
    for (const [index, { page }] of this.#visitors.entries()) {
      await page?.screenshot({ path: join(folder, `${name}-${index}.png`) }).catch(() => {});
    }
  }
}
