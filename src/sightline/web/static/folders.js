/* Chips of the folders and sets that the pictures found lie in: a click looks in one of them alone. */

const MOST = 8;
const IN = /(?<!\S)in:(?:"([^"]+)"|(\S+))/giu;
const plain = (text) => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(" ");

/** Shows chips in `list` for what `hits` of the words `asked` lie in; `go(words)` asks with one more or one less. */
export function showFolders(list, hits, asked, go) {
  const chosen = [...asked.matchAll(IN)].map((found) => plain(found[1] ?? found[2])).filter(Boolean);
  const counts = new Map();
  for (const hit of hits) for (const folder of hit.folders) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  const telling = [...counts].filter(([folder, count]) => count < hits.length && !chosen.includes(folder));
  telling.sort(([, one], [, other]) => other - one);
  const offered = asked ? telling.slice(0, MOST).map(([folder]) => folder) : [];
  list.replaceChildren(
    ...chosen.map((folder) => chip(folder, true, () => go(without(asked, folder)))),
    ...offered.map((folder) => chip(folder, false, () => go(`${asked} in:${/ /.test(folder) ? `"${folder}"` : folder}`))),
  );
  list.hidden = !list.children.length;
}

function chip(folder, on, click) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "folder";
  button.textContent = folder;
  button.title = on ? `Look outside “${folder}” too` : `Look in “${folder}” alone`;
  button.setAttribute("aria-pressed", on);
  button.addEventListener("click", click);
  item.append(button);
  return item;
}

/** The words again without the filter for a folder. */
function without(asked, folder) {
  const rest = asked.replace(IN, (all, several, one) => (plain(several ?? one) === folder ? "" : all));
  return rest.split(/\s+/).filter(Boolean).join(" ");
}
