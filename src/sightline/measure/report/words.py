"""What the numbers say, in plain words: each property's meaning, and which encoder is for what.

Only differences whose paired 95 % interval leaves out 0 are claimed. Everything is read from the JSON form, so that
page, terminal and file say the same.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sightline.measure.finding import PROPERTIES

Told = Mapping[str, Any]
"""a report in its JSON form"""
NAMED = 3
"""encoders named in a sentence before the others are only counted"""
REFERENCES = ("pixels", "random")


@dataclass(frozen=True)
class Meaning:
    """A property in three ways: a title, what it means, what an encoder that has it is for."""

    title: str
    plain: str
    use: str


MEANINGS = {
    "density": Meaning(
        "Information dense",
        "the vector keeps what a picture shows and leaves out noise, blur, JPEG and small shifts",
        "finding the same picture again, and short vectors",
    ),
    "similarity": Meaning(
        "Similar images close",
        "pictures of the same kind of thing lie near each other",
        "search by example, grouping and sorting",
    ),
    "text": Meaning(
        "Images close to relevant text",
        "a picture lies near words that are true of it, and farther from words that are not",
        "search by words, and naming without training",
    ),
    "localization": Meaning(
        "Localised",
        "patches know which thing they are part of",
        "pointing at things and cutting them out",
    ),
    "spatial": Meaning(
        "Spatially aware",
        "depth, left and right, and which part is which can be read from the patches",
        "layouts, depth and matching of parts",
    ),
    "invariance": Meaning(
        "Drawing matters little",
        "line, texture, background and colour may change and the vector stays",
        "icons and drawings in many styles",
    ),
    "semantics": Meaning(
        "Meaning matters",
        "a small change of what is meant (three stars to four, on to off) moves the vector",
        "interfaces, charts and signs",
    ),
}
GRAPHICS = ("invariance", "semantics")


@dataclass(frozen=True)
class Verdict:
    """Which encoder for one property: `best` is the highest, "" where none can be named; then its numbers, and how it
    stands to the others."""

    aspect: str
    best: str
    numbers: str
    others: str = ""

    @property
    def text(self) -> str:
        """All of it in sentences."""
        lead = f"{self.best} {self.numbers}" if self.best else self.numbers
        return f"{lead} {self.others}".strip()


def verdicts(told: Told, aspects: Sequence[str] = PROPERTIES) -> list[Verdict]:
    """One for each aspect, in order."""
    return [_verdict(told, aspect) for aspect in aspects]


def short_names(told: Told) -> dict[str, str]:
    """By whole name, the shortest end of its path that no other has: runs/mine/clip is clip."""
    parts = {e["name"]: re.split(r"[/\\]+", e["name"].rstrip("/\\")) for e in told["encoders"]}

    def end(name: str, count: int) -> str:
        return "/".join(parts[name][-count:])

    found = {}
    for name, own in parts.items():
        alone = (n for n in range(1, len(own)) if all(end(o, n) != end(name, n) for o in parts if o != name))
        count = next(alone, 0)
        found[name] = end(name, count) if count else name
    return found


def shortened(told: Told) -> dict[str, Any]:
    """The same report with short names; `whole` keeps the name as it was given."""
    called = short_names(told)
    return {
        **told,
        "encoders": [{**e, "name": called[e["name"]], "whole": e["name"]} for e in told["encoders"]],
        "comparisons": [
            {**row, "a": called.get(row["a"], row["a"]), "b": called.get(row["b"], row["b"])}
            for row in told["comparisons"]
        ],
    }


def judged(encoder: Told, aspect: str) -> Told:
    """What is told of one property (or of graphics, or beyond) of an encoder."""
    if aspect in PROPERTIES:
        return encoder["properties"][aspect]
    return encoder["graphics"][aspect] if aspect in GRAPHICS else encoder["beyond"]


def encoders(told: Told) -> list[Told]:
    """All but raw pixels and random towers."""
    return [encoder for encoder in told["encoders"] if encoder["kind"] not in REFERENCES]


def number(value: float | None) -> str:
    """Two digits, "n/a" for none."""
    return "n/a" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def between(ci: Sequence[float | None] | None) -> str:
    """An interval, "" where it is not known."""
    if ci is None or any(end is None for end in ci):
        return ""
    return f"{number(ci[0])} to {number(ci[1])}"


def scored(value: float | None, ci: Sequence[float | None] | None) -> str:
    """0.62 (0.58 to 0.66)."""
    return number(value) + (f" ({between(ci)})" if between(ci) else "")


def differences(told: Told, aspect: str) -> dict[tuple[str, str], Told]:
    """By (a, b): a - b, both ways round."""
    found: dict[tuple[str, str], Told] = {}
    for row in told["comparisons"]:
        if row["property"] == aspect:
            found[row["a"], row["b"]] = row
            low, high = row["ci"]
            turned = [None if end is None else -end for end in (high, low)]
            found[row["b"], row["a"]] = {**row, "difference": -row["difference"], "ci": turned}
    return found


def _verdict(told: Told, aspect: str) -> Verdict:
    have = [e for e in encoders(told) if judged(e, aspect)["score"] is not None]
    if not have:
        return Verdict(aspect, "", f"Not measured: {_why(told, aspect)}.")
    ordered = sorted(have, key=lambda e: -judged(e, aspect)["score"])
    best, own = ordered[0], judged(ordered[0], aspect)
    if not any(_gains(judged(e, aspect)) for e in have):
        highest = f"The highest is {best['name']}, {scored(own['score'], own['ci'])}."
        none = "None is shown to do better than raw pixels and a random tower."
        return Verdict(aspect, "", none, highest + _without(told, aspect))
    found, text = differences(told, aspect), []
    rows = {other["name"]: found.get((best["name"], other["name"])) for other in ordered[1:]}
    level = [name for name, row in rows.items() if row is not None and not row["real"]]
    behind = [(name, row) for name, row in rows.items() if row is not None and row["real"] and row["difference"] > 0]
    ahead = [name for name, row in rows.items() if row is not None and row["real"] and row["difference"] <= 0]
    apart = [name for name, row in rows.items() if row is None]
    if level:
        text.append(f"No difference can be told between it and {_listed(level)}.")
    if behind:
        by = [f"{name} by {scored(row['difference'], row['ci'])}" for name, row in behind]
        text.append(f"Really ahead of {_listed(by)}.")
    if ahead:
        text.append(f"On the metrics that both have, {_listed(ahead)} is really ahead of it.")
    if apart:
        text.append(f"Nothing in common to compare it by with {_listed(apart)}.")
    numbers = f"{scored(own['score'], own['ci'])}, {_gain(own)}."
    return Verdict(aspect, best["name"], numbers, (" ".join(text) + _without(told, aspect)).strip())


def _gains(own: Told) -> bool:
    """Whether its gain is not 0 within its interval."""
    return bool(own["gain_ci"]) and (own["gain_ci"][0] or 0) > 0


def _gain(own: Told) -> str:
    if own["gain"] is None:
        return "nothing to compare it with"
    if not _gains(own):
        return "not told from raw pixels and a random tower"
    return f"{scored(own['gain'], own['gain_ci'])} above the better of raw pixels and a random tower"


def _without(told: Told, aspect: str) -> str:
    lacking = [e["name"] for e in encoders(told) if judged(e, aspect)["score"] is None]
    return f" Not measured of {_listed(lacking)}." if lacking else ""


def _why(told: Told, aspect: str) -> str:
    """The first reason given, else that the suite has nothing to ask."""
    reasons = [m["reason"] for e in encoders(told) for m in judged(e, aspect)["missing"]]
    return reasons[0].rstrip(".") if reasons else "nothing was asked"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:NAMED])
    if len(names) > NAMED:
        shown.append(f"{len(names) - NAMED} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
