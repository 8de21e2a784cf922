/* Points without a graphics side: squares written into pixels, for browsers that have no WebGL. */

export class PaintedLayer {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.xy = new Float32Array(0);
  }

  /** As of `PointLayer`. */
  load(xy, colours) {
    this.xy = xy;
    this.words = new Uint32Array(colours.buffer, colours.byteOffset, colours.length / 4);
  }

  /** As of `PointLayer`; the canvas may have more pixels than `width` by `height`. */
  draw({ x, y, scale }, width, height, size) {
    const [across, down] = [this.canvas.width, this.canvas.height];
    const image = this.pen.createImageData(across, down);
    const pixels = new Uint32Array(image.data.buffer);
    const [fx, fy] = [(scale * across) / width, (scale * down) / height];
    const side = Math.max(1, Math.round(size));
    for (let at = 0; at < this.words.length; at += 1) {
      const left = Math.round((this.xy[2 * at] - x) * fx + (across - side) / 2);
      const top = Math.round((y - this.xy[2 * at + 1]) * fy + (down - side) / 2);
      if (left < 0 || top < 0 || left + side > across || top + side > down) continue;
      for (let row = top; row < top + side; row += 1) pixels.fill(this.words[at], row * across + left, row * across + left + side);
    }
    this.pen.putImageData(image, 0, 0);
  }
}
