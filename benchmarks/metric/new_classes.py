"""New classes on the fly: 50 classes of caltech101 are trained, 50 others imprinted from 1, 5 or 10 pictures each, and
pictures of neither are to be rejected.

    SIGHTLINE_DATA=... python benchmarks/metric/new_classes.py            # trains what is not there, then the tables

A cosine classifier (`imprinting`) learns the old classes; the weight of a new one is the mean of the unit vectors of a
few of its training pictures, on the sphere again (Qi et al. 2018), drawn 20 times. Test pictures of old and of new
classes are asked among all 100. Old classes answer by their learnt weights, or, as `imprinted too`, by the mean of all
their training pictures as new ones do.

Rejection: the new classes are dealt to five groups of ten, of which one in turn is not imprinted: its test pictures are
of neither. The score of a picture is its greatest cosine with any class; strangers are what falls below a threshold.
`clothing` (SIGHTLINE_DATA) are strangers of another kind. Intervals are of 95 %, classes drawn again.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from _caltech import SIZE, VIEW, caltech, embed, figure, shards, small, trained, vectors

from sightline.data.array import unit
from sightline.data.prepare.preprocess import opened
from sightline.data.sources.source import open_source
from sightline.probes.verification import Curve, roc

OLD, GROUPS, DRAWS = 50, 5, 20
SHOTS = (1, 5, 10)
WORDS = {True: "learnt", False: "imprinted too"}
"""of old classes"""
REJECTED = 0.1
"""share of pictures of known classes that are rejected with the strangers"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs/metric/new_classes"))
    parser.add_argument("--seed", type=int, default=0, help="of the split, the training and the pictures shown")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    found = [*accuracies(options.folder, options.seed)]
    refused = [*rejections(options.folder, options.seed)]
    print(table(found, ("weights", "shots", "old", "new", "all", "old among old", "new among new")))
    print("\n" + table(refused, ("weights", "shots", "strangers", "AUROC", "rejected")))
    if options.json:
        options.json.write_text(json.dumps({"accuracies": found, "rejections": refused}, indent=1) + "\n")


def split(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(old, new) classes."""
    order = np.random.default_rng(seed).permutation(100)
    return np.sort(order[:OLD]), np.sort(order[OLD:])


def run(folder: Path, seed: int) -> Path:
    return folder / f"classifier-{seed}"


def encoder(folder: Path, seed: int) -> Any:
    """The classifier of the old classes."""
    source = caltech("train").of(split(seed)[0], f"caltech101, old classes {seed}")
    return trained(replace(small("imprinting"), seed=seed), source, run(folder, seed))


class Space:
    """Unit vectors of both parts, and weights of classes."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.old, self.new = split(seed)
        self.seed, self.encoder = seed, encoder(folder, seed)
        made = vectors(run(folder, seed), lambda: self.encoder)
        self.train, self.test = unit(made["train"]), unit(made["test"])
        self.labels, self.truth = caltech("train").labels, caltech("test").labels
        self.learnt = unit(self.encoder.model.classes.weight)

    def shown(self, c: int, shots: int | None, draw: int) -> np.ndarray:
        """The unit weight of a class from some of its training pictures, or from all."""
        mine = np.flatnonzero(self.labels == c)
        rng = np.random.default_rng((self.seed, draw, c))
        return unit(self.train[rng.permutation(mine)[:shots]].mean(0))

    def weights(self, shots: int | None, draw: int, learnt: bool) -> np.ndarray:
        """(100, d): of old classes the learnt weights or the mean of all pictures, of new ones imprinted."""
        made = np.zeros((100, self.train.shape[1]), np.float32)
        made[self.old] = self.learnt if learnt else [self.shown(c, None, 0) for c in self.old]
        made[self.new] = [self.shown(c, shots, draw) for c in self.new]
        return made


def accuracies(folder: Path, seed: int) -> Iterator[dict[str, Any]]:
    space = Space(folder, seed)
    is_old = np.isin(space.truth, space.old)
    for learnt, shots in product((True, False), (*SHOTS, None)):
        hits, apart = [], []
        for draw in range(1 if shots is None else DRAWS):
            cosines = space.test @ space.weights(shots, draw, learnt).T
            hits.append(cosines.argmax(1) == space.truth)
            # among the classes of its own kind alone
            other = np.where(is_old[:, None], np.isin(np.arange(100), space.new), np.isin(np.arange(100), space.old))
            apart.append(np.where(other, -np.inf, cosines).argmax(1) == space.truth)
        right, among = np.mean(hits, axis=0), np.mean(apart, axis=0)
        yield {
            "weights": WORDS[learnt],
            "shots": shots or "all",
            "old": figure(right[is_old], space.truth[is_old]),
            "new": figure(right[~is_old], space.truth[~is_old]),
            "all": figure(right, space.truth),
            "old among old": figure(among[is_old], space.truth[is_old]),
            "new among new": figure(among[~is_old], space.truth[~is_old]),
        }


def rejections(folder: Path, seed: int) -> Iterator[dict[str, Any]]:
    space = Space(folder, seed)
    groups = np.random.default_rng(seed).permutation(space.new).reshape(GROUPS, -1)
    others = unit(embed(space.encoder, clothing()))
    for learnt, shots in product((True, False), (*SHOTS, None)):
        left, far = [], []
        for draw in range(1 if shots is None else DRAWS):
            weights = space.weights(shots, draw, learnt)
            for group in groups:
                known = np.setdiff1d(np.arange(100), group)
                greatest = (space.test @ weights[known].T).max(1)
                stranger = np.isin(space.truth, group)
                left.append(roc(greatest, ~stranger))
                scores = np.concatenate([greatest[~stranger], (others @ weights[known].T).max(1)])
                far.append(roc(scores, np.arange(len(scores)) < (~stranger).sum()))
        asked = {"weights": WORDS[learnt], "shots": shots or "all"}
        yield asked | {"strangers": "ten classes left out"} | told(left)
        yield asked | {"strangers": "clothing"} | told(far)


def told(curves: list[Curve]) -> dict[str, Any]:
    """Means, and from the least to the greatest of the five groups, over draws."""
    auc = np.array([one.auc for one in curves]).reshape(-1, GROUPS).mean(0)
    at = [1 - one.far[np.flatnonzero(one.tar >= 1 - REJECTED)[0]] for one in curves]
    rejected = np.array(at).reshape(-1, GROUPS).mean(0)
    return {
        "AUROC": f"{auc.mean():.3f} ({auc.min():.3f} to {auc.max():.3f})",
        "rejected": f"{rejected.mean():.3f} ({rejected.min():.3f} to {rejected.max():.3f})",
    }


def clothing() -> np.ndarray:
    source: Any = open_source(shards("clothing", "test"))
    return np.stack([VIEW.pixels(opened(source[i].image, SIZE, reduce=SIZE)) for i in range(len(source))])


def table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "| --- " * len(columns) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(str(row[name]) for name in columns) + " |" for row in rows)])


if __name__ == "__main__":
    main()
