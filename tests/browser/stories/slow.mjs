// A slow line between the page and the hub.

import { once } from "node:events";
import { connect, createServer } from "node:net";

import { converge, paste } from "../editor.mjs";
import { HOST, reservePort } from "../ports.mjs";

/** Passes bytes on to a hub. In the middle of a document, it waits for so long; returns its port and
 * counts. */
async function slowProxy(story, hub, milliseconds) {
  const port = await reservePort();
  const counts = { opened: 0, held: 0 };
  const server = createServer((client) => {
    const upstream = connect(hub.url.port, HOST);
    client.once("data", (bytes) => {
      if (!bytes.includes("GET /rooms/document")) return;
      counts.opened++;
      let received = 0;
      upstream.on("data", ({ length }) => {
        received += length;
        if (received < 100_000 || counts.held > 0) return;
        counts.held++;
        upstream.pause();
        setTimeout(() => upstream.resume(), milliseconds);
      });
    });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
  });
  story.finally(() => server.close());
  server.listen(port, HOST);
  await once(server, "listening");
  return { url: new URL(`http://${HOST}:${port}/`), counts };
}

const longDocument = {
  name: "a document that takes longer than a ping's answer arrives on its first connection",
  async run(story) {
    const hub = await story.hub();
    const ada = await story.visit(hub, { name: "Ada", tab: "document" });
    const digits = Array.from({ length: 40_000 }, () => Math.random().toString(36).slice(2, 10));
    const text = digits.join(" ");
    await paste(ada, text);
    await converge([ada], text.length);
    const { url, counts } = await slowProxy(story, hub, 22_000);
    // Without a name: another name is another connection.
    const bo = await story.visit(hub, { tab: "document", url });
    await bo.sees("the document", (length) => $("editor").value.length === length, text.length);
    if (counts.opened !== 1 || counts.held !== 1) throw new Error(JSON.stringify(counts));
  },
};

export default [longDocument];
