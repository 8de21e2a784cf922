"""Where words are in one picture: by an encoder's own decoder where it has one, else by its patches nearest to them.

The second way is that of the referring box (`measure/localization/pointing.py`): cos(patch, words) is a heat map; the
tight box of its largest part above mean + one deviation.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from sightline.data.array import to_numpy
from sightline.data.prepare.seen import Part, inside, onto_picture, seen_part
from sightline.weights.capabilities.locates import Place, shapes_of
from sightline.weights.regions.heat import tight_boxes

SIDE = 224
"""pixels of the square in which a map's box is looked for"""


def where(encoder: Any, picture: Any, words: Sequence[str]) -> list[Place]:
    """A place for each of `words` in a picture, given as for `encode_image`. ValueError for an encoder that neither
    locates nor has patches in a space of words."""
    if "locates" in encoder.capabilities:
        return encoder.locate([picture] * len(words), list(words))
    check_finds(encoder)
    seen = encoder.features([picture])
    patches = to_numpy(encoder.patches_of(seen, normalize=True))[0]
    texts = to_numpy(encoder.encode_text(list(words), normalize=True))
    rows, columns = to_numpy(seen.grid).reshape(-1)[:2].astype(int).tolist()
    heats = (texts @ patches[: rows * columns].T).reshape(len(words), rows, columns)
    part = shown(encoder, picture)
    heats = np.where(inside(part, (rows, columns)), heats, heats.min(axis=(1, 2), keepdims=True))
    planes = F.interpolate(torch.from_numpy(heats.astype(np.float32))[:, None], (SIDE, SIDE), mode="bilinear")
    boxes = onto_picture(tight_boxes(planes[:, 0].numpy()) / SIDE, part)
    return [
        Place(box=(x, y, w, h) if w > 0 and h > 0 else None, score=float(heat.max()), heat=heat.astype(np.float32))
        for heat, (x, y, w, h) in zip(heats, boxes.tolist(), strict=True)
    ]


def check_finds(encoder: Any) -> None:
    """ValueError for an encoder that has nothing to say where words are."""
    if "locates" in encoder.capabilities:
        return
    if not encoder.reads_text:
        raise ValueError(
            f"{encoder.name} cannot locate words: it has no decoder that writes boxes (locca, siglip2), and no text "
            "tower to compare its patches with (clip, siglip)"
        )
    if not hasattr(encoder, "patches_of"):
        raise ValueError(
            f"{encoder.name} cannot locate words: it runs without torch, which gives vectors of whole pictures and "
            "none of their patches. Name a run, or published weights"
        )


def shown(encoder: Any, picture: Any) -> Part:
    """The part of a picture that the encoder sees; all of what is given as a view."""
    (shape,) = shapes_of([picture])
    return (0.0, 0.0, 1.0, 1.0) if shape is None else seen_part(encoder.rule, shape)
