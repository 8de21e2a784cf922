/* Thumbnails over the points once there is room: in each cell of a grid one picture, so that none covers another. */

import * as api from "../api.js";

const CELL = 64;
const SIDE = 52;
const AT_ONCE = 8;
const KEPT = 800;
export const FEW = 4000;

export class Thumbs {
  /** `dirty` is called when another picture has come. */
  constructor(dirty) {
    this.dirty = dirty;
    this.pictures = new Map();
    this.loading = 0;
    this.wanted = [];
  }

  /** The pictures to be shown of `visible` (indices of points): the first of each cell, cells fixed to the map. */
  chosen(visible, { xy }, { scale }) {
    // a grid that follows the zoom in steps, so that pictures stay while the map is moved
    const unit = CELL / 2 ** Math.floor(Math.log2(scale));
    const taken = new Map();
    for (const at of visible) {
      const key = `${Math.floor(xy[2 * at] / unit)} ${Math.floor(xy[2 * at + 1] / unit)}`;
      if (!taken.has(key)) taken.set(key, at);
    }
    return [...taken.values()];
  }

  draw(pen, visible, data, view, place, still) {
    const chosen = visible.length <= FEW ? this.chosen(visible, data, view) : [];
    const drawn = [];
    this.wanted = [];
    for (const at of chosen) {
      const [x, y] = place(at);
      if (drawn.some(([a, b]) => Math.abs(a - x) < SIDE && Math.abs(b - y) < SIDE)) continue;
      const id = data.ids[at];
      const picture = this.pictures.get(id);
      if (picture) {
        drawn.push([x, y]);
        this.one(pen, picture, x, y, data.light(at));
      } else if (picture === undefined && still) this.wanted.push(id);
    }
    if (still) this.fetch();
    return drawn.length;
  }

  one(pen, picture, x, y, light) {
    const half = SIDE / 2;
    pen.beginPath();
    pen.roundRect(x - half, y - half, SIDE, SIDE, 8);
    // what a transparent picture lies on: the opposite of its own tone
    pen.fillStyle = light ? "#45454e" : "#ffffff";
    pen.fill();
    pen.strokeStyle = "rgb(120 120 130 / 45%)";
    pen.lineWidth = 1;
    pen.stroke();
    const room = SIDE - 8;
    const ratio = Math.min(room / picture.width, room / picture.height);
    const [w, h] = [picture.width * ratio, picture.height * ratio];
    pen.drawImage(picture, x - w / 2, y - h / 2, w, h);
  }

  fetch() {
    while (this.loading < AT_ONCE && this.wanted.length) {
      const id = this.wanted.shift();
      if (this.pictures.has(id)) continue;
      this.pictures.set(id, null);
      this.loading += 1;
      const image = new Image();
      image.src = api.thumbOf(id);
      image
        .decode()
        .then(() => createImageBitmap(image))
        .then((bitmap) => this.pictures.set(id, bitmap))
        .catch(() => this.pictures.set(id, null))
        .finally(() => {
          this.loading -= 1;
          if (this.pictures.size > KEPT) this.forget();
          this.dirty();
        });
    }
  }

  forget() {
    for (const [id, bitmap] of [...this.pictures].slice(0, this.pictures.size - KEPT)) {
      bitmap?.close();
      this.pictures.delete(id);
    }
  }
}
