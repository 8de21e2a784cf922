/* What the library holds more than once. The address holds what is shown: ?kind=alike&look=0.98 */

import * as api from "../api.js";
import { element, tileOf } from "../tile.js";
import { offerReport } from "../views/report.js";
import { weight } from "../weight.js";

const SOME = 60;
const $ = (id) => document.getElementById(id);
const SAID = { bytes: "the same file", pixels: "the same pixels", look: "look alike" };
let shown = 0;
let running;

function read() {
  const at = new URLSearchParams(location.search);
  const look = Number(at.get("look"));
  return { kind: at.get("kind") === "alike" ? "alike" : "same", look: look >= 0.5 && look <= 1 ? look : 0.97 };
}

async function load(more = false) {
  const { kind, look } = read();
  running?.abort();
  const mine = (running = new AbortController());
  if (!more) shown = 0;
  document.body.setAttribute("aria-busy", "true");
  if (!more) $("status").textContent = "Looking through the library …";
  try {
    const found = await api.duplicates(kind, look, shown, SOME, mine.signal);
    const items = found.groups.map(groupOf);
    if (more) $("groups").append(...items);
    else $("groups").replaceChildren(...items);
    shown += items.length;
    $("same").textContent = found.same.toLocaleString();
    $("alike").textContent = found.look === null ? "" : found.alike.toLocaleString();
    const total = kind === "same" ? found.same : found.alike;
    $("status").textContent = told(kind, total, found);
    $("more").hidden = shown >= total;
    if (more) items[0]?.querySelector("a").focus();
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof api.Failed)) throw error;
    $("status").textContent = error.message;
  } finally {
    if (mine === running) document.body.removeAttribute("aria-busy");
  }
}

function told(kind, total, { spare, look }) {
  if (kind === "alike" && look === null) return "This library was indexed by names alone, so nothing is known of what looks alike.";
  const groups = total === 1 ? "group" : "groups";
  if (kind === "alike") return total ? `${total.toLocaleString()} ${groups} of pictures that only look alike` : "No pictures look alike.";
  if (!total) return "No picture is there twice.";
  return `${total.toLocaleString()} ${groups} of true duplicates; all but the first of each take ${weight(spare)}`;
}

function groupOf({ kind, pictures }) {
  const group = element("section", "double");
  const heading = element("h2", "", `${pictures.length} ${kind === "look" ? "that" : "of"} ${SAID[kind]}`);
  const list = element("ul", "double-list");
  list.setAttribute("role", "list");
  list.append(...pictures.map((picture) => cardOf(picture, kind)));
  group.append(heading, list);
  return group;
}

function cardOf(picture, kind) {
  const item = element("li");
  const card = element("a", "card");
  card.href = `./?picture=${picture.id}`;
  const place = picture.path ?? picture.key;
  const facts = [picture.width ? `${picture.width} × ${picture.height}` : "", picture.bytes ? weight(picture.bytes) : ""];
  if (kind === "look") facts.unshift(picture.cosine.toFixed(3));
  card.title = place;
  card.append(tileOf(picture.id, false), element("span", "card-name", picture.name), element("span", "card-why", facts.filter(Boolean).join(" · ")));
  const where = element("span", "card-why double-place");
  where.append(element("bdi", "", place));
  card.append(where);
  item.append(card);
  return item;
}

/** Brings the controls and the groups to what the address says. */
function follow() {
  const { kind, look } = read();
  document.querySelector(`[name=kind][value=${kind}]`).checked = true;
  $("look").value = look;
  $("look-said").textContent = look.toFixed(3).replace(/0$/, "");
  $("look-row").hidden = kind === "same";
  load();
}

function go(replace) {
  const kind = document.querySelector("[name=kind]:checked").value;
  const at = new URLSearchParams(kind === "alike" ? { kind, look: Number($("look").value) } : {});
  history[replace ? "replaceState" : "pushState"](null, "", at.size ? `?${at}` : location.pathname);
  follow();
}

for (const radio of document.querySelectorAll("[name=kind]")) radio.addEventListener("change", () => go(false));
$("look").addEventListener("input", () => ($("look-said").textContent = Number($("look").value).toFixed(3).replace(/0$/, "")));
$("look").addEventListener("change", () => go(true));
$("more-show").addEventListener("click", () => load(true));
addEventListener("popstate", follow);
follow();
api.about().then((about) => {
  $("library").textContent = about.name;
  document.title = `Duplicates · ${about.name} · Sightline`;
  offerReport(about);
}, () => {});
