/* The page: what is asked stands in the address, and everything shown follows from it. */

import { keyOf, NOTHING, read, write } from "./address.js";
import * as api from "./api.js";
import { listen } from "./ask.js";
import { backdrop } from "./backdrop.js";
import { prepareChip, showChip } from "./chip.js";
import { showParts } from "./compose/composer.js";
import { prepareFacets } from "./compose/facets.js";
import { withPicture } from "./compose/parts.js";
import { Detail } from "./detail.js";
import { Explain } from "./explain/explain.js";
import { showFolders } from "./folders.js";
import { Grid } from "./grid.js";
import { letGo, settled, warn } from "./notice.js";
import { EMPTY, goesOn, headingsOf, sayCount, sayMeant, sayNothing, visible } from "./results.js";
import { thumbSize } from "./size.js";
import { prepareBar, showBar } from "./take/bar.js";
import { Selection } from "./take/selection.js";
import { offerReport } from "./views/report.js";

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
let asked = read(sent);
let shown = EMPTY;
let running = null;
let typing = -Infinity;

const address = (hit) => write({ ...asked, picture: hit.id });
const selection = new Selection(() => (grid.mark(), showBar(selection)));
const grid = new Grid($("grid"), { open: (hit) => openPicture(hit.id), above: () => query.focus(), address, selection });
const detail = new Detail({
  close: closePicture,
  move: step,
  like: (facts) => go({ like: facts.id, likeName: facts.name }),
  compose: (facts, sign) => go({ ...beginning(), q: withPicture(beginning().q, facts.id, sign) }),
  search: (words) => go({ q: words }),
  open: (hit) => openPicture(hit.id),
  address,
});

const explain = new Explain($("grid"), { beside: $("views"), warn: (words) => warn(words) });

// What is asked, and the address.

const showFacets = prepareFacets($("facets"), (filters) => go({ ...asked, picture: null, ...filters }));

/** What is asked, to be gone on from with one part more: a picture of the library as a part too. */
function beginning() {
  const { q, like, sent } = asked;
  if (!like) return { q, sent };
  return { q: q ? besides(like, q) : `id:${like}` };
}

/** A query of a picture of the library and what is typed beside it. */
const besides = (id, q) => (/^[-+] /.test(q) ? `id:${id} ${q}` : `id:${id} + ${q}`);

/** Asks something else, with the filters that there are. `replace` where it only corrects what was asked before. */
function go(next, replace = false) {
  asked = { ...NOTHING, where: asked.where, fold: asked.fold, ...next };
  const state = { likeName: asked.likeName, sent: asked.sent, opened: !replace && Boolean(asked.picture) };
  history[replace ? "replaceState" : "pushState"](state, "", write(asked));
  letGo();
  follow();
}

/** Brings the page to what is asked. */
function follow() {
  if (query.value.trim() !== asked.q) query.value = asked.q;
  document.title = titleOf();
  chip();
  $("clear").hidden = !asked.q;
  showParts($("parts"), asked.q, (q) => go({ ...asked, picture: null, q }));
  showFacets(asked);
  if (keyOf(asked) !== shown.key) load();
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

// Results.

function fetchMore(count, signal) {
  if (asked.sent) {
    const { blob, name } = sent.get(asked.sent);
    return api.byPicture(blob, name, count, signal, asked);
  }
  if (asked.like && asked.q) return api.byWords(besides(asked.like, asked.q), count, signal, asked);
  if (asked.like) return api.similar(asked.like, count, signal, asked);
  if (asked.q) return api.byWords(asked.q, count, signal, asked);
  return null;
}

async function load(more = false) {
  const key = keyOf(asked);
  running?.abort();
  const mine = (running = new AbortController());
  const browsing = !asked.q && !asked.like && !asked.sent;
  const have = more ? shown.results : [];
  const count = more ? Math.min(have.length * 2, MOST) : FIRST;
  try {
    const answer = await (browsing
      ? api.browse(have.at(-1)?.id ?? 0, FIRST * 2, mine.signal, asked)
      : fetchMore(count, mine.signal));
    if (mine !== running) return;
    const results = browsing ? [...have, ...answer.results] : answer.results;
    const left = browsing ? answer.results.length === FIRST * 2 : results.length === count && count < MOST;
    const less = more && shown.less;
    shown = { key, results, total: answer.total, relevant: answer.relevant, left, less };
    draw();
    sayCount(shown, browsing ? null : answer.ms);
    sayMeant(answer.suggestion);
    if (asked.picture) moveButtons();
    settled();
    if (!more) scrollTo({ top: 0, behavior: "instant" }); // last: it lays the page out, once for all that is written
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

function draw() {
  const cards = visible(shown);
  grid.show(cards, asked.q, headingsOf(cards));
  explain.ask({ q: asked.q, like: asked.like, blob: sent.get(asked.sent)?.blob });
  $("grid").classList.toggle("bare", !asked.q);
  showFolders($("folders"), cards, asked.q, (q) => (go({ q }), query.focus()));
  sayNothing(shown, cards, asked.q);
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

const AHEAD = 500;
new IntersectionObserver(seen, { rootMargin: `${AHEAD}px` }).observe($("more"));

/** Fetches more where the end of the results is in sight or nearly. */
function seen() {
  const near = $("more").getBoundingClientRect().top < innerHeight + AHEAD;
  if (near && !running && goesOn(shown) && shown.key === keyOf(asked)) load(true);
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
  const among = visible(shown);
  const at = among.findIndex(({ id }) => id === asked.picture);
  return { before: at > 0, after: at >= 0 && at < among.length - 1 };
}

function moveButtons() {
  const { before, after } = beside();
  $("previous").disabled = !before;
  $("next").disabled = !after;
}

function step(by) {
  const among = visible(shown);
  const at = among.findIndex(({ id }) => id === asked.picture);
  const next = at < 0 ? undefined : among[at + by];
  if (!next) return;
  if (at + by > among.length - 6 && goesOn(shown) && !running) load(true);
  replacePicture(next.id);
}

/** Another picture in the open panel: closing still goes back to the results. */
function replacePicture(id) {
  asked = { ...asked, picture: id };
  history.replaceState(history.state, "", write(asked));
  showPicture();
}

// The picture that is searched by.

function chip() {
  showChip(asked, sent, library, (id, name) => {
    if (asked.like !== id) return false;
    asked.likeName = name;
    history.replaceState({ ...history.state, likeName: name }, "", location.href);
    document.title = titleOf();
    return true;
  });
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
  if (q === asked.q) return;
  // letters typed in one go are one step of the history
  const again = performance.now() - typing < SESSION;
  typing = performance.now();
  const { like, likeName, sent } = asked;
  go({ q, like, likeName, sent }, again);
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
  const { like, likeName, sent } = asked;
  go({ like, likeName, sent });
  query.focus();
});
$("chip-remove").addEventListener("click", () => {
  go({ q: asked.q });
  query.focus();
});
$("home").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go({ where: "", fold: false });
  query.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || detail.isOpen) return;
  if (event.target.matches("input:not([type=radio], [type=color]), textarea")) return;
  event.preventDefault();
  query.focus();
  query.select();
});

addEventListener("popstate", () => {
  typing = -Infinity;
  asked = read(sent);
  follow();
});

async function start() {
  // a token that was handed in already stands behind # no longer than it must
  if (location.hash.startsWith("#token=")) history.replaceState(history.state, "", location.pathname + location.search);
  backdrop();
  thumbSize();
  prepareChip();
  prepareBar(selection, () => {
    selection.clear();
    if (!grid.focus()) query.focus();
  });
  listen({ found: searchBy, refused: warn });
  follow();
  query.focus();
  try {
    library = await api.about();
    offerReport(library);
    $("library").textContent = library.name;
    document.title = titleOf();
    chip();
  } catch (error) {
    if (!(error instanceof api.Failed)) throw error;
  }
}

start();
