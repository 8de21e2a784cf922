"""A recipe: everything that decides what a run learns, as one frozen value.

A recipe is made by a function in `sightline.recipes`; a variant is `dataclasses.replace` of another. Budgets are steps
or epochs, never minutes, so the same recipe gives the same weights on a fast machine and on a slow one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, inf
from typing import Any, Literal

import numpy as np
from torch import nn

from sightline.data.feed.caption_choice import first
from sightline.data.feed.order import Epochs, Order
from sightline.data.masks import Masks
from sightline.data.numbers import Column
from sightline.data.prepare.naflex_rule import Rule
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import Sample
from sightline.text.load import BPE, AnyTokenizer, TokenizerSpec
from sightline.towers import spec
from sightline.train.optim.clipping import Clip
from sightline.train.optim.optimizer import AdamW, Optimizer
from sightline.train.optim.schedule import Schedule, WarmupCosine
from sightline.train.recipe.evaluation import Evaluation
from sightline.train.recipe.heads import headed
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.phase import Phase

Precision = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where samples come from and what is done to them before the method sees them."""

    source: str
    """the SRC trained on when the command names none"""
    held: str | None = None
    """the SRC evaluated on when the command names neither data nor evaluation; None holds out a part of the data"""
    views: Callable[[int], Sequence[Any]]
    """size -> the augmentation's operations, or several `View`s (`data/views/kinds.py`), run batched on the
    model's device"""
    masks: Masks | None = None
    """a mask spec of `data/masks`, for methods that need `masks`; None makes none"""
    size: int = 64
    """pixels of a side, what the tower sees"""
    order: Order = Epochs()
    """in which samples come: in epochs, in a window that slides over the source (`data.order.size=4096`), or by labels:
    'data.order=PK(classes=8, samples=4)', 'data.order=Episodes(ways=5, shots=1, queries=5)'"""
    caption: Callable[[Sample, np.ndarray], str] = first
    """(sample, 16 uniform draws) -> the caption of this step"""
    preprocess: Rule = Preprocess()
    """the evaluation view, whose `size` follows `size` above; a NaFlexRule beside views of any shape"""
    tokenizer: TokenizerSpec = BPE()
    """made for the run from its captions"""

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"data.size is {self.size}; expected the pixels of a side, at least 1")

    def evaluation_view(self) -> Rule:
        rule = self.preprocess
        return replace(rule, size=self.size) if isinstance(rule, Preprocess) else rule


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """See the module. Fields marked `# ours` in a recipe file were chosen here, the rest come from the paper."""

    name: str
    build: Callable[["Recipe"], nn.Module]
    """recipe -> the method, from specs that fit the data (see `fitted`)"""
    method: Any
    """the method's own Config"""
    parts: Parts
    """the system's parts by name: towers, decoders, codecs, heads, as specs"""
    dim: int = 64
    """width of the joint space"""
    data: Data
    optim: Optimizer = AdamW()
    optims: Mapping[str, Optimizer] = field(default_factory=dict)
    """further ones by name, for methods that give some parts and terms one of their own (train/optim/several.py)"""
    schedule: Schedule = WarmupCosine()
    """of the rates of all optimisers, over the whole run"""
    batch: int = 256
    """samples a step over all devices"""
    micro: int = 0
    """samples a forward on one device; fewer than its share means GradCache for contrastive methods and plain
    accumulation for others; 0 means the whole share at once"""
    steps: int | None = None
    epochs: float | None = None
    phases: tuple[Phase, ...] = ()
    """what changes from some step on (train/recipe/phase.py), a Phase for every part of the run; none: nothing does"""
    clip: Clip = 1.0
    """largest norm of an optimiser's whole gradient, 0 leaves it; EachTensor(limit) clips every tensor by its own"""
    ema: float = 0.0
    """decay of the averaged weights that are evaluated and kept; 0 keeps the raw ones"""
    precision: Precision = "auto"
    """of the products, under autocast; auto is bfloat16 where the machine is faster in it, else float32, and stays what
    it was when the run began"""
    seed: int = 0
    evaluation: Evaluation = field(default_factory=Evaluation)
    samples: int = 0
    """pictures trained on, for methods that keep something of each; the trainer fills it in before `build`, 0 is a
    stream"""
    classes: int = 0
    """classes of what is trained on, for methods that keep something of each; filled in likewise"""
    class_names: tuple[str, ...] = ()
    """how they are called; filled in likewise, left empty where only their number is known"""
    columns: tuple[Column, ...] = ()
    """of numbers that are learnt; filled in likewise"""

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError(
                f"{self.name}: a recipe has steps or epochs, one of them; got {self.steps=} and {self.epochs=}"
            )
        for name in ("batch", "dim"):
            if getattr(self, name) < 1:
                raise ValueError(f"{self.name}: {name} must be at least 1, got {getattr(self, name)}")
        for name in ("micro", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{self.name}: {name} must be 0 or more, got {getattr(self, name)}")
        if self.seed >= 2**63:
            raise ValueError(f"{self.name}: seed must be less than 2**63, got {self.seed}")
        if not 0 <= self.ema < 1:
            raise ValueError(f"{self.name}: ema must be at least 0 (none) and less than 1, got {self.ema}")
        if isinstance(self.clip, float | int) and not 0 <= self.clip < inf:
            raise ValueError(f"{self.name}: clip must be finite and 0 (none) or more, got {self.clip}")
        if not 0 < (self.steps or self.epochs or 0) < inf:
            got = f"steps={self.steps}" if self.epochs is None else f"epochs={self.epochs:g}"
            raise ValueError(f"{self.name}: a run needs a positive number of steps, got {got}")

    @property
    def reads_words(self) -> bool:
        """Whether any part of any phase reads or writes tokens: the run then has a tokenizer and needs captions."""
        every = [self.parts, *(phase.parts for phase in self.phases)]
        return any(spec.reads_words(part) for parts in every for part in parts.values())

    def total(self, samples: int) -> int:
        """Steps of the whole run over a source of `samples`."""
        return self.steps if self.steps is not None else ceil((self.epochs or 0) * samples / self.batch)


def length_of(source: Any) -> int:
    """How many samples it has; 0 for a stream, which does not know."""
    return len(source) if hasattr(source, "__len__") else 0


def counted(recipe: Recipe, source: Any) -> Recipe:
    """The recipe with what its data has filled in: its samples, its classes and how they are called, heads for it."""
    names = tuple(getattr(source, "classes", ()))
    return replace(
        recipe,
        samples=length_of(source),
        classes=len(names),
        class_names=names,
        columns=getattr(source, "columns", ()),
        parts=headed(recipe.parts, source),
    )


def fitted(recipe: Recipe, tokenizer: AnyTokenizer | None) -> Recipe:
    """The recipe with its parts as they will be built and saved: picture size from the data; vocabulary, length, end
    and padding tokens from the tokenizer that was trained for the run."""
    size, words = recipe.data.size, tokenizer
    return replace(recipe, parts=Parts(**{name: spec.fitted(part, size, words) for name, part in recipe.parts.items()}))
