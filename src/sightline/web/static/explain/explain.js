/* Why a picture was found: a heat map over its tile, for the card under the pointer or in focus (key e), or for all. */

import * as api from "../api.js";
import { lay } from "./overlay.js";

/** Cards of `list` are explained for what was asked; the switch stands in `beside`, `warn(words)` says what went wrong. */
export class Explain {
  constructor(list, { beside, warn }) {
    this.list = list;
    this.warn = warn;
    this.asked = {};
    this.on = false;
    this.running = null;
    this.button = document.createElement("button");
    Object.assign(this.button, { type: "button", id: "explain", className: "explain-switch", textContent: "Explain", hidden: true });
    this.button.title = "Show which part of each picture speaks for the search; key e for one picture";
    this.button.setAttribute("aria-pressed", "false");
    this.button.setAttribute("aria-keyshortcuts", "e");
    this.told = document.createElement("span");
    this.told.className = "unseen";
    this.told.setAttribute("role", "status");
    beside.append(this.button, this.told);
    this.button.addEventListener("click", () => this.turn(!this.on));
    document.addEventListener("keydown", (event) => this.key(event));
    for (const moved of ["scroll", "resize"]) addEventListener(moved, () => this.next(), { passive: true });
  }

  /** What the cards answer now. Heat maps of another question go. */
  ask(asked) {
    const same = ["q", "like", "blob"].every((name) => asked[name] === this.asked[name]);
    this.asked = asked;
    this.button.hidden = !(asked.q || asked.like || asked.blob);
    if (!same) this.clear();
    this.next();
  }

  turn(on) {
    this.on = on;
    this.button.setAttribute("aria-pressed", String(on));
    if (on) this.next();
    else this.clear();
  }

  /** Takes all heat maps away, and ends what is being made; another may begin at once. */
  clear() {
    this.running?.abort();
    this.running = null;
    for (const laid of this.list.querySelectorAll(".explain")) laid.remove();
    for (const card of this.list.querySelectorAll(".card")) delete card.explained;
    this.told.textContent = "";
  }

  key(event) {
    if (event.key !== "e" || event.ctrlKey || event.metaKey || event.altKey || this.button.hidden) return;
    if (event.target.matches("input:not([type=radio], [type=color]), textarea, select") || document.querySelector("dialog[open]")) return;
    const card = this.list.querySelector(".card:focus-visible") ?? this.list.querySelector(".card:hover") ?? this.list.querySelector(".card:focus");
    if (!card) return;
    event.preventDefault();
    const laid = card.querySelector(".explain");
    if (!laid) return this.one(card, true).then(() => this.next());
    laid.remove();
    delete card.explained;
  }

  /** The next card in sight that has no heat map yet, one after the other: each is dozens of passes of the encoder. */
  async next() {
    if (!this.on || this.running || this.button.hidden) return;
    const card = [...this.list.querySelectorAll(".card")].find((one) => !one.explained && inSight(one));
    if (card && (await this.one(card, false))) this.next();
  }

  /** Whether it was explained; its failure is said, and turns the switch off. */
  async one(card, aloud) {
    this.running?.abort();
    const mine = (this.running = new AbortController());
    card.explained = mine;
    card.querySelector(".tile").dataset.explaining = "";
    try {
      const found = await api.explain(card.hit.id, this.asked, mine.signal);
      if (mine.signal.aborted) return false;
      lay(card.querySelector(".tile"), found);
      if (aloud) this.told.textContent = `${card.hit.name}: ${placeOf(found)}`;
      return true;
    } catch (error) {
      if (card.explained === mine) delete card.explained;
      if (error.name !== "AbortError") {
        if (!(error instanceof api.Failed)) throw error;
        if (this.on) this.turn(false);
        this.warn(error.message);
      }
      return false;
    } finally {
      // a later one may be at the same card
      if (!card.explained || card.explained === mine) delete card.querySelector(".tile").dataset.explaining;
      if (this.running === mine) this.running = null;
    }
  }
}

function inSight(card) {
  const { top, bottom } = card.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/** In words, for those who do not see it: "speaks most at the upper left". */
function placeOf({ shares }) {
  if (!shares) return "no part stands out";
  const [x, y, w, h] = shares;
  const third = (at, names) => names[Math.min(2, Math.floor(3 * at))];
  const down = third(y + h / 2, ["upper", "", "lower"]);
  const across = third(x + w / 2, ["left", "", "right"]);
  return `the part that says most is ${[down, across].filter(Boolean).join(" ") || "in the middle"}`;
}
