"""Triplets of emoji: the concept is the class, its drawings in several styles are the pictures.

    SIGHTLINE_DATA=... PYTHONPATH=benchmarks python benchmarks/metric/emoji_triplet.py   # into runs/metric
    SIGHTLINE_DATA=... python benchmarks/reidentify.py builtin:icons runs/metric/triplet.emoji ...

The tower, picture size, views, steps and batch of `dino.emoji` (`benchmarks/_spaces.py`): 300 steps of 64 pictures,
each seen once where DINO sees four views of it. Batches are 16 concepts x 4 styles, negatives
semi-hard throughout: the hardest from step 45 on ended in one point.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from _caltech import Labelled, shards, small, trained

from _spaces import DRAWN, SIZE, SPACES, TOWER
from sightline.data.decode.picture import decode
from sightline.data.feed.labelled import PK
from sightline.data.sources.source import open_source
from sightline.recipes.find import find
from sightline.train.recipe.parts import Parts

LIKE = SPACES["dino.emoji"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/metric/triplet.emoji"))
    options = parser.parse_args()
    trained(recipe(), concepts(), options.out)


def recipe() -> Any:
    base = find("triplet")
    views = replace(base.data.views, **DRAWN)
    return small(
        "triplet",
        steps=LIKE.steps,
        batch=LIKE.batch,
        optim=base.optim,
        phases=(),
        parts=Parts(image=TOWER),
        data=replace(base.data, size=SIZE, order=PK(classes=16, samples=4), views=views),
    )


def concepts() -> Labelled:
    """The training part, labelled by concept."""
    source: Any = open_source(shards("emoji", "train"))
    samples = [source[i] for i in range(len(source))]
    names, labels = np.unique([sample.extra["hexcode"] for sample in samples], return_inverse=True)
    decoded = [replace(sample, image=decode(sample.image)) for sample in samples]
    return Labelled(decoded, labels, names.tolist(), "emoji, by concept")


if __name__ == "__main__":
    main()
