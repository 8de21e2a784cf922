/* The pictures of the map: where they lie, which is nearest, which is seen. 100,000 are gone through in under a millisecond. */

export class MapData {
  /** `bytes` as `/api/map/points` gives them. */
  constructor(bytes) {
    const n = bytes.byteLength / 20;
    this.count = n;
    this.ids = new Float64Array(bytes, 0, n);
    this.xy = new Float32Array(bytes, 8 * n, 2 * n);
    this.colours = new Uint8Array(bytes, 16 * n, 4 * n);
  }

  /** Whether a picture is light on the whole. */
  light(at) {
    return this.bright(at) > 150;
  }

  bright(at) {
    const [red, green, blue] = this.colours.subarray(4 * at, 4 * at + 3);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  /** Colours in which no point vanishes on a dark or a light ground. */
  shown(dark) {
    const found = this.colours.slice();
    for (let at = 0; at < this.count; at += 1) {
      const bright = this.bright(at);
      const off = dark ? Math.max(0, 95 - bright) : Math.min(0, 185 - bright);
      for (let part = 0; off && part < 3; part += 1) found[4 * at + part] = Math.min(255, Math.max(0, found[4 * at + part] + off));
    }
    return found;
  }

  /** Indices of the points within a rectangle of the map, of more than `most` only the first. */
  within(left, right, low, high, most) {
    const found = [];
    for (let at = 0; at < this.count && found.length <= most; at += 1) {
      const x = this.xy[2 * at];
      const y = this.xy[2 * at + 1];
      if (x >= left && x <= right && y >= low && y <= high) found.push(at);
    }
    return found;
  }

  /** The point nearest to a place, -1 where none is within `most`. */
  nearest(x, y, most = Infinity) {
    let best = -1;
    let least = most * most;
    for (let at = 0; at < this.count; at += 1) {
      const dx = this.xy[2 * at] - x;
      const dy = this.xy[2 * at + 1] - y;
      const far = dx * dx + dy * dy;
      if (far <= least) [best, least] = [at, far];
    }
    return best;
  }

  /** The nearest point to the left (-1, 0), right, above (0, 1) or below another: what lies aside counts as farther. */
  towards(from, [ax, ay]) {
    let best = -1;
    let least = Infinity;
    for (let at = 0; at < this.count; at += 1) {
      const dx = this.xy[2 * at] - this.xy[2 * from];
      const dy = this.xy[2 * at + 1] - this.xy[2 * from + 1];
      const along = dx * ax + dy * ay;
      const aside = Math.abs(dx * ay + dy * ax);
      if (along <= 1e-7 || aside > 1.5 * along) continue;
      const far = along + 2 * aside;
      if (far < least) [best, least] = [at, far];
    }
    return best;
  }

  index(id) {
    return this.ids.indexOf(id);
  }
}
