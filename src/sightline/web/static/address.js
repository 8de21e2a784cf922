/* What is asked, as it stands in the page's address and in the browser's history. */

import { root } from "./api.js";

/** Nothing asked: the whole library, and no picture open. */
export const NOTHING = { q: "", like: null, likeName: "", sent: null, picture: null, where: "", fold: false };

/** What the address asks; `sent` are the pictures that were searched by, by number, while this page is open. */
export function read(sent) {
  const at = new URLSearchParams(location.search);
  const number = (name) => (/^\d{1,15}$/.test(at.get(name) ?? "") ? Number(at.get(name)) : null);
  const kept = history.state ?? {};
  return {
    q: at.get("q") ?? "",
    like: number("like"),
    likeName: kept.likeName ?? "",
    sent: sent.has(kept.sent) ? kept.sent : null,
    picture: number("picture"),
    where: at.get("where") ?? "",
    fold: at.get("fold") === "1",
  };
}

/** The address that asks this. */
export function write({ q, like, picture, where, fold }) {
  const at = new URLSearchParams();
  if (q) at.set("q", q);
  if (like) at.set("like", like);
  if (where) at.set("where", where);
  if (fold) at.set("fold", "1");
  if (picture) at.set("picture", picture);
  return at.size ? `${root}?${at}` : root;
}

/** Equal where the same results are asked for, whatever picture of them is open. */
export const keyOf = ({ q, like, sent, where, fold }) => JSON.stringify([q, like, sent, where, fold]);
