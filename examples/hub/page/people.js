// The list of people in the chat, and the line that says who is typing.

import { byId, make, show } from "./dom.js";

export class People {
  #me;

  constructor(me) {
    this.#me = me;
  }

  update({ people, count = people.length }) {
    const items = people.map(({ client, name, typing }) => {
      const isMe = client === this.#me.shown;
      const initial = make("span", {
        className: "avatar",
        textContent: [...name][0].toUpperCase(),
        attributes: { "aria-hidden": "true" },
      });
      const text = make("span", {}, name);
      // An element, which no name has.
      if (isMe) text.append(make("i", { textContent: " (you)" }));
      return make("li", { data: { client, typing: String(typing) } }, initial, text);
    });
    if (count > people.length) {
      items.push(make("li", { textContent: `and ${count - people.length} more` }));
    }
    byId("people").replaceChildren(...items);
    show(byId("people-count"), String(count));
    const typing = people.filter((one) => one.typing && one.client !== this.#me.shown);
    show(byId("typing"), sentence(typing.map((one) => one.name)));
  }

  /** Empties the list: people are unknown while the connection is closed. */
  clear() {
    byId("people").replaceChildren();
    show(byId("people-count"), "");
    show(byId("typing"), "");
  }
}

function sentence(names) {
  if (names.length === 0) return "";
  if (names.length > 3) return `${names.length} people are typing…`;
  const last = names.pop();
  return names.length ? `${names.join(", ")} and ${last} are typing…` : `${last} is typing…`;
}
