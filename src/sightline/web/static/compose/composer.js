/* A query of several parts as chips: what is added and what is taken away, how much each counts, and without it. */

import { thumbOf } from "../api.js";
import { composed, joined, partsOf } from "./parts.js";

/** What a press on the weight makes of it. */
const WEIGHTS = [1, 2, 4, 0.5];

/** Shows the parts of `q` in `list`; `go(q)` asks with one of them changed or left out. */
export function showParts(list, q, go) {
  const parts = partsOf(q);
  list.hidden = !composed(parts);
  if (list.hidden) return list.replaceChildren();
  const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement);
  list.replaceChildren(...parts.map((part, place) => chipOf(part, place, parts, go)));
  if (focused >= 0) (list.querySelectorAll("button")[focused] ?? list.querySelector("button"))?.focus();
}

function chipOf(part, place, parts, go) {
  const change = (changed) => go(joined(parts.with(place, { ...part, ...changed })));
  const item = document.createElement("li");
  item.className = "part";
  item.dataset.sign = part.sign;
  const called = part.id ? `picture ${part.id}` : part.words;
  const other = part.sign === "+" ? "-" : "+";
  const next = WEIGHTS[(WEIGHTS.indexOf(part.weight) + 1) % WEIGHTS.length];
  item.append(
    button("part-sign", part.sign === "+" ? "+" : "−", `${part.sign === "+" ? "Take away" : "Add"} ${called}`, () => change({ sign: other })),
    part.id ? picture(part.id) : words(part.words),
    button("part-weight", `×${part.weight}`, `${called} counts ${part.weight}; make it ${next}`, () => change({ weight: next })),
    button("part-remove", "×", `Without ${called}`, () => go(joined(parts.toSpliced(place, 1)))),
  );
  return item;
}

function button(kind, text, label, click) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = kind;
  made.textContent = text;
  made.title = label;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", click);
  return made;
}

function words(text) {
  const made = document.createElement("span");
  made.className = "part-words";
  made.textContent = text;
  return made;
}

function picture(id) {
  const made = document.createElement("img");
  made.className = "part-picture";
  made.src = thumbOf(id);
  made.alt = `picture ${id}`;
  return made;
}
