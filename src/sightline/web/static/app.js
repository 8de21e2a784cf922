/* The page: what is asked stands in the address, and everything shown follows from it. */

import * as api from "./api.js";
import { listen } from "./ask.js";
import { backdrop } from "./backdrop.js";
import { Detail } from "./detail.js";
import { showFolders } from "./folders.js";
import { Grid } from "./grid.js";
import { settle } from "./tile.js";

const FIRST = 48;
const MOST = 480;
const PAUSE = 80;
const SESSION = 2000;
const RETRY = 2000;
const $ = (id) => document.getElementById(id);
const query = $("query");

/** Pictures that were searched by, while this page is open: history names them by number. */
const sent = new Map();
let library = null;
let asked = read();
/** `results` are as the server gave them; of those that were judged, the less likely are seen where `less` says so. */
let shown = { key: null, results: [], total: 0, relevant: null, left: false, less: false };
let running = null;
let typing = -Infinity;

const address = (hit) => write({ ...asked, picture: hit.id });
const grid = new Grid($("grid"), { open: (hit) => openPicture(hit.id), above: () => query.focus(), address });
const detail = new Detail({
  close: closePicture,
  move: step,
  like: (facts) => go({ like: facts.id, likeName: facts.name }),
  search: (words) => go({ q: words }),
  open: (hit) => openPicture(hit.id),
  address,
});

// What is asked, and the address.

function read() {
  const at = new URLSearchParams(location.search);
  const number = (name) => (/^\d{1,15}$/.test(at.get(name) ?? "") ? Number(at.get(name)) : null);
  const kept = history.state ?? {};
  return {
    q: at.get("q") ?? "",
    like: number("like"),
    likeName: kept.likeName ?? "",
    sent: sent.has(kept.sent) ? kept.sent : null,
    picture: number("picture"),
  };
}

function write({ q, like, picture }) {
  const at = new URLSearchParams();
  if (q) at.set("q", q);
  if (like) at.set("like", like);
  if (picture) at.set("picture", picture);
  return at.size ? `${api.root}?${at}` : api.root;
}

/** Asks something else. `replace` where it only corrects what was asked before. */
function go(next, replace = false) {
  asked = { q: "", like: null, likeName: "", sent: null, picture: null, ...next };
  const state = { likeName: asked.likeName, sent: asked.sent, opened: !replace && Boolean(asked.picture) };
  history[replace ? "replaceState" : "pushState"](state, "", write(asked));
  stays = false;
  follow();
}

/** Brings the page to what is asked. */
function follow() {
  if (query.value.trim() !== asked.q) query.value = asked.q;
  document.title = titleOf();
  showChip();
  $("clear").hidden = !asked.q;
  if (keyOf() !== shown.key) load();
  if (asked.picture) showPicture();
  else if (detail.isOpen) {
    const last = detail.facts?.id;
    detail.hide();
    if (!grid.focus(last)) query.focus();
  }
}

function titleOf() {
  const words = asked.q || (asked.sent ? sent.get(asked.sent).name : asked.likeName && `Like ${asked.likeName}`);
  return [words, library?.name, "Sightline"].filter(Boolean).join(" · ");
}

const keyOf = () => JSON.stringify([asked.q, asked.like, asked.sent]);

// Results.

function fetchMore(count, signal) {
  if (asked.sent) {
    const { blob, name } = sent.get(asked.sent);
    return api.byPicture(blob, name, count, signal);
  }
  if (asked.like) return api.similar(asked.like, count, signal);
  if (asked.q) return api.byWords(asked.q, count, signal);
  return null;
}

async function load(more = false) {
  const key = keyOf();
  running?.abort();
  const mine = (running = new AbortController());
  const browsing = !asked.q && !asked.like && !asked.sent;
  const have = more ? shown.results : [];
  const count = more ? Math.min(have.length * 2, MOST) : FIRST;
  try {
    const answer = await (browsing
      ? api.browse(have.at(-1)?.id ?? 0, FIRST * 2, mine.signal)
      : fetchMore(count, mine.signal));
    if (mine !== running) return;
    const results = browsing ? [...have, ...answer.results] : answer.results;
    const left = browsing ? answer.results.length === FIRST * 2 : results.length === count && count < MOST;
    const less = more && shown.less;
    shown = { key, results, total: answer.total, relevant: answer.relevant, left, less };
    draw();
    if (!more) scrollTo({ top: 0, behavior: "instant" });
    say(browsing ? "" : counted(), answer.total, browsing ? null : answer.ms);
    $("meant-query").textContent = answer.suggestion ?? "";
    $("meant").hidden = !answer.suggestion;
    if (asked.picture) moveButtons();
    if (!stays) warn("");
  } catch (error) {
    if (mine !== running || error.name === "AbortError") return;
    if (!(error instanceof api.Failed)) throw error;
    if (!more) shown = { ...shown, key };
    shown.left = false;
    failed(error);
  } finally {
    if (mine === running) {
      running = null;
      seen();
    }
  }
}

/** The results that are seen: what was judged less likely only where somebody asked for it. */
const visible = () => (shown.less ? shown.results : shown.results.filter(({ relevant }) => relevant !== false));

/** Whether scrolling on fetches more: not where all that would come is less likely, and hidden. */
const goesOn = () => shown.left && (shown.less || shown.results.at(-1)?.relevant !== false);

function draw() {
  const cards = visible();
  const headings = new Map();
  const related = cards.find(({ named, relevant }) => !named && relevant !== false);
  if (cards[0]?.named && related) headings.set(related.id, "Related");
  const unlikely = cards.find(({ relevant }) => relevant === false);
  if (unlikely) headings.set(unlikely.id, "Less likely");
  grid.show(cards, asked.q, headings);
  $("grid").classList.toggle("bare", !asked.q);
  showFolders($("folders"), cards, asked.q, (q) => (go({ q }), query.focus()));
  const none = !cards.length;
  $("nothing").hidden = !none;
  $("less").hidden = cards.length === shown.results.length;
  $("nothing").textContent = !shown.total
    ? "This library holds no pictures yet."
    : shown.results.length
      ? `Nothing here seems to be “${asked.q}”.`
      : "Nothing was found.";
}

const counted = () =>
  shown.relevant === null ? `${shown.results.length.toLocaleString()} of ` : `${shown.relevant.toLocaleString()} relevant of `;

function say(before, total, ms) {
  const words = `${before}${total.toLocaleString()}${before ? "" : total === 1 ? " picture" : " pictures"}`;
  $("status").textContent = words;
  $("took").textContent = ms === null ? "" : `· ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

$("less-show").addEventListener("click", () => {
  const first = shown.results.find(({ relevant }) => relevant === false);
  shown.less = true;
  draw();
  grid.focus(first?.id);
  seen();
});

function failed(error) {
  // a picture that cannot be searched by is not what is asked any more; the reason stays until something else is
  const back = Boolean(asked.sent) && !error.gone;
  warn(back ? `“${sent.get(asked.sent).name}”: ${error.message}` : error.message, back);
  if (back) history.back();
  if (!error.gone) return;
  // the server may come back: ask until it does, then go on where the page was
  setTimeout(async () => {
    try {
      await api.about();
      shown.key = null;
      follow();
    } catch (again) {
      if (again instanceof api.Failed) failed(again);
    }
  }, RETRY);
}

let stays = false;
function warn(words, stay = false) {
  stays = stay;
  if ($("notice-words").textContent === words) return;
  $("notice-words").textContent = words;
  $("notice").hidden = !words;
}

const AHEAD = 500;
new IntersectionObserver(seen, { rootMargin: `${AHEAD}px` }).observe($("more"));

/** Fetches more where the end of the results is in sight or nearly. */
function seen() {
  const near = $("more").getBoundingClientRect().top < innerHeight + AHEAD;
  if (near && !running && goesOn() && shown.key === keyOf()) load(true);
}

// One picture.

function openPicture(id) {
  if (detail.isOpen) replacePicture(id);
  else go({ ...asked, picture: id });
}

function closePicture() {
  if (!asked.picture) return;
  if (history.state?.opened) history.back();
  else go({ ...asked, picture: null }, true);
}

function showPicture() {
  const hit = shown.results.find(({ id }) => id === asked.picture);
  detail.show(asked.picture, hit, beside());
}

function beside() {
  const among = visible();
  const at = among.findIndex(({ id }) => id === asked.picture);
  return { before: at > 0, after: at >= 0 && at < among.length - 1 };
}

function moveButtons() {
  const { before, after } = beside();
  $("previous").disabled = !before;
  $("next").disabled = !after;
}

function step(by) {
  const among = visible();
  const at = among.findIndex(({ id }) => id === asked.picture);
  const next = at < 0 ? undefined : among[at + by];
  if (!next) return;
  if (at + by > among.length - 6 && goesOn() && !running) load(true);
  replacePicture(next.id);
}

/** Another picture in the open panel: closing still goes back to the results. */
function replacePicture(id) {
  asked = { ...asked, picture: id };
  history.replaceState(history.state, "", write(asked));
  showPicture();
}

// The picture that is searched by.

function showChip() {
  const on = Boolean(asked.like || asked.sent);
  $("chip").hidden = !on;
  query.placeholder = on ? "" : placeholder();
  if (!on) return;
  const picture = asked.sent ? sent.get(asked.sent) : { url: api.thumbOf(asked.like), name: `Like ${asked.likeName || "this"}` };
  if ($("chip-picture").getAttribute("src") !== picture.url) $("chip-picture").src = picture.url;
  $("chip-name").textContent = picture.name;
  $("chip-picture").parentElement.hidden = false;
  if (asked.like && !asked.likeName) nameChip(asked.like);
}

async function nameChip(id) {
  try {
    const { name } = await api.picture(id);
    if (asked.like !== id) return;
    asked.likeName = name;
    history.replaceState({ ...history.state, likeName: name }, "", location.href);
    $("chip-name").textContent = `Like ${name}`;
    document.title = titleOf();
  } catch {
    // the search itself says what is wrong
  }
}

function placeholder() {
  if (!library) return "Search";
  if (!library.words) return "Search by name, or drop a picture";
  return `Search ${library.pictures.toLocaleString()} pictures`;
}

function searchBy(blob, name) {
  if (library && blob.size > library.upload_bytes) {
    return warn(`“${name}” is larger than ${Math.round(library.upload_bytes / 2 ** 20)} MB. Make it smaller and try again.`);
  }
  const number = sent.size + 1;
  sent.set(number, { blob, name, url: URL.createObjectURL(blob) });
  warn("");
  go({ sent: number });
}

// What a person does.

let waiting;
query.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(typed, PAUSE);
});

function typed() {
  clearTimeout(waiting);
  const q = query.value.trim();
  if (q === asked.q && !(q && (asked.like || asked.sent))) return;
  if (!q && (asked.like || asked.sent)) return;
  // letters typed in one go are one step of the history
  const again = performance.now() - typing < SESSION;
  typing = performance.now();
  go({ q }, again);
}

query.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" && grid.focus()) event.preventDefault();
  if (event.key === "Backspace" && !query.value && (asked.like || asked.sent)) go({});
  if (event.key === "Escape" && (query.value || asked.like || asked.sent)) {
    event.preventDefault();
    go({});
  }
});

$("meant-query").addEventListener("click", () => {
  go({ q: $("meant-query").textContent });
  query.focus();
});

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  typed();
  typing = -Infinity;
  grid.focus();
});

$("clear").addEventListener("click", () => {
  go({});
  query.focus();
});
$("chip-remove").addEventListener("click", () => {
  go({});
  query.focus();
});
$("home").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go({});
  query.focus();
});
$("notice-close").addEventListener("click", () => warn(""));

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || detail.isOpen) return;
  if (event.target.matches("input:not([type=radio], [type=color]), textarea")) return;
  event.preventDefault();
  query.focus();
  query.select();
});

addEventListener("popstate", () => {
  typing = -Infinity;
  asked = read();
  follow();
});

async function start() {
  backdrop();
  settle($("chip-picture").parentElement, $("chip-picture"));
  // a kind that this browser does not show, such as TIFF
  $("chip-picture").addEventListener("error", () => ($("chip-picture").parentElement.hidden = true));
  listen({ found: searchBy, refused: warn });
  follow();
  query.focus();
  try {
    library = await api.about();
    $("library").textContent = library.name;
    document.title = titleOf();
    showChip();
  } catch (error) {
    if (!(error instanceof api.Failed)) throw error;
  }
}

start();
