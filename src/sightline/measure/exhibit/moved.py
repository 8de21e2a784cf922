"""How far each encoder moves when a picture is drawn otherwise: transforms to look at, with a number beside each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sightline.data.array import unit
from sightline.measure.exhibit.album import Album
from sightline.measure.pictures import Pictures
from sightline.measure.subject.subject import Subject

Transform = tuple[str, float, np.ndarray, np.ndarray]
"""operation, severity, the picture before and after"""


@dataclass
class Gallery:
    """(operation, severity, before, after) by numbers in the album, and for each encoder how far it moves."""

    suite: str
    shown: list[tuple[str, float, int, int]]
    moved: dict[str, list[float]] = field(default_factory=dict)
    """1 is as far as another picture"""


def hung(transforms: Sequence[Transform], album: Album, suite: str) -> Gallery:
    """The gallery before anybody has seen it."""
    return Gallery(
        suite,
        [
            (name, severity, album.picture(before, f"before {name}"), album.picture(after, f"after {name}"))
            for name, severity, before, after in transforms
        ],
    )


def moves(subject: Subject, transforms: Sequence[Transform]) -> list[float]:
    """(1 - cos of before and after) over the mean of (1 - cos) between different pictures; NaN where all are alike."""
    before = Pictures([transform[2] for transform in transforms])
    after = Pictures([transform[3] for transform in transforms])
    one, other = (unit(np.nan_to_num(subject.vectors(pictures))) for pictures in (before, after))
    _, distinct = np.unique([Pictures([item]).digest for item in before.items], return_index=True)
    apart = 1 - one[distinct] @ one[distinct].T
    usual = apart[np.triu_indices(len(distinct), 1)].mean() if len(distinct) > 1 else np.nan
    if not usual > 1e-9:
        return [float("nan")] * len(transforms)
    return [float(d) for d in np.maximum(1 - (one * other).sum(1), 0) / usual]
