"""What the page shows of pictures, collected while an encoder's features are in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from sightline.data.array import unit
from sightline.measure.exhibit.album import Album
from sightline.measure.exhibit.failure import SHOWN as FAILURES
from sightline.measure.exhibit.failure import Failure, mistaken, unread
from sightline.measure.exhibit.moved import Gallery, Transform, hung, moves
from sightline.measure.exhibit.near import (
    NEIGHBOURS,
    PAIRS,
    QUERIES,
    BlindPair,
    Neighbour,
    Sheet,
    blind_pairs,
    nearest,
    ranks,
    spread,
)
from sightline.measure.exhibit.places import SHOWN, Places, collect_places, words_of
from sightline.measure.exhibit.rounds import Blind, Round, drawn_rounds
from sightline.measure.similarity.learnt import Learnt
from sightline.measure.subject.subject import Lacks, Subject
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite

MOST = 1500
"""pictures whose neighbours are looked for"""
COUPLES = 6
"""pairs of encoders whose blind pairs are shown"""
DOTS, CENTRAL, GROUPS, UNLIKELY = 400, 6, 8, 8


@dataclass(frozen=True)
class Space:
    """Clusters and the least likely pictures of one encoder on one suite, by numbers in the album."""

    suite: str
    encoder: str
    dots: list[tuple[float, float, int]]
    """of some pictures: along the two directions of greatest variance, and the cluster"""
    sizes: list[int]
    central: list[list[int]]
    unlikely: list[int]


@dataclass
class _Seen:
    """What is kept of a suite until every encoder has seen it."""

    shelf: Shelf
    classes: list[str | None]
    queries: list[int]
    places: Shelf
    unlabelled: bool
    ranks: dict[str, np.ndarray] = field(default_factory=dict)
    encoders: list[str] = field(default_factory=list)
    transforms: list[Transform] = field(default_factory=list)

    @property
    def couples(self) -> list[tuple[str, str]]:
        """Pairs of encoders; of one encoder alone, it and raw pixels."""
        if len(self.encoders) == 1 and "pixels" in self.ranks:
            return [(self.encoders[0], "pixels")]
        return list(combinations(self.encoders, 2))


class Exhibits:
    """`collect` is called for every subject on every suite; the rest is what the page draws.

    `learnt(vectors, seed)` finds clusters, `gallery(suite)` draws transforms; without them those are not shown.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        learnt: Callable[[Any, int], Learnt] | None = None,
        gallery: Callable[[Suite], Sequence[Transform]] | None = None,
    ) -> None:
        self.seed, self.learnt, self.gallery = seed, learnt, gallery
        self.album = Album()
        self.sheets: dict[str, Sheet] = {}
        self.places: dict[str, Places] = {}
        self.galleries: dict[str, Gallery] = {}
        self.spaces: list[Space] = []
        self.failures: dict[tuple[str, str], list[Failure]] = {}
        """by suite and encoder"""
        self._seen: dict[str, _Seen] = {}

    def collect(self, subject: Subject, suite: Suite) -> None:
        """What one subject sees in one suite. A subject that lacks vectors, or whose vectors are no numbers, is left
        out."""
        seen = self._opened(suite)
        try:
            vectors = subject.vectors(suite.test.pictures)[: len(seen.shelf)]
        except Lacks:
            return
        if not np.isfinite(vectors).all() or len(vectors) < 2:
            return
        rank = ranks(vectors)
        seen.ranks[subject.name] = rank
        self._sheet(subject, suite.name, unit(vectors), rank)
        collect_places(subject, seen.places, self.album, self.places[suite.name])
        if seen.transforms:
            self.galleries[suite.name].moved[subject.name] = moves(subject, seen.transforms)
        if subject.kind == "encoder":
            seen.encoders.append(subject.name)
            self._failures(subject, suite.name, vectors, rank)
            self._space(subject, suite.name, vectors)

    def blind_pairs(self) -> dict[tuple[str, str, str], list[BlindPair]]:
        """By suite, the encoder that sees them as near, and the one that tells them apart."""
        found = {}
        for name, seen in self._seen.items():
            for one, other in seen.couples[:COUPLES]:
                for near, far in ((one, other), (other, one)):
                    pairs = blind_pairs(seen.ranks[near], seen.ranks[far], PAIRS // 2)
                    found[name, near, far] = [
                        BlindPair(self._number(seen, i), self._number(seen, j), r, s) for i, j, r, s in pairs
                    ]
        return found

    def blind(self) -> list[Blind]:
        """The blind comparison of the first two encoders, or of one and raw pixels, on every unlabelled source."""
        found = []
        for name, seen in self._seen.items():
            if not seen.unlabelled or not seen.couples:
                continue
            one, other = seen.couples[0]
            rounds, alike = drawn_rounds(seen.ranks[one], seen.ranks[other], self.seed)
            shown = [
                Round(self._number(seen, q), self._numbers(seen, left), self._numbers(seen, right), first)
                for q, left, right, first in rounds
            ]
            if shown:
                found.append(Blind(name, (one, other), shown, alike))
        return found

    def _opened(self, suite: Suite) -> _Seen:
        if suite.name in self._seen:
            return self._seen[suite.name]
        shelf = suite.test.part(range(min(len(suite.test), MOST)))
        classes = [class_of(shelf, i) for i in range(len(shelf))]
        queries = spread(classes, QUERIES, self.seed)
        rich = suite.drawn(2, suite.n(200, 40)) if suite.kind == "scenes" else shelf
        chosen = list(range(SHOWN)) if suite.kind == "scenes" else queries[:SHOWN]
        places = rich.part(chosen)
        unlabelled = suite.kind == "source" and not shelf.has("label")
        seen = self._seen[suite.name] = _Seen(shelf, classes, queries, places, unlabelled)
        self.sheets[suite.name] = Sheet(
            suite.name, len(shelf), self._numbers(seen, queries), [classes[q] for q in queries]
        )
        self.places[suite.name] = Places(
            suite.name,
            [self.album.add(sample) for sample in places.samples],
            [words_of(sample, named) for sample, named in zip(places.samples, places.labels, strict=True)],
        )
        if self.gallery is not None:
            seen.transforms = list(self.gallery(suite))
            self.galleries[suite.name] = hung(seen.transforms, self.album, suite.name)
        return seen

    def _number(self, seen: _Seen, place: int) -> int:
        return self.album.add(seen.shelf.samples[place])

    def _numbers(self, seen: _Seen, places: Sequence[int] | np.ndarray) -> list[int]:
        return [self._number(seen, int(place)) for place in places]

    def _sheet(self, subject: Subject, suite: str, rows: np.ndarray, rank: np.ndarray) -> None:
        seen = self._seen[suite]
        self.sheets[suite].found[subject.name] = [
            [
                Neighbour(
                    self._number(seen, i),
                    float(rows[query] @ rows[i]),
                    None if seen.classes[query] is None else seen.classes[i] == seen.classes[query],
                )
                for i in nearest(rank, query, NEIGHBOURS)
            ]
            for query in seen.queries
        ]

    def _failures(self, subject: Subject, suite: str, vectors: np.ndarray, rank: np.ndarray) -> None:
        seen = self._seen[suite]
        taken = [
            Failure(
                self._number(seen, i),
                str(seen.classes[i]),
                f"taken for {most}",
                tuple(self._numbers(seen, near[:3])),
            )
            for i, most, near in mistaken(rank, unit(vectors), seen.classes, FAILURES)
        ]
        captions = seen.shelf.captions
        missed = [
            Failure(
                self._number(seen, i),
                captions[i],
                f"finds “{captions[best]}” first, its own caption as number {place}",
                (self._number(seen, best),),
            )
            for i, place, best in unread(subject, vectors, captions, FAILURES)
        ]
        self.failures[suite, subject.name] = taken + missed

    def _space(self, subject: Subject, suite: str, vectors: np.ndarray) -> None:
        if self.learnt is None:
            return
        seen, found = self._seen[suite], self.learnt(vectors, self.seed)
        some = np.linspace(0, len(vectors) - 1, min(len(vectors), DOTS)).astype(int)
        self.spaces.append(
            Space(
                suite,
                subject.name,
                [(float(found.coordinates[i, 0]), float(found.coordinates[i, 1]), int(found.cluster[i])) for i in some],
                np.bincount(found.cluster).tolist(),
                [self._numbers(seen, group[:CENTRAL]) for group in found.central[:GROUPS]],
                self._numbers(seen, found.unlikely[:UNLIKELY]),
            )
        )


def class_of(shelf: Shelf, place: int) -> str | None:
    """The class of a picture: its label, or what its first thing is where the source knows (`scenes`)."""
    if shelf.labels[place] is not None:
        return shelf.labels[place]
    things = shelf.samples[place].extra.get("factors")
    return str(things[0]["what"]) if isinstance(things, list | tuple) and things and "what" in things[0] else None
