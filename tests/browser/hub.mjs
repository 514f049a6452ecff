// A hub of its own for a story: a process on a port of its own, with a directory for its data.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { HOST, reservePort } from "./ports.mjs";

/** With one of these, a hub keeps nothing in a directory. */
const STORES = ["--memory", "--redis", "--nats"];

/** Milliseconds that a program may take to start or to end. */
const TIMEOUT = 20_000;

export class Hub {
  url;
  /** The output of the process. */
  log = "";

  #directory = mkdtempSync(join(tmpdir(), "hub-"));
  #arguments;
  #process = null;
  #ended = null;

  constructor(extra = []) {
    const hasStore = extra.some((one) => STORES.includes(one));
    this.#arguments = [...(hasStore ? [] : ["--data", this.#directory]), ...extra];
  }

  /** Starts the hub, on its earlier port if it was started before. */
  async start() {
    const port = this.url?.port ?? (await reservePort());
    const child = spawn(process.env.HUB, ["--listen", `${HOST}:${port}`, ...this.#arguments], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    this.#ended = new Promise((ended) => {
      child.on("exit", (code, signal) => ended(signal ?? code));
      child.on("error", ended);
    });
    child.stderr.on("data", (bytes) => (this.log += bytes));
    const listening = new Promise((found) => {
      createInterface(child.stdout).on("line", (line) => {
        this.log += `${line}\n`;
        const [, url] = /listening on (https?:\S+)/.exec(line) ?? [];
        if (url) found(url);
      });
    });
    const ended = this.#ended.then((how) => Promise.reject(new Error(`ended: ${how}\n${this.log}`)));
    this.url = new URL(await within(Promise.race([listening, ended]), "the hub's first line"));
    ended.catch(() => {});
    return this;
  }

  /** Starts the hub again, with further arguments, which may have its port. */
  async restart(...extra) {
    await this.stop();
    this.#arguments.push(...extra);
    await this.start();
  }

  /** Sends a signal: "SIGSTOP" and "SIGCONT" pause it. */
  signal(name) {
    this.#process.kill(name);
  }

  /** Ends the hub by this signal; returns its exit status, or the signal. */
  async stop(signal = "SIGTERM") {
    this.#process.kill(signal);
    return within(this.#ended, `the hub's end after ${signal}`);
  }

  async remove() {
    this.#process?.kill("SIGCONT");
    await this.stop("SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Rejects if the promise takes longer than a program may take. */
export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`too late: ${what}`)), TIMEOUT);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
