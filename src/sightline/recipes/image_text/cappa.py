"""CapPa (Tschannen et al. 2023, https://arxiv.org/abs/2306.07915): pictures learnt by writing their captions.

`b16` keeps the paper's numbers; `small` and `tiny` are all ours.
"""

from dataclasses import replace

from sightline.data.augment import caption_views
from sightline.data.feed.caption_choice import any_caption
from sightline.methods.image_text.cappa import CapPa, Config
from sightline.probes.heldout.loss import HeldOutLoss
from sightline.probes.heldout.spread import RankMe
from sightline.recipes.image_text.siglip import SQUASH
from sightline.text.load import BPE
from sightline.towers.sizes import vit_b16
from sightline.towers.spec import CaptionDecoderSpec, Mean, ViTSpec
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Tschannen et al. 2023"
LEARNS = "vectors of pictures, and their captions in words: what a picture shows of colour, number and place"
MINUTES = {"tiny": 0.1}

MEASURED = Evaluation(metric="heldout_loss", probes=(HeldOutLoss(), RankMe()))


def build(recipe: Recipe) -> CapPa:
    return CapPa(recipe.parts.image.build(), recipe.parts.decoder.build(), recipe.method)


def small() -> Recipe:
    """A few thousand pictures with captions, on a laptop. `sightline train cappa --data "scenes?level=1" --out RUN`"""
    return Recipe(
        name="cappa.small",
        build=build,
        method=Config(),
        parts=Parts(
            image=ViTSpec(size=64, patch=8, dim=128, depth=4, heads=4, pool=Mean()),
            decoder=CaptionDecoderSpec(vocab=1024, length=40, dim=128, depth=2, heads=4, memory=128),
        ),
        data=Data(
            source="icons",
            size=64,
            views=caption_views,
            caption=any_caption,
            tokenizer=BPE(vocab=1024, length=40),
        ),
        optim=AdamW(lr=1e-3, betas=(0.9, 0.95), weight_decay=0.04),
        schedule=WarmupCosine(warmup=100),
        batch=64,
        steps=1300,
        evaluation=MEASURED,
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return replace(
        small(),
        name="cappa.tiny",
        parts=Parts(
            image=ViTSpec(size=32, patch=8, dim=64, depth=1, heads=2, pool=Mean()),
            decoder=CaptionDecoderSpec(vocab=512, length=16, dim=64, depth=1, heads=2, memory=64),
        ),
        data=replace(small().data, source="icons?n=64", size=32, tokenizer=BPE(vocab=512, length=16)),
        optim=AdamW(lr=3e-3, weight_decay=0.04),
        batch=16,
        steps=20,
        precision="float32",
    )


def b16() -> Recipe:
    """ViT-B/16 and half as many blocks that write; 9 G pictures seen (the paper's run, not ours).

    The paper's optimiser is Adafactor; Adam is ours.
    """
    return Recipe(
        name="cappa.b16",
        build=build,
        method=Config(),
        parts=Parts(
            image=replace(vit_b16(224), pool=Mean()),
            decoder=CaptionDecoderSpec(vocab=32_000, length=64, dim=768, depth=6, heads=12, memory=768),
        ),
        data=Data(
            source="shards/{00000..99999}.tar",
            size=224,
            views=caption_views,
            caption=any_caption,
            preprocess=SQUASH,
            tokenizer=BPE(vocab=32_000, length=64),
        ),
        optim=AdamW(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-4),  # ours
        schedule=WarmupCosine(warmup=10_000),
        batch=8192,
        steps=1_100_000,
        evaluation=replace(MEASURED, every=5000),
    )
