"""Do captions, masks and views made for photographs capture what graphics mean? Three questions on generated designs.

    python benchmarks/graphics.py                          # trains what is not there, measures what is not there
    python benchmarks/graphics.py --questions captions --seeds 0 1 2
    python benchmarks/graphics.py --table                  # the rows as tables, with paired differences

All on `scenes` of level 4, designs with widgets: 12,000 are trained on, 1,500 fresh ones asked about. Within a question
equal towers, steps and pictures; at most two and a half minutes of two cores an arm (`_graphics.py`).

captions  one CLIP, three ways to caption a design: by names ("a star rating, a tent and a text"), by meaning ("4 out of
          5 stars, a tent and the text "PRO""), by sub-elements (one or two of "a blue 75 % battery in the top right").
          No false captions. Asked, each arm in its own wording: the right value of a widget among all it can show (of a
          clock the hour); the right description of an element among four, its own, and with the colour, the place, or
          both of another element of the design; the right thing, and the right word, among eight; and caption to
          picture R@1, where any picture that the caption is true of is right.
masks     one MAE, which hides as many patches of each design (19 of 64): any, whole elements, only patches of one flat
          colour, never such a patch.
views     SimCLR on photographs' views (crops, mirrors, other colours) and on views of graphics (whole, other grounds,
          colours and lines).

Of masks and views a ridge probe reads values, things, style, layout and palette, from the vector of the picture and
from its patches (means of 2 x 2 of them, side by side), beside the tower untrained and raw pixels; then figures of
`sightline measure`: invariance, meaning, segmentation. Intervals: 95 %, over designs drawn again, the same draws
for all arms. Stopped at any time, the same command goes on.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import sightline
from _asked import answered, labels, questions, read, retrieved
from _atlas import Rows, finished, grouped, markdown, ran, seconds_of, work
from _graphics import FITTED, QUESTIONS, TESTED, TRAINED, Designs, hidden, pictures, scenes, source_of
from _saved import kept, load
from sightline.measure.face import opened
from sightline.measure.pictures import Pictures
from sightline.measure.run import subjects_of
from sightline.measure.subject.store import Store
from sightline.probes.paired import interval

KEYS = ("question", "method", "seed", "steps", "quick")
RANDOM_OF = {"untrained": "random", "pixels": "pixels"}
"""a reference -> its kind of subject"""
ROOMS = ("graphics", "localization")
METRICS = {"meaning, 0.5 by luck": "meaning", "segmentation, mIoU": "segmentation probe mIoU"}
"""told as they are: the score of `semantics` is cut off at 0, and there are all towers that looks move further"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs/graphics"))
    parser.add_argument("--questions", nargs="+", default=[*QUESTIONS], choices=[*QUESTIONS])
    parser.add_argument("--arms", nargs="+", help="of the questions; default: all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, help="of every training; rows of their own")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the designs; rows of their own")
    parser.add_argument("--list", action="store_true", help="which rows are there and which are not")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    rows = Rows(options.folder, KEYS)
    if options.table:
        print("\n\n".join(table(rows, question, options) for question in options.questions))
        return
    work(rows, wanted(options), one, options)


def wanted(options: argparse.Namespace) -> list[dict[str, Any]]:
    """What each row is known by: references once, whatever the seeds."""
    found = []
    for name in options.questions:
        question = QUESTIONS[name]
        said = {"question": name, "steps": options.steps or question.steps, "quick": "quick" * options.quick}
        found += [said | {"method": arm, "seed": seed} for arm in question.arms for seed in options.seeds]
        found += [said | {"method": arm, "seed": 0} for arm in question.references]
    return [row for row in found if options.arms is None or row["method"] in options.arms]


def one(rows: Rows, row: dict[str, Any], options: argparse.Namespace) -> None:
    """Trains what a row needs, measures it and adds the row; its scores are in the order of `scores`."""
    question, arm = QUESTIONS[row["question"]], row["method"]
    print(f"{row['question']}: {arm}, seed {row['seed']}", flush=True)
    run = trained(rows, row | {"method": arm if arm in question.arms else next(iter(question.arms))}, options)
    if arm in question.arms:
        row |= ran(run) | {"train_seconds": round(seconds_of(run))}
    began = time.monotonic()
    if row["question"] == "captions":
        found, luck = of_words(run, arm, options)
    else:
        found, luck = of_probes(run, arm, options)
        kind = RANDOM_OF.get(arm, "encoder")
        kept(measurement(rows, row), run, kind, "scenes", ROOMS, quick=options.quick)
    if row["question"] == "masks" and arm in question.arms:
        row |= hidden(arm, pictures(source_of(TESTED, options.quick), options.folder / "designs"))
    row |= {"scores": [*found], "luck": luck, "values": {name: mean(right) for name, right in found.items()}}
    row |= {"seconds": round(time.monotonic() - began), "torch": torch.__version__}
    rows.add(row, np.array([*found.values()], float))


def trained(rows: Rows, row: dict[str, Any], options: argparse.Namespace) -> Path:
    """The run of a row's arm, trained first where it is not finished."""
    source = Designs(source_of(TRAINED, options.quick), rows.folder / "designs")
    recipe = QUESTIONS[row["question"]].arms[row["method"]](row["steps"])
    return finished(recipe, rows.folder / "runs" / rows.name(row), source, [f"seed={row['seed']}"])


def drawn(src: str, options: argparse.Namespace) -> tuple[Any, Pictures]:
    """The designs of a SRC and their pictures."""
    src = source_of(src, options.quick)
    return scenes(src), Pictures([*pictures(src, options.folder / "designs")])


def of_words(run: Path, arm: str, options: argparse.Namespace) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Hits by design (n,) of every question of words, and by luck."""
    encoder = sightline.load(str(run))
    designs, seen = drawn(TESTED, options)
    vectors = encoder.encode_image(list(seen.items)).cpu().numpy()
    found, luck = answered(encoder, vectors, [*questions(arm, designs)])
    for name, wording in (("R@1, own captions", arm), ("R@1, names", "names")):
        found[name], luck[name] = retrieved(encoder, vectors, wording, designs)
    return found, luck


def of_probes(run: Path, arm: str, options: argparse.Namespace) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Hits by design (n,) of every question of probes, from vectors and from patches, and by luck."""
    kind = RANDOM_OF.get(arm, "encoder")
    subject = next(s for s in subjects_of(opened([run]), Store(None)) if s.kind == kind)
    (learnt, fitted), (asked, tested) = drawn(FITTED, options), drawn(TESTED, options)
    answers = labels(learnt), labels(asked)
    sides = {
        "vector": [subject.vectors(some) for some in (fitted, tested)],
        "patches": [by_twos(subject.tokens(some)) for some in (fitted, tested)],
    }
    found, luck = {}, {}
    for side, (one, other) in sides.items():
        right, chance = read(one, other, *answers)
        found |= {f"{name}, {side}": hits for name, hits in right.items()}
        luck |= {f"{name}, {side}": share for name, share in chance.items()}
    return found, luck


def by_twos(tokens: np.ndarray) -> np.ndarray:
    """(n, gy, gx, d) -> the means of squares of 2 x 2, side by side: (n, gy gx d / 4)."""
    n, gy, gx, d = tokens.shape
    return tokens.reshape(n, gy // 2, 2, gx // 2, 2, d).mean(axis=(2, 4)).reshape(n, -1)


def measurement(rows: Rows, row: dict[str, Any]) -> Path:
    return rows.folder / "measured" / rows.name(row)


def table(rows: Rows, question: str, options: argparse.Namespace) -> str:
    """A line a score: luck, the arms, and the paired differences of arms with their 95 % intervals."""
    asked = QUESTIONS[question]
    steps = options.steps or asked.steps
    mine = [row for row in rows.all() if (row["question"], bool(row["quick"])) == (question, options.quick)]
    found = {arm: members for (arm,), members in grouped([r for r in mine if r["steps"] == steps], "method").items()}
    arms = [arm for arm in (*asked.references[::-1], *asked.arms) if arm in found]
    if not arms:
        return f"{question}: no rows of {steps} steps yet"
    pairs = [pair for pair in asked.against if set(pair) <= set(arms)]
    hits = {arm: rows.hits(found[arm]) for arm in arms}
    lines = []
    for at, name in enumerate(found[arms[0]][0]["scores"]):
        kept = np.isfinite([hits[arm][at] for arm in arms]).all(axis=0)
        each = {arm: hits[arm][at][kept] for arm in arms}
        luck = np.mean([found[arm][0]["luck"][name] for arm in arms])
        line = [name, str(int(kept.sum())), f"{luck:.3f}", *(f"{each[arm].mean():.3f}" for arm in arms)]
        line += [shown(float((each[a] - each[b]).mean()), interval(each[a], each[b])) for a, b in pairs]
        lines.append(line)
    if question != "captions":
        lines += measured_lines(rows, found, arms, pairs)
    seeds = ", ".join(f"{arm} {len(found[arm])}" for arm in arms)
    head = [question, "designs", "luck", *arms, *(f"{a} - {b}" for a, b in pairs)]
    below = f"{steps} steps; seeds: {seeds}."
    for arm in arms:
        first = found[arm][0]
        if "masked_solid" in first:
            below += f" {arm}: {first['masked_solid']:.2f} of the masked patches are flat,"
            below += f" {first['masked_ink']:.2f} of the ink is masked."
    return f"{markdown(head, lines)}\n\n{below}"


def measured_lines(
    rows: Rows, found: dict[str, list[dict[str, Any]]], arms: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> list[list[str]]:
    """What `sightline measure` found, the mean over seeds: of the values, and of those over items drawn again."""
    lines = []
    for name in ("invariance", *METRICS):
        drawn = {arm: np.mean([told(load(measurement(rows, row)), name) for row in found[arm]], axis=0) for arm in arms}
        line = [name, "", "", *(f"{drawn[arm][0]:.3f}" for arm in arms)]
        for a, b in pairs:
            apart = drawn[a] - drawn[b]
            low, high = np.nanquantile(apart[1:], [0.025, 0.975])
            line.append(shown(float(apart[0]), (float(low), float(high))))
        lines.append(line)
    return lines


def told(found: Any, name: str) -> np.ndarray:
    """A score, or the value of a metric, and behind it the same over items drawn again."""
    if name in METRICS:
        row = next(row for row in found.rows if row.finding.metric == METRICS[name])
        return np.concatenate([[row.finding.value], row.values])
    score = found.score(name)
    return np.concatenate([[score.value], score.samples])


def shown(value: float, between: tuple[float, float]) -> str:
    """A difference with its interval; in bold where that leaves out 0."""
    text = f"{value:+.3f} ({between[0]:+.3f} to {between[1]:+.3f})"
    return f"**{text}**" if between[0] > 0 or between[1] < 0 else text


def mean(right: np.ndarray) -> float:
    return round(float(np.nanmean(right)), 5)


if __name__ == "__main__":
    main()
