/* The filter in the address, `type=svg and drawn=outline`, as the choices of the page and what else it says. */

const DAY = 86_400_000;
const COLOURS = "red orange yellow green teal blue purple pink brown black gray white".split(" ");
const since = (days) => `date>=${new Date(Date.now() - days * DAY).toISOString().slice(0, 10)}`;
const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** Every choice: what it is called, and its values with the clause that each stands for. */
export const CHOICES = () => [
  { name: "kind", label: "Kind", values: { SVG: "type=svg", Raster: "type=raster" } },
  { name: "style", label: "Style", values: { Outline: "drawn=outline", Filled: "drawn=filled" } },
  { name: "colour", label: "Colour", values: Object.fromEntries(COLOURS.map((c) => [capital(c), `colour=${c}`])) },
  { name: "ground", label: "Ground", values: { Transparent: "transparency=yes", Opaque: "transparency=no" } },
  {
    name: "width",
    label: "Width",
    values: { "Up to 64 px": "width<=64", "Up to 512 px": "width<=512", "Over 512 px": "width>512", "Over 1,024 px": "width>1024" },
  },
  {
    name: "changed",
    label: "Changed",
    values: { "Last day": since(1), "Last week": since(7), "Last month": since(30), "Last year": since(365) },
  },
];

/** The clauses that `where` joins by "and", outside of brackets and quotes; with an "or" among them it is one. */
export function clausesOf(where) {
  const masked = where.replace(/"[^"]*"|'[^']*'/g, (quoted) => "x".repeat(quoted.length));
  const clauses = [];
  let depth = 0;
  let start = 0;
  for (const found of masked.matchAll(/[()]|\s+(and|or)\s+/gi)) {
    if (found[0] === "(") depth += 1;
    else if (found[0] === ")") depth -= 1;
    else if (!depth && found[1].toLowerCase() === "or") return [where.trim()].filter(Boolean);
    else if (!depth) {
      clauses.push(where.slice(start, found.index).trim());
      start = found.index + found[0].length;
    }
  }
  return [...clauses, where.slice(start).trim()].filter(Boolean);
}

/** What `where` chooses, by the name of the choice, and what else it says. */
export function chosenBy(where, choices = CHOICES()) {
  const chosen = {};
  const rest = [];
  for (const clause of clausesOf(where)) {
    const plain = clause.replace(/\s+/g, "").toLowerCase();
    const choice = choices.find(({ name, values }) => !chosen[name] && Object.values(values).includes(plain));
    if (choice) chosen[choice.name] = plain;
    else rest.push(clause);
  }
  return { chosen, rest: rest.join(" and ") };
}

/** The filter that chooses this and says the rest. */
export function whereOf(chosen, rest) {
  const clauses = Object.values(chosen).filter(Boolean);
  const alone = clausesOf(rest).length === 1 && /\bor\b/i.test(rest) && clauses.length;
  return [...clauses, alone ? `(${rest.trim()})` : rest.trim()].filter(Boolean).join(" and ");
}
