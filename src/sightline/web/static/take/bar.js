/* The bar of a selection: how many, and what can be made of them. */

import * as api from "../api.js";
import { warn } from "../notice.js";

const $ = (id) => document.getElementById(id);

/** Shows what is selected; `clear()` is called where nothing should be any more. */
export function prepareBar(selection, clear) {
  $("bar-zip").addEventListener("click", () => send("api/zip", "pictures.zip", selection.list()));
  $("bar-sprite").addEventListener("click", () => send("api/sprite", "sprite.svg", selection.list().filter(isDrawing)));
  $("bar-clear").addEventListener("click", clear);
  $("bar").addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
  });
}

export function showBar(selection) {
  const count = selection.size;
  const drawings = selection.list().filter(isDrawing).length;
  $("bar").hidden = !count;
  document.documentElement.classList.toggle("selecting", count > 0);
  $("bar-count").textContent = `${count.toLocaleString()} selected`;
  $("picked").textContent = count ? `${count.toLocaleString()} selected` : "Nothing selected";
  $("bar-sprite").hidden = !drawings;
  $("bar-sprite").title = drawings < count ? `The ${drawings.toLocaleString()} drawings among them as symbols of one SVG` : "All of them as symbols of one SVG";
}

/** Only a drawing has no pixels of its own. */
export const isDrawing = (hit) => hit.width === null;

/** Numbers as ranges: 3,7,20-40. Their order says nothing in a file of all of them. */
export function ranges(ids) {
  const found = [];
  for (const id of [...ids].sort((one, other) => one - other)) {
    const last = found.at(-1);
    if (last && id <= last[1] + 1) last[1] = id;
    else found.push([id, id]);
  }
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/**
 * Has the browser write what comes to the disk, so that it never holds all of it. Where a proxy takes no address that
 * long, it is fetched and held.
 */
async function send(path, name, hits) {
  const ids = hits.map(({ id }) => id);
  const address = `${api.root}${path}?ids=${ranges(ids)}`;
  try {
    if (await api.answers(address)) return save(address, "");
    const whole = URL.createObjectURL(await api.selected(path, ids));
    save(whole, name);
    setTimeout(() => URL.revokeObjectURL(whole), 60_000);
  } catch (error) {
    if (!(error instanceof api.Failed)) throw error;
    warn(error.message);
  }
}

function save(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}
