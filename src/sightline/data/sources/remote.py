"""Webdataset tars behind an address (s3, http, memory, file), streamed: seeded order of shards, seeded buffer."""

import tarfile
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sightline.data.draw import uniform
from sightline.data.sample import BadSample, Sample
from sightline.data.sources.shards.members import beside, is_known, lookalikes, picture_field, sample_of, split_name
from sightline.data.sources.walk import is_system

BUFFER = 1000
"""records that wait to be drawn from, still encoded"""
TRIES = 4
PAUSE = 1.0
"""seconds before the second try; doubled before each further one"""
DRAWS = 1024
ALIKE = 16
"""records called alike up to the first dot that wait for each other, still encoded"""

Record = tuple[str, dict[str, bytes]]


class Remote:
    """The records of tars too far away for an index, in an order that only (seed, epoch) decide.

    A connection that breaks is taken up again where it broke. Labels keep the numbers that `cls` says.
    """

    classes: tuple[str, ...] = ()

    def __init__(self, urls: Sequence[str], name: str = "", buffer: int = BUFFER) -> None:
        if buffer < 1:
            raise ValueError(f"buffer={buffer}: expected a number of records, at least 1")
        self.urls, self.buffer = tuple(urls), buffer
        self.name = name or urls[0]
        self.unread: tuple[str, ...] = ()
        """shards that were found to be cut while they were read"""
        # looked at before the first step, so that a wrong address or format is told at once
        first = next(self._records(self.urls[0]), None)
        if first is None:
            raise ValueError(f"{self.urls[0]} holds no records with a picture")
        self.has = frozenset({"image", "text"} | beside(first[1].keys()))

    def epoch(self, seed: int, epoch: int, skip: int = 0) -> Iterator[Sample]:
        """The samples of one epoch; the first `skip` are passed over: fetched, but neither parsed nor decoded."""
        for place, (key, members) in enumerate(self._shuffled(seed, epoch)):
            if place < skip:
                continue
            try:
                sample = sample_of(key, members, (), {})
            except BadSample as error:
                # an exception would end the stream; an empty picture is refused when decoded, under a key that says why
                sample = Sample(key=str(error), image=b"")
            yield sample

    def _shuffled(self, seed: int, epoch: int) -> Iterator[Record]:
        """Shards in a seeded order, through a buffer from which a drawn record leaves for each that enters."""
        order = np.argsort(uniform(seed, epoch, np.arange(len(self.urls)), "remote shards")[:, 0], kind="stable")
        draws = _draws(seed, epoch)
        waiting: list[Record] = []
        for shard in order:
            for record in self._records(self.urls[shard]):
                if len(waiting) < self.buffer:
                    waiting.append(record)
                    continue
                place = int(next(draws) * len(waiting))
                drawn, waiting[place] = waiting[place], record
                yield drawn
        while waiting:
            place = int(next(draws) * len(waiting))
            waiting[place], waiting[-1] = waiting[-1], waiting[place]
            yield waiting.pop()

    def _records(self, url: str) -> Iterator[Record]:
        """The records of one shard; after a broken connection, those that are still missing."""
        given, tries = 0, 0
        while True:
            try:
                for place, record in enumerate(_stream(url)):
                    if place >= given:
                        given, tries = given + 1, 0
                        if picture_field(record[1]):
                            yield record
                return
            except tarfile.TarError as error:
                # the shard itself is cut: what came before is good, and another try would find the same
                if not given:
                    raise ValueError(f"{url} is no tar: {error}") from error
                self.unread = tuple(dict.fromkeys([*self.unread, url]))
                warnings.warn(
                    f"{url} is cut or damaged ({error}); the {given:,} records before it are used", stacklevel=2
                )
                return
            except FileNotFoundError:
                raise
            except OSError as error:
                tries += 1
                if tries >= TRIES:
                    raise OSError(f"{url} failed {TRIES} times: {error}") from error
                time.sleep(PAUSE * 2 ** (tries - 1))


def _draws(seed: int, epoch: int) -> Iterator[float]:
    start = 0
    while True:
        yield from uniform(seed, epoch, np.arange(start, start + DRAWS), "remote buffer")[:, 0]
        start += DRAWS


def _stream(url: str) -> Iterator[Record]:
    """Neighbouring members of one key as a record, read front to back."""
    import fsspec  # here, because most sources need none of its tenth of a second

    opened: Any = fsspec.open(url, "rb")
    with opened as file, tarfile.open(fileobj=file, mode="r|*") as tar:
        # records called alike up to the first dot wait for each other: one may be no more than a field of another
        alike: dict[str, dict[str, bytes]] = {}
        at = ""
        for member in tar:
            # the list would come to hold every header of the tar
            tar.members = []  # pyright: ignore[reportAttributeAccessIssue]
            key, field = split_name(member.name)
            if not member.isreg() or not is_known(field) or any(map(is_system, key.split("/"))):
                continue
            if key != at and alike and (_stem(key) != _stem(at) or len(alike) >= ALIKE):
                yield from _apart(alike)
                alike = {}
            at = key
            data = tar.extractfile(member)
            assert data is not None, "a regular member has data"
            alike.setdefault(key, {})[field] = data.read()
        yield from _apart(alike)


def _apart(alike: dict[str, dict[str, bytes]]) -> Iterator[Record]:
    fields = lookalikes(alike)
    yield from ((key, members) for key, members in alike.items() if key not in fields)


def _stem(key: str) -> str:
    folder, slash, base = key.rpartition("/")
    return folder + slash + base.partition(".")[0]
