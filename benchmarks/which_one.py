"""Which space has which property: encoders of one tower and equal budgets of time, measured by the five properties.

    SIGHTLINE_DATA=... python benchmarks/which_one.py            # trains what is not there, measures what is not there
    SIGHTLINE_DATA=... python benchmarks/which_one.py --spaces clip dino
    python benchmarks/which_one.py --table                       # the rows as tables, with intervals
    python benchmarks/which_one.py --transfer                    # does a score on scenes tell of real pictures?

Every encoder is a ViT of 128 x 4 at 48 px (`_spaces.py`), trained for four minutes of two cores on built-in scenes, or
on emoji; one seed. Beside them stand raw pixels and the tower untrained. Runs stay in FOLDER/runs, rows in FOLDER/rows,
one an encoder: stopped at any time, the same command goes on.

`--transfer`: the rank correlation (Spearman) over all rows of each property's score on `scenes` with an independent
measure on real pictures, which no part of the score has seen; its interval is a bootstrap over encoders. Beside it the
most that it can be where both sides are measured on so few pictures (`ceiling`).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from _atlas import data_folder, finished
from _saved import kept, load, there
from _spaces import SPACES, folder, source
from sightline.measure.finding import PROPERTIES
from sightline.measure.report.result import SCORES, Measured, Report, Score, compared

REFERENCES = ("pixels", "random")
TRANSFER = {
    "density": ("emoji", "similarity", "same concept in another style, R@1"),
    "similarity": ("caltech101", "similarity", "caltech101, kNN"),
    "text": ("coco_mini", "text", "coco_mini, retrieval R@1"),
    "text (truth)": ("nlvr", "text", "nlvr, truth of sentences"),
    "localization": ("camvid", "localization", "camvid, mIoU of a linear probe"),
    "spatial": ("rgbd_scene", "spatial", "rgbd_scene, depth"),
}
"""property -> the real set, the room that is asked, and what of it in words"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs/which_one"))
    parser.add_argument("--spaces", nargs="+", default=list(SPACES), choices=list(SPACES))
    parser.add_argument("--quick", action="store_true", help="fewer pictures, wider intervals; rows of their own")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--transfer", action="store_true")
    options = parser.parse_args()
    if options.table:
        print(table(rows(options.folder, "scenes", options.quick)))
        return
    if options.transfer:
        print(transfer(options.folder, options.quick))
        return
    for name in options.spaces:
        finished(SPACES[name].trained(), folder(options.folder, name), source(name))
    for name in [*options.spaces, *REFERENCES]:
        on(options.folder, name, "scenes", "scenes", "all", options.quick)
        for real, room, _ in TRANSFER.values():
            on(options.folder, name, real, str(data_folder() / real), room, options.quick)


def row(root: Path, name: str, suite: str, quick: bool) -> Path:
    return root / ("rows.quick" if quick else "rows") / suite / name


def on(root: Path, name: str, suite: str, data: str, rooms: str, quick: bool) -> None:
    """Measures one encoder on one suite and keeps its row, where that is not there yet."""
    run = folder(root, name if name in SPACES else next(iter(SPACES)))
    kind = name if name in REFERENCES else "encoder"
    asked = [*SCORES_OF] if rooms == "all" else [rooms]
    kept(row(root, name, suite, quick), run, kind, data, asked, quick=quick)


SCORES_OF = (*PROPERTIES, "graphics")
"""the rooms whose tables are made"""


def rows(root: Path, suite: str, quick: bool) -> list[Measured]:
    """The rows that are there, in the order of SPACES, the references last."""
    files = [row(root, name, suite, quick) for name in [*SPACES, *REFERENCES]]
    found = [load(file) for file in files if there(file)]
    for one in found:
        one.about["shape"] = "common"  # the tower untrained is beside all, whatever stands behind it
    return found


def table(found: Sequence[Measured]) -> str:
    """Spaces by properties: score and 95 % interval over what all have; then which differences to the best are real."""
    lines = ["| space | " + " | ".join(SCORES) + " |", "| --- " * (len(SCORES) + 1) + "|"]
    for one in found:
        scores = [one.score(name, common(found, name)) for name in SCORES]
        cells = ["n/a" if s is None else f"{s.value:.3f} ({s.ci[0]:.2f} to {s.ci[1]:.2f})" for s in scores]
        lines.append(f"| {one.name} | " + " | ".join(cells) + " |")
    lines.append("")
    for name in SCORES:
        scored = {one.name: score.value for one in found if (score := one.score(name, common(found, name))) is not None}
        if not scored:
            continue
        best = next(one for one in found if one.name == max(scored, key=scored.__getitem__))
        level = [
            one.name for one in found if one is not best and (c := compared(best, one, name)) is not None and not c.real
        ]
        report = Report(list(found), [])
        gain = report.gain(best, name)
        assert gain is not None
        lines.append(
            f"- {name}: {best.name}, gain {gain.value:+.3f} ({gain.ci[0]:.2f} to {gain.ci[1]:.2f})"
            + (f"; not to be told from it: {', '.join(level)}" if level else "; ahead of all others")
        )
    return "\n".join(lines)


def transfer(root: Path, quick: bool) -> str:
    """One line a property: Spearman over encoders with its interval, what noise allows, and how many encoders."""
    head = "| property on scenes | on real pictures | encoders | rank correlation | noise allows | transfers |"
    lines = [head, "| --- " * 6 + "|"]
    for title, (real, _, words) in TRANSFER.items():
        aspect = title.partition(" ")[0]
        beside = {one.name: one for one in rows(root, real, quick)}
        scenes = rows(root, "scenes", quick)
        both = [(a, beside[a.name]) for a in scenes if a.name in beside]
        pairs = [(a.score(aspect, common(scenes, aspect)), independent(b, title)) for a, b in both]
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        if len(known) < 4:
            lines.append(f"| {title} | {words} | {len(known)} | too few | | cannot be said |")
            continue
        scores, truth = (np.array([side.value for side in sides]) for sides in zip(*known, strict=True))
        most = ceiling(*(np.stack([side.samples for side in sides]) for sides in zip(*known, strict=True)))
        value, (low, high) = spearman(scores, truth), resampled(scores, truth)
        found = f"{value:.2f} ({low:.2f} to {high:.2f}) | {most:.2f} | {'yes' if value >= 0.7 else 'no'}"
        lines.append(f"| {title} | {words} | {len(known)} | {found} |")
    return "\n".join(lines)


METRICS = {
    "density": "R@1: name",
    "similarity": "kNN accuracy",
    "text": "retrieval R@1, both ways",
    "text (truth)": "truth of statements",
    "localization": "segmentation probe mIoU",
    "spatial": "depth RMSE",
}
"""what is asked of the real set"""


def independent(found: Measured, title: str) -> Score | None:
    """The value on the real set, with its sign turned where lower is better."""
    asked = [row for row in found.rows if row.finding.metric == METRICS[title]]
    if not asked:
        return None
    better = np.sign(asked[0].finding.bound - asked[0].finding.chance)
    return Score(asked[0].finding.value * better, asked[0].values * better)


def common(found: Sequence[Measured], aspect: str) -> set[tuple[str, str, str]]:
    """The scored metrics that every row has which has any: of localization and spatial those that need no words."""
    keys = [keys for one in found if (keys := one.keys(aspect))]
    return set.intersection(*keys) if keys else set()


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """The correlation of the ranks, ties at their mean."""
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def ceiling(a: np.ndarray, b: np.ndarray) -> float:
    """The rank correlation that two measures of the same thing would have by their noise alone: the root of the product
    of their reliabilities (Spearman 1904). Of samples (encoders, draws of items), the same draws for all encoders."""
    return float(np.sqrt(reliability(a) * reliability(b)))


def reliability(samples: np.ndarray) -> float:
    """The share of what lies between encoders that is no noise, t / (t + e), by the rank correlation c of two draws.

    A draw adds the noise e to values that have it already: c = (t + e) / (t + 2 e), so that t / (t + e) = 2 - 1 / c.
    """
    pairs = zip(samples.T[0:200:2], samples.T[1:200:2], strict=True)
    c = float(np.mean([spearman(one, other) for one, other in pairs if np.ptp(one) and np.ptp(other)]))
    return max(0.0, 2 - 1 / c) if c > 0 else 0.0


def resampled(a: np.ndarray, b: np.ndarray, times: int = 2000) -> tuple[float, float]:
    """The middle 95 % of Spearman's correlation over encoders drawn again."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(times):
        at = rng.integers(0, len(a), len(a))
        if np.ptp(a[at]) and np.ptp(b[at]):
            found.append(spearman(a[at], b[at]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
