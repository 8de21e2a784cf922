/* A drawing in the panel: at its own size or filling the stage, in its own colours or another, as text to paste. */

import * as api from "../api.js";
import { read, write } from "../kept.js";
import { ground, repaint } from "../tile.js";

const KEY = "sightline.own-size";
const CURRENT = "currentColor";
const $ = (id) => document.getElementById(id);

export class Drawing {
  /** `changed()` is called where the picture should be shown anew. */
  constructor(changed) {
    this.stage = $("stage");
    this.changed = changed;
    this.facts = null;
    this.colour = "";
    this.atOwnSize = read(KEY) === true;
    $("own-size").addEventListener("click", () => {
      this.atOwnSize = !this.atOwnSize;
      write(KEY, this.atOwnSize);
      this.write();
      this.changed();
    });
    $("recolour").addEventListener("input", () => this.paint($("recolour").value));
    $("own-colours").addEventListener("click", () => {
      if (this.colour) this.paint("");
      else {
        this.stage.own = !this.stage.own;
        this.paint("");
      }
    });
    ground.addEventListener("change", () => this.facts && this.paint(this.colour));
  }

  /** Another picture is shown, `drawn` or not; null while no more is known of it. */
  show(facts, drawn) {
    this.facts = facts?.svg && !facts.unavailable ? facts : null;
    this.colour = "";
    this.stage.own = false;
    this.stage.drawn = drawn;
    this.write();
  }

  paint(colour) {
    this.colour = colour;
    repaint(this.stage);
    this.write();
    this.changed();
  }

  /** Whether it can be drawn in another colour. */
  get oneColour() {
    const inks = this.facts?.inks ?? [];
    return inks.includes(CURRENT) || (inks.length === 1 && inks[0] !== "picture");
  }

  /** The colour it is seen in: the one that was chosen; in the dark, that of the text where it follows it in part. */
  get seenIn() {
    if (this.colour || this.stage.own || !this.facts) return this.colour;
    const follows = this.facts.inks.includes(CURRENT) && this.facts.inks.length > 1;
    return follows && ground.dark ? ground.text : "";
  }

  /** Where the picture is that is shown. */
  get address() {
    const colour = this.seenIn;
    return colour ? api.drawingOf(this.facts.id, "svg", colour) : api.fileOf(this.facts.id);
  }

  /** Where the picture is that is taken along: in its own colours, unless another was chosen. */
  get taken() {
    return this.colour ? api.drawingOf(this.facts.id, "svg", this.colour) : api.fileOf(this.facts.id);
  }

  /** The sides it has on the screen, in pixels; null where it fills the stage. */
  get sides() {
    return this.atOwnSize ? (this.facts?.own_size ?? null) : null;
  }

  /** The text of it as svg, symbol or jsx. */
  text(form) {
    return form === "svg" && !this.colour ? api.source(this.facts.id) : api.drawn(this.facts.id, form, this.colour);
  }

  write() {
    const size = this.facts?.own_size;
    $("own-size").hidden = !size;
    $("own-size").setAttribute("aria-pressed", this.atOwnSize);
    $("own-size").textContent = size ? `${trim(size[0])} × ${trim(size[1])}` : "";
    $("own-size").setAttribute("aria-label", size ? `At its own size, ${trim(size[0])} by ${trim(size[1])} pixels` : "At its own size");
    const tinted = this.stage.hasAttribute("data-tint") || Boolean(this.seenIn);
    $("paint").hidden = !this.facts || !(this.oneColour || tinted);
    $("recolour-label").hidden = !this.oneColour;
    $("own-colours").hidden = !(tinted || this.stage.own);
    $("own-colours").setAttribute("aria-pressed", !tinted);
    $("recolour-label").toggleAttribute("data-chosen", Boolean(this.colour));
    for (const id of ["copy-symbol", "copy-jsx"]) $(id).hidden = !this.facts;
  }
}

const trim = (side) => Number(side.toFixed(2)).toLocaleString();
