"""Parts of a source: chosen samples, the first few of a seeded order, and a share held out for evaluation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sightline.data.draw import uniform
from sightline.data.numbers import Column
from sightline.data.sample import Sample, Source, words
from sightline.data.sources import sides
from sightline.data.sources.derived.domains import Domains
from sightline.data.sources.mixture import Mixture

MOST_HELD = 5000


class Subset:
    """The samples `indices` of a source, in that order."""

    def __init__(self, source: Source, indices: Sequence[int] | np.ndarray, name: str = "") -> None:
        self.source = source
        self.indices = np.asarray(indices, np.int64)
        self.name = name or source.name
        self.has, self.classes = source.has, source.classes
        self.keypoint_flip: tuple[int, ...] = getattr(source, "keypoint_flip", ())
        self.columns: tuple[Column, ...] = getattr(source, "columns", ())
        self.notes: tuple[str, ...] = getattr(source, "notes", ())
        self.unread: tuple[str, ...] = getattr(source, "unread", ())
        self.fingerprint: str = getattr(source, "fingerprint", "")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.source[int(self.indices[index])]

    def words(self, index: int) -> Sample:
        return words(self.source, int(self.indices[index]))

    def location(self, index: int) -> tuple[Path, str] | None:
        """The file of a sample and the place in it, where the source tells them unread."""
        inner = getattr(self.source, "location", None)
        return None if inner is None else inner(int(self.indices[index]))


def first_of_order(source: Source, n: int, seed: int = 0) -> Source:
    """The first `n` samples of the seeded order, kept in the order of the source; all of them if there are fewer."""
    if n < 1:
        raise ValueError(f"n={n}: expected a number of samples, at least 1")
    return Subset(source, first_places(len(source), n, seed, "first_of_order"))


def first_places(count: int, n: int, seed: int, operation: str) -> np.ndarray:
    """The first `n` of `count` places in the order of `seed` and the operation, sorted; all if there are fewer."""
    draws = uniform(seed, 0, np.arange(count), operation)[:, 0]
    return np.sort(np.argsort(draws, kind="stable")[:n])


def hold_out(source: Source, share: float = 0.05, seed: int = 0) -> tuple[Source, Source]:
    """(kept, held): about `share` of the samples set aside, at least 1 and at most 5,000.

    Decided sample by sample from a hash of its `name`, or of its content where it has none: copies of a picture and
    drawings of one thing fall on one side, and a sample keeps its side when others are added. The parts of a mixture
    are split one by one, of two domains only the one with labels. What was hashed once is not read again
    (`data/sources/sides.py`).
    """
    if isinstance(source, Mixture):
        pairs = [hold_out(part, share, seed) for part in source.parts]
        kept, held = zip(*pairs, strict=True)
        return Mixture(kept, source.weights, source.name), Mixture(held, source.weights, source.name)
    if isinstance(source, Domains):
        labelled, judged = hold_out(source.labelled, share, seed)
        return Domains(labelled, source.target, source.name), judged
    if not 0 < share < 1:
        raise ValueError(f"share is {share}; expected a part of the samples, above 0 and below 1")
    draws = sides.split_draws(source, seed)
    order = np.sort(draws)
    # a threshold on the draw itself, so that samples of one draw are never parted
    most = order[MOST_HELD] if len(order) > MOST_HELD else np.inf
    chosen = (draws < share) & (draws < most)
    if not chosen.any():
        chosen = draws == order[0] if len(order) else chosen
    if chosen.all():
        raise ValueError(
            f"{source.name} has {len(source)} samples of one kind; two different ones are needed to hold one out"
        )
    return Subset(source, np.flatnonzero(~chosen)), Subset(source, np.flatnonzero(chosen))
