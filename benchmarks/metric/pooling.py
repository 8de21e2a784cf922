"""GeM against mean, maximum and R-MAC: pictures of one class of caltech101 found by another picture of it.

    SIGHTLINE_DATA=... python benchmarks/metric/pooling.py --each     # trains what is not there, then the tables

*One tower, read four ways*: the last map of the tower that was trained with the mean, no projection.
*Trained with each* (`--each`): the same tower, pictures, order and steps with another reading; again no projection.
The training is `new_classes.py`'s, a cosine classifier of 50 classes. Every test picture asks among all other test
pictures, once of the 50 classes trained on and once of the 50 others. Intervals are of 95 %, classes drawn again;
differences from the mean are paired. The maximum is R-MAC of one level, the whole map, which is the GeM of a large p.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import new_classes
import numpy as np
import torch
from _caltech import TOWER, caltech, difference, figure, small, trained

from sightline.probes.instances import Judged, Seen, reidentify
from sightline.towers.spec import GemMapSpec, MeanMapSpec, RMacMapSpec
from sightline.towers.spec.conv import MapPoolSpec
from sightline.train.recipe.parts import Parts

POOLS: dict[str, MapPoolSpec] = {
    "mean": MeanMapSpec(),
    "GeM": GemMapSpec(),
    "maximum": RMacMapSpec(levels=1),
    "R-MAC": RMacMapSpec(levels=3),
}
"""the first is what the others are compared with; GeM's p starts at 3"""
COLUMNS = ("classes", "pooling", "p", "mAP", "R@1", "mAP less the mean's")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs/metric/pooling"))
    parser.add_argument("--mean", type=Path, default=Path("runs/metric/new_classes"), help="new_classes.py's folder")
    parser.add_argument("--each", action="store_true", help="also train the tower with each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    mean = encoder(options, "mean")
    found = {
        "one tower, read four ways": [*rows({name: read(mean, pool) for name, pool in POOLS.items()}, options.seed)]
    }
    if options.each:
        each = {name: read(encoder(options, name), pool) for name, pool in POOLS.items()}
        found["trained with each"] = [*rows(each, options.seed)]
    for title, told in found.items():
        print(f"{title}\n\n{new_classes.table(told, COLUMNS)}\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def encoder(options: argparse.Namespace, name: str) -> Any:
    if name == "mean":
        return new_classes.encoder(options.mean, options.seed)
    recipe = small("imprinting", parts=Parts(image=replace(TOWER, pool=POOLS[name])))
    source = caltech("train").of(new_classes.split(options.seed)[0], f"caltech101, old classes {options.seed}")
    out = options.folder / f"{name.lower().replace(' ', '-')}-{options.seed}"
    return trained(replace(recipe, seed=options.seed), source, out)


def read(encoder: Any, pool: MapPoolSpec) -> tuple[np.ndarray, float | None]:
    """Vectors (n, d) of the test pictures by a reading of the tower's last map, and the power of a GeM."""
    learnt = getattr(encoder.model.image.pool, "p", None)
    reading = encoder.model.image.pool if learnt is not None else replace(TOWER, pool=pool).build().pool
    seen = encoder.features(torch.from_numpy(encoder.rule.normalised(caltech("test").pixels)))
    maps = seen.tokens.transpose(1, 2).unflatten(2, seen.grid)
    with torch.inference_mode():
        power = getattr(reading, "p", None)
        return reading(maps.cpu()).double().numpy(), None if power is None else float(power)


def rows(vectors: dict[str, tuple[np.ndarray, float | None]], seed: int) -> Iterator[dict[str, Any]]:
    truth = caltech("test").labels
    for kind, classes in zip(("trained on", "new"), new_classes.split(seed), strict=True):
        at = np.isin(truth, classes)
        plain: Judged | None = None
        for name, (made, power) in vectors.items():
            # no two pictures share a camera: each is junk to itself alone
            asked = Seen(made[at], truth[at], np.arange(at.sum()))
            found = reidentify(asked, asked)
            family = truth[at][found.asked]
            plain = plain or found
            yield {
                "classes": kind,
                "pooling": name,
                "p": "" if power is None else f"{power:.2f}",
                "mAP": figure(found.precision, family),
                "R@1": figure(found.hits[:, 0], family),
                "mAP less the mean's": "" if found is plain else difference(found.precision, plain.precision, family),
            }


if __name__ == "__main__":
    main()
