"""The report as JSON: one object of plain values, in one order, equal to the byte for equal measurements.

What a clock or the machine's memory decides is named `seconds`, `peak_memory` and `created`, and nothing else is.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sightline.measure.finding import PROPERTIES, interval
from sightline.measure.report.result import Measured, Report, Row, Score

FORMAT = 1
DIGITS = 6


def as_json(report: Report, *, created: str = "", versions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Format 1; docs/measure/report.md lists its fields."""
    return rounded(
        {
            "format": FORMAT,
            "created": created,
            "versions": dict(versions or {}),
            "quick": report.quick,
            "suites": report.suites,
            "encoders": [_subject(report, subject) for subject in report.subjects],
            "comparisons": [
                {
                    "property": name,
                    "a": c.a,
                    "b": c.b,
                    "difference": c.difference,
                    "ci": list(c.ci),
                    "real": c.real,
                }
                for name in (*PROPERTIES, "invariance", "semantics")
                for c in report.comparisons(name)
            ],
            "notes": report.notes,
            "seconds": report.seconds,
        }
    )


def _subject(report: Report, subject: Measured) -> dict[str, Any]:
    return {
        "name": subject.name,
        "kind": subject.kind,
        **subject.about,
        "flags": subject.flags,
        "properties": {name: _property(report, subject, name) for name in PROPERTIES},
        "graphics": {name: _property(report, subject, name) for name in ("invariance", "semantics")},
        "beyond": _property(report, subject, "beyond"),
        "domains": domains(subject),
        "seconds": {"measuring": subject.seconds, "a_thousand_pictures": subject.thousand},
        "peak_memory": subject.peak_memory,
    }


def _property(report: Report, subject: Measured, name: str) -> dict[str, Any]:
    score, gain = subject.score(name), report.gain(subject, name)
    return {
        "score": None if score is None else score.value,
        "ci": _ci(score),
        "gain": None if gain is None else gain.value,
        "gain_ci": _ci(gain),
        "metrics": [_metric(row) for row in subject.of(name)],
        "missing": [
            {"suite": m.suite, "task": m.task, "reason": m.reason} for m in subject.missing if m.aspect == name
        ],
    }


def _metric(row: Row) -> dict[str, Any]:
    found = row.finding
    low, high = interval(row.values)
    return {
        "metric": found.metric,
        "suite": row.suite,
        "task": row.task,
        "value": found.value,
        "ci": [low, high],
        "chance": found.chance,
        "chance_kind": found.chance_kind,
        "bound": found.bound,
        "bound_kind": found.bound_kind,
        "score": found.score if found.scored else None,
        "caps": found.caps,
        "n": found.statistic.n,
        "protocol": dict(row.protocol),
        "notes": list(found.notes),
        "seconds": row.seconds,
    }


def rows(report: Report) -> list[dict[str, Any]]:
    """One flat row a metric of a subject, for tables: encoder, property, suite, metric, value, ci_lo, ci_hi, chance,
    chance_kind, bound, bound_kind, score, n, seconds."""
    return rounded(
        [
            {"encoder": subject.name, "property": row.aspect, "suite": row.suite, "metric": found["metric"]}
            | {"value": found["value"], "ci_lo": found["ci"][0], "ci_hi": found["ci"][1]}
            | {key: found[key] for key in ("chance", "chance_kind", "bound", "bound_kind", "score", "n", "seconds")}
            for subject in report.subjects
            for row in subject.rows
            for found in [_metric(row)]
        ]
    )


def domains(subject: Measured) -> dict[str, dict[str, dict[str, float]]]:
    """property -> domain -> {"score": mean of the scores within it, "metrics": of how many}, where there are two."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in subject.rows:
        domain = row.finding.domain
        if domain is None or not row.finding.scored or len(set(domain)) < 2:
            continue
        for name in sorted(set(domain)):
            value = row.finding.within(name)
            if not math.isfinite(value):
                continue
            score = float(row.finding.scaled(np.array([value]))[0])
            found.setdefault(row.aspect, {}).setdefault(name, []).append(score)
    return {
        aspect: {name: {"score": sum(all_) / len(all_), "metrics": len(all_)} for name, all_ in names.items()}
        for aspect, names in found.items()
    }


def _ci(score: Score | None) -> list[float] | None:
    return None if score is None else list(score.ci)


def rounded(value: Any) -> Any:
    """Floats to `DIGITS` digits after the point, numpy scalars as plain ones, what is no number as None."""
    if isinstance(value, Mapping):
        return {str(key): rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
        return value
    if hasattr(value, "item"):
        return rounded(value.item())
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return str(value)
