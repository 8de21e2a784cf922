"""Samples as probes take them: decoded once, their classes by name.

Every source counts its own classes, and what is 3 here may be 5 there: only names can be compared.
"""

import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from sightline.data.decode.guard import guarded
from sightline.data.feed.order import order
from sightline.data.prepare.naflex import CutPicture, stacked
from sightline.data.prepare.naflex_rule import Rule
from sightline.data.sample import BadSample, Sample, Source, class_name, words
from sightline.towers.naflex import Patches


class Prepared:
    """Some samples of a source, decoded once: pictures (n, 3, y, x) float32 (`Patches` where `view` leaves them their
    shape), main captions ("" where there is none) and their translations, the names of their classes (None where there
    is no label).

    Without a `view` no picture is looked at, and `pictures` are (n, 0): for methods that only read.
    """

    def __init__(self, source: Source, view: Rule | None, *, samples: int, seed: int) -> None:
        chosen = sorted(order(len(source), seed, 0)[:samples].tolist())
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda i: _read(source, i, view), chosen))
        read = [record for record in found if record is not None]
        self.name, self.source = source.name, source
        self.index = [i for i, record in zip(chosen, found, strict=True) if record is not None]
        self.pictures = _together([p for p, _ in read])
        self.captions = [s.captions[0].strip() if s.captions else "" for _, s in read]
        self.translations = [s.translation[0] if s.translation else "" for _, s in read]
        self.classes = tuple(map(plain_name, source.classes))
        self.labels = [class_name(s.label, self.classes) for _, s in read]

    def __len__(self) -> int:
        return len(self.pictures)

    def sample(self, number: int) -> Sample:
        """The record of the sample of that number: boxes, mask and depth, in pixels of the stored picture."""
        return self.source[self.index[number]]

    @property
    def kinds(self) -> frozenset[str]:
        """The classes that occur."""
        return frozenset(label for label in self.labels if label is not None)

    @property
    def unlabelled(self) -> int:
        return self.labels.count(None)


def plain_name(name: str) -> str:
    """One spelling of what one system writes composed and another decomposed."""
    return unicodedata.normalize("NFC", name).strip()


def _together(pictures: Sequence[np.ndarray | CutPicture]) -> torch.Tensor | Patches:
    cut = [picture for picture in pictures if isinstance(picture, CutPicture)]
    if cut:
        patches, mask, grid = (torch.from_numpy(part) for part in stacked(cut))
        return Patches(patches=patches, mask=mask, grid=grid)
    return torch.from_numpy(np.stack(pictures)) if pictures else torch.zeros(0)


def _read(source: Source, index: int, view: Rule | None) -> tuple[Any, Sample] | None:
    try:
        with guarded():
            sample = words(source, index) if view is None else source[index]
            return np.zeros(0, np.float32) if view is None else view(sample.image), sample
    except BadSample:
        return None
