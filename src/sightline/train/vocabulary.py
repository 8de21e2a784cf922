"""The words of a source: what a run's tokenizer is trained on, and which search terms several samples share."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sightline.data.decode.record import Bad, fetch_words
from sightline.data.feed.order import order
from sightline.data.feed.regions import called
from sightline.data.sample import Sample, Stream
from sightline.text.load import BPE, AnyTokenizer, BoxBPE, TokenizerSpec

LIMIT = 20_000
"""samples looked at for search terms and captions, and at first for a vocabulary"""
EACH = 4
"""samples read at first for each token of a large vocabulary; GROWTH times as many follow until it is full"""
GROWTH = 4
MOST = 4_000_000
"""samples of which a vocabulary is made at most: their captions take about a gigabyte"""


def tokenizer_of(spec: TokenizerSpec, source: Any, seed: int, say: Callable[[str], None]) -> AnyTokenizer:
    """The spec's tokenizer, trained on as many captions as fill its vocabulary: all there are where they do not."""
    if not isinstance(spec, BPE):
        return spec.train(())
    limit = min(MOST, max(LIMIT, EACH * spec.vocab))
    while True:
        read = _Counted(some(source, seed, limit))
        made = spec.train(corpus(read, named=isinstance(spec, BoxBPE)))
        if made.vocab >= spec.vocab or read.count < limit:
            return made
        if limit == MOST:
            say(f"the tokenizer has {made.vocab} of {spec.vocab} tokens: no more than {MOST:,} samples are read for it")
            return made
        if not isinstance(source, Stream) and limit >= len(source):
            return made
        limit = min(MOST, limit * GROWTH)
        say(f"the tokenizer has {made.vocab} of {spec.vocab} tokens; it is trained on up to {limit:,} samples")


def corpus(samples: Iterable[Sample], *, named: bool = False) -> Iterator[str]:
    """Their captions, terms, alt texts and translations, in order; and where `named`, what their boxes are called."""
    for sample in samples:
        yield from (
            *sample.captions,
            *sample.terms,
            *sample.alt,
            *sample.translation,
            *(called(sample) if named else ()),
        )


def shared_terms(source: Any, seed: int) -> list[str]:
    """Captions and terms, sorted, that samples of at least two names carry: what tells kinds, not single pictures."""
    names: dict[str, set[str]] = defaultdict(set)
    for sample in some(source, seed, LIMIT):
        for word in (*sample.captions, *sample.terms):
            names[word].add(sample.name or sample.key)
    return sorted(word for word, own in names.items() if len(own) > 1)


def some(source: Any, seed: int, limit: int) -> Iterator[Sample]:
    """Up to `limit` samples of the seeded order, in the order of the source, for their words: drawn ones may have no
    picture. Those that cannot be read are left out."""
    if isinstance(source, Stream):
        for number, sample in enumerate(source.epoch(seed, 0)):
            if number >= limit:
                return
            yield sample
        return
    for index in sorted(order(len(source), seed, 0)[:limit].tolist()):
        if not isinstance(found := fetch_words(source, index), Bad):
            yield found


class _Counted:
    """Samples, and how many of them came."""

    def __init__(self, samples: Iterator[Sample]) -> None:
        self.samples, self.count = samples, 0

    def __iter__(self) -> Iterator[Sample]:
        return self

    def __next__(self) -> Sample:
        sample = next(self.samples)
        self.count += 1
        return sample
