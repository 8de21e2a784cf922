"""The same concept in another drawing style: what views made for photographs and views made for graphics teach.

    SIGHTLINE_DATA=... python benchmarks/atlas_emoji.py --methods pixels random:simclr
    SIGHTLINE_DATA=... python benchmarks/atlas_emoji.py --methods simclr byol        # two runs a method
    SIGHTLINE_DATA=... python benchmarks/atlas_emoji.py --table

Emoji in eight styles; the concepts of the test part are not in the training part. A query is a test picture, the
candidates are all others; it is right when the nearest (cosine) is the query's concept in another style. Three scores,
by how the pictures are shown (drawn by a fixed seed):

plain    cut out of the white, moved by up to 15 %, scaled by up to 20 %, on a random plain colour. The graphics views
         do the same three things in training (`Cutout`, `Affine`, and `Background` with a random colour for a third of
         the pictures), so this score shares its operations with them, and none with the photo views but the moving.
photo    cut out and moved in the same way, on patches of photographs (caltech101, test): such grounds are in neither.
white    as they are, unmoved on their white: the white around a drawing can be what is found.

A method is trained twice, with photo views and with graphics views, and otherwise as its `small` recipe says. Beside
it stand raw pixels and its own tower untrained, at three seeds. Errors are by concept family: the queries of one family
are not independent.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from _atlas import (
    Rows,
    arguments,
    difference,
    encoded_by,
    error,
    figure,
    grouped,
    in_kinds,
    is_trained,
    jobs,
    markdown,
    note,
    part,
    recipe_of,
    reference,
    shards,
    spec_of,
    spread,
    title,
    work,
)
from background_swap import patches
from sightline.data.array import unit
from sightline.data.augment import Affine, Augment, Background, Cutout
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import Op, Pictures
from sightline.data.prepare.preprocess import Preprocess
from sightline.probes.rankme import rankme

METHODS = ("simclr", "simclr.vit", "byol", "dino.graphics", "ibot.graphics", "mae")
KINDS = ("photo", "graphics")
SCORES = ("plain", "photo", "white")
KEYS = ("method", "views", "seed", "overrides")
SEED = 0
"""of the grounds and moves"""


def main() -> None:
    parser = arguments(__doc__, "runs/atlas-emoji", ["pixels", *METHODS])
    parser.add_argument("--views", nargs="+", default=KINDS, choices=KINDS)
    options = parser.parse_args()
    rows = Rows(options.folder, KEYS)
    if options.table:
        print(table(rows))
    else:
        wanted = in_kinds(jobs(options.methods, options.seeds), options.views)
        work(rows, (begun(*job, options) for job in wanted), one, options)


def begun(method: str, kind: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """What a row is known by."""
    said = " ".join(options.overrides) if method != "pixels" else ""
    spec = spec_of(recipe_of(method, options.overrides))
    return {"method": method, "views": kind, "seed": seed, "overrides": said, "spec": spec}


def one(rows: Rows, row: dict[str, Any], options: argparse.Namespace) -> None:
    """Trains where needed, embeds the pictures as the three scores show them, and adds the row."""
    method, kind, seed = row["method"], row["views"], row["seed"]
    print(f"{method}, {kind} views, seed {seed}", flush=True)
    overrides = [*options.overrides]
    if is_trained(method):
        overrides = [f"data.views.kind={kind}", *overrides]
    run, recipe = options.folder / "runs" / rows.name(row), recipe_of(method, overrides)
    encoder, said = encoded_by(method, recipe, seed, run, "emoji", overrides, options.precision)
    row |= said
    began = time.monotonic()
    test = part("emoji", "test", Preprocess(size=96))
    concept, families = test.column("hexcode"), test.families
    asked = has_other_style(concept)
    hits, vectors = [], np.empty(0)
    for score in SCORES:
        vectors = encoder.vectors(shown(test.pixels, encoder.rule, operations(score, len(concept))))
        hits.append(first_is_concept(vectors, concept)[asked].astype(float))
        judged = None if families is None else families[asked]
        row |= {score: float(hits[-1].mean()), f"{score}_error": error(hits[-1], judged)}
    row |= {"queries": int(asked.sum()), "n": len(concept), "dim": vectors.shape[1]}
    row |= {"rankme": None if method == "pixels" else rankme(vectors), "seconds": round(time.monotonic() - began)}
    row |= {"precision": encoder.precision, "torch": torch.__version__, "threads": torch.get_num_threads()}
    rows.add(row, np.stack(hits), None if families is None else families[asked])


@dataclass(frozen=True, eq=False)
class OnPhotographs:
    """Each picture on the patch of its own number: `grounds` uint8 (n, 3, y, x)."""

    grounds: torch.Tensor

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        alpha = pictures.alpha
        if alpha is None or pictures.image.shape[1] != 4:
            return pictures
        chosen = self.grounds[torch.from_numpy(draws.index % len(self.grounds))].float() / 255
        behind = F.interpolate(chosen, pictures.image.shape[2:], mode="bilinear", antialias=True)
        return replace(pictures, image=pictures.image[:, :3] + (1 - alpha)[:, None] * behind)


@cache
def photographs(count: int) -> torch.Tensor:
    """Patches of photographs, uint8 (n, 3, y, x), drawn by a fixed seed."""
    made = patches(shards("caltech101", "test"), count, np.random.default_rng(SEED))
    return torch.from_numpy(np.stack([np.asarray(patch.convert("RGB")) for patch in made])).permute(0, 3, 1, 2)


def operations(score: str, count: int) -> list[Op]:
    """What the pictures go through for a score; plain and photo move them alike."""
    moved: list[Op] = [Cutout(), Affine(translate=0.15, scale=(0.8, 1.2))]
    if score == "plain":
        return [*moved, Background(random=1.0)]
    return [*moved, OnPhotographs(photographs(count))] if score == "photo" else []


def shown(pixels: np.ndarray, rule: Preprocess, ops: Sequence[Op]) -> np.ndarray:
    """Pictures uint8 (n, y, x, 3) after `ops`: normalised float32 (n, 3, size, size)."""
    n, y, x, _ = pixels.shape
    augment = Augment(ops, size=rule.size, mean=rule.mean, std=rule.std)
    image = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    batch: Any = {"image": image, "size": torch.tensor([[y, x]]).expand(n, 2), "index": torch.arange(n)}
    return augment(batch, SEED, 0).numpy()


def first_is_concept(vectors: np.ndarray, concept: np.ndarray) -> np.ndarray:
    """Bool (n,): whether the nearest other picture shows the same concept. A picture has one style, so another one."""
    rows = unit(vectors)
    similarity = rows @ rows.T
    np.fill_diagonal(similarity, -np.inf)
    return concept[similarity.argmax(axis=1)] == concept


def has_other_style(concept: np.ndarray) -> np.ndarray:
    """Bool (n,): whether there is a right answer at all."""
    _, at, count = np.unique(concept, return_inverse=True, return_counts=True)
    return count[at] > 1


def table(rows: Rows) -> str:
    """A table a score: R@1 of photo and graphics views, their difference, and both against the references."""
    found = grouped(rows.all(), "method", "overrides", "views")
    hits = {key: rows.hits(members) for key, members in found.items()}
    families = rows.families(next(iter(found.values()))[0]) if found else None
    whole = []
    for at, score in enumerate(SCORES):
        lines = []
        for method, said in dict.fromkeys(key[:2] for key in found):
            here = {kind: hits[method, said, kind][at] for kind in ("none", *KINDS) if (method, said, kind) in hits}
            first = found[method, said, next(iter(here))][0]
            line = [title(first), first["tower"]]
            if not is_trained(method):
                members = found[method, said, "none"]
                lines.append([*line, figure(here["none"], families) + spread(members, score), *[""] * 6])
                continue
            for kind in KINDS:
                seeds = found.get((method, said, kind), [])
                line.append(figure(here[kind], families) + spread(seeds, score) if seeds else "")
            line.append(difference(here["graphics"], here["photo"], families) if len(here) == 2 else "")
            drawn = reference(found, first["spec"])
            others = [hits.get(("pixels", "", "none")), rows.hits(drawn) if drawn else None]
            for kind in KINDS:
                for other in others:
                    known = kind in here and other is not None
                    line.append(difference(here[kind], other[at], families) if known else "")
            lines.append(line)
        head = ["method", "tower", *(f"{kind} views" for kind in KINDS)]
        head += ["graphics - photo"]
        head += [f"{kind} - {other}" for kind in KINDS for other in ("pixels", "random tower")]
        whole.append(f"R@1, {score}:\n\n{markdown(head, lines)}")
    return "\n\n".join([*whole, note(families is not None)])


if __name__ == "__main__":
    main()
