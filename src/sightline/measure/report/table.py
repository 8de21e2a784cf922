"""The page's tables, each in a frame of its own that scrolls where a phone is narrower."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from sightline.measure.finding import PROPERTIES
from sightline.measure.report.chart import COLOURS, bar, short
from sightline.measure.report.words import (
    GRAPHICS,
    MEANINGS,
    REFERENCES,
    Told,
    between,
    encoders,
    judged,
    number,
    scored,
)

Cells = Sequence[str]


def styles(told: Told) -> dict[str, str]:
    """The class that colours each row: encoders by turn, raw pixels and random towers grey."""
    own = [e["name"] for e in encoders(told)]
    return {
        e["name"]: f"c{own.index(e['name']) % COLOURS}" if e["name"] in own else f"ref-{e['kind']}"
        for e in told["encoders"]
    }


def key(name: str, style: str) -> str:
    """A name with its colour."""
    return f'<span class="key {style}">{escape(name)}</span>'


def table(head: Cells, rows: Sequence[Cells], kind: str = "") -> str:
    """Cells are HTML; the first of a row is its heading. A row of one cell spans the table."""
    tops = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr class="band"><th colspan="{len(head)}" scope="colgroup">{row[0]}</th></tr>'
        if len(row) == 1
        else f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return (
        f'<div class="frame" tabindex="0"><table class="{kind}"><thead><tr>{tops}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def scores(told: Told) -> str:
    """The five of every row: score, interval, gain."""
    style = styles(told)
    rows = []
    for encoder in told["encoders"]:
        name = key(encoder["name"], style[encoder["name"]])
        name += "".join(f'<span class="flag">{escape(flag)}</span>' for flag in encoder["flags"])
        rows.append([name, *(_score(encoder, aspect, style[encoder["name"]]) for aspect in PROPERTIES)])
    return table(["", *(escape(MEANINGS[aspect].title) for aspect in PROPERTIES)], rows, "scores")


def costs(told: Told) -> str:
    """What each row costs: time, size, dimensions, memory."""
    style = styles(told)
    rows = [
        [
            key(e["name"], style[e["name"]]),
            _or(e["seconds"]["a_thousand_pictures"] or None),
            _or(e.get("parameters")),
            _or(e.get("dim")),
            escape(str(e.get("size") or "n/a")),
            "yes" if e.get("reads_text") else "no",
            _or(e["seconds"]["measuring"]),
            _or(None if not e["peak_memory"] else e["peak_memory"] / 2**20),
        ]
        for e in told["encoders"]
    ]
    head = ["", "seconds for 1,000 pictures", "parameters", "dimensions", "picture, px", "reads text"]
    return table([*head, "seconds to measure", "peak memory, MB"], rows)


def metrics(told: Told, aspect: str) -> str:
    """Every metric of one aspect, a band a metric, a row an encoder. "" where there is none."""
    style, found = styles(told), {}
    for encoder in told["encoders"]:
        for row in judged(encoder, aspect)["metrics"]:
            found.setdefault((row["suite"], row["metric"]), []).append((encoder["name"], row))
    rows: list[Cells] = []
    for (suite, metric), each in found.items():
        notes = " ".join(dict.fromkeys(note for _, row in each for note in row["notes"]))
        caps = " The property's score cannot exceed this one." if any(row["caps"] for _, row in each) else ""
        said = f" <span class=soft>{escape(notes + caps)}</span>" if notes or caps else ""
        rows.append([f"{escape(metric)} <span class=soft>on {escape(suite)}</span>{said}"])
        rows += [
            [
                key(name, style[name]),
                _digits(row["value"]),
                _digits_between(row["ci"]),
                f"{_digits(row['chance'])} <span class=soft>{escape(row['chance_kind'])}</span>",
                f"{_digits(row['bound'])} <span class=soft>{escape(row['bound_kind'])}</span>",
                "told only" if row["score"] is None else number(row["score"]),
                f"{row['n']:,}",
            ]
            for name, row in each
        ]
    head = ["", "value", "95 % interval", "chance", "bound", "score", "n"]
    return table(head, rows, "metrics") if rows else ""


def graded(told: Told, aspect: str) -> str:
    """The metrics of one aspect as bars from chance to bound: a row a metric, a column an encoder; of graphics only
    those that are scored."""
    style, found = styles(told), {}
    for encoder in told["encoders"]:
        for row in judged(encoder, aspect)["metrics"]:
            if aspect in GRAPHICS and row["score"] is None:
                continue
            found.setdefault((row["suite"], row["metric"]), {})[encoder["name"]] = row
    names = [e["name"] for e in told["encoders"] if any(e["name"] in each for each in found.values())]
    rows = [
        [
            f"{escape(metric)} <span class=soft>{escape(suite)}</span>",
            *(_bar(each[name], style[name]) if name in each else "n/a" for name in names),
        ]
        for (suite, metric), each in found.items()
    ]
    return table(["", *(key(name, style[name]) for name in names)], rows, "graded") if rows else ""


def domains(told: Told) -> str:
    """Scores within each domain of the source, and the drop from the best to the worst. "" where none is known."""
    style, rows = styles(told), []
    for aspect in (*PROPERTIES, *GRAPHICS):
        mine = [(e["name"], e["domains"][aspect]) for e in told["encoders"] if aspect in e["domains"]]
        if mine:
            rows.append([escape(MEANINGS[aspect].title)])
        for name, each in mine:
            values = {domain: found["score"] for domain, found in each.items()}
            drop = max(values.values()) - min(values.values())
            told_of = ", ".join(f"{escape(domain)} {number(value)}" for domain, value in values.items())
            rows.append([key(name, style[name]), told_of, number(drop)])
    return table(["", "score in each domain", "drop"], rows) if rows else ""


def compared(told: Told) -> str:
    """Every paired difference, and whether it is real."""
    rows: list[Cells] = []
    for aspect in (*PROPERTIES, *GRAPHICS):
        found = [row for row in told["comparisons"] if row["property"] == aspect]
        rows += [[escape(MEANINGS[aspect].title)]] if found else []
        rows += [
            [
                f"{escape(row['a'])} − {escape(row['b'])}",
                number(row["difference"]),
                between(row["ci"]),
                "real" if row["real"] else "cannot be told",
            ]
            for row in found
        ]
    return table(["", "difference", "95 % interval", "is it real?"], rows) if rows else ""


def absent(told: Told) -> str:
    """What could not be measured, and why; the same reason of several encoders once."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for encoder in told["encoders"]:
        for aspect in (*PROPERTIES, *GRAPHICS, "beyond"):
            for row in judged(encoder, aspect)["missing"]:
                found.setdefault((aspect, row["suite"], row["task"], row["reason"]), []).append(encoder["name"])
    everyone = len(told["encoders"])
    rows = [
        [
            f"{escape(MEANINGS[aspect].title if aspect in MEANINGS else aspect)}: {escape(task)}",
            escape(suite),
            "all" if len(names) == everyone else escape(", ".join(names)),
            escape(reason),
        ]
        for (aspect, suite, task, reason), names in found.items()
    ]
    return table(["", "data", "of", "why"], rows, "reasons") if rows else ""


def protocols(told: Told) -> str:
    """How each metric was measured, once."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for encoder in told["encoders"]:
        for aspect in (*PROPERTIES, *GRAPHICS, "beyond"):
            for row in judged(encoder, aspect)["metrics"]:
                found.setdefault((row["suite"], row["metric"]), row["protocol"])
    rows = [
        [
            escape(metric),
            escape(suite),
            escape("; ".join(f"{name} {value}" for name, value in protocol.items() if name != "metric")),
        ]
        for (suite, metric), protocol in found.items()
    ]
    return table(["", "data", "protocol"], rows, "reasons") if rows else ""


def scaled(value: float | None, chance: float | None, bound: float | None) -> float | None:
    """Between chance, 0, and bound, 1; None where one of them is not known or both are one."""
    if value is None or chance is None or bound is None or abs(bound - chance) < 1e-12:
        return None
    return min(1.0, max(0.0, (value - chance) / (bound - chance)))


def _score(encoder: Told, aspect: str, style: str) -> str:
    own = encoder["properties"][aspect]
    if own["score"] is None:
        why = own["missing"][0]["reason"] if own["missing"] else "not asked"
        return f'<span class=na title="{escape(why)}">n/a</span>'
    ends = None if not between(own["ci"]) else (own["ci"][0], own["ci"][1])
    gain = ""
    if encoder["kind"] not in REFERENCES and own["gain"] is not None:
        gain = f"<small>gain {scored(own['gain'], own['gain_ci'])}</small>"
    return f"<b>{number(own['score'])}</b> <small>{between(own['ci'])}</small>{bar(own['score'], ends, style)}{gain}"


def _bar(row: Told, style: str) -> str:
    at = scaled(row["value"], row["chance"], row["bound"])
    ends = sorted(v for end in row["ci"] if (v := scaled(end, row["chance"], row["bound"])) is not None)
    return f"<small>{_digits(row['value'])}</small>{bar(at, (ends[0], ends[1]) if len(ends) == 2 else None, style)}"


def _digits(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _digits_between(ci: Sequence[float | None]) -> str:
    return "" if any(end is None for end in ci) else f"{_digits(ci[0])} to {_digits(ci[1])}"


def _or(value: float | None) -> str:
    return "n/a" if value is None else short(float(value))
