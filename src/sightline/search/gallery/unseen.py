"""A source without the pictures that examples were taken from: what was learnt from must not be asked about."""

from collections.abc import Collection, Iterator

import numpy as np

from sightline.data.sample import BadSample, Sample, Source, Stream
from sightline.search.fill.picture import fingerprint
from sightline.search.fill.samples import samples

STANDS = "it is one of the examples, so it is not asked about"


def fingerprint_of(sample: Sample) -> str | None:
    """Of the bytes or pixels of a sample, as indexes keep it; None where its file cannot be read, which whoever
    decodes it says."""
    try:
        return fingerprint(sample.image if isinstance(sample.image, np.ndarray) else sample.content())
    except (OSError, ValueError):
        return None


def fingerprints(source: Source | Stream) -> frozenset[str]:
    """Of every sample that can be had."""
    found = (fingerprint_of(sample) for sample in samples(source) if isinstance(sample, Sample))
    return frozenset(filter(None, found))


class Unseen:
    """The source, but that asking for one of the `examples` (fingerprints) raises BadSample with STANDS."""

    def __init__(self, source: Source, examples: Collection[str]) -> None:
        self.source, self.examples = source, examples
        self.name, self.has, self.classes = source.name, source.has, source.classes

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Sample:
        sample = self.source[index]
        if fingerprint_of(sample) in self.examples:
            raise BadSample(STANDS)
        return sample


class UnseenStream:
    """The stream without the `examples` (fingerprints); each that comes goes into `bad` as key -> STANDS."""

    def __init__(self, stream: Stream, examples: Collection[str], bad: dict[str, str]) -> None:
        self.stream, self.examples, self.bad = stream, examples, bad
        self.name, self.has, self.classes = stream.name, stream.has, stream.classes

    def epoch(self, seed: int, epoch: int, skip: int = 0) -> Iterator[Sample]:
        """As of `Stream`."""
        for sample in self.stream.epoch(seed, epoch, skip):
            if fingerprint_of(sample) in self.examples:
                self.bad[sample.key] = STANDS
            else:
                yield sample


def unseen(source: Source | Stream, examples: Collection[str], bad: dict[str, str]) -> Source | Stream:
    """The source without the `examples` (fingerprints), which whoever reads it finds in `bad` with STANDS."""
    return Unseen(source, examples) if isinstance(source, Source) else UnseenStream(source, examples, bad)


def without_examples(bad: dict[str, str]) -> int:
    """Takes what was left out as an example from the bad ones; returns how many that were."""
    left = [key for key, reason in bad.items() if reason == STANDS]
    for key in left:
        del bad[key]
    return len(left)
