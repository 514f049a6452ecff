// Browsers without a window, by puppeteer: Chromium by CDP, Firefox by WebDriver BiDi.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.WORK, "installed.json"));
const puppeteer = require("puppeteer-core");

/** A name that leads to this machine, although no server knows it: DNS rebinding. */
export const REBOUND = "rebound.example";

const COMMON = { headless: true, acceptInsecureCerts: true, timeout: 60_000, protocolTimeout: 60_000 };

const KINDS = {
  chromium: {
    browser: "chrome",
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--font-render-hinting=none",
      `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`,
    ],
  },
  firefox: {
    browser: "firefox",
    executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    extraPrefsFirefox: {
      "network.dns.localDomains": REBOUND,
      "network.websocket.delay-failed-reconnects": false,
    },
  },
};

export const isInstalled = (kind) => existsSync(KINDS[kind].executablePath);

export const launch = (kind) => puppeteer.launch({ ...COMMON, ...KINDS[kind] });
