"""Words for parts of a picture: what a source calls its boxes, and the two that a step takes of each picture.

A source with boxes may say what is in each: `extra["phrases"]`, (words, box) in the order of the boxes, as scenes and
`regions(SRC, ENCODER)` have them, or `extra["objects"]`, a dictionary a box, of whose fields `WORDS` are read.
LocCa (Wan et al. 2024, https://arxiv.org/abs/2403.19596) takes one region to be found and one to be described.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from sightline.data.sample import Sample

WORDS = ("size", "color", "colour", "shape", "category", "name")
"""fields of an object that say what it is, in the order of a phrase"""
REGIONS = 2
"""of every picture: one to find, one to describe"""
NONE = -1
"""the number of a box where there is none"""


def called(sample: Sample) -> list[str]:
    """What each of the sample's boxes is called, "" where nothing says; [] where no box has words."""
    objects, phrases = sample.extra.get("objects"), sample.extra.get("phrases")
    if isinstance(objects, list):
        return [_said(thing) for thing in objects]
    return [str(words) for words, _ in phrases] if phrases else []


def referring(words: Sequence[str]) -> list[int]:
    """The boxes whose words no other box of the picture has: asked for them, there is one answer."""
    counts = Counter(words)
    return [number for number, said in enumerate(words) if said and counts[said] == 1]


def drawn(sample: Sample, boxes: np.ndarray | None, u: np.ndarray) -> list[tuple[str, int]]:
    """(words, number of the box) of the region to find and of the one to describe; ("", NONE) where there is none.

    boxes: (n, 4) of the sample; those without an area, and a list of words of another length, name nothing.
    u:     (REGIONS,) uniform draws.

    The first is unique among the sample's words (`referring`); the other may be any box that has words.
    """
    words = called(sample)
    if boxes is None or len(boxes) != len(words):
        return [("", NONE)] * REGIONS
    sound = np.asarray(np.isfinite(boxes).all(1) & (boxes[:, 2:] > 0).all(1))
    found = [number for number in referring(words) if sound[number]]
    told = [number for number, said in enumerate(words) if said and sound[number]]
    chosen = [
        options[int(draw * len(options))] if options else NONE for options, draw in zip((found, told), u, strict=True)
    ]
    return [(words[number] if number != NONE else "", number) for number in chosen]


def _said(thing: Any) -> str:
    if not isinstance(thing, dict):
        return ""
    return " ".join(str(thing[key]) for key in WORDS if isinstance(thing.get(key), str))
