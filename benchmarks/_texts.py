"""What `atlas_text` compares: seven ways to learn from words, on the same towers, steps and pictures."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sightline.data.augment import evaluation as whole
from sightline.data.feed.caption_choice import any_caption
from sightline.data.views.captioned import CaptionCrops
from sightline.data.views.kinds import MultiCrop
from sightline.methods.parts.teaching import Head
from sightline.recipes.find import find
from sightline.recipes.image_text.siglip2 import phases
from sightline.text.load import BPE, BoxBPE
from sightline.towers.spec import (
    BoxTokens,
    CaptionDecoderSpec,
    Causal,
    ConvStemSpec,
    Mean,
    SecondCls,
    TransformerTextSpec,
    ViTSpec,
)
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.evaluation import Evaluation
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Recipe

SCENES = "scenes?level=2&n=8000&alt=0.3"
"""up to four things and how they lie; alt text, of which three in ten is another picture's"""
SIZE, WIDTH, BINS, LENGTH, VOCAB = 48, 96, 64, 40, 1024
STEM = ConvStemSpec(kernels=(2, 2, 2), strides=(2, 2, 2), widths=(48, 96, 96))
"""three maps of 2 x 2 instead of one of 8 x 8: nothing leaks under a mask, and what is common to all learns sooner"""
TOWER = ViTSpec(size=SIZE, patch=8, dim=WIDTH, depth=4, heads=3, pool=Mean(), stem=STEM)
"""of all but TIPS, whose class tokens are its own: patches and their mean lie in one space"""
TEXT = TransformerTextSpec(vocab=VOCAB, length=LENGTH, dim=WIDTH, depth=2, heads=3, reading=Causal())
WRITER = CaptionDecoderSpec(vocab=VOCAB, length=LENGTH, dim=WIDTH, depth=2, heads=3, memory=WIDTH)
BOXES = replace(WRITER, length=LENGTH + 5, boxes=BoxTokens(bins=BINS))
HEAD = Head(prototypes=256, hidden=192, bottleneck=64)
CROPS = CaptionCrops(count=2, large_scale=(0.8, 1.0), small_scale=(0.1, 0.4))
STEPS, BATCH = 700, 32
Views = Callable[[int], Sequence[Any]]


def on_common(recipe: Recipe, parts: Parts, *, views: Views | None = None, boxes: bool = False) -> Recipe:
    """`recipe` with the common towers, pictures and numbers; without `views` it keeps its own."""
    tokenizer = BoxBPE(vocab=VOCAB, length=LENGTH, bins=BINS) if boxes else BPE(vocab=VOCAB, length=LENGTH)
    return replace(
        recipe,
        parts=parts,
        dim=WIDTH,
        data=replace(
            recipe.data,
            source=SCENES,
            size=SIZE,
            views=views or recipe.data.views,
            caption=any_caption,
            tokenizer=tokenizer,
        ),
        optim=AdamW(lr=1e-3, betas=(0.9, 0.95), weight_decay=0.04),
        schedule=WarmupCosine(warmup=50),
        batch=BATCH,
        steps=STEPS,
        evaluation=Evaluation(metric="rankme", samples=500),
    )


def pair(name: str) -> Recipe:
    """CLIP or SigLIP: the whole picture and its caption."""
    return on_common(find(name), Parts(image=TOWER, text=TEXT), views=whole)


def silc() -> Recipe:
    base = find("silc.sigmoid")
    made = on_common(base, Parts(image=TOWER, text=TEXT), views=CROPS)
    return replace(made, method=replace(base.method, head=HEAD))


def tips() -> Recipe:
    """With the class token of full captions, which `tips.described` keeps."""
    base = find("tips.described")
    parts = Parts(image=replace(TOWER, pool=SecondCls()), text=TEXT)
    made = on_common(base, parts, views=replace(CROPS, large=1))
    return replace(made, method=replace(base.method, head=HEAD, patch_head=HEAD))


def cappa() -> Recipe:
    return on_common(find("cappa"), Parts(image=TOWER, decoder=WRITER), views=whole)


def locca() -> Recipe:
    return on_common(find("locca"), Parts(image=TOWER, decoder=BOXES), boxes=True)


def siglip2() -> Recipe:
    base = find("siglip2")
    made = on_common(base, Parts(image=TOWER, text=TEXT, decoder=BOXES), boxes=True)
    method = replace(base.method, head=HEAD, patch_head=HEAD)
    crops = MultiCrop(kind="graphics", count=4, local_scale=(0.15, 0.4))
    return replace(made, method=method, phases=phases(crops))


def shared() -> Recipe:
    """One stack of blocks for both: the text tower's four are the image tower's."""
    text = replace(TEXT, depth=TOWER.depth, norm=TOWER.norm, act=TOWER.act)
    return on_common(find("clip_shared"), Parts(image=TOWER, text=text), views=whole)


def without_views() -> Recipe:
    """SigLIP 2 to its end without what the last fifth adds: sigmoid and LocCa alone."""
    return replace(siglip2(), name="siglip2.without_views", phases=())


METHODS: dict[str, Callable[[], Recipe]] = {
    "clip": lambda: pair("clip"),
    "clip_shared": shared,
    "siglip": lambda: pair("siglip"),
    "silc": silc,
    "tips": tips,
    "cappa": cappa,
    "locca": locca,
    "siglip2": siglip2,
    "siglip2.without_views": without_views,
}
