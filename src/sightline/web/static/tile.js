/* What a picture lies on. A black icon must be seen in the dark theme and a white one in the light theme, so each
   picture is looked at once. A drawing (`tile.drawn`) that is black and nothing else, as one in `currentColor` is, is
   shown in the light of the text in the dark theme; any other picture that would vanish lies on the other theme's tones. */

import { thumbOf } from "./api.js";

const SIDE = 24;
// relative luminance: a contrast of about 1.5 to the squares of the theme
const LOST_IN_DARK = 0.05;
const LOST_IN_LIGHT = 0.62;
const LINEAR = Float64Array.from({ length: 256 }, (_, value) => (value / 255) ** 2.2);
const dark = matchMedia("(prefers-color-scheme: dark)");
/** Of the ink of a drawing that counts as black and nothing else; edges are softened. */
const ALL = 0.97;
/** Between the parts of a colour that is none: navy would turn yellow. */
const COLOURLESS = 32;
const looked = new Map();
let canvas;

/** Shows `image` in `tile` once it has loaded: the right ground first, then the picture, so that nothing flashes. */
export function settle(tile, image, known) {
  const done = () => {
    const look = (known !== undefined && looked.get(known)) || inspect(image);
    if (known !== undefined) remember(known, look);
    tile.look = look;
    paint(tile);
    image.dataset.ready = "";
  };
  image.addEventListener("load", done);
  if (image.complete && image.naturalWidth) done();
}

/** A tile with the thumbnail of picture `id`, fetched once it is nearly in sight; `drawn` where it is a drawing. */
export function tileOf(id, drawn) {
  const tile = element("span", "tile");
  const image = element("img");
  Object.assign(image, { alt: "", loading: "lazy", decoding: "async" });
  tile.drawn = drawn;
  settle(tile, image, id);
  image.src = thumbOf(id);
  tile.append(image);
  return tile;
}

/** An element with a class, and what it says. */
export function element(name, type = "", words = "") {
  const made = document.createElement(name);
  if (type) made.className = type;
  made.textContent = words;
  return made;
}

function remember(known, look) {
  looked.set(known, look);
  if (looked.size > 5000) looked.delete(looked.keys().next().value);
}

function paint(tile) {
  const look = tile.look;
  const tint = dark.matches && look.mono && tile.drawn && !tile.own;
  tile.toggleAttribute("data-tint", Boolean(tint));
  tile.toggleAttribute("data-vanishes", !tint && (dark.matches ? look.black : look.white));
  if (look.solid) tile.dataset.solid = look.solid;
  else delete tile.dataset.solid;
}

/** Paints a tile anew of which `drawn` or `own` (its own colours in the dark, too) changed. */
export function repaint(tile) {
  if (tile.look) paint(tile);
}

dark.addEventListener("change", () => {
  for (const tile of document.querySelectorAll(".tile")) repaint(tile);
});

/** The theme: whether it is dark, and the colour of its text. */
export const ground = {
  get dark() {
    return dark.matches;
  },
  get text() {
    return getComputedStyle(document.documentElement).getPropertyValue("--text").trim();
  },
  addEventListener: (...words) => dark.addEventListener(...words),
};

/** Mostly black, mostly white, or opaque; a thumbnail is small, so this takes a fraction of a millisecond. */
function inspect(image) {
  const look = { black: false, white: false, mono: false, solid: "" };
  try {
    canvas ??= new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true });
    canvas.clearRect(0, 0, SIDE, SIDE);
    canvas.drawImage(image, 0, 0, SIDE, SIDE);
    const pixels = canvas.getImageData(0, 0, SIDE, SIDE).data;
    let ink = 0;
    let black = 0;
    let grey = 0;
    let white = 0;
    let opaque = 0;
    for (let at = 0; at < pixels.length; at += 4) {
      if (!pixels[at + 3]) continue; // no ink: most of an icon
      const alpha = pixels[at + 3] / 255;
      const [red, green, blue] = [pixels[at], pixels[at + 1], pixels[at + 2]];
      const light = 0.2126 * LINEAR[red] + 0.7152 * LINEAR[green] + 0.0722 * LINEAR[blue];
      ink += alpha;
      if (light < LOST_IN_DARK) {
        black += alpha;
        if (Math.max(red, green, blue) - Math.min(red, green, blue) < COLOURLESS) grey += alpha;
      }
      if (light > LOST_IN_LIGHT) white += alpha;
      if (alpha > 0.98) opaque += 1;
    }
    look.black = black > 0.45 * ink;
    look.white = white > 0.6 * ink;
    look.mono = ink > 0 && grey > ALL * ink && opaque < SIDE * SIDE - 2;
    const ratio = image.naturalWidth / image.naturalHeight;
    if (opaque >= SIDE * SIDE - 2) look.solid = ratio > 0.66 && ratio < 1.51 ? "fill" : "fit";
  } catch {
    // a browser that forbids reading pixels keeps the theme's own squares
  }
  return look;
}
