"""Margin, mining and the shape of a batch of triplets against the pictures it takes to a stated recall.

    SIGHTLINE_DATA=... python benchmarks/metric/batch_tuning.py --plot docs/images/batch-tuning.svg

50 classes of caltech101 are trained (`new_classes.py`'s), the test pictures of the 50 others are asked every 25 steps:
is the nearest other one of the same class (R@1)? All runs have the same tower, views, rate, 64 pictures a batch and
steps; every one differs from the first in one thing. `to R@1 = ...` is read off the straight lines between evaluations.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import new_classes
import numpy as np
from _caltech import caltech, small, trained
from _lines import Panel, lines_svg

from sightline.data.feed.labelled import PK
from sightline.losses.metric import Hinge
from sightline.methods.metric.triplet import Config
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject
from sightline.probes.knn import KNN
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.evaluation import Evaluation
from sightline.train.recipe.recipe import Recipe

STEPS, EVERY, BATCH = 200, 25, 64
FIRST = "semihard, margin 0.2, 16 x 4"
SHAPE = PK(classes=16, samples=4)


def triplets(order: PK = SHAPE, **method: Any) -> Recipe:
    """`triplet` without its second phase."""
    return small("triplet", order, steps=STEPS, batch=BATCH, phases=(), method=Config(**method))


SETTINGS: dict[str, dict[str, Recipe]] = {
    "margin": {
        "0.5": triplets(violation=Hinge(margin=0.5)),
        "0.05": triplets(violation=Hinge(margin=0.05)),
    },
    "mining": {
        "batch hard": triplets(mining="batch_hard"),
        "all active": triplets(mining="all_active"),
    },
    "classes x pictures": {
        "32 x 2": triplets(PK(classes=32, samples=2)),
        "8 x 8": triplets(PK(classes=8, samples=8)),
    },
}
"""panel -> setting -> recipe; each panel also shows FIRST"""


@dataclass(frozen=True)
class Recall1(Probe):
    """The share of held-out pictures whose nearest other one has their label."""

    name: str = "r1"

    reads: ClassVar = frozenset({"label"})
    asks: ClassVar = "compares labels of neighbours"

    def score(self, subject: Subject) -> dict[str, float]:
        _, labels = np.unique(subject.held.labels, return_inverse=True)
        return {self.name: float((KNN(k=1).fit(subject.pictures, labels).predict_left_out() == labels).mean())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs/metric/batch_tuning"))
    parser.add_argument("--recall", type=float, default=0.15, help="the stated R@1")
    parser.add_argument("--steps", type=int, default=STEPS, help="another number wants another --folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", action="store_true", help="of the finished runs alone, nothing is trained")
    parser.add_argument("--plot", type=Path, help="an .svg")
    parser.add_argument("--json", type=Path, help="also write the curves here")
    options = parser.parse_args()
    first = curve(options, "first", triplets())
    panels = {
        panel: {name: one for name, recipe in settings.items() if (one := curve(options, f"{panel} {name}", recipe))}
        for panel, settings in SETTINGS.items()
    }
    print(table(first, panels, options.recall))
    if options.json:
        options.json.write_text(json.dumps({FIRST: first} | panels, indent=1) + "\n")
    if options.plot:
        drawn = [Panel(panel, {FIRST: first} | curves) for panel, curves in panels.items()]
        options.plot.write_text(lines_svg(drawn, x="pictures seen", y="R@1, classes never seen", level=options.recall))


Curve = list[tuple[int, float]]
"""(pictures seen, R@1)"""


def curve(options: argparse.Namespace, name: str, recipe: Recipe) -> Curve:
    """Of one run, trained first where it is not finished; empty under --table."""
    old, new = new_classes.split(options.seed)
    out = options.folder / f"{name.replace(', ', '-').replace(' ', '-')}-{options.seed}"
    if options.table and not (out / "encoder.json").exists():
        return []
    warmed = WarmupCosine(warmup=options.steps // 10)
    measured = Evaluation(every=EVERY, metric="r1", probes=(Recall1(),))
    trained(
        replace(recipe, seed=options.seed, steps=options.steps, schedule=warmed, evaluation=measured),
        caltech("train").of(old, f"caltech101, old classes {options.seed}"),
        out,
        held=caltech("test").of(new, f"caltech101, new classes {options.seed}"),
    )
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"] * BATCH, line["evaluation"]["r1"]) for line in lines if "r1" in line.get("evaluation", {})]


def reached(curve: Curve, recall: float) -> float | None:
    """The pictures seen when the curve first stands at `recall`; None where it never does."""
    for (before, low), (after, high) in zip(curve, curve[1:], strict=False):
        if low >= recall:
            return float(before)
        if high >= recall:
            return before + (after - before) * (recall - low) / (high - low)
    return None


def table(first: Curve, panels: dict[str, dict[str, Curve]], recall: float) -> str:
    rows = [("", FIRST, first)] + [
        (panel, name, one) for panel, curves in panels.items() for name, one in curves.items()
    ]
    lines = [f"| | setting | pictures to R@1 = {recall:g} | best R@1 | last R@1 |", "| --- " * 5 + "|"]
    for panel, name, one in rows:
        took, values = reached(one, recall), [value for _, value in one]
        cells = ["never" if took is None else f"{took:,.0f}", f"{max(values):.3f}", f"{values[-1]:.3f}"]
        lines.append(f"| {panel} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
