"""Reports of several commands beside each other: only where every common metric was measured alike."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sightline.measure.report.json_form import FORMAT
from sightline.measure.report.words import Told

ASPECTS = ("properties", "graphics")
HOW = ("n", "protocol", "chance_kind", "bound_kind")
"""what must be equal of a metric"""


def read(path: Path | str) -> dict[str, Any]:
    """A report that `sightline measure --json` wrote. ValueError for a file that is none, or of another format."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is no report of `sightline measure --json`: {error}") from error
    if not isinstance(found, dict) or "encoders" not in found or found.get("format") != FORMAT:
        came = found.get("format") if isinstance(found, dict) else type(found).__name__
        raise ValueError(f"{path} is a report of format {came!r}; format {FORMAT} can be read: measure again")
    return found


def beside(reports: Sequence[Told]) -> dict[str, Any]:
    """One report with the rows of all; an encoder that is in several stands once, as it was measured first.

    Differences between rows of different reports are not made up: they are paired by items, which a report does not
    hold. Raises ValueError where two rows cannot stand side by side: another data of the same name, quick beside full,
    another protocol or number of items of the same metric, or one name for two encoders.
    """
    if not reports:
        raise ValueError("there is no report to place; give one or more")
    first = reports[0]
    for report in reports[1:]:
        _same_data(first, report)
    suites = {suite["name"]: suite for report in reversed(reports) for suite in reversed(report["suites"])}
    known: dict[tuple[str, str, str], tuple[str, Told]] = {}
    encoders: dict[str, Told] = {}
    for report in reports:
        for encoder in report["encoders"]:
            _same_protocol(encoder, known)
            there = encoders.get(encoder["name"])
            if encoder["kind"] == "random" and there is not None and there.get("identity") != encoder.get("identity"):
                encoder = encoder | {"name": f"{encoder['name']} {encoder.get('shape')}"}  # of another tower
            there = encoders.setdefault(encoder["name"], encoder)
            if (there["kind"], there.get("identity")) != (encoder["kind"], encoder.get("identity")):
                raise ValueError(
                    f"two encoders are called {encoder['name']}, of identity {there.get('identity')} and "
                    f"{encoder.get('identity')}; measure them by one command, which tells them apart"
                )
    pairs = {(c["property"], c["a"], c["b"]): c for report in reversed(reports) for c in report["comparisons"]}
    return {
        **first,
        "suites": [suites[name] for name in dict.fromkeys(s["name"] for report in reports for s in report["suites"])],
        "encoders": list(encoders.values()),
        "comparisons": list(pairs.values()),
        "notes": list(dict.fromkeys(note for report in reports for note in report["notes"])),
    }


def both_quick(report: Told, quick: bool) -> None:
    """ValueError where one was made quickly and the other is not."""
    if bool(report["quick"]) != bool(quick):
        raise ValueError("a quick report cannot stand beside a full one: it has other pictures; measure both alike")


def _same_data(one: Told, other: Told) -> None:
    both_quick(other, one["quick"])
    known = {suite["name"]: suite for suite in one["suites"]}
    for suite in other["suites"]:
        there = known.get(suite["name"])
        differing = there and [
            k
            for k in ("kind", "pictures", "memory", "digest", "memory_digest", "truth")
            if there.get(k) != suite.get(k)
        ]
        if there and differing:
            said = ", ".join(f"{k} {there.get(k)!r} and {suite.get(k)!r}" for k in differing)
            raise ValueError(
                f"{suite['name']} is not the same data in both reports: {said}. Measure both by one command"
            )


def _same_protocol(encoder: Told, known: dict[tuple[str, str, str], tuple[str, Told]]) -> None:
    """Compares every metric of an encoder with the first of its kind, and remembers new ones."""
    found = {aspect: told for group in ASPECTS for aspect, told in encoder[group].items()}
    for aspect, told in (found | {"beyond": encoder["beyond"]}).items():
        for row in told["metrics"]:
            name, there = known.setdefault((aspect, row["suite"], row["metric"]), (encoder["name"], row))
            differing = [key for key in HOW if there[key] != row[key]]
            if differing:
                said = ", ".join(f"{key} {there[key]!r} and {row[key]!r}" for key in differing)
                raise ValueError(
                    f"{row['metric']} on {row['suite']} of {name} and of {encoder['name']} cannot stand side by side: "
                    f"{said}. Measure both by one command"
                )
