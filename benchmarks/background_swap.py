"""Background swap: is a thing found again on other ground, or only its ground? What exemplar networks are blamed for.

    SIGHTLINE_DATA=... python benchmarks/background_swap.py                          raw pixels and random towers
    SIGHTLINE_DATA=... python benchmarks/background_swap.py runs/exemplar runs/simclr    and runs or other encoders

Emoji (`emoji/test-*.tar.gz`) are cut from their white paper and put, moved by up to 15 % and scaled by up to 20 %, on
patches of photographs (`caltech101/test-*.tar`). A query is a drawing on ground A. Its candidates are the same drawing
on ground B, and `--others` other drawings of the same style on ground A, the query's own. R@1 is how often the same
drawing is nearest; every mistake is then a picture with the query's ground. So that a mistake has a choice, as many
drawings stand on grounds of their own: `ground_share` is the share of mistakes that fell for the query's ground, and
`ground_chance` what it would be for mistakes made blindly.

An encoder has two lines of JSON: `swap` true is that; `swap` false, the control, has the same drawing on ground A too,
moved anew, beside the same others. `drop` is the control's R@1 less the other's, query by query: what the swap alone
costs. Random towers (`--random`, untrained towers of those recipes in evaluation mode) are the means of three seeds.
Given encoders are compared in pairs on the same queries. Errors are by concept family. Hits of every query are saved in
`--folder`.
"""

import argparse
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import sightline
from _atlas import DRAWS, RANDOM, Pixels, Rows, error, pictures, random_tower, recipe_of, shards, spec_of
from sightline.data.array import unit
from sightline.data.decode.picture import decode
from sightline.data.sources.source import open_source

INK = 12
"""A pixel this far from white (of 255) in some channel is drawn; what it encloses belongs to the drawing too."""
STORED = 96


def cut_out(drawing: Image.Image) -> Image.Image:
    """RGBA: the paper, which is the white that reaches the border, made transparent; white inside a drawing stays."""
    rgb = np.asarray(drawing.convert("RGB").resize((STORED, STORED)), np.int16)
    paper = (255 - rgb).max(2) < INK
    reached = np.zeros_like(paper)
    reached[[0, -1]] = paper[[0, -1]]
    reached[:, [0, -1]] |= paper[:, [0, -1]]
    while True:
        grown = np.pad(reached, 1)
        spread = reached | grown[:-2, 1:-1] | grown[2:, 1:-1] | grown[1:-1, :-2] | grown[1:-1, 2:]
        spread &= paper
        if (spread == reached).all():
            break
        reached = spread
    return Image.fromarray(np.dstack([rgb.astype(np.uint8), np.where(reached, 0, 255).astype(np.uint8)]), "RGBA")


def place(drawing: Image.Image, ground: Image.Image, draws: np.random.Generator) -> Image.Image:
    """The drawing on the ground, moved by up to 15 % and scaled by up to 20 % of its size."""
    side = round(0.8 * STORED * draws.uniform(0.8, 1.2))
    corner = (STORED - side) / 2 + draws.uniform(-0.15, 0.15, 2) * STORED
    whole = ground.copy()
    small = drawing.resize((side, side), Image.Resampling.LANCZOS)
    whole.paste(small, (round(corner[0]), round(corner[1])), small)
    return whole


def patches(src: str, count: int, draws: np.random.Generator) -> list[Image.Image]:
    """`count` squares of photographs, no two of one photograph while there are enough."""
    source = open_source(src)
    made: list[Image.Image] = []
    for index in np.resize(draws.permutation(len(source)), count):
        photo = Image.fromarray(rgb_of(source[int(index)].image))
        side = round(draws.uniform(0.4, 0.8) * min(photo.size))
        left, top = (round(draws.uniform(0, extent - side)) for extent in photo.size)
        made.append(photo.crop((left, top, left + side, top + side)).resize((STORED, STORED)))
    return made


def rgb_of(picture: object) -> np.ndarray:
    """A sample's picture, in whatever form its source keeps it, as (y, x, 3) uint8."""
    return np.asarray(decode(picture))[..., :3].astype(np.uint8)


Face = Callable[[list[Image.Image]], np.ndarray]
"""pictures -> vectors (n, d)"""


def raw_pixels(shown: list[Image.Image]) -> np.ndarray:
    return Pixels().vectors(Pixels.rule.normalised(np.stack([Pixels.rule.pixels(picture) for picture in shown])))


def drawn(name: str, seed: int) -> Face:
    """The untrained tower of a recipe."""
    recipe: Any = recipe_of(name)
    tower = random_tower(recipe, seed, "float32")
    return lambda shown: pictures(tower.rule, np.stack([tower.rule.pixels(p) for p in shown]), tower.vectors)


def encoded(name: str) -> Face:
    encoder = sightline.load(name)
    return lambda shown: encoder.encode_image(shown).float().cpu().numpy()


def right(
    queries: np.ndarray, same: np.ndarray, shared: np.ndarray, own: np.ndarray
) -> tuple[np.ndarray, dict[str, float]]:
    """Which queries found the same drawing (q,), and the share of mistakes on the query's ground.

    Unit vectors: queries and same (q, d); shared and own (q, others, d), other drawings on the query's ground and on
    grounds of their own.
    """
    likeness = (queries * same).sum(1)
    on_shared, on_own = (np.einsum("qd,qod->qo", queries, part).max(1) for part in (shared, own))
    wrong = likeness <= np.maximum(on_shared, on_own)
    share = float((on_shared >= on_own)[wrong].mean()) if wrong.any() else float("nan")
    return ~wrong, {"ground_share": share, "mistakes": int(wrong.sum())}


def judged(face: Face, shown: list[Image.Image], others: int) -> tuple[np.ndarray, list[dict[str, float]]]:
    """Hits (2, q), with the swap and without, and what is said of each."""
    flat = unit(face(shown))
    vectors = flat.reshape(-1, 3 + 2 * others, flat.shape[1])
    shared, own = vectors[:, 3 : 3 + others], vectors[:, 3 + others :]
    both = [right(vectors[:, 0], vectors[:, at], shared, own) for at in (1, 2)]
    return np.stack([hits for hits, _ in both]).astype(float), [said for _, said in both]


def scene(queries: int, others: int, seed: int) -> tuple[list[Image.Image], np.ndarray]:
    """The pictures, 3 + 2 `others` a query: the query, the same drawing on ground B and on ground A, others on ground
    A and on grounds of their own; and the concept family of each query."""
    draws = np.random.default_rng(seed)
    source = open_source(shards("emoji", "test"))
    samples = [source[i] for i in range(len(source))]
    names, styles, luck = (np.array([s.extra[key] for s in samples]) for key in ("hexcode", "style", "family"))
    cut = [cut_out(Image.fromarray(rgb_of(sample.image))) for sample in samples]
    asked = draws.permutation(len(samples))[:queries]
    grounds = patches(shards("caltech101", "test"), len(asked) * (2 + others), draws)
    shown: list[Image.Image] = []
    for number, index in enumerate(asked):
        fit = np.flatnonzero((styles == styles[index]) & (names != names[index]))
        beside = draws.choice(fit, 2 * others, replace=len(fit) < 2 * others)
        ground = grounds[number * (2 + others) : (number + 1) * (2 + others)]
        behind = [ground[0], ground[1], ground[0], *[ground[0]] * others, *ground[2:]]
        drawings = [cut[index], cut[index], cut[index], *(cut[i] for i in beside)]
        shown += [place(*pair, draws) for pair in zip(drawings, behind, strict=True)]
    return shown, luck[asked]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoders", nargs="*", help="run folders, or any other encoder's name")
    parser.add_argument("--random", nargs="*", default=["exemplar", "simclr"], help="recipes whose towers are drawn")
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--others", type=int, default=10, help="other drawings, on each kind of ground, a query")
    parser.add_argument("--seed", type=int, default=0, help="of the queries and grounds")
    parser.add_argument("--folder", type=Path, default=Path("runs/background-swap"))
    options = parser.parse_args(arguments)
    rows = Rows(options.folder, ("encoder", "swap", "queries", "others", "seed"))
    shown, luck = scene(options.queries, options.others, options.seed)
    towers = {spec_of(recipe_of(name)): name for name in reversed(options.random)}
    faces: dict[str, list[Face]] = {"pixels": [raw_pixels]}
    faces |= {RANDOM + name: [drawn(name, seed) for seed in DRAWS] for name in reversed([*towers.values()])}
    faces |= {name: [encoded(name)] for name in options.encoders}
    found: dict[str, np.ndarray] = {}
    for name, drawings in faces.items():
        each = [judged(face, shown, options.others) for face in drawings]
        found[name] = np.mean([hits for hits, _ in each], axis=0)
        for at, swap in enumerate((True, False)):
            hits = found[name][at]
            row = {"encoder": name, "swap": swap, "r1": float(hits.mean()), "error": error(hits, luck)}
            row |= {key: float(np.mean([said[at][key] for _, said in each])) for key in each[0][1][0]}
            if swap:
                drop = found[name][1] - hits
                row |= {"drop": float(drop.mean()), "drop_error": error(drop, luck)}
            row |= {"queries": len(luck), "others": options.others, "seed": options.seed}
            row |= {"candidates": 1 + 2 * options.others, "chance": 1 / (1 + 2 * options.others), "ground_chance": 0.5}
            row |= against(found["pixels"][at], hits, luck, "over_pixels")
            rows.add(row, hits[None], luck)
    for one, other in combinations(options.encoders, 2):
        row = {"encoder": f"{one} against {other}", "swap": True, "queries": len(luck), "others": options.others}
        row |= {"seed": options.seed} | against(found[other][0], found[one][0], luck, "difference")
        fall = [found[name][1] - found[name][0] for name in (one, other)]
        rows.add(row | against(fall[1], fall[0], luck, "drop_difference"), found[one][:1] - found[other][:1], luck)


def against(base: np.ndarray, hits: np.ndarray, luck: np.ndarray, name: str) -> dict[str, float]:
    """How much better than `base` on the same queries, with its error."""
    return {name: float((hits - base).mean()), f"{name}_error": error(hits - base, luck)}


if __name__ == "__main__":
    main()
