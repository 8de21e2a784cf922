"""SigLIP (Zhai et al. 2023, https://arxiv.org/abs/2303.15343): every pair of the batch a yes or no of its own.

No softmax, so no text needs to see all pictures: blocks travel round a ring of devices, and small batches do well.
"""

from dataclasses import replace

from sightline.data.augment import caption_views
from sightline.data.feed.caption_choice import any_caption
from sightline.data.prepare.preprocess import Preprocess
from sightline.methods.image_text.siglip import Config, SigLIP
from sightline.methods.parts import terms
from sightline.recipes.image_text import clip
from sightline.text.load import BPE
from sightline.towers.sizes import siglip_image, siglip_text, vit_b16, vit_b32, vit_l14
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Zhai et al. 2023"
LEARNS = "one space for pictures and captions by a sigmoid per pair: probabilities, and small batches"
MINUTES = {"tiny": 0.1, "icons": 4.0, "small": 5.0}

SQUASH = Preprocess(resize="squash", interpolation="bilinear", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def build(recipe: Recipe) -> SigLIP:
    return SigLIP(recipe.parts.image.build(), recipe.parts.text.build(), recipe.dim, recipe.method)


def pair(recipe: Recipe) -> SigLIP:
    """The pair that a method with more terms is made around: `method.pair`."""
    return build(replace(recipe, method=recipe.method.pair))


def build_with_terms(recipe: Recipe) -> terms.WithTerms:
    return terms.WithTerms(pair(recipe), recipe.method)


def icons() -> Recipe:
    """`clip.icons` with the sigmoid loss. `sightline train siglip.icons --out runs/siglip-icons`"""
    return replace(clip.icons(), name="siglip.icons", build=build_with_terms, method=terms.Config(pair=Config()))


def small() -> Recipe:
    """`clip.small` with the sigmoid loss. `sightline train siglip --data SRC --out RUN`"""
    return replace(clip.small(), name="siglip.small", build=build, method=Config())


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return replace(
        clip.tiny(), name="siglip.tiny", build=build, method=Config(), optim=AdamW(lr=1e-3, weight_decay=0.1)
    )  # a third of CLIP's rate: the positives' first gradients are large


def b16() -> Recipe:
    """ViT-B/16, 256 px: ImageNet zero-shot 76.7, COCO text to image 47.4 (the paper's run, not ours)."""
    image = siglip_image(vit_b16(256))
    return Recipe(
        name="siglip.b16",
        build=build,
        method=Config(),
        parts=Parts(
            image=image,
            text=siglip_text(image),
        ),
        dim=image.dim,
        data=Data(
            source="shards/{00000..99999}.tar",
            size=256,
            views=caption_views,
            caption=any_caption,
            preprocess=SQUASH,
            tokenizer=BPE(vocab=32_000, length=64),
        ),
        optim=AdamW(lr=1e-3, betas=(0.9, 0.95), eps=1e-6, weight_decay=1e-4),
        schedule=WarmupCosine(warmup=20_000),
        batch=32_768,
        steps=280_000,  # 9 G samples
        evaluation=Evaluation(every=5000),
    )


def b32() -> Recipe:
    """ViT-B/32, 256 px: the cheap one, no figure in the paper."""
    image = siglip_image(vit_b32(256))
    return replace(b16(), name="siglip.b32", parts=Parts(image=image, text=siglip_text(image)))


def l14() -> Recipe:
    """ViT-L/14, 224 px, beside `clip.l14`; the paper's own large size is L/16, 256 px (80.5)."""
    image = siglip_image(vit_l14(224))
    base = b16()
    return replace(
        base,
        name="siglip.l14",
        parts=Parts(image=image, text=siglip_text(image)),
        dim=image.dim,
        data=replace(base.data, size=224),
    )
