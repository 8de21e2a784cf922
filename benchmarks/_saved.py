"""A measured encoder on disk: its rows and their resampled values, so that many are compared without being measured
again."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sightline.measure.face import opened
from sightline.measure.finding import Finding
from sightline.measure.report.result import Measured, Missing, Row
from sightline.measure.run import about, measured, subjects_of
from sightline.measure.subject.store import Store
from sightline.measure.suite.opened import open_suite

FIELDS = ("metric", "chance", "chance_kind", "bound", "bound_kind", "scored", "caps", "items")


@dataclass(frozen=True, eq=False)
class Known:
    """A statistic of which only the value and the resampled values are known."""

    n: int
    value: float
    samples: np.ndarray

    def over(self, counts: np.ndarray) -> np.ndarray:
        return np.array([self.value]) if len(counts) == 1 else self.samples


def beside(file: Path, ending: str) -> Path:
    """`file` with an ending; a dot in its name is no ending of it."""
    return file.with_name(file.name + ending)


def there(file: Path) -> bool:
    """Whether `save` has written it."""
    return beside(file, ".json").exists()


def kept(file: Path, run: Path, kind: str, data: str, rooms: Sequence[str], *, quick: bool = False) -> Measured:
    """What is measured of the encoder of a run, or of the `kind` of subject that stands beside it, on `data`; measured
    first where `file` is not there yet."""
    if not there(file):
        chosen = [subject for subject in subjects_of(opened([run]), Store.usual()) if subject.kind == kind]
        found = measured(chosen, [open_suite(data, quick=quick)], rooms=rooms, about=about).subjects[0]
        found.name = file.name
        save(found, file)
        print(f"{file.parent.name}: {file.name}, {found.seconds:.0f} s", flush=True)
    return load(file)


def save(found: Measured, file: Path) -> None:
    """`file`.json and `file`.npz."""
    rows = [
        {"aspect": row.aspect, "suite": row.suite, "task": row.task, "seconds": row.seconds}
        | {name: getattr(row.finding, name) for name in FIELDS}
        | {"protocol": dict(row.finding.protocol), "notes": list(row.finding.notes)}
        | {"n": row.finding.statistic.n, "value": row.finding.value}
        for row in found.rows
    ]
    told = {key: getattr(found, key) for key in ("name", "kind", "about", "flags", "seconds", "thousand")}
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(beside(file, ".npz"), values=np.array([row.values for row in found.rows]))
    missing = [asdict(one) for one in found.missing]
    temporary = beside(file, ".part")
    temporary.write_text(json.dumps(told | {"rows": rows, "missing": missing}, indent=1, default=float))
    temporary.replace(beside(file, ".json"))


def load(file: Path) -> Measured:
    """What `save` wrote. OSError where it is not there."""
    told: dict[str, Any] = json.loads(beside(file, ".json").read_text())
    with np.load(beside(file, ".npz")) as kept:
        values = kept["values"]
    rows = [
        Row(
            given["aspect"],
            given["suite"],
            given["task"],
            Finding(
                **{name: given[name] for name in FIELDS},
                statistic=Known(given["n"], given["value"], samples),
                protocol=given["protocol"],
                notes=tuple(given["notes"]),
            ),
            given["seconds"],
        )
        for given, samples in zip(told["rows"], values, strict=True)
    ]
    given = {key: told[key] for key in ("name", "kind", "about", "flags", "seconds", "thousand")}
    return Measured(**given, rows=rows, missing=[Missing(**one) for one in told["missing"]])
