// The identity of the page: a client id for each tab, and a name for each browser.

const ADJECTIVES = ["Amber", "Brisk", "Calm", "Clever", "Gentle", "Lucid", "Merry", "Quiet"];
const ANIMALS = ["Badger", "Falcon", "Heron", "Lynx", "Marten", "Otter", "Plover", "Wren"];

/** The colours of cursors: white text on each has a contrast of 4.5 or more. */
export const COLOURS = [
  "#4450c4", "#a1402f", "#1d6f5c", "#8a5a00", "#7a3fa0", "#a0356f", "#2b6a92", "#5b6522",
];

/** Characters that no name has, and those that can be seen: the server's rules. */
const UNFIT = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const VISIBLE = /[^\p{Cn}\p{M}\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]/u;

export class Identity {
  name;
  /** The secret id: a client that knows it could send messages as this page. */
  client;
  /** The id that others see. The server sends it. */
  shown = null;
  colour;

  constructor(client, name) {
    this.client = client;
    this.name = name;
    this.colour = COLOURS[sum(client) % COLOURS.length];
  }

  /** Keeps the name for the next page, if it is one: returns whether it is. */
  rename(name) {
    const trimmed = name.trim();
    if (isName(trimmed)) localStorage.setItem("name", (this.name = trimmed));
    return isName(trimmed);
  }
}

const isName = (name) => [...name].length <= 32 && !UNFIT.test(name) && VISIBLE.test(name);

/** A reloaded tab keeps its client id, and with it the messages that were not acknowledged. */
export async function identity() {
  const kept = localStorage.getItem("name") ?? "";
  const name = isName(kept) ? kept : `${pick(ADJECTIVES)} ${pick(ANIMALS)}`;
  let client = sessionStorage.getItem("client");
  if (!client || !(await isOnlyHere(client))) {
    // A duplicated tab has a copy of the session storage.
    sessionStorage.clear();
    client = randomId();
    sessionStorage.setItem("client", client);
    await isOnlyHere(client);
  }
  return new Identity(client, name);
}

/** Takes a lock that lives as long as the tab. Without secure origin, there are no locks. */
function isOnlyHere(client) {
  if (!navigator.locks) return true;
  return new Promise((answer) => {
    navigator.locks.request(`client ${client}`, { ifAvailable: true }, (lock) => {
      answer(lock !== null);
      return lock && new Promise(() => {});
    });
  });
}

export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const sum = (text) => Array.from(text).reduce((sum, sign) => sum + sign.codePointAt(0), 0);
