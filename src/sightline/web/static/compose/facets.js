/* The filters above the results: choices, a line for what they do not have, and near-identical pictures folded. */

import { CHOICES, chosenBy, whereOf } from "./where.js";

/** Makes the row in `form` once; `go({where, fold})` asks with what was changed. The answer shows what is asked. */
export function prepareFacets(form, go) {
  const choices = CHOICES();
  const selects = choices.map(selectOf);
  const rest = document.createElement("input");
  Object.assign(rest, { type: "text", className: "facet", placeholder: "More: width>512 and folder=brand", spellcheck: false });
  rest.setAttribute("aria-label", "More filters, such as width>512 and folder=brand");
  const fold = document.createElement("input");
  fold.type = "checkbox";
  const folded = document.createElement("label");
  folded.className = "facet facet-fold";
  folded.append(fold, "Fold duplicates");
  const reset = document.createElement("button");
  Object.assign(reset, { type: "button", className: "plain", textContent: "No filters" });
  form.replaceChildren(...selects, rest, folded, reset);

  const changed = () => {
    const chosen = Object.fromEntries(selects.map(({ name, value }) => [name, value]));
    go({ where: whereOf(chosen, rest.value), fold: fold.checked });
  };
  form.addEventListener("change", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  reset.addEventListener("click", () => {
    go({ where: "", fold: false });
    selects[0].focus();
  });

  return ({ where, fold: on }) => {
    const said = chosenBy(where, choices);
    for (const select of selects) {
      select.value = said.chosen[select.name] ?? "";
      select.toggleAttribute("data-on", Boolean(select.value));
    }
    if (document.activeElement !== rest || !where) rest.value = said.rest;
    fold.checked = on;
    reset.hidden = !where && !on;
  };
}

function selectOf({ name, label, values }) {
  const select = document.createElement("select");
  select.className = "facet";
  select.name = name;
  select.setAttribute("aria-label", label);
  select.append(new Option(label, ""), ...Object.entries(values).map(([text, clause]) => new Option(text, clause)));
  return select;
}
