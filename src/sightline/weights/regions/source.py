"""Boxes where nobody drew any: a source whose captions' phrases were looked for in its pictures.

LocCa's own data (Wan et al. 2024, https://arxiv.org/abs/2403.19596): the n-grams of a caption, a detector that answers
words, and its boxes above a score. The paper adds fixed categories to the n-grams; here words come from captions alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sightline import dist
from sightline.data.decode.guard import guarded
from sightline.data.decode.record import Bad, fetch
from sightline.data.decode.target import extent
from sightline.data.prepare.preprocess import opened
from sightline.data.progress import lines
from sightline.data.sample import BadSample, Sample, Source, words
from sightline.data.sources.labels import labels_of
from sightline.data.sources.mixture import Mixture
from sightline.text.phrases import phrases
from sightline.weights.regions.by_encoder import ByEncoder
from sightline.weights.regions.chosen import MOST, OVERLAP, Region, Rule, best_score, chosen
from sightline.weights.regions.detector import Detector
from sightline.weights.regions.kept import Kept, Looked, kept_of, key_of
from sightline.weights.regions.named import detector_of

DRAWN = 64
"""pixels at which a drawing would be opened; it has none of its own, so no box can stand in it"""


class Regions:
    """A source with the boxes of `found`, a list for each of its samples, instead of its own.

    A sample's `boxes` are those, and `extra` has `phrases`, (words, box), and `scores` in their order; `objects` of the
    source go. A sample without any has no boxes. What else a sample has stays.
    """

    def __init__(self, source: Source, found: Sequence[Sequence[Region]], name: str, notes: Sequence[str] = ()) -> None:
        if len(found) != len(source):
            raise ValueError(f"{source.name} has {len(source)} samples; got the regions of {len(found)}")
        self.source, self.found, self.name = source, found, name
        self.has = source.has | {"boxes"}
        self.classes: tuple[str, ...] = source.classes
        self.keypoint_flip: tuple[int, ...] = getattr(source, "keypoint_flip", ())
        self.notes: tuple[str, ...] = (*getattr(source, "notes", ()), *notes)
        self.unread: tuple[str, ...] = getattr(source, "unread", ())
        said = repr((getattr(source, "fingerprint", ""), found)).encode()
        self.fingerprint = hashlib.blake2b(said, digest_size=8).hexdigest()
        """of the boxes and words: a run that goes on refuses others"""

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Sample:
        return self._boxed(self.source[index], index)

    def words(self, index: int) -> Sample:
        return self._boxed(words(self.source, index), index)

    def labels(self) -> np.ndarray:
        return labels_of(self.source)

    def _boxed(self, sample: Sample, index: int) -> Sample:
        regions = self.found[index]
        extra = {key: value for key, value in sample.extra.items() if key != "objects"}
        extra |= {"phrases": [(one.words, one.box) for one in regions], "scores": [one.score for one in regions]}
        boxes = np.array([one.box for one in regions], np.float32) if regions else None
        return replace(sample, boxes=boxes, extra=extra)

    def location(self, index: int) -> tuple[Path, str] | None:
        """The file of a sample and the place in it, where the source tells them unread."""
        inner = getattr(self.source, "location", None)
        return None if inner is None else inner(index)


def regions(
    source: Source,
    encoder: Any,
    *,
    least: float | None = None,
    overlap: float = OVERLAP,
    most: int = MOST,
    name: str = "",
) -> Source:
    """`source` with boxes that `encoder` found of the phrases of its captions; of a mixture, a mixture of those.

    `encoder` is a name (`detector_of`), an encoder, or a `Detector`. Taken are boxes of a score of `least` (None: what
    the detector says: 0.3 of OWL-ViT, 2 deviations of a heat map) or more, whose IoU with a better one is at most
    `overlap`, the best `most` of a picture. Looks at every picture once; what was found is kept in the cache.
    ValueError for a source without captions, an encoder that finds no words, numbers that do not fit, and
    where no picture has a box.
    """
    if "text" not in source.has:
        raise ValueError(
            f"regions are looked for by the words of captions, and {source.name} has none. Give each picture a .txt "
            "file of the same name, a caption column, or a telling file name"
        )
    detector = _detector(encoder)
    rule = Rule(detector.least if least is None else least, overlap, most)
    if not isinstance(source, Mixture):
        return _found(source, detector, rule, name)
    parts = [_found(part, detector, rule, "") for part in source.parts]
    return Mixture(parts, source.weights, name)


def _detector(encoder: Any) -> Detector:
    if isinstance(encoder, str | Path):
        return detector_of(encoder)
    return encoder if isinstance(encoder, Detector) else ByEncoder(encoder)


def _found(source: Source, detector: Detector, rule: Rule, name: str) -> Regions:
    looked: list[Looked | None] = [None] * len(source)
    said, silent = lines(f"regions of {source.name}"), 0
    # each rank begins elsewhere: what one has found the others then read from the cache
    order = np.roll(np.arange(len(source)), -(dist.rank() * len(source) // dist.world())).tolist()
    with kept_of(detector.identity) as kept:
        for done, index in enumerate(order):
            said(done, len(source))
            sample = fetch(source, index)
            if isinstance(sample, Bad):
                continue
            asked = phrases(sample.captions)
            silent += not asked
            looked[index] = _looked(sample, asked, detector, rule, kept)
    found = [() if one is None else one.regions for one in looked]
    boxes, boxed = sum(map(len, found)), sum(map(bool, found))
    unseen = sum(one is None for one in looked)
    apart = f"{unseen} of them cannot be read, or are drawings, which have no pixels of their own" if unseen else ""
    if not boxed:
        best = max((one.best for one in looked if one is not None and one.best is not None), default=None)
        raise ValueError(
            f"{detector.name} found no box in any of the {len(source)} pictures of {source.name}: "
            + (f"{silent} have no words to look for; " if silent else "")
            + (f"{apart}; " if apart else "")
            + (
                "no phrase of a caption has a place"
                if best is None
                else f"the best score is {best:.3g}, and boxes of {rule.least:g} or more are taken (least=)"
            )
        )
    note = f"{detector.name} found {boxes:,} boxes in {boxed:,} of {len(source):,} pictures by the words of captions"
    return Regions(
        source, found, name or f"regions({source.name}, {detector.name})", [f"{note}; {apart}" if apart else note]
    )


def _looked(sample: Sample, asked: list[str], detector: Detector, rule: Rule, kept: Kept) -> Looked | None:
    """What is found in a picture; None where it has no pixels, or cannot be read."""
    if not asked:
        return Looked((), None)
    try:
        with guarded():
            # read once: for its name in the cache, its size and its pixels
            data = sample.content()
            image = data if isinstance(sample.image, Path) else sample.image
            key = key_of(data, extent(image), asked, rule)
            if (known := kept.get(key)) is not None:
                return known
            picture = opened(image, DRAWN)
    except BadSample:
        return None
    found = detector.detect(picture, asked)
    made = Looked(tuple(chosen(asked, found, picture.size, rule)), best_score(found))
    kept.put(key, made)
    return made
