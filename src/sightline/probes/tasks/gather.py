"""Pictures of a source in one pass: decoded once, their features by several readers, and what is true of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sightline.data.ahead import map_ahead
from sightline.data.decode.guard import guarded
from sightline.data.decode.record import Bad, fetch, good
from sightline.data.decode.target import extent, must_match, read_depth, read_mask
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import BadSample, Encoded, Sample, Source
from sightline.probes.depth import known
from sightline.probes.view import in_view

BATCH = 64
NO_CLASS = -1
"""stands in a mask where the view shows no picture"""

Reader = Callable[[Any], Mapping[str, np.ndarray]]
"""Prepared pictures, a float tensor (b, c, y, x) (of NaFlex a list), to features (b, ...) by name"""


@dataclass(slots=True)
class Gathered:
    """What was read of a source. Features and truths are of the same pictures, in the order of the source."""

    index: list[int] = field(default_factory=list)
    """numbers of the usable pictures in the source"""
    features: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    """by reader, then by name: (n, ...)"""
    planes: list[np.ndarray] = field(default_factory=list)
    """masks or depths (y, x) of the view, where they were asked for"""
    bad: dict[str, str] = field(default_factory=dict)
    """key -> why it could not be used"""


@dataclass(frozen=True, slots=True)
class _Ready:
    number: int
    given: Any
    plane: np.ndarray | None


def gather(
    source: Source,
    prepare: Callable[[Any], Any],
    readers: Mapping[str, Reader],
    *,
    plane: Callable[[Sample], np.ndarray] | None = None,
    tell: Callable[[int, int | None], None] = lambda done, total: None,
) -> Gathered:
    """All usable pictures of a source. `prepare` makes one ready (`TorchEncoder.preprocess`), `plane` reads its mask or
    depth (`mask_in`, `depth_in`); what either refuses by BadSample is left out and named in `bad`.

    Raises ValueError where none could be used, and what a reader raises.
    """

    def ready(number: int) -> _Ready | Bad:
        sample = fetch(source, number)
        if isinstance(sample, Bad):
            return sample
        try:
            with guarded():
                return _Ready(number, prepare(sample.image), None if plane is None else plane(sample))
        except BadSample as error:
            return Bad(sample.key, str(error))

    found, parts = Gathered(), {name: [] for name in readers}
    usable = good(map_ahead(ready, range(len(source))), found.bad)
    while batch := list(islice(usable, BATCH)):
        given = [one.given for one in batch]
        together = torch.stack(given) if isinstance(given[0], Tensor) else given
        for name, reader in readers.items():
            parts[name].append(reader(together))
        found.index += [one.number for one in batch]
        found.planes += [one.plane for one in batch if one.plane is not None]
        tell(len(found.index) + len(found.bad), len(source))
    if not found.index:
        reasons = "; ".join(f"{key}: {reason}" for key, reason in list(found.bad.items())[:3])
        raise ValueError(f"no picture of {source.name} could be used ({reasons or 'it is empty'})")
    found.features = {
        name: {key: np.concatenate([part[key] for part in some]) for key in some[0]} for name, some in parts.items()
    }
    return found


def mask_in(rule: Preprocess) -> Callable[[Sample], np.ndarray]:
    """Reads a sample's mask as the view of `rule` shows it, at the mask's own resolution."""
    return lambda sample: in_view(_whole(sample, sample.mask, "mask", read_mask), rule, NO_CLASS)


def depth_in(rule: Preprocess) -> Callable[[Sample], np.ndarray]:
    """The same of its depth, in metres. BadSample where none of it is known."""

    def read(sample: Sample) -> np.ndarray:
        depth = in_view(_whole(sample, sample.depth, "depth", read_depth), rule, 0.0)
        if not known(depth).any():
            raise BadSample("no pixel of its depth is known (above 0 and finite)")
        return depth

    return read


def _whole(
    sample: Sample, plane: Encoded | None, what: str, read: Callable[[Encoded, tuple[int, int]], np.ndarray]
) -> np.ndarray:
    """The plane at its own size, signed. BadSample where there is none, or it has another shape than the picture."""
    if plane is None:
        raise BadSample(f"it has no {what}")
    must_match(plane, sample.image, what)
    found = read(plane, extent(plane))
    return found.astype(np.int64) if found.dtype.kind in "ui" else found
