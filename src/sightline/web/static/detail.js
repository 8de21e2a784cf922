/* The panel of one picture: large, with its facts, its neighbours, and ways to take it along. */

import * as api from "./api.js";
import { copyPicture, copyText } from "./clipboard.js";
import { Grid } from "./grid.js";
import { isDrawing } from "./take/bar.js";
import { fileName, pack } from "./take/drag.js";
import { Drawing } from "./take/drawing.js";
import { settle } from "./tile.js";
import { weight } from "./weight.js";

const NEIGHBOURS = 10;
const $ = (id) => document.getElementById(id);

/** `close`, `move(step)`, `like(hit)`, `compose(hit, sign)` and `search(words)` say what was asked for; `address(hit)` is a picture's own. */
export class Detail {
  constructor({ close, move, like, compose, search, open, address }) {
    this.dialog = $("detail");
    this.image = $("stage-picture");
    this.strip = new Grid($("strip"), { open, address });
    this.facts = null;
    this.original = null;
    this.drawing = new Drawing(() => this.facts && this.enlarge(this.facts));
    settle($("stage"), this.image);
    this.image.addEventListener("load", () => {
      this.fit();
      this.drawing.write();
    });
    this.image.addEventListener("error", () => this.fall());
    this.image.addEventListener("dragstart", (event) => {
      if (this.facts) pack(event.dataTransfer, this.facts, this.original);
    });

    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      close();
    });
    // a browser may insist on closing it
    this.dialog.addEventListener("close", close);
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog && outside(event, this.dialog)) close();
    });
    this.dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || $("strip").contains(event.target)) return;
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) {
        event.preventDefault();
        move(step);
      }
    });
    $("close").addEventListener("click", close);
    $("previous").addEventListener("click", () => move(-1));
    $("next").addEventListener("click", () => move(1));
    for (const [button, sign] of [["add", "+"], ["take-away", "-"]])
      $(button).addEventListener("click", () => this.facts && compose(this.facts, sign));
    $("like").addEventListener("click", () => this.facts && like(this.facts));
    $("captions").addEventListener("click", (event) => {
      const said = event.target.closest("button");
      if (said) search(said.textContent);
    });
    this.offer("copy-path", async () => copyText(this.facts.path, this.dialog));
    this.offer("copy-svg", async () => copyText(this.original?.text ?? (await this.drawing.text("svg")), this.dialog));
    this.offer("copy-symbol", async () => copyText(await this.drawing.text("symbol"), this.dialog));
    this.offer("copy-jsx", async () => copyText(await this.drawing.text("jsx"), this.dialog));
    this.offer("copy-picture", async () => copyPicture(await this.picture(), this.facts.svg));
  }

  get isOpen() {
    return this.dialog.open;
  }

  /** Shows the picture `id`; `hit` is what is known of it already, `place` whether there are others beside it. */
  async show(id, hit, place) {
    this.asked = id;
    $("previous").disabled = !place.before;
    $("next").disabled = !place.after;
    if (hit && hit.id !== this.facts?.id) this.write({ ...hit, media: null, bytes: null, unavailable: null, svg: false, inks: [] }, false);
    if (!this.dialog.open) {
      // the page behind does not scroll, and does not move where its scroll bar was
      document.documentElement.style.setProperty("--gutter", `${innerWidth - document.documentElement.clientWidth}px`);
      this.dialog.showModal();
    }
    try {
      const [facts, near] = await Promise.all([api.picture(id), api.similar(id, NEIGHBOURS)]);
      if (this.asked !== id) return;
      this.write(facts, true);
      this.strip.show(near.results);
      $("strip").scrollLeft = 0;
      $("near").hidden = !near.results.length;
    } catch (error) {
      if (this.asked !== id) return;
      this.warn(error.message);
    }
  }

  hide() {
    this.asked = this.facts = null;
    if (this.dialog.open) this.dialog.close();
  }

  warn(words) {
    $("unavailable").textContent = words;
    $("unavailable").hidden = !words;
  }

  write(facts, whole) {
    const other = this.facts?.id !== facts.id;
    this.facts = facts;
    $("detail-name").textContent = facts.name;
    $("meta").textContent = described(facts);
    $("place").textContent = facts.path ?? facts.key;
    if (other) {
      this.original = null;
      delete this.image.dataset.ready;
      this.image.style.maxWidth = this.image.style.maxHeight = "";
      this.strip.show([]);
      this.dialog.scrollTop = 0;
      this.dialog.setAttribute("aria-busy", "true");
      this.image.alt = facts.name;
      this.image.src = api.thumbOf(facts.id);
    }
    $("captions").replaceChildren(...captionsOf(facts));
    $("captions").hidden = !$("captions").children.length;
    this.warn(facts.unavailable ? `The original cannot be shown: ${facts.unavailable}` : "");
    $("copy-path").hidden = !facts.path;
    $("copy-svg").hidden = whole && (!facts.svg || Boolean(facts.unavailable));
    for (const name of ["copy-picture", "save", "open"]) $(name).hidden = Boolean(facts.unavailable);
    $("open").href = $("save").href = api.fileOf(facts.id);
    $("save").download = fileName(facts);
    if (other || whole) this.drawing.show(whole ? facts : null, isDrawing(facts));
    if (!whole) return;
    this.dialog.removeAttribute("aria-busy");
    if (!facts.unavailable) this.enlarge(facts);
  }

  /** The thumbnail gives way to the original once that is there; of a drawing, as it is to be seen. */
  async enlarge(facts) {
    const drawing = this.drawing.facts;
    const address = drawing ? this.drawing.address : api.fileOf(facts.id);
    this.original = null;
    const original = new Image();
    original.src = address;
    try {
      await original.decode();
    } catch {
      return; // a kind that this browser does not show, such as TIFF: the thumbnail stays
    }
    const late = () => this.facts?.id !== facts.id || (drawing && this.drawing.address !== address);
    if (late()) return;
    if (this.image.getAttribute("src") === address) this.fit();
    else this.image.src = address;
    const taken = drawing ? this.drawing.taken : address;
    $("save").href = taken;
    const text = facts.svg ? await this.drawing.text("svg").catch(() => undefined) : undefined;
    if (!late()) this.original = { text, media: facts.media, name: fileName(facts), address: taken };
  }

  /** The picture to copy: of a drawing that is tinted for the eye alone, as it is by itself. */
  async picture() {
    if (!this.drawing.facts || this.drawing.address === this.drawing.taken) return this.image;
    const own = new Image();
    own.src = this.drawing.taken;
    await own.decode();
    return own;
  }

  /** A small raster is not blown up beyond three times its size, a drawing at its own size not at all. */
  fit() {
    const { width, height, svg } = this.facts ?? {};
    const small = !svg && width && Math.max(width, height) < 160;
    const sides = this.drawing.sides ?? (small ? [3 * Math.max(width, height), 3 * Math.max(width, height)] : null);
    this.image.style.padding = sides ? "0" : "";
    this.image.style.maxWidth = sides ? `${sides[0]}px` : "";
    this.image.style.maxHeight = sides ? `${sides[1]}px` : "";
    this.image.style.margin = sides ? "auto" : "";
  }

  fall() {
    if (this.facts && !this.image.src.endsWith("/thumb")) this.image.src = api.thumbOf(this.facts.id);
  }

  /** A button that copies: says so on itself and to screen readers. */
  offer(id, copy) {
    const button = $(id);
    const label = button.querySelector("span");
    const words = label.textContent;
    let back;
    button.addEventListener("click", async () => {
      clearTimeout(back);
      try {
        await copy();
        label.textContent = "Copied";
        button.dataset.done = "";
        $("said").textContent = `${words.replace("Copy ", "")} copied`;
      } catch (error) {
        label.textContent = "Not copied";
        this.warn(error instanceof api.Failed ? error.message : "The browser did not allow copying.");
      }
      back = setTimeout(() => {
        label.textContent = words;
        delete button.dataset.done;
        $("said").textContent = "";
      }, 1600);
    });
  }
}

function outside(event, dialog) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

function captionsOf(facts) {
  const own = facts.name.toLowerCase().replace(/[-_]/g, " ");
  return facts.captions
    .filter((text) => text.toLowerCase() !== own)
    .map((text) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "caption";
      button.textContent = text;
      button.title = `Search for “${text}”`;
      item.append(button);
      return item;
    });
}

function described(facts) {
  const kind = facts.svg ? "SVG" : (facts.media?.split("/")[1] ?? "").replace("jpeg", "jpg").toUpperCase();
  const size = facts.width ? [facts.width, facts.height] : facts.own_size;
  const sides = size ? size.map((side) => Number(side.toFixed(2)).toLocaleString()).join(" × ") : "";
  return [kind, sides, facts.bytes ? weight(facts.bytes) : ""].filter(Boolean).join(" · ") || "\u00a0";
}
