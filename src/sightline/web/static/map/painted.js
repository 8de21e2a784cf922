/* Points without a graphics side: squares written into pixels, for browsers that have no WebGL. */

export class PaintedLayer {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.xy = new Float32Array(0);
    this.words = new Uint32Array(0);
  }

  /** As of `PointLayer`. */
  load(xy, colours) {
    this.xy = xy;
    this.words = new Uint32Array(colours.buffer, colours.byteOffset, colours.length / 4);
  }

  /** As of `PointLayer`; the canvas may have more pixels than `width` by `height`. */
  draw({ x, y, scale }, width, height, size) {
    const [across, down] = [this.canvas.width, this.canvas.height];
    if (this.image?.width !== across || this.image.height !== down) {
      this.image = this.pen.createImageData(across, down);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const { pixels, xy, words, image } = this;
    pixels.fill(0);
    const [fx, fy] = [(scale * across) / width, (scale * down) / height];
    const side = Math.max(1, Math.round(size));
    const [left, top] = [(across - side) / 2 - x * fx, (down - side) / 2 + y * fy];
    const [right, bottom] = [across - side, down - side];
    for (let at = 0; at < words.length; at += 1) {
      const column = Math.round(xy[2 * at] * fx + left);
      const row = Math.round(top - xy[2 * at + 1] * fy);
      if (column < 0 || row < 0 || column > right || row > bottom) continue;
      const word = words[at];
      let here = row * across + column;
      // plain loops: a call for each row of a point costs more than its pixels
      for (let down_ = 0; down_ < side; down_ += 1, here += across) {
        for (let over = 0; over < side; over += 1) pixels[here + over] = word;
      }
    }
    this.pen.putImageData(image, 0, 0);
  }
}
