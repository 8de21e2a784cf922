"""Pictures sorted into labels that nobody trained: each label's words become weights through the text tower.

    w_c = classifier(label c) (probes/zero_shot.py),   z_c = s v.w_c + bias
    p_c = softmax(z)_c under CLIP's loss, sigmoid(z_c) under SigLIP's,    s = exp(logit_scale) of the encoder

Softmax shares one whole among the labels given: something of none of them still gets a label. Sigmoid judges each label
by itself.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.data.array import to_numpy
from sightline.data.sample import Source, Stream
from sightline.probes.zero_shot import GRAPHIC, classifier
from sightline.search.embed import Rows, rows
from sightline.search.fill.fill import Progress
from sightline.search.query import Embedder


@dataclass(frozen=True, slots=True)
class Guess:
    """One picture with its labels, the most probable first; equal ones in the order they were given."""

    key: str
    path: str
    """"" for a picture inside an archive"""
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    label: int | None
    """number of the class its source gives it, None where it gives none"""


def classify(
    encoder: Embedder,
    source: Source | Stream,
    labels: Sequence[str],
    *,
    templates: Sequence[str] = GRAPHIC,
    bad: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> Iterator[Guess]:
    """A guess for every usable picture, in the order of the source; the others go into `bad` as key -> reason.

    Raises ValueError for fewer than two labels, labels that repeat, or an encoder that reads no text.
    """
    check_labels(labels)
    weights = classifier(encoder, labels, templates)
    for some in rows(encoder, source, bad=bad, progress=progress):
        yield from guesses(some, labels, probabilities(encoder, some.vector @ weights.T))


def check_labels(labels: Sequence[str]) -> None:
    """Raises ValueError for fewer than two labels, or labels that repeat."""
    if len(labels) < 2:
        raise ValueError(f"give at least two labels to choose between; got {', '.join(labels) or 'none'}")
    if twice := sorted(label for label, count in Counter(labels).items() if count > 1):
        raise ValueError(f"every label once, please: {', '.join(twice)} came more than once")


def guesses(some: Rows, labels: Sequence[str], shares: np.ndarray) -> Iterator[Guess]:
    """A guess for each row, by the probabilities (n, classes) of the labels."""
    for number, mine in enumerate(shares):
        order = np.argsort(-mine, kind="stable")
        yield Guess(
            some.key[number],
            some.path[number],
            tuple(labels[int(c)] for c in order),
            tuple(round(float(mine[c]), 6) for c in order),
            some.label[number],
        )


def probabilities(encoder: Any, cosines: np.ndarray) -> np.ndarray:
    """Probabilities float64 (n, classes) of cosines (n, classes), by the loss that the encoder was trained with."""
    logits = float(np.exp(to_numpy(encoder.logit_scale))) * cosines.astype(np.float64)
    if encoder.logit_bias is not None:
        return 1 / (1 + np.exp(-(logits + float(to_numpy(encoder.logit_bias)))))
    return softmax(logits)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Shares (n, classes) of one whole."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)
