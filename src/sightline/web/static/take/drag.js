/* Dragging pictures out of the page, to the desktop or into another program: as themselves, not as thumbnails. */

import * as api from "../api.js";
import { ranges } from "./bar.js";

const SHOWN = new Set(["image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/bmp"]);
const SWAP = 4 * 2 ** 20;
/** Letters of an address that proxies let pass; a longer list of pictures goes along as addresses only. */
const ADDRESS = 4000;

/** Lets the picture of a card be dragged out; where it is one of the `selected()` ones, all of them. */
export function takeOut(card, image, selected) {
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
  card.addEventListener("dragstart", (event) => {
    const hits = selected();
    if (hits.length > 1 && hits.some(({ id }) => id === card.hit.id)) packAll(event.dataTransfer, hits);
    else pack(event.dataTransfer, card.hit, ready);
  });
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

const whole = (path) => new URL(path, location.href).href;

/** Fills a drag with everything another program may want of one picture. */
export function pack(data, hit, ready) {
  const address = whole(ready?.address ?? api.fileOf(hit.id));
  data.effectAllowed = "copy";
  data.setData("text/uri-list", address);
  data.setData("text/plain", ready?.text ?? hit.path ?? address);
  data.setData("application/x-sightline", String(hit.id));
  if (ready) data.setData("DownloadURL", `${ready.media}:${ready.name.replaceAll(":", "-")}:${address}`);
  if (ready?.text) data.setData("image/svg+xml", ready.text);
}

/** Several: addresses and paths, and for the desktop, which takes one file of a page, a ZIP. */
export function packAll(data, hits) {
  const addresses = hits.map(({ id }) => whole(api.fileOf(id)));
  data.effectAllowed = "copy";
  data.setData("text/uri-list", addresses.join("\r\n"));
  data.setData("text/plain", hits.map((hit, at) => hit.path ?? addresses[at]).join("\n"));
  data.setData("application/x-sightline", hits.map(({ id }) => id).join(","));
  const ids = ranges(hits.map(({ id }) => id));
  if (ids.length < ADDRESS) data.setData("DownloadURL", `application/zip:pictures.zip:${whole(`${api.root}api/zip?ids=${ids}`)}`);
}

/** The name a picture is saved under. */
export function fileName(facts) {
  const own = (facts.path ?? facts.key).split(/[\\/]/);
  const name = (facts.path ? own.at(-1) : own.join("-")).replace(/\.svgz$/i, ".svg"); // it comes unpacked
  if (/\.[a-z0-9]{2,5}$/i.test(name)) return name;
  const ending = { "image/svg+xml": "svg", "image/jpeg": "jpg" }[facts.media] ?? facts.media?.split("/")[1] ?? "png";
  return `${name}.${ending}`;
}
