"""Several parts of a query made one: the normalised, weighted sum of their unit vectors.

    q = unit(sum over parts of w_i v_i),  w_i below 0 for what is taken away

v_i is a picture's vector by the tower of pictures, words' by that of words. Those of one kind lie on one side of the
sphere, apart from the other kind's (W. Liang et al., "Mind the Gap", 2022). Taking the mean of each kind off before
they are summed never found more, and less with one encoder (docs/benchmarks.md, "Composed queries"): a query's common
part adds nearly the same to the cosine of every picture, and a word that is added and one that is taken away lose it
by themselves. So it is left on, and the sum is what a person would compute.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.array import unit
from sightline.data.prepare.tile import Box
from sightline.search.ask.region import part_of
from sightline.search.blind import needs_encoder
from sightline.search.query import Embedder, Readers, image_vector, reads_text, text_vector
from sightline.search.rank.rank import Wanted
from sightline.search.typed.compose import Composed, Part
from sightline.search.typed.unparsed import Unparsed
from sightline.search.words import telling

LEAST = 1e-3
"""length of the sum below which the parts cancel each other"""


def summed(vectors: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """unit(sum_i w_i v_i) of unit vectors (e,). Raises ValueError where nothing is left of it.

    >>> summed([np.array([1.0, 0.0]), np.array([0.0, 1.0])], [3.0, -4.0]).round(3).tolist()
    [0.6000000238418579, -0.800000011920929]
    """
    total = np.asarray(weights, np.float64) @ np.stack(vectors).astype(np.float64)
    if np.linalg.norm(total) < LEAST * np.abs(weights).max():
        raise ValueError("the parts of this query take each other away, and nothing is left to look for")
    return unit(total[None])[0]


def mixed(
    query: Composed,
    encoder: Embedder,
    readers: Readers,
    stored: Callable[[int, Box | None], np.ndarray],
    *,
    paths: bool = True,
) -> Wanted:
    """What a composed query looks for: a vector by look, words by what is written, and their meaning.

    `stored` gives the unit vector of a picture of the index, or of a part of it. Words that are added are looked up
    together, as if they had been typed in one; what holds all words of a part that is taken away stands behind.
    Without `paths` a picture by its path is refused: on a server, the path is another's.
    """
    if encoder.dim == 0:
        one = len(query.parts) == 1
        raise ValueError(needs_encoder("searching by a picture" if one else "a query of several parts"))
    vectors = [_vector(query, part, encoder, stored, paths) for part in query.parts]
    weights = [part.weight for part in query.parts]
    worded = [part for part in query.parts if part.words]
    added = [part for part in query.parts if part.weight > 0]
    share = sum(part.weight for part in added if part.words) / sum(part.weight for part in added)
    words = " ".join(part.words for part in added if part.words)
    without = tuple(part.words for part in worded if part.weight < 0 and telling(part.words))
    sought = Wanted(words, summed(vectors, weights), query.folders, without=without, share=share, judged=False)
    reader = readers.reads
    if reader is None or not telling(words):
        return sought
    meant = summed([text_vector(reader, part.words) for part in worded], [part.weight for part in worded])
    return replace(sought, meant=meant, reader=reader.identity)


def picture_vector(encoder: Embedder, image: Any, region: Box | None) -> np.ndarray:
    """The unit vector (e,) of a picture or of a part of it."""
    return image_vector(encoder, image if region is None else part_of(image, region))


def _vector(
    query: Composed, part: Part, encoder: Embedder, stored: Callable[[int, Box | None], np.ndarray], paths: bool
) -> np.ndarray:
    if part.words:
        if not reads_text(encoder):
            raise ValueError(
                f"the encoder of this index reads no words, so {part.words!r} cannot be weighed against other parts; "
                "search by words or by a picture alone"
            )
        return text_vector(encoder, part.words)
    try:
        if part.id is not None:
            return stored(part.id, part.region)
        if part.image is not None:
            return picture_vector(encoder, part.image, part.region)
        if not paths:
            raise ValueError("a picture is not opened by its path here; drop it, or name one of the library as id:407")
        path = Path(part.path or "").expanduser()
        if not path.is_file():
            raise ValueError(f"there is no picture at {part.path}")
        return picture_vector(encoder, path, part.region)
    except Unparsed:
        raise
    except ValueError as error:
        raise Unparsed(str(error), query.text, part.at) from error
