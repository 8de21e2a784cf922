/* What of the map is seen: its middle, how large it is, and how it is moved by pointer, wheel and fingers. */

const CLOSEST = 4000;

export class View {
  /** `changed` is called after every move. */
  constructor(stage, changed) {
    this.stage = stage;
    this.changed = changed;
    this.pointers = new Map();
    this.moved = 0;
    Object.assign(this, { x: 0, y: 0, scale: this.whole });
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
  }

  get width() {
    return this.stage.clientWidth;
  }

  get height() {
    return this.stage.clientHeight;
  }

  /** Pixels a unit at which all is seen; the map goes from -1 to 1. */
  get whole() {
    return Math.max(40, Math.min(this.width, this.height) / 2 - 32);
  }

  /** A scale that may be: from half of what shows all to very close. */
  within(scale) {
    return Math.min(Math.max(scale, this.whole / 2), this.whole * CLOSEST);
  }

  fit() {
    Object.assign(this, { x: 0, y: 0, scale: this.whole });
    this.changed();
  }

  /** In pixels of the stage. */
  place(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (this.y - y) * this.scale + this.height / 2];
  }

  zoom(by, px = this.width / 2, py = this.height / 2) {
    const scale = this.within(this.scale * by);
    const [dx, dy] = [px - this.width / 2, py - this.height / 2];
    this.x += dx / this.scale - dx / scale;
    this.y -= dy / this.scale - dy / scale;
    this.scale = scale;
    this.changed();
  }

  pan(dx, dy) {
    this.x = Math.min(1.2, Math.max(-1.2, this.x - dx / this.scale));
    this.y = Math.min(1.2, Math.max(-1.2, this.y + dy / this.scale));
    this.changed();
  }

  /** Moves as little as is needed to have a place in sight. */
  show(x, y, margin = 60) {
    const [px, py] = this.place(x, y);
    const over = (at, most) => (at < margin ? margin - at : at > most - margin ? most - margin - at : 0);
    const [dx, dy] = [over(px, this.width), over(py, this.height)];
    if (dx || dy) this.pan(dx, dy);
    else this.changed();
  }

  at(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : 1;
    this.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), ...this.at(event));
  }

  down(event) {
    if (event.button) return;
    this.stage.setPointerCapture(event.pointerId);
    if (!this.pointers.size) this.moved = 0;
    this.pointers.set(event.pointerId, this.at(event));
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.at(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    this.moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (!other) return this.pan(now[0] - before[0], now[1] - before[1]);
    const far = (one) => Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1]));
    this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.zoom(far(now) / far(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }
}
