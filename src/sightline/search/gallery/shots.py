"""Pictures sorted into classes of which a few examples are shown: a cosine classifier with imprinted weights.

    w_k = unit(mean_i unit(f(x_i))),   z_k = s f(x).w_k,   p = softmax(z),   s = 10

Qi, Brown and Lowe 2018 (imprinting); the scale is where Gidaris and Komodakis 2018 start theirs. Nothing is trained,
unless a classifier is given that was fine-tuned on the examples (cosine.py). Every picture is embedded by itself, in
evaluation mode: what else is asked changes no answer.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sightline.data.sample import Source, Stream, class_name
from sightline.search.classify import Guess, guesses, softmax
from sightline.search.embed import rows
from sightline.search.fill.fill import Progress
from sightline.search.gallery.cosine import CosineClassifier
from sightline.search.gallery.gallery import Gallery
from sightline.search.gallery.unseen import fingerprints, unseen
from sightline.search.query import Embedder


def check_shots(shots: Source | Stream) -> None:
    """Raises ValueError where a source of examples has no classes."""
    if not shots.classes:
        raise ValueError(
            f"{shots.name} has no classes: --shots wants a folder with a folder of examples for each class, or a table "
            "with a column label"
        )


def examples(
    encoder: Embedder, shots: Source | Stream, bad: dict[str, str] | None = None, progress: Progress | None = None
) -> Gallery:
    """The examples of `shots`, a source with classes, as vectors by class; those of no class are left out.

    Raises ValueError where it has no classes, or fewer than two with a usable picture.
    """
    check_shots(shots)
    said: list[str] = []
    vectors: list[np.ndarray] = []
    for some in rows(encoder, shots, bad=bad, progress=progress):
        for label, vector in zip(some.label, some.vector, strict=True):
            if (name := class_name(label, shots.classes)) is not None:
                said.append(name)
                vectors.append(vector)
    names, labels = np.unique(said, return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            f"{shots.name} shows {len(names)} classes with a usable picture; there is nothing to choose between below 2"
        )
    return Gallery(Path(str(shots.name)), tuple(names.tolist()), labels, np.stack(vectors), fingerprints(shots))


def classify_by_examples(
    encoder: Embedder,
    source: Source | Stream,
    shown: Gallery,
    classifier: CosineClassifier | None = None,
    *,
    bad: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> Iterator[Guess]:
    """A guess for every usable picture that is no example itself (by content), in the order of the source.

    `classifier` has the classes of the examples; left out, their imprinted weights. The others go into `bad` as key ->
    reason; examples among them with `unseen.STANDS`.
    """
    classifier = CosineClassifier(shown.prototypes) if classifier is None else classifier
    bad = {} if bad is None else bad
    for some in rows(encoder, unseen(source, shown.hashes, bad), bad=bad, progress=progress):
        yield from guesses(some, shown.names, softmax(classifier.logits(some.vector)))
