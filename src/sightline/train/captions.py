"""Whether there are words to learn from: how many pictures have none, and how far the loss can fall with the others.

Where a batch holds a caption c m_c times and only the pair itself is right, no model can tell the m_c pairs apart:

    softmax  L >= mean_c ln m_c             sigmoid  L >= mean_c [ln m_c + (m_c - 1) ln(m_c / (m_c - 1))]

With m_c taken as batch * (share of the pictures that have c). `positives=caption` makes them all right: no bound.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np

from sightline.data.feed.caption_choice import DRAWS
from sightline.data.sample import Stream
from sightline.train.recipe.recipe import Recipe
from sightline.train.vocabulary import LIMIT, some

STREAMED = 512
"""samples of a stream that are looked at: reading it takes a network"""
TELLING = 0.05
"""share of ln(batch) from which the bound is reported"""


@dataclass(frozen=True)
class Words:
    """The main words of up to LIMIT samples, as the recipe chooses them."""

    counts: Counter[str]
    """caption -> pictures that have it"""
    silent: int
    """pictures without any"""
    first: str
    """the key of the first of those"""
    others: Counter[str] = field(default_factory=Counter)
    """translation -> pictures that have it"""

    @property
    def looked(self) -> int:
        return self.silent + self.counts.total()


def words_of(recipe: Recipe, source: Any) -> Words:
    """Returns the captions of up to LIMIT samples, counted; samples that cannot be read are left to the loader."""
    limit = STREAMED if isinstance(source, Stream) else LIMIT
    counts, silent, first, others = Counter[str](), 0, "", Counter[str]()
    low, high = np.zeros(DRAWS), np.full(DRAWS, 0.99)
    for sample in some(source, recipe.seed, limit):
        others.update(sample.translation[:1])
        caption = recipe.data.caption(sample, low).strip() or recipe.data.caption(sample, high).strip()
        if caption:
            counts[caption] += 1
        else:
            first = first if silent else sample.key
            silent += 1
    return Words(counts, silent, first, others)


def why_unlearnable(recipe: Recipe, source: Any, words: Words) -> str:
    """Returns why nothing can be learnt from these captions; "" where something can."""
    mend = (
        "Give each picture a .txt file of the same name, a caption column, a folder for each class, or a telling file "
        "name (IMG_1001 tells nothing); what is read of each: sightline data SRC"
    )
    if not words.looked:
        return ""  # nothing could be read: the loader says why
    if not words.counts:
        return (
            f"{recipe.name} learns from captions, and none of the {words.looked} pictures looked at in {source.name} "
            f"has one (the first is {words.first}). {mend}. Pictures alone teach simclr, byol, dino or mae"
        )
    if len(words.counts) == 1:
        (only,) = words.counts
        return (
            f"{recipe.name} tells captions apart, and all of the {words.counts.total()} pictures looked at in "
            f"{source.name} that have one have the same, {only!r}. {mend}"
        )
    return ""


def notes(recipe: Recipe, source: Any, words: Words, *, sigmoid: bool, world: int) -> list[str]:
    """Returns the warnings to print before the first step: of pictures without captions, and of a loss that cannot fall
    to 0."""
    warnings = []
    if words.silent:
        warnings.append(
            f"{words.silent} of the {words.looked} pictures looked at in {source.name} have no caption (the first is "
            f"{words.first}): they are trained with empty words. Give them some, or leave them out"
        )
    inner = getattr(recipe.method, "pair", recipe.method)
    if getattr(inner, "positives", None) != "pair" or not words.counts:
        return warnings
    batch, n = recipe.batch, 0 if isinstance(source, Stream) else len(source)
    least, term = lowest_loss(batch, words, sigmoid=sigmoid), "sigmoid" if sigmoid else "contrastive"
    if 0 < n < batch:
        least = f"{least:.2f}" if sigmoid else f"about ln({batch}/{n}) = {max(least, log(batch / n)):.2f}"
        warnings.append(
            f"batch={batch} is more than the {n} pictures to train on: each stands {batch / n:.1f} times in a batch "
            f"and is its own negative, so the {term} loss cannot fall below {least}. Set "
            f"batch={max(world, n - n % world)} or less, or method.positives=caption, which makes equal captions right"
        )
    elif least > TELLING * log(batch):
        warnings.append(
            f"{len(words.counts)} different captions stand on {words.counts.total()} pictures, so that equal ones meet "
            f"in a batch of {batch} and are each other's negatives: the {term} loss cannot fall below about "
            f"{least:.2f}. Set method.positives=caption, which makes equal captions right, or a smaller batch"
        )
    return warnings


def cut(recipe: Recipe, source: Any, words: Words, tokenizer: Any) -> list[str]:
    """Returns the warnings of captions that do not fit the context of what writes them: it would learn to end in the
    middle; and of translations. Of recipes that write nothing, and tokenizers that do not tell, none."""
    if not {"decoder", "translator"} & {*recipe.parts} or not hasattr(tokenizer, "cut"):
        return []
    kinds = {"captions": words.counts} | ({"translations": words.others} if "translator" in recipe.parts else {})
    warnings = []
    for kind, counts in kinds.items():
        texts = list(counts)
        lost = [text for text, over in zip(texts, tokenizer.cut(texts), strict=True) if over] if texts else []
        if lost:
            pictures = sum(counts[text] for text in lost)
            warnings.append(
                f"{pictures} of the {words.looked} pictures looked at in {source.name} have {kind} of more than "
                f"{tokenizer.length} tokens, and what is over is not learnt (the first is {lost[0][:60]!r}). Set "
                f"data.tokenizer.length to more, such as {2 * tokenizer.length}"
            )
    return warnings


def lowest_loss(batch: int, words: Words, *, sigmoid: bool) -> float:
    """The bound of the module, over captions as often as they occur."""
    # pictures without words all have the same: none
    share = np.array([*words.counts.values(), *([words.silent] if words.silent else [])]) / words.looked
    times = np.maximum(1.0, batch * share)
    least = np.log(times)
    if sigmoid:
        rest = times - 1
        least = least + rest * np.log(times / np.where(rest > 0, rest, 1), where=rest > 0, out=np.zeros_like(rest))
    return float((least * share).sum())
