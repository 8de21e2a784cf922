"""NaFlex, the end of SigLIP 2 (Tschannen et al. 2025, https://arxiv.org/abs/2502.14786, section 2.4.2): one encoder for
pictures of any shape and length.

A second run that starts from a `siglip2` run (`--init`): pictures keep their aspect ratio, every batch has one of a few
lengths, and of the losses the sigmoid and LocCa's are left. In the paper it goes on from 90 % of the run, which had no
resolution to change before; a finished run does as well (ours). The rate is that of the last tenth, stretched.
Left out: half a batch and double the steps at the longest length, which only saves memory.
"""

from dataclasses import replace

from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.views.any_shape import AnyShape
from sightline.recipes.image_text import siglip2
from sightline.towers.spec import Map, NaFlexSpec
from sightline.train.optim.schedule import CosineTail, WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Recipe

PAPER = "Tschannen et al. 2025"
LEARNS = "SigLIP 2 for pictures at their own aspect ratio, in as many patches as there is time for"
MINUTES = {"tiny": 0.1}

STRETCHED = 3.75
"""times as long as it would have been is the last tenth"""


def small() -> Recipe:
    """From a run of `siglip2`. `sightline train naflex --init SIGLIP2_RUN --data "scenes?level=2" --out RUN`"""
    base = siglip2.small()
    return replace(
        base,
        name="naflex.small",
        parts=base.parts
        | Parts(image=NaFlexSpec(patch=8, dim=128, depth=4, heads=4, length=64, grid=8, pool=Map(), act="gelu")),
        data=replace(base.data, views=AnyShape(lengths=(16, 36, 64, 100)), preprocess=NaFlexRule(patch=8, length=64)),
        schedule=CosineTail(begin=0.75, warmup=10),  # ours: a tenth of so short a run would hardly move
        steps=262,  # 700 / 10 * 3.75
        phases=(),
    )


def tiny() -> Recipe:
    """The same code path in seconds, from nothing: what the tests run."""
    base = siglip2.tiny()
    return replace(
        base,
        name="naflex.tiny",
        parts=base.parts
        | Parts(image=NaFlexSpec(patch=8, dim=64, depth=1, heads=2, length=16, grid=4, pool=Map(), act="gelu")),
        data=replace(base.data, views=AnyShape(lengths=(4, 9, 16, 25)), preprocess=NaFlexRule(patch=8, length=16)),
        schedule=WarmupCosine(),
        phases=(),
    )


def b16() -> Recipe:
    """ViT-B/16, 128 to 1024 patches, from `siglip2.b16` at 90 % (the paper's run, not ours)."""
    base = siglip2.b16()
    assert base.steps is not None
    return replace(
        base,
        name="naflex.b16",
        parts=base.parts | Parts(image=NaFlexSpec(patch=16, dim=768, depth=12, heads=12, length=256, grid=16)),
        data=replace(base.data, views=AnyShape(), preprocess=NaFlexRule(patch=16, length=256)),
        schedule=CosineTail(begin=0.9),
        steps=round(base.steps / 10 * STRETCHED),
        phases=(),
    )
