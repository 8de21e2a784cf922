"""A picture of an index explained: what is read of it, and what was asked as a vector."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from sightline.data.array import unit
from sightline.data.sample import BadSample
from sightline.search.asked import asked
from sightline.search.explain.explain import Explanation, Way, explain, way_of
from sightline.search.index import Index
from sightline.search.query import Embedder, reads_text, text_vector

SAYING_NOTHING = ("a picture", "a photo", "a drawing", "an icon", "something", "a thing")
"""what fits any picture: a part that speaks for these as much as for the words says nothing of the words. With them the
patches of six encoders pointed right in 0.56 of all cases, without in 0.44 (benchmarks/search/explain.py)"""


@dataclass(frozen=True, eq=False)
class Sought:
    """What is looked for in pictures: a unit vector (e,), and what its parts are compared `against` (e,)."""

    vector: np.ndarray
    against: np.ndarray | None = None


def sought_words(encoder: Embedder, query: str) -> Sought:
    """What a person typed, without its filters. ValueError where no words are left, and for an encoder that reads
    none."""
    words = asked(query).words
    if not words:
        raise ValueError(f"{query!r} only says where to look; there are no words in it to look for in a picture")
    if not reads_text(encoder):
        raise ValueError(f"{encoder.name} reads no words, so it sees none in a picture; explain by another picture")
    return Sought(text_vector(encoder, words), unit(encoder.encode_text(list(SAYING_NOTHING))).mean(axis=0))


def explain_hit(
    index: Index, encoder: Embedder, id: int, sought: Sought, *, by: Way | None = None, turn: Any = None
) -> tuple[Explanation, tuple[int, int]]:
    """Why the picture `id` answers a query, and its width and height as it is seen: pixels of a raster, the shape alone
    of a drawing.

    By the picture's own bytes, or, where they are not at hand (inside an archive, gone or changed since), by its
    thumbnail. ValueError for an unknown picture and an encoder that cannot say.
    """
    picture = index.picture(id)
    small, _ = index.thumb(id)
    with Image.open(io.BytesIO(small)) as opened:
        shape = opened.size
    if picture.width and picture.height:
        shape = picture.width, picture.height
    way_of(encoder, by)

    def told(data: bytes) -> Explanation:
        given: dict[str, Any] = {"shape": shape[::-1], "by": by, "turn": turn, "against": sought.against}
        return explain(encoder, data, sought.vector, **given)

    try:
        return told(index.original(id)[0]), shape
    except (ValueError, BadSample):
        return told(small), shape


def said(told: Explanation, shape: tuple[int, int], *, pixels: bool) -> dict[str, Any]:
    """The fields of an explanation in JSON; a drawing has no pixels, so its box is null and its shares tell."""
    best = told.best
    sides = (*shape, *shape)
    return {
        "by": told.by,
        "score": round(told.score, 6),
        "passes": told.passes,
        "grid": list(told.heat.shape),
        "values": [[round(float(value), 4) for value in row] for row in told.scaled],
        "most": round(float(told.heat.max()), 6),
        "part": [round(share, 6) for share in told.part],
        "shares": best and [round(share, 4) for share in best],
        "box": [round(share * side) for share, side in zip(best, sides, strict=True)] if best and pixels else None,
    }
