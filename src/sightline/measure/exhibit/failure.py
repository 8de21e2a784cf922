"""The pictures an encoder gets most wrong: what it takes for another class, and captions it does not find."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from sightline.data.array import unit
from sightline.measure.exhibit.near import nearest
from sightline.measure.pictures import Texts
from sightline.measure.subject.subject import Lacks, Subject

SHOWN = 6
VOTERS = 5
CAPTIONS = 200
"""pictures whose captions are told apart"""


@dataclass(frozen=True)
class Failure:
    """A picture by its number in the album, what is true of it, and what the encoder found instead."""

    picture: int
    true: str
    found: str
    beside: tuple[int, ...] = ()
    """pictures it was taken for"""


def mistaken(
    rank: Int[np.ndarray, "n n"], cosines_of: np.ndarray, classes: Sequence[str | None], count: int
) -> list[tuple[int, str, list[int]]]:
    """(picture, the class most of its neighbours have, those neighbours): none of its `VOTERS` nearest is of its class.

    Only pictures of a class that has others; those nearest to what they are not come first. `cosines_of` are unit
    vectors (n, d).
    """
    sizes = {name: list(classes).count(name) for name in set(classes)}
    found = []
    for i, own in enumerate(classes):
        if own is None or sizes[own] < 2:
            continue
        near = nearest(rank, i, VOTERS)
        theirs = [classes[j] for j in near]
        if near and own not in theirs and (named := [name for name in theirs if name is not None]):
            most = max(named, key=lambda name: (named.count(name), -named.index(name)))
            found.append((float(cosines_of[i] @ cosines_of[near[0]]), i, most, near))
    found.sort(key=lambda row: (-row[0], row[1]))
    return [(i, most, near) for _, i, most, near in found[:count]]


def unread(subject: Subject, vectors: np.ndarray, captions: Sequence[str], count: int) -> list[tuple[int, int, int]]:
    """(picture, rank of its own caption, the caption it prefers) where most captions are nearer than its own.

    Captions by their place; equal ones count once. Empty where the subject reads no text.
    """
    some = [i for i, text in enumerate(captions) if text][:CAPTIONS]
    distinct = list(dict.fromkeys(captions[i] for i in some))
    if len(distinct) < 2 or not subject.reads_text:
        return []
    try:
        texts = unit(np.nan_to_num(subject.texts(Texts(distinct))))
    except Lacks:
        return []
    cosines = unit(np.nan_to_num(vectors[some])) @ texts.T
    own = np.array([distinct.index(captions[i]) for i in some])
    above = (cosines > cosines[np.arange(len(some)), own][:, None]).sum(1)
    worst = np.argsort(-above, kind="stable")[:count]
    first = {text: i for i, text in reversed([(i, captions[i]) for i in some])}
    return [(some[w], int(above[w]) + 1, first[distinct[int(cosines[w].argmax())]]) for w in worst if above[w] > 0]
