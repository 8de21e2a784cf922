/* Points by WebGL: their places and colours lie on the graphics side, and a frame is one call. */

import { PaintedLayer } from "./painted.js";

const PLACE = `
attribute vec2 at;
attribute vec3 colour;
uniform vec2 scale, shift;
uniform float size;
varying vec3 shade;
void main() {
  gl_Position = vec4(at * scale + shift, 0.0, 1.0);
  gl_PointSize = size;
  shade = colour;
}`;
const PAINT = `
precision mediump float;
varying vec3 shade;
uniform float round_;
void main() {
  vec2 off = gl_PointCoord - 0.5;
  if (round_ > 0.5 && dot(off, off) > 0.25) discard;
  gl_FragColor = vec4(shade, 1.0);
}`;

/** The quicker layer of this browser: where WebGL itself is drawn by the processor, writing pixels is many times as fast. */
export function layerOf(canvas) {
  const gl = byCard() && canvas.getContext("webgl", { antialias: false });
  return gl ? new PointLayer(canvas, gl) : new PaintedLayer(canvas);
}

function byCard() {
  const gl = document.createElement("canvas").getContext("webgl");
  const known = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = known ? gl.getParameter(known.UNMASKED_RENDERER_WEBGL) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return gl && !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

export class PointLayer {
  constructor(canvas, gl) {
    this.canvas = canvas;
    this.gl = gl;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, PLACE], [gl.FRAGMENT_SHADER, PAINT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    this.set = Object.fromEntries(["scale", "shift", "size", "round_"].map((name) => [name, gl.getUniformLocation(program, name)]));
    this.program = program;
    this.count = 0;
  }

  /** `xy` Float32Array (2 n), `colours` Uint8Array (4 n). */
  load(xy, colours) {
    const { gl } = this;
    this.count = xy.length / 2;
    this.buffer("at", xy, 2, gl.FLOAT, false, 0);
    this.buffer("colour", colours, 3, gl.UNSIGNED_BYTE, true, 4);
  }

  buffer(name, data, parts, kind, scaled, stride) {
    const { gl } = this;
    const at = gl.getAttribLocation(this.program, name);
    this[`${name}Buffer`] ??= gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this[`${name}Buffer`]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, parts, kind, scaled, stride, 0);
  }

  /** `view`: the map's middle `x`, `y` and `scale` in pixels a unit; sizes in pixels. */
  draw({ x, y, scale }, width, height, size) {
    const { gl, set } = this;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const across = (2 * scale) / width;
    const up = (2 * scale) / height;
    gl.uniform2f(set.scale, across, up);
    gl.uniform2f(set.shift, -x * across, -y * up);
    gl.uniform1f(set.size, size);
    gl.uniform1f(set.round_, size > 4 ? 1 : 0);
    if (this.count) gl.drawArrays(gl.POINTS, 0, this.count);
  }
}
