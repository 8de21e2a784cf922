"""TIPS (Maninis et al. 2024, https://arxiv.org/abs/2410.16512): noisy and full captions, a class token each, with
self-distillation and masked patches.

It learns from sources with two kinds of words: captions, and alt text (`docs/systems/tips.md`).
"""

from dataclasses import replace

from sightline.data.feed.caption_choice import first
from sightline.data.masks import RandomMask
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.views.captioned import CaptionCrops
from sightline.methods.image_text.tips import TIPS, Config
from sightline.methods.parts.follower import Following
from sightline.methods.parts.targets import Sinkhorn
from sightline.methods.parts.teaching import Head
from sightline.text.load import BPE
from sightline.towers.sizes import common_vit, tips_image, tips_text
from sightline.towers.spec import Cls, SecondCls, TipsTextSpec, ViTSpec
from sightline.train.optim.clipping import EachTensor
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Maninis et al. 2024"
LEARNS = (
    "one space for pictures and captions whose patches know what and where: noisy and full captions, a teacher, masks"
)
MINUTES = {"tiny": 0.1}

MASKS = RandomMask(ratio=0.5)
SCENES = "scenes?level=1&n=20000&alt=0.3"
"""alt text of half the words, for three in ten scenes another's"""


def build(recipe: Recipe) -> TIPS:
    assert isinstance(recipe.parts.image, ViTSpec)
    return TIPS(recipe.parts.image.build(), recipe.parts.text.build(), recipe.method)


def small() -> Recipe:
    """Scenes with alt text and captions, on a laptop. `sightline train tips --out RUN`"""
    return Recipe(
        name="tips.small",
        build=build,
        method=Config(
            head=Head(prototypes=1024, hidden=256, bottleneck=64),
            patch_head=Head(prototypes=1024, hidden=256, bottleneck=64),
            # ours: as in `silc.small`
            teaching=Following(momentum=0.99, temperature=(0.02, 0.02)),
            targets=Sinkhorn(),
        ),
        parts=Parts(
            image=replace(common_vit(64), dim=128, heads=4, pool=Cls(registers=1)),  # ours
            text=TipsTextSpec(vocab=4096, length=32, dim=128, depth=2, heads=4),
        ),
        dim=128,
        # ours: captions name all that is there, so the large crop shows nearly all of it
        data=Data(
            source=SCENES,
            size=64,
            views=CaptionCrops(large=1, count=4, large_scale=(0.8, 1.0), small_scale=(0.1, 0.4)),
            masks=MASKS,
            caption=first,
        ),
        optim=AdamW(lr=1e-3, weight_decay=0.04),  # ours
        schedule=WarmupCosine(warmup=50),
        batch=128,
        steps=600,
        clip=EachTensor(3.0),  # ours: the heads' first gradients are a hundred times the towers'
    )


def described() -> Recipe:
    """`small`, whose kept vector is the class token of full captions: the same weights, read for whole sentences.
    `sightline train tips.described --out RUN`
    """
    base = small()
    image = replace(base.parts.image, pool=SecondCls())
    return replace(base, name="tips.described", parts=base.parts | Parts(image=image))


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    base = small()
    head = Head(prototypes=32, hidden=32, bottleneck=16)
    return replace(
        base,
        name="tips.tiny",
        method=replace(
            base.method,
            head=head,
            patch_head=head,
            teaching=replace(base.method.teaching, momentum=0.9, freeze=0.0),
        ),
        parts=Parts(
            image=replace(common_vit(32), dim=32, depth=1, heads=1, pool=Cls(registers=1)),
            text=TipsTextSpec(vocab=512, length=16, dim=32, depth=1, heads=1),
        ),
        dim=32,
        data=replace(
            base.data,
            source="scenes?n=64&size=32&alt=0.3",
            size=32,
            views=CaptionCrops(large=1, count=2, large_scale=(0.8, 1.0), small_scale=(0.1, 0.4)),
            tokenizer=BPE(vocab=512, length=16),
        ),
        optim=AdamW(lr=3e-3, weight_decay=0.04),
        batch=16,
        steps=20,
        precision="float32",
    )


def b14() -> Recipe:
    """ViT-B/14 on 117 M pairs of WebLI (not our run): alt text as `.alt.txt`, captions by PaliGemma as `.txt`.

    Ours, as the paper was not at hand: batch, steps, rates and schedule; DINOv2's heads, balanced.
    """
    return Recipe(
        name="tips.b14",
        build=build,
        method=Config(
            head=Head(prototypes=65_536, bottleneck=384, norms="trained"),
            patch_head=Head(prototypes=65_536, bottleneck=256, norms="trained"),
            targets=Sinkhorn(),
        ),
        parts=Parts(image=tips_image("b", 224), text=tips_text("b")),
        dim=768,
        data=Data(
            source="shards/{00000..11699}.tar",
            size=224,
            views=CaptionCrops(large=1, count=6, size=98),
            masks=MASKS,
            caption=first,
            preprocess=Preprocess(resize="squash", interpolation="bilinear", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),
            tokenizer=BPE(vocab=32_000, length=64),
        ),
        optim=AdamW(lr=5e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.04),
        schedule=WarmupCosine(warmup=7_000),
        batch=16_384,
        steps=70_000,  # ten passes
        clip=3.0,
        evaluation=Evaluation(every=5000),
    )
