/* Cards of pictures: made once each, kept while they stay among the results, moved through with the arrow keys. */

import * as api from "./api.js";
import { settle } from "./tile.js";

const WHY = { name: "by name", words: "by words", picture: "by look", both: "words + look" };
const SHOWN = new Set(["image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/bmp"]);
const SWAP = 4 * 2 ** 20;

/** A list of cards in `list`. `open(hit)` is called by click and Enter, `above()` by the up arrow in the first row. */
export class Grid {
  constructor(list, { open, above, address }) {
    this.list = list;
    this.open = open;
    this.above = above ?? (() => {});
    this.address = address;
    this.cards = new Map();
    this.hits = [];
    list.addEventListener("keydown", (event) => this.move(event));
    list.addEventListener("click", (event) => {
      const card = event.target.closest(".card");
      if (!card || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.open(card.hit);
    });
  }

  /**
   * Shows `hits` for what was asked; cards that stay are not made again, so their pictures do not flicker.
   * `headings` are words to stand before a hit, by its id.
   */
  show(hits, asked = "", headings = new Map()) {
    const kept = new Map();
    const spread = new Set(hits.map(placeOf)).size > 1;
    const items = hits.flatMap((hit) => {
      const item = this.cards.get(hit.id) ?? cardOf(hit);
      write(item, hit, asked, this.address(hit), spread ? placeOf(hit) : "");
      kept.set(hit.id, item);
      return headings.has(hit.id) ? [headingOf(headings.get(hit.id)), item] : [item];
    });
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    this.cards = kept;
    this.hits = hits;
    this.list.replaceChildren(...items);
    // whoever was on a card stays on it, or goes to the first where it is gone
    const card = focused?.isConnected ? focused : this.links()[0];
    if (focused) card?.focus({ preventScroll: true });
    this.rove(card);
  }

  links() {
    return [...this.list.querySelectorAll(".card")];
  }

  focus(id) {
    const card = id === undefined ? this.links()[0] : this.cards.get(id)?.querySelector(".card");
    this.rove(card);
    card?.focus();
    return Boolean(card);
  }

  /** One card is reached by Tab, the others by the arrows. */
  rove(card) {
    for (const link of this.links()) link.tabIndex = link === card ? 0 : -1;
  }

  move(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const links = this.links();
    const at = links.indexOf(document.activeElement);
    if (at < 0) return;
    const steps = { ArrowLeft: () => links[at - 1], ArrowRight: () => links[at + 1], Home: () => links[0], End: () => links.at(-1) };
    const rows = { ArrowUp: -1, ArrowDown: 1 };
    if (!(event.key in steps) && !(event.key in rows)) return;
    event.preventDefault();
    const card = event.key in rows ? nextRow(links, links[at], rows[event.key]) : steps[event.key]();
    if (event.key === "ArrowUp" && !card) return this.above();
    if (!card) return;
    this.rove(card);
    card.focus();
  }
}

/** The card above (-1) or below (1): of the next row that way, which may be short, the one that lies nearest. */
function nextRow(links, from, way) {
  const beyond = links.filter((link) => way * (link.offsetTop - from.offsetTop) > 0);
  const top = (way > 0 ? beyond[0] : beyond.at(-1))?.offsetTop;
  const off = (link) => Math.abs(link.offsetLeft - from.offsetLeft);
  return beyond.filter((link) => link.offsetTop === top).reduce((best, link) => (best && off(best) <= off(link) ? best : link), undefined);
}

function element(name, type) {
  const made = document.createElement(name);
  if (type) made.className = type;
  return made;
}

function headingOf(words) {
  const item = element("li", "heading");
  const heading = element("h2");
  heading.textContent = words;
  item.append(heading);
  return item;
}

/** The set or the innermost folder that a picture is of. */
const placeOf = (hit) => hit.folders.at(-1) ?? "";

function cardOf(hit) {
  const item = element("li");
  const card = element("a", "card");
  const tile = element("span", "tile");
  const image = element("img");
  image.alt = "";
  image.loading = "lazy";
  image.decoding = "async";
  settle(tile, image, hit.id);
  image.src = api.thumbOf(hit.id);
  tile.append(image);
  const why = element("span", "card-why");
  why.append(element("span", "why"), element("span", "where"));
  card.append(tile, element("span", "card-name"), why);
  item.append(card);
  takeOut(card, image);
  return item;
}

function write(item, hit, asked, address, place) {
  const card = item.firstElementChild;
  const [, name, line] = card.children;
  const [why, where] = line.children;
  card.hit = hit;
  card.href = address;
  card.title = hit.path ?? hit.key;
  name.textContent = hit.name;
  why.textContent = reason(hit, asked);
  where.textContent = place;
  card.setAttribute("aria-label", [hit.name, why.textContent, place && `in ${place}`].filter(Boolean).join(", "));
}

/** also “payment”: the caption that holds what was asked; else how the picture was found. */
function reason(hit, asked) {
  if (!hit.match) return "";
  const words = asked.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (hit.match === "words" || hit.match === "both") {
    const own = hit.name.toLowerCase().replace(/[-_]/g, " ");
    const said = hit.captions.find((text) => text.toLowerCase() !== own && words.some((word) => holds(text, word)));
    if (said && !words.some((word) => holds(own, word))) return `also “${said}”`;
  }
  if (hit.match === "said") return `like “${hit.line}”`;
  return WHY[hit.match] ?? "";
}

function holds(text, word) {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).some((part) => part.startsWith(word));
}

/** Lets a picture be dragged to the desktop or into another program, as itself and not as its thumbnail. */
function takeOut(card, image) {
  let known;
  const learn = () => {
    known ??= prepare(card.hit).catch(() => (known = undefined));
  };
  let waiting;
  card.addEventListener("pointerenter", () => (waiting = setTimeout(learn, 60)));
  card.addEventListener("pointerleave", () => clearTimeout(waiting));
  let ready;
  card.addEventListener("pointerdown", async () => {
    learn();
    ready = await known;
    // the picture that is dragged is the one in the page
    if (ready?.shown) image.src = api.fileOf(ready.id);
  });
  card.addEventListener("dragstart", (event) => pack(event.dataTransfer, card.hit, ready));
}

async function prepare(hit) {
  const facts = await api.picture(hit.id);
  if (facts.unavailable) return undefined;
  const shown = SHOWN.has(facts.media) && facts.bytes <= SWAP;
  if (shown) {
    const original = new Image();
    original.src = api.fileOf(hit.id);
    await original.decode();
  }
  const text = facts.svg && facts.bytes <= SWAP ? await api.source(hit.id) : undefined;
  return { id: hit.id, shown, text, media: facts.media, name: fileName(facts) };
}

/** Fills a drag with everything another program may want. */
export function pack(data, hit, ready) {
  const address = new URL(api.fileOf(hit.id), location.href).href;
  data.effectAllowed = "copy";
  data.setData("text/uri-list", address);
  data.setData("text/plain", ready?.text ?? hit.path ?? address);
  data.setData("application/x-sightline", String(hit.id));
  if (ready) data.setData("DownloadURL", `${ready.media}:${ready.name.replaceAll(":", "-")}:${address}`);
  if (ready?.text) data.setData("image/svg+xml", ready.text);
}

/** The name a picture is saved under. */
export function fileName(facts) {
  const own = (facts.path ?? facts.key).split(/[\\/]/);
  const name = (facts.path ? own.at(-1) : own.join("-")).replace(/\.svgz$/i, ".svg"); // it comes unpacked
  if (/\.[a-z0-9]{2,5}$/i.test(name)) return name;
  const ending = { "image/svg+xml": "svg", "image/jpeg": "jpg" }[facts.media] ?? facts.media?.split("/")[1] ?? "png";
  return `${name}.${ending}`;
}
