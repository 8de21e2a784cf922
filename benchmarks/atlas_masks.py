"""What hiding strokes, parts of strokes or crossings teaches that hiding random patches does not.

    SIGHTLINE_DATA=... python benchmarks/atlas_masks.py --methods mae ibot           # five runs a method
    SIGHTLINE_DATA=... python benchmarks/atlas_masks.py --table

`mae` and `ibot` are trained on emoji as their `small` recipes say, with graphics views and patches of 4 pixels (a grid
of 8 x 8, where `ibot.small` has 4 x 4), but for the masks: random patches, blocks, elements (whole strokes),
sub-elements, and blocks that cross lines. Every kind hides exactly the same number of patches of each masked picture,
0.3 of them under `ibot` and 0.6 under `mae`: hiding more would be another task. They differ in which; each row has
`masked`, the mean number of masked patches, and `masked_ink`, the share of a picture's ink under them, of one view of
up to 1,024 training pictures. Two linear probes of the test part, whose concepts were not trained on:

family   which concept family (`family` of the json, those with six drawings or more): the probe learns from five
         drawing styles and is judged on the other three. Families of the two parts are disjoint, so it has to learn
         on the test part. The seed draws the styles: three seeds.
group    which of the nine Unicode groups: learned from the training part, judged on the test part. The seed draws the
         pictures that C is chosen on.

A picture's hits are averaged over the probe's seeds first; errors are by concept family, and the spread of the probe's
seeds stands beside them. Beside each method stand raw pixels and its own tower untrained, at three seeds.
"""

import argparse
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from _atlas import (
    RANDOM,
    Part,
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
    pictures,
    recipe_of,
    reference,
    spec_of,
    spread,
    title,
    work,
)
from sightline.data.augment import AugmentViews
from sightline.data.augment.draws import Draws
from sightline.data.masks import (
    BlockMask,
    CrossingMask,
    ElementMask,
    Masks,
    RandomMask,
    SubElementMask,
    ink,
    ink_share,
)
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.views.kinds import as_views
from sightline.probes.linear import LinearProbe
from sightline.towers.spec import ViTSpec
from sightline.train.recipe.override import override
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Recipe

METHODS = ("mae", "ibot")
RATIO = {"mae": 0.6, "ibot": 0.3}
"""of a picture's patches: MAE's graphics setting, and the middle of iBOT's range"""
PATCH = 4
KINDS = {
    "random": RandomMask,
    "block": BlockMask,
    "element": ElementMask,
    "sub-element": SubElementMask,
    "crossing": CrossingMask,
}
PROBES = ("family", "group")
SEEDS = (0, 1, 2)
FEWEST, LEARNT = 6, 5
"""drawings of a family that counts, and styles that the probe learns from"""
KEYS = ("method", "masks", "seed", "overrides")


def main() -> None:
    parser = arguments(__doc__, "runs/atlas-masks", ["pixels", *METHODS])
    parser.add_argument("--masks", nargs="+", default=[*KINDS], choices=[*KINDS])
    options = parser.parse_args()
    rows = Rows(options.folder, KEYS)
    if options.table:
        print(table(rows))
    else:
        wanted = in_kinds(jobs(options.methods, options.seeds), options.masks)
        work(rows, (begun(*job, options) for job in wanted), one, options)


def begun(method: str, kind: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """What a row is known by."""
    said = " ".join(options.overrides) if method != "pixels" else ""
    spec = spec_of(changed(method, kind, options.overrides))
    return {"method": method, "masks": kind, "seed": seed, "overrides": said, "spec": spec}


def changed(method: str, kind: str, overrides: list[str]) -> Recipe | None:
    """The recipe of a row: graphics views, patches of 4, and masks of that kind, all of one number."""
    recipe = recipe_of(method)
    if recipe is None:
        return None
    name = method.removeprefix(RANDOM).partition(".")[0]
    if name not in RATIO:
        raise ValueError(f"{method} is not compared here; methods of masked patches are {', '.join(RATIO)}")
    assert isinstance(recipe.parts.image, ViTSpec) and recipe.data.masks is not None
    if is_trained(method):
        given = recipe.data.masks
        masks = KINDS[kind](ratio=RATIO[name], share=given.share, views=given.views)
        recipe = replace(recipe, data=replace(recipe.data, masks=masks))
    recipe = replace(recipe, parts=Parts(image=replace(recipe.parts.image, patch=PATCH)))
    return override(recipe, ["data.views.kind=graphics", *overrides])


def one(rows: Rows, row: dict[str, Any], options: argparse.Namespace) -> None:
    method, kind, seed = row["method"], row["masks"], row["seed"]
    print(f"{method}, {kind} masks, seed {seed}", flush=True)
    run, recipe = options.folder / "runs" / rows.name(row), changed(method, kind, options.overrides)
    overrides = ["data.views.kind=graphics", *options.overrides]
    encoder, said = encoded_by(method, recipe, seed, run, "emoji", overrides, options.precision)
    row |= said
    if recipe is not None and is_trained(method):
        assert recipe.data.masks is not None
        row |= {"ratio": recipe.data.masks.ratio} | hidden(recipe, part("emoji", "train", Preprocess(size=96)).pixels)
    began = time.monotonic()
    train, test = (part("emoji", split, encoder.rule) for split in ("train", "test"))
    vectors, tested = (pictures(encoder.rule, p.pixels, encoder.vectors) for p in (train, test))
    found = [[families(tested, test, at), groups(vectors, train, tested, test, at)] for at in SEEDS]
    hits = np.array(found, float).swapaxes(0, 1)  # probe seed picture; nan where a picture was learnt from
    for name, right in zip(PROBES, hits, strict=True):
        means = np.nanmean(right, axis=1)
        mean, luck = averaged(right, test.families)
        row |= {name: float(mean.mean()), f"{name}_error": error(mean, luck), f"{name}_n": len(mean)}
        row[f"{name}_spread"] = float(means.std(ddof=1))
    row |= {"dim": vectors.shape[1], "seconds": round(time.monotonic() - began)}
    row |= {"precision": encoder.precision, "torch": torch.__version__, "threads": torch.get_num_threads()}
    rows.add(row, hits, test.families)


def hidden(recipe: Recipe, pixels: np.ndarray, most: int = 1024) -> dict[str, float]:
    """Mean number of masked patches, and the mean share of the ink under them, over one masked view of each of up to
    `most` pictures, uint8 (n, y, x, 3), that have ink."""
    assert recipe.data.masks is not None and isinstance(recipe.parts.image, ViTSpec)
    masks: Masks = replace(recipe.data.masks, share=1.0, views=1)
    some = pixels[np.unique(np.linspace(0, len(pixels) - 1, most).astype(int))]
    n, y, x, _ = some.shape
    size = recipe.data.size
    augment = AugmentViews(as_views(recipe.data.views(size), size)[:1])
    image = torch.from_numpy(some).permute(0, 3, 1, 2).contiguous()
    batch: Any = {"image": image, "size": torch.tensor([[y, x]]).expand(n, 2), "index": torch.arange(n)}
    seen = augment.restored(augment(batch, recipe.seed, 0)[0])
    side = seen.shape[-1] // recipe.parts.image.patch
    mask = masks(seen, (side, side), Draws(recipe.seed, 0, np.arange(n), "mask 0"))
    inked = ink_share(ink(seen), (side, side))
    whole = inked.sum((1, 2))
    share = (inked * mask).sum((1, 2))[whole > 0] / whole[whole > 0]
    return {"masked": float(mask.sum((1, 2)).float().mean()), "masked_ink": float(share.mean())}


def families(vectors: np.ndarray, test: Part, seed: int) -> np.ndarray:
    """Hits (n,) of a probe of concept families on styles it has not learnt from; nan for all other pictures."""
    style = test.column("style")
    _, family, count = np.unique(test.column("family"), return_inverse=True, return_counts=True)
    styles = np.random.default_rng(seed).permutation(np.unique(style))
    counted = count[family] >= FEWEST
    learnt = counted & np.isin(style, styles[:LEARNT])
    # a family drawn in the other styles alone cannot be known
    judged = counted & ~np.isin(style, styles[:LEARNT]) & np.isin(family, family[learnt])
    probe = LinearProbe(seed=seed).fit(vectors[learnt], family[learnt])
    hits = np.full(len(vectors), np.nan)
    hits[judged] = probe.predict(vectors[judged]) == family[judged]
    return hits


def groups(vectors: np.ndarray, train: Part, tested: np.ndarray, test: Part, seed: int) -> np.ndarray:
    """Hits (n,) of a probe of the nine groups, learnt from the training part."""
    names = sorted(set(train.classes))
    probe = LinearProbe(seed=seed).fit(vectors, train.labels(names))
    return (probe.predict(tested) == test.labels(names)).astype(float)


def averaged(hits: np.ndarray, luck: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Hits (seeds, n) of a probe as one (m,) of the pictures that were judged at all: seeds are no further pictures."""
    judged = np.isfinite(hits).any(axis=0)
    return np.nanmean(hits[:, judged], axis=0), None if luck is None else luck[judged]


def table(rows: Rows) -> str:
    """Means over the probe's seeds, and the paired differences to random patches and to the random tower."""
    found = grouped(rows.all(), "method", "overrides", "masks")
    hits = {key: rows.hits(members) for key, members in found.items()}
    luck = rows.families(next(iter(found.values()))[0]) if found else None
    lines = []
    for (method, said, kind), members in found.items():
        first, own = members[0], hits[method, said, kind]
        amounts = [f"{first[name]:.{d}f}" if name in first else "" for name, d in (("masked", 1), ("masked_ink", 2))]
        line = [title(first), kind, str(len(members)), *amounts]
        drawn = reference(found, first["spec"]) if is_trained(method) else []
        random = hits.get((method, said, "random")) if is_trained(method) and kind != "random" else None
        for at, name in enumerate(PROBES):
            line += [figure(*averaged(own[at], luck)) + spread(members, name), f"{first[f'{name}_spread']:.3f}"]
            for other in (random, rows.hits(drawn) if drawn else None):
                line.append("" if other is None else apart(own[at], other[at], luck))
        lines.append(line)
    columns = [
        column
        for name in PROBES
        for column in (name, "of the probe", f"{name} - random masks", f"{name} - random tower")
    ]
    head = ["method", "masks", "seeds", "masked", "ink masked", *columns]
    return markdown(head, lines) + "\n\n" + note(luck is not None)


def apart(a: np.ndarray, b: np.ndarray, luck: np.ndarray | None) -> str:
    """Paired difference of hits (seeds, n)."""
    one, families = averaged(a, luck)
    return difference(one, averaged(b, None)[0], families)


if __name__ == "__main__":
    main()
