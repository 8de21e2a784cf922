/* The parts of a query, "2: arrow + id:407 - circle", as docs/search.md has them: signs that stand free, outside of
   quotes, between two parts. What is plain words is one part. */

const SIGN = /(?:^|\s)([+-])(?=\s)/g;
const WEIGHT = /^(\d+(?:\.\d+)?|\.\d+):\s+/;
const PICTURE = /^id:(\d{1,15})(?:\[[^\]]*\])?$/;

/** The parts of `q`: `sign` "+" or "-", `weight` a number, `words` as they stand, `id` of a picture of the library. */
export function partsOf(q) {
  const masked = q.replace(/"[^"]*"/g, (quoted) => "x".repeat(quoted.length));
  const signs = [...masked.matchAll(SIGN)].map((found) => ({
    sign: found[1],
    at: found.index,
    end: found.index + found[0].length,
  }));
  const bounds = [{ sign: "+", at: 0, end: 0 }, ...signs, { at: q.length }];
  return bounds
    .slice(0, -1)
    .map(({ sign, end }, place) => part(sign, q.slice(end, bounds[place + 1].at).trim()))
    .filter(({ words }) => words);
}

function part(sign, text) {
  const weight = WEIGHT.exec(text);
  const words = weight ? text.slice(weight[0].length) : text;
  return { sign, weight: weight ? Number(weight[1]) : 1, words, id: Number(PICTURE.exec(words)?.[1] ?? 0) || null };
}

/** The query of these parts. */
export function joined(parts) {
  const texts = parts.map(({ sign, weight, words }, place) => {
    const text = weight === 1 ? words : `${weight}: ${words}`;
    if (place) return ` ${sign} ${text}`;
    return sign === "-" ? `- ${text}` : text;
  });
  return texts.join("");
}

/** The query with one more part: a picture of the library, added or taken away. */
export const withPicture = (q, id, sign) =>
  q.trim() || sign === "-" ? `${q.trim()} ${sign} id:${id}`.trim() : `id:${id}`;

/** Whether there is something to show of the parts: several, or a picture. */
export const composed = (parts) => parts.length > 1 || parts.some(({ id }) => id);
