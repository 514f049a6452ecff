// A broker of its own for a story: a process on a port of its own, with a directory for its data.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";

import { within } from "./hub.mjs";
import { HOST, isListening, reservePort } from "./ports.mjs";

/** The broker's program and its options, and those of a hub behind it. */
const KINDS = {
  Redis: {
    program: "redis-server",
    options: (port, directory) => [
      "--bind", HOST, "--port", port, "--dir", directory,
      "--save", "", "--appendonly", "yes", "--appendfsync", "always",
    ],
    behind: (port) => ["--redis", `redis://${HOST}:${port}/`],
  },
  NATS: {
    program: "nats-server",
    options: (port, directory) => ["-a", HOST, "-p", port, "-js", "-sd", directory],
    behind: (port) => ["--nats", `nats://${HOST}:${port}`],
  },
};

export const programOf = (kind) => KINDS[kind].program;

export const hasProgram = (program) => !spawnSync(program, ["--version"]).error;

export class Broker {
  #kind;
  #directory = mkdtempSync(join(process.env.WORK, "broker-"));
  #port = null;
  #process = null;
  #ended = null;

  constructor(kind) {
    this.#kind = KINDS[kind];
  }

  /** The options of a hub behind the broker. */
  get options() {
    return this.#kind.behind(this.#port);
  }

  /** Starts the broker, with its earlier port and data if it was started before. */
  async start() {
    this.#port ??= String(await reservePort());
    const { program, options } = this.#kind;
    const child = spawn(program, options(this.#port, this.#directory), {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    for (const output of [child.stdout, child.stderr]) output.on("data", (bytes) => (log += bytes));
    this.#process = child;
    let isRunning = true;
    this.#ended = once(child, "exit").finally(() => (isRunning = false));
    const listening = async () => {
      while (!(await isListening(this.#port))) {
        if (!isRunning) throw new Error(`${program} has ended:\n${log.slice(-1000)}`);
        await new Promise((next) => setTimeout(next, 20));
      }
    };
    await within(listening(), `${program} on port ${this.#port}`);
    return this;
  }

  async kill() {
    this.#process.kill("SIGKILL");
    await within(this.#ended, "the broker's end");
  }

  async remove() {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
