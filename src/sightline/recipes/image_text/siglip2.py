"""SigLIP 2 (Tschannen et al. 2025, https://arxiv.org/abs/2502.14786): SigLIP, LocCa, and in the last fifth what SILC
and TIPS add.

`b16` keeps the paper's numbers; those of the others are all ours.
"""

from dataclasses import replace

from sightline.data.augment import evaluation as whole
from sightline.data.feed.caption_choice import any_caption
from sightline.data.masks import RandomMask
from sightline.data.views.beside import Beside
from sightline.data.views.kinds import MultiCrop
from sightline.methods.image_text import siglip as siglip_method
from sightline.methods.image_text.siglip2 import Config, SigLIP2, SigLIP2Taught
from sightline.methods.parts.follower import Following
from sightline.methods.parts.targets import Centering, Sinkhorn
from sightline.methods.parts.teaching import Head
from sightline.probes.heldout.located import Located
from sightline.probes.heldout.usual import USUAL
from sightline.recipes.image_text import locca, siglip
from sightline.text.load import BoxBPE
from sightline.towers.sizes import siglip_image, siglip_text, vit_b16
from sightline.towers.spec import BoxTokens, CaptionDecoderSpec, Causal, Map, TransformerTextSpec, ViTSpec
from sightline.train.optim.clipping import EachTensor
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.phase import Phase
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Tschannen et al. 2025"
LEARNS = "one space for pictures and captions, captions, boxes of words, and patches that tell things apart"
MINUTES = {"tiny": 0.1}

MASKS = RandomMask(ratio=0.5, views=2)
"""Of the picture, whose mask nobody reads, and of the large crop."""
MEASURED = Evaluation(probes=(*USUAL, Located()))


def build(recipe: Recipe) -> SigLIP2:
    return SigLIP2(siglip.pair(recipe), recipe.parts.decoder.build(), recipe.method)


def build_taught(recipe: Recipe) -> SigLIP2Taught:
    return SigLIP2Taught(siglip.pair(recipe), recipe.parts.decoder.build(), recipe.method)


def phases(crops: MultiCrop) -> tuple[Phase, Phase]:
    """Four fifths of the run, and the last, whose views are crops beside the picture."""
    return Phase(steps=0.8), Phase(build=build_taught, data={"views": Beside(crops=crops), "masks": MASKS})


def small() -> Recipe:
    """Scenes, on a laptop. `sightline train siglip2 --data "scenes?level=2" --out RUN`"""
    head = Head(prototypes=512, hidden=256, bottleneck=64)
    return Recipe(
        name="siglip2.small",
        build=build,
        method=Config(head=head, patch_head=head, teaching=Following(momentum=0.99), targets=Sinkhorn()),
        parts=Parts(
            image=ViTSpec(size=64, patch=8, dim=128, depth=4, heads=4, pool=Map()),
            text=TransformerTextSpec(vocab=1024, length=40, dim=128, depth=2, heads=2, reading=Causal()),
            decoder=locca.small().parts.decoder,
        ),
        dim=128,
        data=Data(
            source="scenes?level=2",
            size=64,
            views=whole,
            caption=any_caption,
            tokenizer=BoxBPE(vocab=1024, length=40, bins=64),
        ),
        optim=AdamW(lr=1e-3, betas=(0.9, 0.95), weight_decay=0.04),
        schedule=WarmupCosine(warmup=50),
        batch=64,
        steps=700,
        # ours: the gradient of the fresh heads is forty times the tower's, and a common norm would shrink all by it
        clip=EachTensor(1.0),
        phases=phases(MultiCrop(kind="graphics", count=4, local_scale=(0.15, 0.4))),
        evaluation=MEASURED,
    )


def control() -> Recipe:
    """The control: SigLIP alone, with the towers, steps and pictures of `small`. `sightline train siglip2.control`"""
    base = small()
    return replace(
        base,
        name="siglip2.control",
        build=siglip.build,
        method=siglip_method.Config(),
        parts=Parts(image=base.parts.image, text=base.parts.text),
        phases=(),
        evaluation=Evaluation(),
    )


def tiny() -> Recipe:
    """The same code path in seconds, with DINO's centers: what the tests run."""
    base, head = small(), Head(prototypes=32, hidden=32, bottleneck=16)
    return replace(
        base,
        name="siglip2.tiny",
        method=Config(head=head, patch_head=head, teaching=Following(momentum=0.9), targets=Centering()),
        parts=Parts(
            image=ViTSpec(size=32, patch=8, dim=64, depth=1, heads=2, pool=Map()),
            text=TransformerTextSpec(vocab=512, length=24, dim=32, depth=1, heads=1, reading=Causal()),
            decoder=locca.tiny().parts.decoder,
        ),
        dim=32,
        data=locca.tiny().data,
        batch=16,
        steps=20,
        optim=AdamW(lr=1e-3, weight_decay=0.04),
        phases=phases(MultiCrop(kind="graphics", count=2)),
        precision="float32",
        evaluation=replace(MEASURED, samples=8),
    )


def b16() -> Recipe:
    """ViT-B/16, 256 px: ImageNet zero-shot 79.1, COCO text to image 53.2, RefCOCO val 83.8 (the paper's run, not ours).

    40 G pictures; the sizes of the heads and the teacher's numbers, which the paper does not give, are DINO's.
    """
    base, image = siglip.b16(), siglip_image(vit_b16(256))
    return replace(
        base,
        name="siglip2.b16",
        build=build,
        method=Config(),
        parts=Parts(
            image=image,
            text=siglip_text(image, vocab=256_000),
            decoder=CaptionDecoderSpec(
                vocab=256_000, length=69, dim=768, depth=6, heads=12, memory=768, boxes=BoxTokens(bins=500)
            ),
        ),
        data=replace(base.data, views=whole, tokenizer=BoxBPE(vocab=256_000, length=64, bins=500)),
        steps=1_220_000,
        phases=phases(MultiCrop(count=8, size=96)),
        evaluation=replace(MEASURED, every=5000),
    )
