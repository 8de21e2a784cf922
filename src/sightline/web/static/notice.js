/* One line above the results that says what is wrong. */

const $ = (id) => document.getElementById(id);
let stays = false;

/** Says it, or nothing more. With `stay` it is seen until something else is asked (`letGo`). */
export function warn(words, stay = false) {
  stays = stay;
  if ($("notice-words").textContent === words) return;
  $("notice-words").textContent = words;
  $("notice").hidden = !words;
}

/** Results are there: what was wrong is over, unless it should stay. */
export function settled() {
  if (!stays) warn("");
}

/** Something else is asked: the next results end what stayed. */
export function letGo() {
  stays = false;
}

$("notice-close").addEventListener("click", () => warn(""));
