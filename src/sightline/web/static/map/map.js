/* The map of the library: points from afar, thumbnails close by. The address holds where one is: ?at=x,y,zoom&on=ID */

import * as api from "../api.js";
import { offerReport } from "../views/report.js";
import { MapData } from "./data.js";
import { layerOf } from "./points.js";
import { FEW, Thumbs } from "./thumbs.js";
import { View } from "./view.js";

const REACH = 18;
const STILL = 140;
const AGAIN = 500;
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const $ = (id) => document.getElementById(id);
const stage = $("map");
const dark = matchMedia("(prefers-color-scheme: dark)");
const pen = $("thumbs").getContext("2d");
let data = null;
let layer = null;
let on = -1;
let asked = false;
let lastMove = 0;
let names = new Map();
let keeping;

const view = new View(stage, () => {
  lastMove = performance.now();
  paint();
  setTimeout(paint, STILL + 10);
  keep();
});
const thumbs = new Thumbs(paint);

// Painting: at most once a frame.

function paint() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    if (data) frame();
  });
}

function frame() {
  const ratio = devicePixelRatio || 1;
  const { width, height } = view;
  for (const canvas of [$("points"), $("thumbs")]) {
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
  }
  layer.draw(view, width, height, dot() * ratio);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const still = performance.now() - lastMove >= STILL;
  const margin = 40 / view.scale;
  const [w, h] = [width / 2 / view.scale + margin, height / 2 / view.scale + margin];
  const visible = data.within(view.x - w, view.x + w, view.y - h, view.y + h, FEW);
  const drawn = thumbs.draw(pen, visible, data, view, placeOf, still);
  stage.dataset.thumbs = drawn;
  // an empty sheet over all costs as much as a full one
  $("thumbs").hidden = !drawn && on < 0;
  stage.dataset.visible = visible.length;
  if (on >= 0) ring(...placeOf(on));
}

const placeOf = (at) => view.place(data.xy[2 * at], data.xy[2 * at + 1]);

/** Pixels of a point: smaller where there are many, larger close by. */
function dot() {
  const many = Math.max(1.5, Math.min(6, 260 / Math.sqrt(data.count)));
  return Math.min(12, many * (view.scale / view.whole) ** 0.4);
}

function ring(x, y) {
  const style = getComputedStyle(stage);
  for (const [line, colour] of [[6, style.getPropertyValue("--ground")], [3, style.getPropertyValue("--accent")]]) {
    pen.beginPath();
    pen.roundRect(x - 30, y - 30, 60, 60, 12);
    pen.lineWidth = line;
    pen.strokeStyle = colour;
    pen.stroke();
  }
}

// Where one is, and the address.

function keep() {
  clearTimeout(keeping);
  keeping = setTimeout(() => data && write(), 200);
}

function write() {
  const at = new URLSearchParams();
  const zoom = view.scale / view.whole;
  if (zoom !== 1 || view.x || view.y) at.set("at", [view.x.toFixed(4), view.y.toFixed(4), zoom.toFixed(2)].join(","));
  if (on >= 0) at.set("on", data.ids[on]);
  history.replaceState(history.state, "", at.size ? `?${at}` : location.pathname);
}

function read() {
  const at = new URLSearchParams(location.search);
  const [x, y, zoom] = (at.get("at") ?? "").split(",").map(Number);
  if ([x, y, zoom].every(Number.isFinite)) Object.assign(view, { x, y, scale: view.within(view.whole * zoom) });
  on = data.index(Number(at.get("on") ?? 0));
  if (on >= 0) tell(on);
}

async function tell(at) {
  const id = data.ids[at];
  if (!names.has(id)) {
    try {
      names.set(id, (await api.picture(id)).name);
    } catch (error) {
      if (!(error instanceof api.Failed)) throw error;
      names.set(id, error.message);
    }
  }
  if (on === at) $("status").textContent = names.get(id);
}

function go(at) {
  if (at < 0) return;
  on = at;
  view.show(data.xy[2 * at], data.xy[2 * at + 1]);
  tell(at);
}

function open(at) {
  if (at < 0) return;
  on = at;
  clearTimeout(keeping);
  write();
  location.href = `./?picture=${data.ids[at]}`;
}

// What a person does.

const under = (event) => {
  const [px, py] = view.at(event);
  return data.nearest(view.x + (px - view.width / 2) / view.scale, view.y - (py - view.height / 2) / view.scale, REACH / view.scale);
};

stage.addEventListener("click", (event) => {
  if (data && view.moved < 6) open(under(event));
});
stage.addEventListener("pointermove", (event) => {
  if (!data || view.pointers.size) return;
  const at = under(event);
  stage.style.cursor = at >= 0 ? "pointer" : "";
  if (at >= 0 && at !== on) {
    on = at;
    paint();
    tell(at);
  }
});
stage.addEventListener("keydown", (event) => {
  if (!data || event.ctrlKey || event.metaKey || event.altKey) return;
  const way = WAYS[event.key];
  const acts = { "+": () => view.zoom(1.5, ...near()), "=": () => view.zoom(1.5, ...near()), "-": () => view.zoom(1 / 1.5, ...near()), 0: () => view.fit(), Enter: () => open(on) };
  if (way && event.shiftKey) view.pan(-80 * way[0], 80 * way[1]);
  else if (way) go(on < 0 ? data.nearest(view.x, view.y) : data.towards(on, way));
  else if (acts[event.key]) acts[event.key]();
  else return;
  event.preventDefault();
});
/** Where keys zoom: at the picture one is on. */
const near = () => (on >= 0 ? placeOf(on) : []);
$("in").addEventListener("click", () => view.zoom(2, ...near()));
$("out").addEventListener("click", () => view.zoom(0.5, ...near()));
$("all").addEventListener("click", () => view.fit());
$("make").addEventListener("click", () => make());
new ResizeObserver(() => paint()).observe(stage);
dark.addEventListener("change", () => {
  if (data) layer.load(data.xy, data.shown(dark.matches));
  paint();
});

// The map itself.

async function make() {
  $("make").hidden = true;
  try {
    await follow(await api.map(true));
  } catch (error) {
    fail(error);
  }
}

/** Waits until it is made, then shows it. */
async function follow(state) {
  while (state.state === "making") {
    $("status").textContent = `Laying the library out … ${Math.round(100 * state.share)} %`;
    await new Promise((done) => setTimeout(done, AGAIN));
    state = await api.map(false);
  }
  if (state.failed) throw new api.Failed(state.failed);
  if (state.state === "none") return make();
  await show(state);
}

async function show({ pictures, added, worn }) {
  data = new MapData(await api.mapPoints());
  layer ??= layerOf($("points"));
  layer.load(data.xy, data.shown(dark.matches));
  names = new Map();
  $("status").textContent = `${pictures.toLocaleString()} pictures; those that look alike lie near each other${added ? `. ${added.toLocaleString()} came since it was made` : ""}`;
  $("make").hidden = !worn;
  $("make").textContent = "Lay out anew";
  read();
  stage.dataset.layer = layer.constructor.name;
  stage.dataset.ready = "";
  paint();
}

function fail(error) {
  $("status").textContent = error.message;
  if (!(error instanceof api.Failed)) throw error;
}

async function start() {
  try {
    const [about, state] = await Promise.all([api.about(), api.map(false)]);
    $("library").textContent = about.name;
    offerReport(about);
    document.title = `Map · ${about.name} · Sightline`;
    await follow(state);
    if (document.activeElement === document.body) stage.focus({ preventScroll: true });
  } catch (error) {
    fail(error);
  }
}

start();
