"""How often the part that an explanation frames lies on what the words say, in pictures whose every thing is known.

    python benchmarks/search/explain.py runs/silc runs/siglip builtin:icons --n 150

Every thing of `scenes:test?level=1` is asked for as captions call it ("a black anchor"), and counts where the middle of
the best part lies on one of its visible pixels (the pointing game). By occlusion and, of encoders in torch, by patches.
Chance is a part drawn at random; the bound a heat map that knows the answer. Intervals (95 %) by the bootstrap over
pictures. Seconds are one explanation's, on this machine.
"""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from sightline.measure.localization.things import Things, things
from sightline.measure.suite.opened import open_suite
from sightline.search.encoder import open_encoder
from sightline.search.explain.explain import WAYS, Explanation, explain, way_of
from sightline.search.explain.hit import sought_words

DRAWS = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoders", nargs="+")
    parser.add_argument("--suite", default="scenes")
    parser.add_argument("--n", type=int, default=10_000, help="things at most")
    parser.add_argument("--plain", action="store_true", help="words alone, not against what fits any picture")
    parser.add_argument("--squares", type=int, nargs="+", default=[6])
    options = parser.parse_args()
    found = things(open_suite(options.suite))
    assert isinstance(found, Things), found
    print("| encoder | way | hits | 95 % | chance | bound | things | s |\n| --- " + "| --- " * 7 + "|")
    for name in options.encoders:
        encoder = open_encoder(name, "cpu")
        for way in WAYS:
            try:
                way_of(encoder, way)
            except ValueError:
                continue
            for squares in options.squares if way == "occlusion" else [0]:
                row(name, encoder, way, squares, found, options.n, options.plain)


def row(name: str, encoder: Any, way: Any, squares: int, found: Things, most: int, plain: bool) -> None:
    hits, chance, bound, seconds = [], [], [], []
    sought = {words: sought_words(encoder, words) for words in found.phrases}
    pictures = list(found.board.pictures.items)
    some = found.things[:most]
    for thing in some:
        given: dict[str, Any] = {"squares": squares} if squares else {}
        given["against"] = None if plain else sought[thing.words].against
        told = explain(encoder, pictures[thing.picture], sought[thing.words].vector, by=way, **given)
        on = middles(told, thing.area)
        hottest = told.heat >= told.heat.max()
        hits.append(float(on[hottest].mean()))
        chance.append(float(on.mean()))
        bound.append(float(on.any()))
        seconds.append(told.seconds)
    low, high = interval(np.array(hits), [thing.picture for thing in some])
    said = f"{way} {squares} x {squares}" if squares else way
    print(
        f"| {name} | {said} | {np.mean(hits):.3f} | {low:.2f} to {high:.2f} | {np.mean(chance):.3f} | "
        f"{np.mean(bound):.3f} | {len(hits)} | {np.median(seconds):.3f} |",
        flush=True,
    )


def middles(told: Explanation, area: np.ndarray) -> np.ndarray:
    """Bool (rows, columns): whether the middle of each cell lies on the thing; these pictures are square and whole."""
    rows, columns = told.heat.shape
    side = len(area)
    down = ((np.arange(rows) + 0.5) / rows * side).astype(int)
    across = ((np.arange(columns) + 0.5) / columns * side).astype(int)
    return area[np.ix_(down, across)]


def interval(hits: np.ndarray, family: Sequence[int]) -> tuple[float, float]:
    """Of the mean, drawing pictures with all their things."""
    random, groups = np.random.default_rng(0), np.unique(family, return_inverse=True)[1]
    sums, counts = np.bincount(groups, hits), np.bincount(groups)
    drawn = random.integers(0, len(sums), (DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


if __name__ == "__main__":
    main()
