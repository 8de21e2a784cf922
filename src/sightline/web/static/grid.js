/* Cards of pictures: made once each, kept while they stay among the results, moved through with the arrow keys. */

import { isDrawing } from "./take/bar.js";
import { takeOut } from "./take/drag.js";
import { element, tileOf } from "./tile.js";

const WHY = { name: "by name", words: "by words", picture: "by look", both: "words + look" };

/**
 * A list of cards in `list`. `open(hit)` is called by click and Enter, `above()` by the up arrow in the first row. With
 * a `selection`, cards are selected by a click with Ctrl or Shift, by their own button, and by the keyboard.
 */
export class Grid {
  constructor(list, { open, above, address, selection = null }) {
    this.list = list;
    this.open = open;
    this.above = above ?? (() => {});
    this.address = address;
    this.selection = selection;
    this.cards = new Map();
    this.hits = [];
    list.addEventListener("keydown", (event) => this.move(event));
    list.addEventListener("click", (event) => this.click(event));
  }

  /**
   * Shows `hits` for what was asked; cards that stay are not made again, so their pictures do not flicker.
   * `headings` are words to stand before a hit, by its id.
   */
  show(hits, asked = "", headings = new Map()) {
    const kept = new Map();
    const spread = new Set(hits.map(placeOf)).size > 1;
    const items = hits.flatMap((hit) => {
      const item = this.cards.get(hit.id) ?? cardOf(hit, this.selection);
      write(item, hit, asked, this.address(hit), spread ? placeOf(hit) : "");
      kept.set(hit.id, item);
      return headings.has(hit.id) ? [headingOf(headings.get(hit.id)), item] : [item];
    });
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    this.cards = kept;
    this.hits = hits;
    this.list.replaceChildren(...items);
    this.mark();
    // whoever was on a card stays on it, or goes to the first where it is gone
    const card = focused?.isConnected ? focused : this.links()[0];
    if (focused) card?.focus({ preventScroll: true });
    this.rove(card);
  }

  click(event) {
    const card = event.target.closest(".card") ?? event.target.closest(".pick")?.parentElement.querySelector(".card");
    const chosen = this.selection && (event.ctrlKey || event.metaKey || event.target.closest(".pick"));
    if (!card || (!this.selection && (event.ctrlKey || event.metaKey || event.shiftKey))) return;
    event.preventDefault();
    if (this.selection && event.shiftKey) this.selection.reach(card.hit, this.hits);
    else if (chosen) this.selection.toggle(card.hit);
    else return this.open(card.hit);
    this.rove(card);
    card.focus({ preventScroll: true });
  }

  /** Shows which cards are selected. */
  mark() {
    if (!this.selection) return;
    for (const [id, item] of this.cards) {
      const on = this.selection.has(id);
      const card = item.querySelector(".card");
      item.toggleAttribute("data-selected", on);
      item.querySelector(".pick").setAttribute("aria-pressed", on);
      card.setAttribute("aria-label", card.called + (on ? ", selected" : ""));
    }
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
    const links = this.links();
    const at = links.indexOf(document.activeElement);
    if (at < 0 || event.altKey) return;
    if (this.selection && this.choose(event, links[at])) return event.preventDefault();
    if (event.ctrlKey || event.metaKey) return;
    const steps = { ArrowLeft: () => links[at - 1], ArrowRight: () => links[at + 1], Home: () => links[0], End: () => links.at(-1) };
    const rows = { ArrowUp: -1, ArrowDown: 1 };
    if (!(event.key in steps) && !(event.key in rows)) return;
    event.preventDefault();
    const card = event.key in rows ? nextRow(links, links[at], rows[event.key]) : steps[event.key]();
    if (event.key === "ArrowUp" && !card) return this.above();
    if (!card) return;
    if (this.selection && event.shiftKey) {
      this.selection.anchor ??= links[at].hit.id;
      this.selection.reach(card.hit, this.hits);
    }
    this.rove(card);
    card.focus();
  }

  /** Space selects, Ctrl+A all that is shown, Escape nothing; whether that was it. */
  choose(event, card) {
    const control = event.ctrlKey || event.metaKey;
    if (event.key === " ") {
      if (event.shiftKey) this.selection.reach(card.hit, this.hits);
      else this.selection.toggle(card.hit);
    } else if (control && event.key.toLowerCase() === "a") this.selection.all(this.hits);
    else if (event.key === "Escape" && this.selection.size) this.selection.clear();
    else return false;
    return true;
  }
}

/** The card above (-1) or below (1): of the next row that way, which may be short, the one that lies nearest. */
function nextRow(links, from, way) {
  // an item's place is in the list, a link's inside its item
  const top = (link) => link.parentElement.offsetTop;
  const off = (link) => Math.abs(link.parentElement.offsetLeft - from.parentElement.offsetLeft);
  const beyond = links.filter((link) => way * (top(link) - top(from)) > 0);
  const row = beyond.length ? top(way > 0 ? beyond[0] : beyond.at(-1)) : 0;
  return beyond.filter((link) => top(link) === row).reduce((best, link) => (best && off(best) <= off(link) ? best : link), undefined);
}

function headingOf(words) {
  const item = element("li", "heading");
  item.append(element("h2", "", words));
  return item;
}

/** The set or the innermost folder that a picture is of. */
const placeOf = (hit) => hit.folders.at(-1) ?? "";

function cardOf(hit, selection) {
  const item = element("li");
  const card = element("a", "card");
  const tile = tileOf(hit.id, isDrawing(hit));
  const why = element("span", "card-why");
  why.append(element("span", "why"), element("span", "where"));
  tile.append(element("span", "folded"));
  card.append(tile, element("span", "card-name"), why);
  item.append(card);
  if (selection) item.append(pickOf(hit));
  takeOut(card, tile.firstElementChild, () => selection?.list() ?? []);
  return item;
}

/** The button that selects, for a mouse or a finger; the keyboard has the space bar. */
function pickOf(hit) {
  const pick = element("button", "pick");
  pick.type = "button";
  pick.tabIndex = -1;
  pick.setAttribute("aria-label", `Select ${hit.name}`);
  pick.append(element("span", "pick-mark"));
  return pick;
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
  const behind = hit.folded?.length ?? 0;
  card.querySelector(".folded").textContent = behind ? `+${behind}` : "";
  card.called = [hit.name, why.textContent, place && `in ${place}`, behind && `${behind} nearly the same`].filter(Boolean).join(", ");
  card.setAttribute("aria-label", card.called);
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
