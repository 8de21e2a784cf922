"""LocCa (Wan et al. 2024, https://arxiv.org/abs/2403.19596): captions, and where the things they name are.

The source names its boxes: `scenes` does, and any with `phrases` or `objects` beside its boxes. `small` and `tiny` are
all ours.
"""

from dataclasses import replace

from sightline.data.augment import evaluation as whole
from sightline.data.feed.caption_choice import any_caption
from sightline.methods.image_text.locca import Config, LocCa
from sightline.probes.heldout.located import Located
from sightline.probes.heldout.loss import HeldOutLoss
from sightline.probes.heldout.spread import RankMe
from sightline.recipes.image_text.siglip import SQUASH
from sightline.text.load import BoxBPE
from sightline.towers.sizes import vit
from sightline.towers.spec import BoxTokens, CaptionDecoderSpec, Mean, SinCosSpec, ViTSpec
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Wan et al. 2024"
LEARNS = "captions, and where in a picture words are: boxes written as text"
MINUTES = {"tiny": 0.1, "small": 9.0}

MEASURED = Evaluation(metric="heldout_loss", probes=(HeldOutLoss(), Located(), RankMe()))


def build(recipe: Recipe) -> LocCa:
    return LocCa(recipe.parts.image.build(), recipe.parts.decoder.build(), recipe.method)


def small() -> Recipe:
    """Scenes, on a laptop. `sightline train locca --data "scenes?level=1" --out RUN data.tokenizer.length=16`

    Expect on 1,000 fresh scenes: the words of a thing find it with an IoU of 0.5 in 0.40 of them (the best box drawn
    without looking: 0.11), after eighteen minutes of one core; 0.13 a third of the way, 0.30 after two.
    """
    return Recipe(
        name="locca.small",
        build=build,
        method=Config(),
        parts=Parts(
            # ours: fixed positions, for places are what is asked
            image=ViTSpec(size=48, patch=8, dim=128, depth=4, heads=4, pool=Mean(), position=SinCosSpec()),
            decoder=CaptionDecoderSpec(
                vocab=1024, length=45, dim=128, depth=2, heads=4, memory=128, boxes=BoxTokens(bins=64)
            ),
        ),
        data=Data(
            source="scenes?level=1",
            size=48,
            views=whole,  # nothing is cut off: a word such as "top left" would stop being true
            caption=any_caption,
            tokenizer=BoxBPE(vocab=1024, length=40, bins=64),
        ),
        optim=AdamW(lr=2e-3, betas=(0.9, 0.95), weight_decay=0.04),
        schedule=WarmupCosine(warmup=100),
        batch=32,
        steps=3000,
        evaluation=MEASURED,
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return replace(
        small(),
        name="locca.tiny",
        parts=Parts(
            image=ViTSpec(size=32, patch=8, dim=64, depth=1, heads=2, pool=Mean()),
            decoder=CaptionDecoderSpec(
                vocab=512, length=29, dim=64, depth=1, heads=2, memory=64, boxes=BoxTokens(bins=16)
            ),
        ),
        data=replace(
            small().data,
            source="scenes?level=1&n=64&size=32",
            size=32,
            tokenizer=BoxBPE(vocab=512, length=24, bins=16),
        ),
        optim=AdamW(lr=3e-3, weight_decay=0.04),
        batch=16,
        steps=20,
        precision="float32",
        evaluation=replace(MEASURED, samples=8),
    )


def l14() -> Recipe:
    """ViT-L/14 and 12 blocks that write, about 600 M; 9 G pictures seen, RefCOCO val 88.3 (the paper's run, not ours).

    The paper's optimiser is Adafactor; Adam is ours.
    """
    return Recipe(
        name="locca.l14",
        build=build,
        method=Config(),
        parts=Parts(
            image=replace(vit("l", 14, 224), pool=Mean()),
            decoder=CaptionDecoderSpec(
                vocab=32_000, length=69, dim=1024, depth=12, heads=16, memory=1024, boxes=BoxTokens(bins=500)
            ),
        ),
        data=Data(
            source="shards/{00000..99999}.tar",
            size=224,
            views=whole,
            caption=any_caption,
            preprocess=SQUASH,
            tokenizer=BoxBPE(vocab=32_000, length=64, bins=500),
        ),
        optim=AdamW(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-4),  # ours
        schedule=WarmupCosine(warmup=10_000),
        batch=8192,
        steps=1_100_000,
        evaluation=replace(MEASURED, every=5000),
    )
