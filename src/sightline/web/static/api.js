/* The server's answers, and its errors in words. */

export class Failed extends Error {
  /** `gone`: there was no answer at all. */
  constructor(words, gone = false) {
    super(words);
    this.gone = gone;
  }
}

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failed("The server does not answer. Is “sightline serve” still running?", true);
  }
  if (answer.ok) return answer;
  let words = `The server answered with error ${answer.status}.`;
  try {
    words = sentence((await answer.json()).error);
  } catch {
    // not ours: keep the plain sentence
  }
  throw new Failed(words);
}

/** A request that brings something along: the bytes of a picture, or what `type` says. */
const posted = (body, signal, type = "application/octet-stream") => ({ method: "POST", body, headers: { "Content-Type": type }, signal });

async function json(address, options) {
  return (await ask(address, options)).json();
}

function sentence(words) {
  const text = String(words);
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?)]$/.test(text) ? "" : ".");
}

/** Where the page is, below a proxy's prefix or not; with and without a slash at the end of its address. */
export const root = new URL("../", import.meta.url).pathname;

export const fileOf = (id) => `${root}api/pictures/${id}/file`;
export const drawingOf = (id, form, color) =>
  `${root}api/pictures/${id}/svg?${new URLSearchParams({ as: form, ...(color && { color }) })}`;
export const thumbOf = (id) => `${root}api/pictures/${id}/thumb`;

export const about = () => json(`${root}api/about`);
/** What every search may have: `where`, a filter, and `fold`, near-identical pictures behind the best of them. */
const limits = ({ where, fold } = {}) => ({ ...(where && { where }), ...(fold && { fold: "true" }) });
export const byWords = (q, k, signal, asked) =>
  json(`${root}api/search?${new URLSearchParams({ q, k, ...limits(asked) })}`, { signal });
export const byPicture = (blob, name, k, signal, asked) =>
  json(`${root}api/search?${new URLSearchParams({ k, name: name.slice(0, 255), ...(asked?.q && { q: asked.q }), ...limits(asked) })}`, posted(blob, signal));
export const similar = (id, k, signal, asked) =>
  json(`${root}api/pictures/${id}/similar?${new URLSearchParams({ k, ...limits(asked) })}`, { signal });
export const browse = (after, k, signal, { where } = {}) =>
  json(`${root}api/pictures?${new URLSearchParams({ after, k, ...limits({ where }) })}`, { signal });
export const picture = (id, signal) => json(`${root}api/pictures/${id}`, { signal });
export const source = async (id) => (await ask(fileOf(id))).text();
export const drawn = async (id, form, color) => (await ask(drawingOf(id, form, color))).text();
/** Whether a GET of this address would be answered. */
export const answers = async (address) => (await fetch(address, { method: "HEAD" }).catch(() => ({ ok: false }))).ok;
export const selected = async (path, ids) =>
  (await ask(root + path, posted(JSON.stringify({ ids }), undefined, "application/json"))).blob();
export const explain = (id, { q, like, blob }, signal) =>
  blob
    ? json(`${root}api/pictures/${id}/explain`, posted(blob, signal))
    : json(`${root}api/pictures/${id}/explain?${new URLSearchParams(like ? { like } : { q })}`, { signal });
export const duplicates = (kind, look, after, k, signal) =>
  json(`${root}api/duplicates?${new URLSearchParams({ kind, look, after, k })}`, { signal });
export const map = (make) => json(`${root}api/map`, make ? { method: "POST" } : {});
export const mapPoints = async () => (await ask(`${root}api/map/points`)).arrayBuffer();
