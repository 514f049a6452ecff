// The token, if the hub asks for one: the server keeps it in a cookie that scripts can't read.

import { byId, show } from "./dom.js";

/** Whether a question is under way: all rooms are refused at once. */
let isAsking = false;

/** Asks for the token if the server wants one that it has not; calls `entered` once it has. */
export async function askForToken(entered) {
  if (isAsking) return;
  isAsking = true;
  try {
    const { status } = await fetch("/login");
    if (status === 401 && !byId("login").open) open(entered);
  } catch {
    // No server: the connections try again by themselves.
  } finally {
    isAsking = false;
  }
}

function open(entered) {
  byId("login").showModal();
  byId("login-form").onsubmit = async (event) => {
    event.preventDefault();
    const body = byId("token").value;
    const answer = await fetch("/login", { method: "POST", body }).catch(() => null);
    if (answer?.ok) {
      byId("login").close();
      byId("token").value = "";
      show(byId("login-error"), "");
      entered();
    } else {
      show(byId("login-error"), answer ? "That is not the token." : "The server does not answer.");
    }
  };
}
