"""The nouns: Batch, Features, Losses, Kept, Method, Encoder. Imports nothing of ours; torch only to check types.

Dimensions, one legend for the whole package: `b` batch, `m` other (gathered) batch, `n` tokens, `d` width, `e` joint
width, `h` heads, `k` classes or prototypes, `v` vocabulary, `c y x` image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from PIL.Image import Image
    from torch import Tensor

    Picture = str | Path | bytes | Image | np.ndarray


class Batch(TypedDict, total=False):
    """What `data` makes and a method reads. A method names the keys it `needs`; a source that lacks one is refused.

    How each is made, joined and cut stands in one table, `data/batch.py`.
    """

    image: Tensor
    """(b, c, y, x): uint8 RGB or RGBA as stored; after the augmentation float32, normalised, three channels, or
    `towers.naflex.Patches` of pictures that keep their shape (data/views/any_shape.py)."""
    size: Tensor
    """(b, 2) int: height and width of the valid region of a padded uint8 `image`; of `Patches`, what they show."""
    views: list[Tensor]
    """further augmented pictures, in order, each float32 (b, 3, y, x) of its own size: of two views the second; of a
    multi-crop global 2, then the local ones."""
    masks: list[Tensor]
    """masks[i] (b, gy, gx) bool, true where a patch of [image, *views][i] is masked; of the first views only."""
    tokens: Tensor
    """(b, n) int64 caption tokens, padded by the tokenizer's rule."""
    alt: Tensor
    """(b, n) int64 tokens of the alt text beside the caption; of the main caption where a sample has none."""
    translation: Tensor
    """(b, n) int64 tokens of the main caption in another language."""
    negatives: Tensor
    """(b, n) int64 tokens of a caption that is false of each sample; of the empty text where it has none."""
    has_negative: Tensor
    """(b,) bool: whether it has one."""
    terms: Tensor
    """(t, n) int64 tokens of the search terms that occur in the batch, each once; not one row a sample."""
    has_term: Tensor
    """(b, t) bool: which of `terms` each sample has."""
    text: list[str]
    """the caption chosen for each sample at this step."""
    label: Tensor
    """(b,) int64; -1 where the sample has none."""
    domain: Tensor
    """(b,) int64: 0 of the set with labels, 1 of the one without (`domains(SRC, SRC)`)."""
    values: Tensor
    """(b, k) float32 numbers of a table's columns (`?values=`), NaN where one is not known."""
    mask: Tensor
    """(b, y, x) int64 class or instance numbers per pixel of `image`: as stored, and after the augmentation where that
    has taken them (`data.augment.targets`); -1 where there is no picture."""
    depth: Tensor
    """(b, y, x) float32 metres per pixel of `image`, like `mask`; 0 where unknown, or no picture."""
    boxes: list[Tensor]
    """per sample (objects, 4) float32 x, y, width, height in pixels of `image`; after the augmentation clipped to it,
    and only those that are a pixel wide and high."""
    box_ids: list[Tensor]
    """per sample (objects,) int64, made by the augmentation: which of the sample's boxes each of `boxes` was."""
    box_labels: list[Tensor]
    """per sample (objects,) int64: the class of each of the sample's boxes, by the numbers of `box_ids`; -1 where it
    is none of those that the method names (`things`)."""
    regions: Tensor
    """(b, 2, n) int64 tokens of what two of each sample's boxes are called: one to find, which no other box of the
    sample is called, and one to describe; of the empty text where there is none."""
    region_ids: Tensor
    """(b, 2) int64: which of the sample's boxes these are, by the numbers of `box_ids`; -1 for none."""
    keypoints: list[Tensor]
    """per sample (k, 3) or (objects, k, 3) float32 x, y in pixels of `image`, visibility 0 (not labelled, or out of
    sight), 1 (hidden) or 2; objects are those of the sample, none left out. The middle of a pixel lies at .5."""
    view_targets: list[Batch]
    """view_targets[i] has for views[i] what this batch has of mask, depth, boxes, box_ids, keypoints for `image`; made
    for methods that name it."""
    index: Tensor
    """(b,) int64 index of the sample in its source: with (seed, step) it seeds every draw made for the sample."""


Losses = dict[str, Any]
"""Weighted, named scalar terms; the trainer sums and logs them. (`Any` is a scalar Tensor.)"""


@dataclass(frozen=True, slots=True)
class Features:
    """What every image tower returns; read by name, never unpacked."""

    pooled: Tensor
    """(b, d), before any projection to a joint space."""
    tokens: Tensor
    """(b, n, d) patches only, row-major, after the tower's last norm."""
    prefix: Tensor
    """(b, p, d) class tokens and registers in the family's order; p may be 0."""
    grid: tuple[int, int] | Tensor
    """(height, width) of the tokens, or (b, 2) where sizes vary."""
    mask: Tensor | None = None
    """(b, n) true where a token is real; None when all are."""


CAPABILITIES = (
    "embeds",
    "reads_text",
    "captions",
    "locates",
    "samples",
    "completes",
    "detects",
    "segments",
    "answers",
    "translates",
    "classifies",
)
"""What kept parts can do. They add up: a captioner embeds and captions, a promptable segmenter segments and embeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of a method, and what that can do. It holds the method's own modules and tensors, not copies."""

    parts: Mapping[str, Any]
    """modules by name (`image`, `text`, `project_image`, `decoder` ...); their tensors are saved as `name.key`"""
    scalars: Mapping[str, Tensor] = field(default_factory=dict)
    """tensors that belong to no part: `log_scale`, `bias`"""
    capabilities: tuple[str, ...] = ()
    """of CAPABILITIES"""

    def __post_init__(self) -> None:
        for name in self.capabilities:
            if name not in CAPABILITIES:
                raise ValueError(f"no capability is called {name!r}; there are {', '.join(CAPABILITIES)}")


@runtime_checkable
class Method(Protocol):
    """A published system as an `nn.Module`: `forward(batch)` gives the named loss terms.

    It may have besides: `frozen` (names of parts that do not learn), `rates()` ({parameter: multiple of the learning
    rate}), `groups()` and `optimised` (parts and loss terms of a further optimiser), `begin_phase(previous)` (called
    with the state dictionary of the phase before), `needs_whole_batch` (why its loss is not a mean over parts of a
    batch), `check(batch_size)`, `watched` (embeddings of the last batch, for the monitor).
    """

    needs: frozenset[str]
    """Batch keys it cannot do without."""
    uses: frozenset[str]
    """Batch keys it makes use of where the source has them."""

    def __call__(self, batch: Batch) -> Losses: ...
    def before_step(self, step: int, total: int) -> None:
        """Write schedule buffers (momentum, temperature) for this step."""
        ...

    def after_step(self) -> None:
        """Move teachers, clamp temperatures; runs after the optimiser."""
        ...

    def kept(self) -> Kept:
        """The parts that stay when training is over, and what they can do."""
        ...


@runtime_checkable
class Contrastive(Protocol):
    """A method whose loss compares embeddings, split for GradCache: forward = compare(embed(batch), batch)."""

    def embed(self, batch: Batch) -> tuple[Any, ...]: ...
    def compare(self, embedded: tuple[Any, ...], batch: Batch) -> Losses: ...


@runtime_checkable
class Encoder(Protocol):
    """The public face of anything that embeds, ours or published, in torch or in the runtime."""

    name: str
    dim: int
    """width of the joint space"""
    identity: str
    """names weights and rules together: vectors can be compared only where it is equal"""
    preprocess: Callable[[Any], Any]
    """a picture (PIL image) -> float32 (3, y, x), ready for the tower."""
    tokenize: Callable[[Sequence[str]], Any]
    """texts -> int64 (b, n)."""
    logit_scale: Any
    logit_bias: Any

    def encode_image(self, images: Any, normalize: bool = False) -> Any: ...
    def encode_text(self, texts: Any, normalize: bool = False) -> Any: ...
    def features(self, images: Any) -> Features: ...
