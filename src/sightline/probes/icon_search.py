"""How well an encoder finds the built-in icons by words: the figures of the demo, and the bar for word matching alone.

held-out  candidates and queries are the solid weight of every name kept out of training; query = label and all terms
library   the names that were trained on; query = the label alone
Pictures are black on white. Recall counts ties half (`probes/retrieval.py`).
"""

from typing import Any

import numpy as np

from sightline.data.sources.icons import Icons
from sightline.probes.bm25 import bm25
from sightline.probes.retrieval import recall, retrieval


def icon_retrieval(encoder: Any, *, fold: int = 0) -> dict[str, Any]:
    """`{"heldout": {...}, "library": {...}}`, each with text_to_image, image_to_text, n, chance_r10 and bm25.

    `bm25` is the recall of the same queries against the names alone, without looking at a picture.
    """
    return {
        "heldout": _figures(encoder, solid("test", fold), _everything),
        "library": _figures(encoder, solid("train", fold), _label),
    }


def solid(split: str, fold: int) -> list[Any]:
    """The samples of a split drawn in the solid weight, one a name."""
    icons = Icons(weight="solid", split=split, fold=fold)
    return [icons[i] for i in range(len(icons))]


def _label(sample: Any) -> str:
    return sample.captions[0]


def _everything(sample: Any) -> str:
    return " ".join([sample.captions[0], *sample.terms])


def _figures(encoder: Any, samples: list[Any], query: Any) -> dict[str, Any]:
    pictures = encoder.encode_image([s.image for s in samples])
    queries = [query(s) for s in samples]
    found = retrieval(pictures, encoder.encode_text(queries), np.arange(len(samples)))
    names = bm25([s.name for s in samples], queries)
    return found | {"bm25": {"text_to_image": recall(names, np.eye(len(samples), dtype=bool))}}
