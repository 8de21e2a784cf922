/* What is seen of an answer, and what is said of it. `shown` is the answer as it stands: `results` as the server gave
   them; of those that were judged, the less likely are seen where `less` says so. */

const $ = (id) => document.getElementById(id);

export const EMPTY = { key: null, results: [], total: 0, relevant: null, left: false, less: false };

/** The results that are seen: what was judged less likely only where somebody asked for it. */
export const visible = ({ results, less }) => (less ? results : results.filter(({ relevant }) => relevant !== false));

/** Whether scrolling on fetches more: not where all that would come is less likely, and hidden. */
export const goesOn = ({ left, less, results }) => left && (less || results.at(-1)?.relevant !== false);

/** Words to stand before a card, by its id. */
export function headingsOf(cards) {
  const headings = new Map();
  const related = cards.find(({ named, relevant }) => !named && relevant !== false);
  if (cards[0]?.named && related) headings.set(related.id, "Related");
  const unlikely = cards.find(({ relevant }) => relevant === false);
  if (unlikely) headings.set(unlikely.id, "Less likely");
  return headings;
}

/** Says where nothing is seen, and offers the rest where something is hidden. */
export function sayNothing(shown, cards, words) {
  $("nothing").hidden = cards.length > 0;
  $("less").hidden = cards.length === shown.results.length;
  $("nothing").textContent = !shown.total
    ? "This library holds no pictures yet."
    : shown.results.length
      ? `Nothing here seems to be “${words}”.`
      : "Nothing was found.";
}

/** How many of how many, and how long it took; `ms` is null where the whole library is shown. */
export function sayCount({ results, relevant, total }, ms) {
  const all = total.toLocaleString();
  const some = relevant === null ? `${results.length.toLocaleString()} of ` : `${relevant.toLocaleString()} relevant of `;
  $("status").textContent = ms === null ? `${all}${total === 1 ? " picture" : " pictures"}` : `${some}${all}`;
  $("took").textContent = ms === null ? "" : `· ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** The question with a letter put right, if there is one. */
export function sayMeant(suggestion) {
  $("meant-query").textContent = suggestion ?? "";
  $("meant").hidden = !suggestion;
}
