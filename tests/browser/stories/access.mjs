// Pages and persons who must not be let in.

import { createServer } from "node:http";
import { once } from "node:events";

import { REBOUND } from "../browser.mjs";
import { NO_SERVER } from "../visitor.mjs";

/** Opens a WebSocket in the page; returns whether it was opened, or how it was closed. */
const attempt = (visitor, url) => {
  return visitor.page.evaluate((url) => new Promise((ended) => {
    const socket = new WebSocket(url);
    socket.onopen = () => ended("open");
    socket.onclose = ({ code }) => ended(`closed ${code}`);
  }), url);
};

const socketUrl = (hub, host = "127.0.0.1") => {
  return `ws://${host}:${hub.url.port}/rooms/chat?client=stranger&name=Stranger`;
};

function expectEqual(found, wanted) {
  if (found !== wanted) throw new Error(`${found}, not ${wanted}`);
}

const crossOrigin = {
  name: "a page of another origin is refused",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada" });
    const server = createServer((_, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end("<!DOCTYPE html><title>another page</title>");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    story.finally(() => server.close());
    const { port } = server.address();
    const options = { url: `http://127.0.0.1:${port}/`, ready: false, expects: NO_SERVER };
    const stranger = await story.visit(hub, options);
    expectEqual(await attempt(stranger, socketUrl(hub)), "closed 1006");
    // The same request of the hub's own page succeeds.
    expectEqual(await attempt(ada, socketUrl(hub)), "open");
    await ada.sees("the second person", () => people().includes("Stranger"));
  },
};

const rebinding = {
  name: "a page whose name leads here since a moment ago (DNS rebinding) is refused",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const url = `http://${REBOUND}:${hub.url.port}/`;
    const stranger = await story.visit(hub, { url, ready: false, expects: /./ });
    const outcome = await attempt(stranger, socketUrl(hub, REBOUND)).catch((error) => error.message);
    // Of the same origin, as the browser sees it.
    expectEqual(new URL(stranger.page.url()).host, `${REBOUND}:${hub.url.port}`);
    expectEqual(outcome, "closed 1006");
  },
};

const namedHost = {
  name: "with --host, the same name is let in",
  async run(story) {
    const hub = await story.hub();
    const url = `http://${REBOUND}:${hub.url.port}`;
    await hub.restart("--host", url);
    const stranger = await story.visit(hub, { url });
    await stranger.say("hello");
    await stranger.seesMessages(["hello"]);
  },
};

const token = {
  name: "a hub with a token asks for it, and scripts can't read it",
  quick: true,
  async run(story) {
    const secret = "a-secret-of-the-story";
    const hub = await story.hub("--token", secret);
    const expects = /WebSocket|401|establish a connection/;
    const ada = await story.visit(hub, { ready: false, expects });
    await ada.sees("the question", () => $("login").open);
    await ada.seesState("chat", "closed 1006");
    await ada.fill("#token", "something-that-is-wrong");
    await ada.page.keyboard.press("Enter");
    await ada.sees("that it is wrong", () => $("login-error").textContent === "That is not the token.");
    await ada.fill("#token", secret);
    await ada.page.keyboard.press("Enter");
    await ada.sees("all rooms to be open", () => isOpen());
    await ada.sees("no question", () => !$("login").open);
    expectEqual(await ada.look("document.cookie"), "");
    await ada.page.reload();
    await ada.sees("all rooms to be open", () => isOpen());
  },
};

const policy = {
  name: "the page's policy forbids scripts, styles and requests of others",
  quick: true,
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { expects: /./ });
    const header = ada.response.headers()["content-security-policy"] ?? "";
    const wanted = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"];
    for (const part of [...wanted, "frame-ancestors 'none'"]) {
      if (!header.includes(part)) throw new Error(`${part} is not in: ${header}`);
    }
    const blocked = await ada.page.evaluate(() => new Promise((ended) => {
      const blocked = new Set();
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
        blocked.add(effectiveDirective);
        if (blocked.size === 3) ended([...blocked].sort().join());
      });
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.head.append(script);
      document.body.insertAdjacentHTML("beforeend", "<p style='color: red'>");
      fetch("http://127.0.0.1:1/").catch(() => {});
    }));
    expectEqual(blocked, "connect-src,script-src-elem,style-src-attr");
    expectEqual(await ada.look("window.ran"), undefined);
  },
};

export default [crossOrigin, rebinding, namedHost, token, policy];
