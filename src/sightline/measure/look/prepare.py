"""Pictures of a source, decoded and prepared for an encoder: a few spread over it, or all in one pass."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from jaxtyping import UInt8

from sightline.data.ahead import map_ahead
from sightline.data.decode.guard import guarded
from sightline.data.decode.record import Bad, fetch, good
from sightline.data.sample import BadSample, Sample, Source, Stream
from sightline.measure.look.picture import to_pixels
from sightline.weights.encoder import TorchEncoder

Bads = dict[str, str]
"""key -> reason of pictures that could not be used"""


@dataclass(frozen=True, slots=True)
class Ready:
    """One picture as the tower takes it, and as pixels of what it sees."""

    key: str
    given: Any
    pixels: UInt8[np.ndarray, "y x 3"]


def ready(encoder: TorchEncoder) -> Callable[[Sample | Bad], Ready | Bad]:
    """What makes a sample ready for this encoder."""
    rule = encoder.rule

    def prepare(sample: Sample | Bad) -> Ready | Bad:
        if isinstance(sample, Bad):
            return sample
        try:
            with guarded():
                given = encoder.preprocess(sample.image)
        except BadSample as error:
            return Bad(sample.key, str(error))
        return Ready(sample.key, given, to_pixels(given, rule.mean, rule.std))

    return prepare


def chosen(encoder: TorchEncoder, source: Source | Stream, count: int, bad: Bads) -> list[Ready]:
    """`count` usable pictures spread evenly over the source (of a stream: its first)."""
    if isinstance(source, Source):
        spread = dict.fromkeys(int(i) for i in np.linspace(0, max(len(source) - 1, 0), min(count, len(source))))
        order = [*spread, *(i for i in range(len(source)) if i not in spread)]
        found = (_at(source, index) for index in order)
    else:
        found = source.epoch(seed=0, epoch=0)
    return list(islice(good(map(ready(encoder), found), bad), count))


def every(encoder: TorchEncoder, source: Source | Stream, bad: Bads) -> Iterator[Ready]:
    """All usable pictures in order, decoded in two threads ahead of the reader."""
    found = map(lambda i: _at(source, i), range(len(source))) if isinstance(source, Source) else source.epoch(0, 0)
    return good(map_ahead(ready(encoder), found, threads=2, room=32), bad)


def _at(source: Source, index: int) -> Sample | Bad:
    found = fetch(source, index)
    return Bad(f"{source.name}#{index}", found.reason) if isinstance(found, Bad) else found
