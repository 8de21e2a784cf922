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

async function json(address, options) {
  return (await ask(address, options)).json();
}

function sentence(words) {
  const text = String(words);
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?)]$/.test(text) ? "" : ".");
}

export const fileOf = (id) => `/api/pictures/${id}/file`;
export const thumbOf = (id) => `/api/pictures/${id}/thumb`;

export const about = () => json("/api/about");
export const byWords = (q, k, signal) => json(`/api/search?${new URLSearchParams({ q, k })}`, { signal });
export const byPicture = (blob, k, signal) =>
  json(`/api/search?k=${k}`, {
    method: "POST",
    body: blob,
    headers: { "Content-Type": "application/octet-stream" },
    signal,
  });
export const similar = (id, k, signal) => json(`/api/pictures/${id}/similar?k=${k}`, { signal });
export const browse = (after, k, signal) => json(`/api/pictures?after=${after}&k=${k}`, { signal });
export const picture = (id, signal) => json(`/api/pictures/${id}`, { signal });
export const source = async (id) => (await ask(fileOf(id))).text();
