"""S5 and S6: does a vector tell left from right, above from below? By captions whose two ends changed places, which
have the same words, and by the mirrored picture, of which a caption of left and right is no longer true."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.data.scenes import hard_negatives
from sightline.measure.finding import Finding, MeanOf
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.places import unit
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.shelf import Shelf

EQUAL = 1e-6
ACROSS = ("left of", "right of")


@dataclass(frozen=True, eq=False)
class Sides:
    """Scenes of two things; `mirrored` of those with left and right are embedded once more."""

    shelf: Shelf
    mirrored: int

    @cached_property
    def swapped(self) -> list[str | None]:
        return [hard_negatives(sample.extra["scene"], "swap_sides") for sample in self.shelf.samples]

    @cached_property
    def asked(self) -> list[int]:
        return [at for at, text in enumerate(self.swapped) if text]

    @cached_property
    def across(self) -> list[int]:
        """Of these, scenes of left and right that will be mirrored."""
        relations = {at: self.shelf.samples[at].extra["scene"].clauses[0].relation for at in self.asked}
        return [at for at in self.asked if relations[at] in ACROSS][: self.mirrored]

    @cached_property
    def codes(self) -> np.ndarray:
        return np.random.default_rng(0).normal(size=(len(self.shelf), 64)).astype(np.float32)

    @cached_property
    def told(self) -> Pictures:
        return self.shelf.pictures.told(vectors=self.codes)

    @cached_property
    def flipped(self) -> Pictures:
        made = [np.ascontiguousarray(np.asarray(self.shelf.samples[at].image)[:, ::-1]) for at in self.across]
        captions = [self.shelf.captions[at] for at in self.across]
        return Pictures(made, captions=captions).told(vectors=-self.codes[self.across])

    def ask(self, subject: Subject) -> list[Finding]:
        """Captions exchanged, and the mirrored picture, each above or below one half."""
        vectors = unit(subject.vectors(self.told))
        true = [self.shelf.captions[at] for at in self.asked]
        false = [text for at in self.asked if (text := self.swapped[at])]
        codes = self.codes[self.asked]
        texts = unit(subject.texts(Texts([*true, *false], np.concatenate([codes, -codes]))))
        own = vectors[self.asked]
        right, wrong = (np.einsum("nd,nd->n", own, side) for side in (texts[: len(own)], texts[len(own) :]))
        place = {at: row for row, at in enumerate(self.asked)}
        said = texts[[place[at] for at in self.across]]
        mirrored = unit(subject.vectors(self.flipped))
        seen, turned = (np.einsum("nd,nd->n", side, said) for side in (vectors[self.across], mirrored))
        return [
            _finding("left/right and above/below captions", _half(right - wrong), f"sides {self.told.digest}"),
            _finding("mirrored picture by its caption", _half(seen - turned), f"mirrors {self.told.digest}"),
        ]

    def alone(self, subject: Subject) -> list[Finding]:
        """What needs no words: how far a picture lies from its mirror."""
        one, other = unit(subject.vectors(self.told))[self.across], unit(subject.vectors(self.flipped))
        return [_similar(np.einsum("nd,nd->n", one, other), f"mirrors {self.told.digest}")]


def _finding(metric: str, hits: np.ndarray, items: str) -> Finding:
    return Finding(
        metric=metric, statistic=MeanOf(hits), chance=0.5, chance_kind="analytic", bound=1.0, bound_kind="labels",
        items=items, protocol={"level": 1},
    )  # fmt: skip


def _similar(cosines: np.ndarray, items: str) -> Finding:
    return Finding(
        metric="cosine with the mirror image", statistic=MeanOf(cosines), chance=1.0,
        chance_kind="cannot tell a mirror", bound=-1.0, bound_kind="opposite", scored=False, items=items,
    )  # fmt: skip


def _half(ahead: np.ndarray) -> np.ndarray:
    """1 where ahead, 0 where behind, one half for equals."""
    return (1 + np.sign(np.where(np.abs(ahead) > EQUAL, ahead, 0))) / 2
