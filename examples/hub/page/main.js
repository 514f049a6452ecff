// The page of the hub: three rooms, each with a WebSocket of its own, behind three tabs.

import { Chat } from "./chat.js";
import { SharedDocument } from "./document.js";
import { byId, show } from "./dom.js";
import { identity } from "./identity.js";
import { askForToken } from "./login.js";
import { Prices } from "./prices.js";
import { Status } from "./status.js";
import { Tabs } from "./tabs.js";

const me = await identity();

let status = null;
let connections = [];

function changed() {
  status?.update();
  // Refused, for example without a token; scripts can't read the reason.
  if (connections.some(({ neverOpened }) => neverOpened)) {
    askForToken(() => connections.forEach((connection) => connection.retryNow()));
  }
}

const rooms = {
  chat: new Chat(me, { changed, unreadChanged }),
  prices: new Prices(me, { changed }),
  document: new SharedDocument(me, { changed }),
};
const names = Object.keys(rooms);
connections = names.map((name) => rooms[name].connection);
status = new Status(Object.fromEntries(names.map((name, index) => [name, connections[index]])));

const tabs = new Tabs(names, selected);
document.addEventListener("visibilitychange", () => selected(tabs.selected));

byId("name").value = me.name;
byId("name").addEventListener("change", () => {
  if (me.rename(byId("name").value)) {
    // The name is part of the request that opens a connection.
    rooms.chat.connection.restart("another name");
    rooms.document.connection.restart("another name");
  }
  byId("name").value = me.name;
});

connections.forEach((connection) => connection.connect());

function selected(name) {
  status.select(name);
  rooms.chat.isVisible = name === "chat" && !document.hidden;
  rooms.prices.isVisible = name === "prices";
}

function unreadChanged(count) {
  document.title = count > 0 ? `(${count}) Hub` : "Hub";
  byId("unread").hidden = count === 0;
  show(byId("unread"), count > 0 ? `${count} unread` : "");
}
