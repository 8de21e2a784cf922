"""What a question asks an encoder to embed: each text once, and pictures from several places as one row of vectors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.subject import Subject
from sightline.measure.text.credit import meanings


class Said:
    """Texts, each one once, in the order in which they first came; and what a perfect encoder would hear in each.

    A text is embedded once, so that two questions that ask the same get the same vector to the bit.
    """

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._meaning: list[str] = []
        self._texts = Texts([])

    def add(self, text: str, meaning: str | None = None) -> int:
        """The row of `text`; it means itself where nothing else is said of it first."""
        if text not in self._at:
            self._at[text] = len(self._at)
            self._meaning.append(text if meaning is None else meaning)
        return self._at[text]

    def all(self, texts: Iterable[str]) -> np.ndarray:
        """The rows of `texts` (n,) int64."""
        return np.array([self.add(text) for text in texts], np.int64)

    @property
    def texts(self) -> Texts:
        if len(self._texts) != len(self._at):
            self._texts = Texts(list(self._at), meanings(self._meaning))
        return self._texts


@dataclass(eq=False)
class Gallery:
    """Pictures of several shelves one after the other: each shelf is embedded as it is wherever else it is used."""

    parts: list[Pictures] = field(default_factory=list)

    def add(self, pictures: Pictures, meaning: Sequence[str]) -> int:
        """The row of the first of `pictures`; `meaning` says of each what a perfect encoder would see."""
        start = sum(map(len, self.parts))
        if len(pictures):
            self.parts.append(pictures.told(captions=list(meaning), vectors=meanings(meaning)))
        return start

    def vectors(self, subject: Subject) -> np.ndarray:
        """(n, d)"""
        return np.concatenate([subject.vectors(part) for part in self.parts])
