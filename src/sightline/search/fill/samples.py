"""The samples of a source one after another, whatever becomes of each: one that cannot be had is a `Bad`, by name."""

from collections.abc import Iterator

from sightline.data.decode.guard import reason
from sightline.data.decode.record import Bad
from sightline.data.sample import Sample, Source, Stream


def samples(source: Source | Stream, first: int = 0) -> Iterator[Sample | Bad]:
    """The samples in order from number `first`, asked for by one thread: a source may read from one open file.

    Raises OSError where a stream breaks off: what would have come cannot be named.
    """
    if not isinstance(source, Source):
        yield from _streamed(source, first)
        return
    for index in range(first, len(source)):
        try:
            sample = source[index]
        except Exception as error:  # whatever a file's content makes a parser raise is that file's fault alone
            yield Bad(f"{source.name}#{index}", reason(error))
        else:
            yield sample


def _streamed(stream: Stream, first: int) -> Iterator[Sample | Bad]:
    """The samples of a stream from number `first`."""
    given = first
    try:
        for sample in stream.epoch(seed=0, epoch=0, skip=first):
            given += 1
            yield sample
    except (ValueError, OSError):
        raise
    except Exception as error:  # clients of storage services have errors of their own kinds
        raise OSError(f"{stream.name} broke off after {given:,} samples ({reason(error)})") from error
