"""What each term buys: seven ways to learn from words, equal towers, steps and pictures, measured by five properties.

    python benchmarks/atlas_text.py                       # trains what is not there, measures what is not there
    python benchmarks/atlas_text.py --methods siglip siglip2 --seeds 0 1 2
    python benchmarks/atlas_text.py --table               # the rows as a table, and SigLIP 2 against SigLIP
    python benchmarks/atlas_text.py --check               # one row drawn at random is made again (make atlas-check)

CLIP, SigLIP, SILC, TIPS, CapPa, LocCa and SigLIP 2 on a ViT of 96 x 4 at 48 px (`_texts.py`), 8,000 pictures of
`scenes?level=2`, 700 batches of 32; at most five minutes of two cores a method. Runs stay in FOLDER/runs, what was
measured in FOLDER/rows; ROWS gets one JSON line a method and seed. Stopped at any time, the same command goes on.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from _atlas import finished, markdown, seconds_of, spread
from _saved import kept, there
from _texts import BATCH, METHODS, SCENES, STEPS
from sightline.data.atomic import atomic_write
from sightline.measure.finding import PROPERTIES
from sightline.measure.report.result import Measured

ROWS = Path(__file__).parent / "rows" / "atlas_text.jsonl"
LEVEL2 = "scenes:test?level=2&n=800"
SUITES = {"scenes": ("scenes", PROPERTIES), "level2": (LEVEL2, ("text",))}
"""what is measured on, and which rooms are asked there: all five, and once more the pictures that were learnt from"""
COLUMNS = {
    "retrieval": ("level2", "retrieval R@1, both ways"),
    "attributes": ("scenes", "hard negatives: attribute"),
    "relations": ("scenes", "hard negatives: relation"),
    "patch_text": ("scenes", "patch-text mIoU"),
    "pointing": ("scenes", "pointing game"),
    "referring": ("scenes", "referring box at IoU 0.5"),
    "segmentation": ("scenes", "segmentation probe mIoU"),
    "depth_order": ("scenes", "which lies in front"),
    "sides": ("scenes", "left/right and above/below captions"),
}
"""column -> the suite and metric it is taken from"""
SPREAD = 3.0
"""of the check: how many errors of two measurements apart a row may come out again; an error is the width of a column's
interval, and the deviation between seeds where that is more"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs/atlas_text"))
    parser.add_argument("--rows", type=Path, default=ROWS)
    parser.add_argument("--methods", nargs="+", default=[*METHODS], choices=[*METHODS])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--row", help="which row the check makes again, as METHOD.SEED; default: one at random")
    options = parser.parse_args()
    if options.table:
        print(table(rows(options.rows)))
        print()
        print(against(options.folder, "siglip2", "siglip"))
    elif options.check:
        check(rows(options.rows), options.row)
    else:
        for method in options.methods:
            for seed in options.seeds:
                add(options.rows, made(options.folder, method, seed))


def made(root: Path, method: str, seed: int) -> dict[str, Any]:
    """The row of a method and seed: trained and measured first where it is not."""
    run = finished(METHODS[method](), folder(root, method, seed), SCENES, [f"seed={seed}"])
    row: dict[str, Any] = {"method": method, "seed": seed, "steps": STEPS, "batch": BATCH}
    row["train_seconds"] = round(seconds_of(run))
    found = {suite: on(root, method, seed, suite) for suite in SUITES}
    for column, (suite, metric) in COLUMNS.items():
        row |= dict(zip((column, f"{column}_error"), told(found[suite], metric), strict=True))
    for name in PROPERTIES:
        score = found["scenes"].score(name)
        row[name] = None if score is None else round(score.value, 4)
    return row


def told(found: Measured, metric: str) -> tuple[float | None, float | None]:
    """A metric's value and the standard error of it over items; None where the encoder could not be asked."""
    asked = [row for row in found.rows if row.finding.metric == metric]
    if not asked:
        return None, None
    return round(asked[0].finding.value, 4), round(float(np.nanstd(asked[0].values)), 4)


def folder(root: Path, method: str, seed: int) -> Path:
    return root / "runs" / f"{method}.{seed}"


def on(root: Path, method: str, seed: int, suite: str) -> Measured:
    """What was measured of a run on a suite, measured first where it is not there yet."""
    run = folder(root, method, seed)
    return kept(root / "rows" / suite / run.name, run, "encoder", *SUITES[suite])


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def add(file: Path, row: dict[str, Any]) -> None:
    """One line a method and seed, in the order of METHODS; an older one is replaced."""
    others = [old for old in rows(file) if (old["method"], old["seed"]) != (row["method"], row["seed"])]
    order = [*METHODS]
    every = sorted([*others, row], key=lambda one: (order.index(one["method"]), one["seed"]))
    with atomic_write(file) as [temporary]:
        temporary.write_text("".join(json.dumps(one) + "\n" for one in every))
    print(json.dumps(row), flush=True)


def table(found: Sequence[dict[str, Any]]) -> str:
    """Methods by columns: the mean over seeds, ± the standard error over items, [the deviation over seeds]."""
    columns = [*COLUMNS, *PROPERTIES]
    lines = []
    for method in METHODS:
        mine = [row for row in found if row["method"] == method]
        if mine:
            minutes = np.mean([row["train_seconds"] for row in mine]) / 60
            lines.append([method, *(cell(mine, column) for column in columns), f"{minutes:.1f}"])
    return markdown(["method", *columns, "minutes"], lines)


def cell(mine: Sequence[dict[str, Any]], column: str) -> str:
    asked = [row for row in mine if row[column] is not None]
    if not asked:
        return "n/a"
    text = f"{np.mean([row[column] for row in asked]):.3f}"
    if (error := mine[0].get(f"{column}_error")) is not None:
        text += f" ± {error:.3f}"
    return text + spread(asked, column)


def against(root: Path, one: str, other: str) -> str:
    """Column by column: the paired difference of the means over the seeds both have, and its 95 % interval."""
    seeds = [s for s in range(100) if all(there(root / "rows" / "scenes" / f"{name}.{s}") for name in (one, other))]
    lines = [f"{one} - {other}, {len(seeds)} seeds:", ""]
    for column, (suite, metric) in COLUMNS.items():
        sides = [np.stack([drawn(root, name, s, suite, metric) for s in seeds]) for name in (one, other)]
        apart = (sides[0] - sides[1])[:, 1:].mean(axis=0)
        value = float((sides[0] - sides[1])[:, 0].mean())
        low, high = np.nanquantile(apart, [0.025, 0.975])
        each = ", ".join(f"{v:+.3f}" for v in (sides[0] - sides[1])[:, 0])
        lines.append(f"- {column}: {value:+.3f} ({low:+.3f} to {high:+.3f}); by seed {each}")
    return "\n".join(lines)


def drawn(root: Path, method: str, seed: int, suite: str, metric: str) -> np.ndarray:
    """The value of a metric, then its values over items drawn again: the same draws for every encoder."""
    row = next(row for row in on(root, method, seed, suite).rows if row.finding.metric == metric)
    return np.concatenate([[row.finding.value], row.values])


def check(found: Sequence[dict[str, Any]], name: str | None) -> None:
    """Makes one row again, in a folder of its own, and compares it with what is written. Exits with 1 where a column
    came out elsewhere."""
    if not found:
        raise SystemExit("there is no row to make again: python benchmarks/atlas_text.py")
    named = {f"{row['method']}.{row['seed']}": row for row in found}
    if name is not None and name not in named:
        raise SystemExit(f"no row {name}; there are {', '.join(named)}")
    row = named[name or random.choice([*named])]
    print(f"{row['method']}.{row['seed']}: {row['train_seconds']} s of training, then it is measured", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        again = made(Path(folder), row["method"], row["seed"])
    off = []
    for column in COLUMNS:
        if row[column] is None:
            continue
        allowed = SPREAD * error_of(found, column, row)
        apart = abs(again[column] - row[column])
        print(f"{column:<14} {row[column]:.3f} then, {again[column]:.3f} now, {allowed:.3f} apart is allowed")
        off += [column] if apart > allowed else []
    if off:
        raise SystemExit(f"elsewhere than written: {', '.join(off)}")


def error_of(found: Sequence[dict[str, Any]], column: str, row: dict[str, Any]) -> float:
    """The larger of a column's error over items and its deviation over the seeds of any method."""
    deviations = [
        np.std(values, ddof=1)
        for method in METHODS
        if len(values := [r[column] for r in found if r["method"] == method and r[column] is not None]) > 1
    ]
    return float(max(row[f"{column}_error"], *deviations, 0.0))


if __name__ == "__main__":
    main()
