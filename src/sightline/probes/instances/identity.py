"""Re-identification: the same identity under another camera (Zheng et al. 2015, Market-1501)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.data.array import to_numpy
from sightline.probes.instances.judged import Judged, judged
from sightline.probes.instances.precision import Precision, at_hits


@dataclass(frozen=True, eq=False)
class Seen:
    """Pictures: vectors (n, e), and of each the identity and the camera, numbers or names."""

    vectors: Any
    identity: Any
    camera: Any
    ignored: Any = None
    """(n,) bool, pictures that are neither right nor wrong: Market-1501's bad boxes, identity -1. Its distractors,
    identity 0, are wrong answers to every query and stay. None: nobody"""

    def __post_init__(self) -> None:
        for what in ("identity", "camera", "ignored"):
            given = getattr(self, what)
            if given is not None and len(given) != len(self.vectors):
                raise ValueError(f"{len(self.vectors)} vectors came with {len(given)} of {what}; give one each")


def reidentify(
    queries: Seen, gallery: Seen, *, ks: Sequence[int] = (1, 5, 10), precision: Precision = at_hits
) -> Judged:
    """CMC and average precision of every query. Right: its identity under another camera.

    Pictures of its identity under its own camera are junk, itself among them where `queries` and `gallery` are the same
    pictures. `precision=trapezoid` is the area that Market-1501's own code takes. ValueError where no query has a right
    picture, with what is missing.
    """
    whose, where = to_numpy(gallery.identity), to_numpy(gallery.camera)
    asked, asked_at = to_numpy(queries.identity), to_numpy(queries.camera)
    ignored = np.zeros(len(whose), bool) if gallery.ignored is None else to_numpy(gallery.ignored).astype(bool)

    def answers(query: int) -> tuple[np.ndarray, np.ndarray]:
        same, seen = whose == asked[query], where == asked_at[query]
        return same & ~seen, (same & seen) | ignored

    (found,) = judged(queries.vectors, gallery.vectors, [answers], ks, precision)
    if not len(found.asked):
        raise ValueError(
            f"none of {found.left_out} queries has a picture of its identity under another camera among "
            f"{len(whose)}: the gallery has {len(np.unique(whose))} identities and {len(np.unique(where))} cameras"
        )
    return found
