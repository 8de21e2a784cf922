/* How large the pictures of the library are shown; remembered on this machine. */

import { read, write } from "./kept.js";

const KEY = "sightline.size";
/** Widths of a picture in rem; the page's own size where nothing was chosen is one of them. */
const SIZES = [4, 5, 6.2, 8.5, 11, 14, 18];
const narrow = matchMedia("(max-width: 44rem)");

export function thumbSize() {
  const slider = document.getElementById("size");
  let chosen = SIZES.indexOf(read(KEY));
  const show = () => {
    const at = chosen >= 0 ? chosen : SIZES.indexOf(narrow.matches ? 6.2 : 8.5);
    slider.value = at;
    slider.setAttribute("aria-valuetext", `${Math.round(SIZES[at] * 16)} pixels wide`);
    document.documentElement.style.setProperty("--card", `${SIZES[at]}rem`);
  };
  slider.max = SIZES.length - 1;
  slider.addEventListener("input", () => {
    chosen = Number(slider.value);
    write(KEY, SIZES[chosen]);
    show();
  });
  narrow.addEventListener("change", show);
  show();
}
