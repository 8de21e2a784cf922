/* The picture that is searched by, as a chip in the box; and what the empty box says. */

import * as api from "./api.js";
import { settle } from "./tile.js";

const $ = (id) => document.getElementById(id);
const likeName = (name) => `Like ${name || "this"}`;

/** Shows the picture of `asked`, if there is one; `named(id, name)` is called where only its number was known. */
export function showChip(asked, sent, library, named) {
  const on = Boolean(asked.like || asked.sent);
  $("chip").hidden = !on;
  $("query").placeholder = on ? "" : placeholder(library);
  if (!on) return;
  const picture = asked.sent ? sent.get(asked.sent) : { url: api.thumbOf(asked.like), name: likeName(asked.likeName) };
  if ($("chip-picture").getAttribute("src") !== picture.url) $("chip-picture").src = picture.url;
  $("chip-name").textContent = picture.name;
  $("chip-picture").parentElement.hidden = false;
  if (asked.like && !asked.likeName) learn(asked.like, named);
}

async function learn(id, named) {
  try {
    const { name } = await api.picture(id);
    if (named(id, name)) $("chip-name").textContent = likeName(name);
  } catch {
    // the search itself says what is wrong
  }
}

function placeholder(library) {
  if (!library) return "Search";
  if (!library.words) return "Search by name, or drop a picture";
  return `Search ${library.pictures.toLocaleString()} pictures`;
}

export function prepareChip() {
  settle($("chip-picture").parentElement, $("chip-picture"));
  // a kind that this browser does not show, such as TIFF
  $("chip-picture").addEventListener("error", () => ($("chip-picture").parentElement.hidden = true));
}
