"""How an encoder embeds many pictures fast: which part of it runs side by side, in how many threads, how precisely."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from sightline.data.array import to_numpy
from sightline.data.prepare.naflex import CutPicture, stacked
from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.prepare.preprocess import COLOURS, Preprocess
from sightline.runtime.encoder import OnnxEncoder
from sightline.runtime.graph import Graph
from sightline.runtime.naflex import NaFlexTower
from sightline.search.query import Embedder

Precision = Literal["auto", "float32", "bfloat16"]


@runtime_checkable
class Batcher(Protocol):
    """Prepared pictures to vectors."""

    rule: Any
    """how pictures are prepared: `Preprocess`, `NaFlexRule` or, of any other encoder, a function"""
    precision: str
    parallel: bool
    """whether `vectors` may be called in several threads at once and is best called so"""

    def vectors(self, prepared: Sequence[Any]) -> np.ndarray:
        """float32 (b, e), not normalised."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Entered around the whole run."""
        ...

    def enter(self) -> None:
        """Called once in every thread that will call `vectors`."""
        ...


class OnnxBatcher:
    """An exported tower, one thread a batch."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self.rule, self.precision, self.parallel = encoder.rule, "float32", True
        tower: Any = encoder.image
        self.tower: Any = tower.in_one_thread() if isinstance(tower, Graph | NaFlexTower) else tower

    def vectors(self, prepared: Sequence[Any]) -> np.ndarray:
        """As of `Batcher`."""
        cut = isinstance(prepared[0], CutPicture)
        return self.tower(stacked(prepared) if cut else _floats(self.rule, prepared))

    def alone(self) -> AbstractContextManager[None]:
        """As of `Batcher`."""
        return nullcontext()

    def enter(self) -> None:
        """Nothing: the session's threads are its own."""


class PlainBatcher:
    """Any encoder, by its public face alone."""

    def __init__(self, encoder: Embedder) -> None:
        rule = getattr(encoder, "rule", None)
        self.rule: Any = rule if isinstance(rule, Preprocess) else encoder.preprocess
        self.precision, self.parallel, self.encoder = "float32", False, encoder

    def vectors(self, prepared: Sequence[Any]) -> np.ndarray:
        """As of `Batcher`."""
        return to_numpy(self.encoder.encode_image(_floats(self.rule, prepared)))

    def alone(self) -> AbstractContextManager[None]:
        """As of `Batcher`."""
        return nullcontext()

    def enter(self) -> None:
        """Nothing."""


def batcher_of(encoder: Embedder, precision: Precision = "auto") -> Batcher:
    """The quickest way to embed with `encoder` on this machine. ValueError for a precision that it does not have.

    "auto" is bfloat16 where products are clearly faster in it (AMX, AVX512-BF16, GPUs), else float32.
    """
    if precision not in ("auto", "float32", "bfloat16"):
        raise ValueError(f"precision is {precision!r}; use auto, float32 or bfloat16")
    if isinstance(encoder, OnnxEncoder):
        if precision == "bfloat16":
            raise ValueError(f"{encoder.name} runs exported, in float32 only; bfloat16 needs torch (--precision auto)")
        return OnnxBatcher(encoder)
    try:
        from sightline.weights.batcher import TorchBatcher, bfloat16_pays
        from sightline.weights.encoder import TorchEncoder
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return PlainBatcher(encoder)
    if not isinstance(encoder, TorchEncoder):
        return PlainBatcher(encoder)
    if precision == "auto":
        low = encoder.precision == "bfloat16" or bfloat16_pays(encoder.device)
        precision = "bfloat16" if low else "float32"
    return TorchBatcher(encoder, precision)


def _floats(rule: Any, prepared: Sequence[Any]) -> np.ndarray:
    """Prepared pictures as one batch float32 (b, c, y, x)."""
    batch = np.stack([np.asarray(one) for one in prepared])
    return rule.normalised(batch) if batch.dtype == np.uint8 else batch.astype(np.float32, copy=False)


def gate(batcher: Batcher) -> AbstractContextManager[Any]:
    """Held while `vectors` runs."""
    return nullcontext() if batcher.parallel else threading.Lock()


def side_of(rule: Any) -> int | None:
    """The sides of the tower's input in pixels (of a square of as many patches), None where the rule does not say."""
    if isinstance(rule, NaFlexRule):
        return rule.patch * round(rule.length**0.5)
    return rule.size if isinstance(rule, Preprocess) and rule.channels in COLOURS else None
