/* What lies behind transparent pictures: squares, white, black or a colour; remembered on this machine. */

import { read, write } from "./kept.js";

const KEY = "sightline.backdrop";
const root = document.documentElement;

export function backdrop() {
  const form = document.getElementById("backdrops");
  const colour = document.getElementById("colour");

  const use = (kind, keep = true) => {
    root.dataset.backdrop = kind;
    if (kind === "colour") root.style.setProperty("--chosen", colour.value);
    for (const radio of form.querySelectorAll("[type=radio]")) radio.checked = radio.value === kind;
    if (keep) write(KEY, { kind, colour: colour.value });
  };

  form.addEventListener("change", (event) => event.target.type === "radio" && use(event.target.value));
  colour.addEventListener("input", () => use("colour"));
  colour.addEventListener("click", () => use("colour"));

  const kept = read(KEY);
  if (/^#[0-9a-f]{6}$/i.test(kept?.colour)) colour.value = kept.colour;
  use(["checker", "white", "black", "colour"].includes(kept?.kind) ? kept.kind : "checker", false);
}
