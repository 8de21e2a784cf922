/* Hands in the token, from the address behind # or typed, for a cookie. The part behind # was never sent to anybody. */

import { root } from "../api.js";

const $ = (id) => document.getElementById(id);

async function enter(token) {
  $("wrong").hidden = true;
  let words = "The server does not answer.";
  try {
    const answer = await fetch(`${root}api/enter`, { method: "POST", body: token });
    // the whole page anew, at the same address
    if (answer.ok) return location.replace(location.pathname + location.search);
    if (answer.status === 401) words = "That is not the token of this library.";
  } catch {
    // said below
  }
  $("wrong").textContent = words;
  $("wrong").hidden = false;
  $("token").focus();
}

function given() {
  const found = /^#token=(.+)$/.exec(location.hash);
  try {
    return found && decodeURIComponent(found[1]);
  } catch {
    return found[1];
  }
}

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  enter($("token").value.trim());
});

const token = given();
history.replaceState(null, "", location.pathname + location.search);
if (token) enter(token);
// a new address of the same page, with the token this time
addEventListener("hashchange", () => given() && enter(given()));
