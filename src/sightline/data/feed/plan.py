"""What stands in batch number `step`: a pure function, so workers, ranks and resumed runs agree without talking."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from sightline.data.decode.record import Bad, Record, collate
from sightline.data.draw import uniform
from sightline.data.feed.by_class import ByClass
from sightline.data.feed.caption_choice import DRAWS, Chooser
from sightline.data.feed.in_turn import in_turn
from sightline.data.feed.mirror import other_side
from sightline.data.feed.order import Epochs, Window, mixture_look_up
from sightline.data.feed.regions import REGIONS, drawn
from sightline.data.feed.store import nothing_usable
from sightline.data.feed.things import Things
from sightline.data.sample import Sample, Source, Stream
from sightline.data.sources.derived.domains import Domains
from sightline.data.sources.mixture import Mixture

PATIENCE = 64
"""How many replacements in a row may be unusable before the source is given up."""

Tokenize = Callable[[list[str]], np.ndarray]
Mirrored = Callable[[int, np.ndarray], np.ndarray]
"""(step, indices (b,)) -> (b,) bool: which samples the augmentation will show mirrored"""
Loaded = tuple[dict[str, Any], dict[str, str]]
"""A batch of numpy arrays, and the samples (key -> reason) that had to be replaced in it."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The order, the words and the split of a run. Everything in it can be pickled if the chooser and tokenizer can."""

    batch: int
    """samples of one step over all ranks"""
    seed: int
    rank: int
    world: int
    size: int
    """shorter side to decode at, in pixels"""
    fields: frozenset[str]
    caption: Chooser
    tokenize: Tokenize | None
    terms: frozenset[str] = frozenset()
    """the search terms that are told apart in `terms` and `has_term`"""
    things: Things = Things()
    """the classes of boxes that are told apart in `box_labels`"""
    order: Epochs | Window | ByClass = Epochs()
    """of a source that is read by index"""
    mirrored: Mirrored | None = None
    """whose words (captions, alt texts, false captions, terms) are to name the other sides; None where nothing is
    mirrored"""

    def positions(self, step: int) -> np.ndarray:
        """Places in the endless order of this rank's slice of a step, (b,) int64."""
        share = self.batch // self.world
        first = step * self.batch + self.rank * share
        return np.arange(first, first + share)

    def load(self, source: Source, read: Callable[[int], Record | Bad], step: int) -> Loaded:
        """This rank's slice of a step, read by index. A pure function of the source and `step`.

        A sample that cannot be used gives its place to one of its `spares`. Raises ValueError after 65 failures in a
        row.
        """
        places = self.positions(step)
        indices = self.indices(source, places)
        records = [read(int(index)) for index in indices]
        bad: dict[str, str] = {}
        spares: dict[int, Iterator[int]] = {}
        for slot, place in enumerate(places.tolist()):
            tries, hand = 0, self.order.hand(place) if isinstance(self.order, ByClass) else place
            while isinstance(record := records[slot], Bad):
                bad[record.key] = record.reason
                tries += 1
                if tries > PATIENCE:
                    raise ValueError(nothing_usable(source.name, bad))
                if hand not in spares:
                    spares[hand] = self.spares(source, hand)
                indices[slot] = next(spares[hand])
                records[slot] = read(int(indices[slot]))
        return self.join([record for record in records if isinstance(record, Record)], indices, step), bad

    def spares(self, source: Source, hand: int) -> Iterator[int]:
        """Source indices to try one after the other where a sample cannot be used: those at the same place of the next
        batches, so that no batch holds a sample twice; of an order of labels others of the class (`ByClass.spares`)."""
        if isinstance(self.order, ByClass):
            return self.order.spares(self.seed, hand)
        places = (np.array([hand + tries * self.batch]) for tries in count(1))
        return (int(self.indices(source, place)[0]) for place in places)

    def indices(self, source: Source, places: np.ndarray) -> np.ndarray:
        """Source indices (b,) int64 of places in the endless order; of a mixture, in its parts laid end to end."""
        if isinstance(source, Domains):
            return in_turn(source, self.seed, places)
        if not isinstance(source, Mixture):
            return self.order.look_up(len(source), self.seed, places)
        lengths = [len(part) for part in source.parts]
        part, index = mixture_look_up(lengths, source.weights, self.seed, places)
        return np.concatenate([[0], np.cumsum(lengths)])[part] + index

    def join(self, records: Sequence[Record], indices: np.ndarray, step: int) -> dict[str, Any]:
        """Records as a batch, with the words chosen for this step."""
        made = collate(records, self.fields)
        draws = uniform(self.seed, step, indices, "caption", DRAWS)
        turned = np.zeros(len(indices), bool) if self.mirrored is None else self.mirrored(step, indices)
        samples = [record.sample for record in records]
        made["text"] = _seen([self.caption(sample, row) for sample, row in zip(samples, draws, strict=True)], turned)
        if self.tokenize is not None:
            made["tokens"] = self.tokenize(made["text"])
            if "alt" in self.fields:
                beside = [_drawn(s.alt or s.captions[:1], u) for s, u in zip(samples, draws[:, -2], strict=True)]
                made["alt"] = self.tokenize(_seen(beside, turned))
            if "translation" in self.fields:
                made["translation"] = self.tokenize([_drawn(s.translation, 0.0) for s in samples])
            if self.fields & {"negatives", "has_negative"}:
                chosen = _seen([_drawn(s.negatives, u) for s, u in zip(samples, draws[:, -1], strict=True)], turned)
                made["negatives"], made["has_negative"] = self.tokenize(chosen), np.array([bool(c) for c in chosen])
            if self.fields & {"terms", "has_term"}:
                words = [_seen([*s.captions, *s.terms], t) for s, t in zip(samples, turned, strict=True)]
                made["terms"], made["has_term"] = term_table(words, self.terms, self.tokenize)
            if self.fields & {"regions", "region_ids"}:
                picked = zip(records, uniform(self.seed, step, indices, "region", REGIONS), strict=True)
                some = [drawn(record.sample, record.targets.get("boxes"), row) for record, row in picked]
                texts = [_seen([said for said, _ in two], t) for two, t in zip(some, turned, strict=True)]
                rows = self.tokenize([text for two in texts for text in two])
                made["regions"] = rows.reshape(len(records), REGIONS, -1)
                made["region_ids"] = np.array([[number for _, number in two] for two in some], np.int64)
        if "box_labels" in self.fields:
            counts = [len(record.targets.get("boxes", ())) for record in records]
            made["box_labels"] = [self.things.numbers(s, count) for s, count in zip(samples, counts, strict=True)]
        made["index"] = indices
        return made

    def slices(self, stream: Stream, start: int) -> Iterator[tuple[int, Sample]]:
        """(place, sample) of this rank's slices of a stream, from step `start` on, epoch after epoch.

        Every rank reads the whole stream and keeps its share. Raises ValueError for a stream without samples.
        """
        share = self.batch // self.world
        for place, sample in _endless(stream, self.seed, start * self.batch):
            if place % self.batch // share == self.rank:
                yield place, sample

    def patch(self, name: str, drawn: Sequence[tuple[int, Record | Bad]], step: int) -> Loaded:
        """A slice of a stream as a batch: what cannot be used is replaced by the next usable one of the same slice.

        Not by the next of the stream: then a resumed run would have to decode everything to know where it is.
        """
        bad = {record.key: record.reason for _, record in drawn if isinstance(record, Bad)}
        good = [(place, record) for place, record in drawn if isinstance(record, Record)]
        if not good:
            raise ValueError(nothing_usable(name, bad))
        after = np.searchsorted([place for place, _ in good], [place for place, _ in drawn]) % len(good)
        chosen = [good[i] for i in after]
        return self.join([record for _, record in chosen], np.array([place for place, _ in chosen]), step), bad


def _drawn(texts: Sequence[str], u: float) -> str:
    return texts[int(u * len(texts))] if texts else ""


def _seen(texts: list[str], mirrored: np.ndarray | np.bool_) -> list[str]:
    """The texts, of those that are said of a mirrored picture with the other sides."""
    turned = np.broadcast_to(mirrored, len(texts))
    return [other_side(text) if turn else text for text, turn in zip(texts, turned, strict=True)]


def term_table(
    words: Sequence[Iterable[str]], known: frozenset[str], tokenize: Tokenize
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens (t, n) of the `known` words that stand on a sample of the batch, sorted, and who has which: bool (b, t).

    `words` are all captions and terms of each sample: one may have as a term what another has as its caption.
    """
    own = [known.intersection(said) for said in words]
    distinct = sorted(frozenset().union(*own))
    column = {term: j for j, term in enumerate(distinct)}
    has = np.zeros((len(own), len(distinct)), bool)
    for row, said in zip(has, own, strict=True):
        row[[column[word] for word in said]] = True
    return tokenize(distinct), has


def _endless(stream: Stream, seed: int, skip: int) -> Iterator[tuple[int, Sample]]:
    """(place, sample) from place `skip` on, through as many epochs as it takes."""
    begin = 0
    for epoch in count():
        passed = length = max(0, skip - begin)
        for sample in stream.epoch(seed, epoch, passed):
            yield begin + length, sample
            length += 1
        if passed and length == passed:  # the epoch ends before the place: it is read once to learn how long it is
            length = sum(1 for _ in stream.epoch(seed, epoch))
        if not length:
            raise ValueError(nothing_usable(stream.name, {}))
        begin += length
