"""The words a run's tokenizer is trained on."""

from collections.abc import Iterator
from typing import Any

from sightline.data.order import order
from sightline.data.sample import BadSample, Stream

LIMIT = 20_000
"""samples read at most: a vocabulary of a few thousand pieces does not change with more"""


def corpus(source: Any, seed: int) -> Iterator[str]:
    """Captions and terms of up to LIMIT samples, in a seeded order; unreadable samples are passed over."""
    if isinstance(source, Stream):
        for number, sample in enumerate(source.epoch(seed, 0)):
            if number >= LIMIT:
                return
            yield from (*sample.captions, *sample.terms)
        return
    words = getattr(source, "words", None)  # generated sets give captions without drawing the pictures
    for index in sorted(order(len(source), seed, 0)[:LIMIT].tolist()):
        try:
            if words is not None:
                yield from words(index)
                continue
            sample = source[index]
        except BadSample:
            continue
        yield from (*sample.captions, *sample.terms)
