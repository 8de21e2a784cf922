"""The words of a source: what a run's tokenizer is trained on, and which search terms several samples share."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sightline.data.order import order
from sightline.data.sample import BadSample, Sample, Stream

LIMIT = 20_000
"""samples read at most: a vocabulary of a few thousand pieces does not change with more"""


def corpus(source: Any, seed: int) -> Iterator[str]:
    """Captions and terms of up to LIMIT samples, in order; unreadable samples are passed over."""
    for sample in _some(source, seed):
        yield from (*sample.captions, *sample.terms)


def shared_terms(source: Any, seed: int) -> list[str]:
    """Captions and terms, sorted, that samples of at least two names carry: what tells kinds, not single pictures."""
    names: dict[str, set[str]] = defaultdict(set)
    for sample in _some(source, seed):
        for word in (*sample.captions, *sample.terms):
            names[word].add(sample.name or sample.key)
    return sorted(word for word, own in names.items() if len(own) > 1)


def _some(source: Any, seed: int) -> Iterator[Sample]:
    if isinstance(source, Stream):
        for number, sample in enumerate(source.epoch(seed, 0)):
            if number >= LIMIT:
                return
            yield sample
        return
    for index in sorted(order(len(source), seed, 0)[:LIMIT].tolist()):
        try:
            yield source[index]
        except BadSample:
            continue
