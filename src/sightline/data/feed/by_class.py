"""An order of labels laid on a source: what stands at a position is a closed form of (labels, seed, position).

Samples without a label are never drawn. Within a class, and among classes, `permutation.dealt` says what comes next.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from sightline.data.draw import seed_of
from sightline.data.feed.in_turn import check_halves
from sightline.data.feed.labelled import PK, Episodes, Pairs
from sightline.data.feed.order import Epochs, Order, Window
from sightline.data.feed.permutation import dealt, handed, look_up
from sightline.data.sample import Source, Stream
from sightline.data.sources.derived.domains import Domains
from sightline.data.sources.labels import labels_of
from sightline.data.sources.mixture import Mixture


class ByClass:
    """An order of labels laid on the labels (n,) int64 of a source, -1 where a sample has none.

    `names` are those of the classes, `source` is for messages. Raises ValueError where there are too few classes.
    `notes` say which classes are left out or repeated.
    """

    def __init__(
        self, order: PK | Pairs | Episodes, labels: np.ndarray, names: tuple[str, ...] = (), source: str = ""
    ) -> None:
        self.order, self.names, self.source = order, names, source
        sorted_by = np.argsort(labels, kind="stable")
        classes, firsts = np.unique(labels[sorted_by], return_index=True)
        groups = np.split(sorted_by, firsts[1:])
        self.members = {int(c): group for c, group in zip(classes, groups, strict=True) if c >= 0}
        """class -> its samples, of those that are drawn"""
        scarce = [c for c, group in self.members.items() if len(group) < order.hand]
        self.notes = tuple(self._notes(scarce, int((labels < 0).sum()), len(labels)))
        if order.fewest > 1:
            self.members = {c: group for c, group in self.members.items() if c not in scarce}
        self._check()

    def look_up(self, n: int, seed: int, at: np.ndarray) -> np.ndarray:
        """Sample indices (count,) int64 at positions `at` (count,) >= 0."""
        draws, slots = self.order.places(np.asarray(at, np.int64))
        drawn = self._drawn(seed, draws)
        found = np.empty_like(draws)
        for label in np.unique(drawn):
            here = drawn == label
            found[here] = self._samples(seed, int(label), draws[here], slots[here])
        return found

    def hand(self, place: int) -> int:
        """The number of the draw of a class, and role in it, that a position belongs to; see `spares`."""
        draw, slot = self.order.places(np.array(place))
        role = np.searchsorted(np.cumsum(self.order.roles), slot, side="right")
        return int(draw) * len(self.order.roles) + int(role)

    def spares(self, seed: int, hand: int) -> Iterator[int]:
        """What to take, one after the other, for samples of a hand that cannot be used: others of the class, which each
        role has a part of; when there are no more, those of the same role again. Raises ValueError where none is left.
        """
        draw, role = divmod(hand, len(self.order.roles))
        draws, slots = np.array([draw] * self.order.hand), np.arange(self.order.hand)
        label = int(self._drawn(seed, draws[:1])[0])
        members, drawn = self.members[label], self._samples(seed, label, draws, slots)
        mixed = look_up(len(members), seed_of(seed, "spare", label), draw * len(members) + np.arange(len(members)))
        others = members[mixed][~np.isin(members[mixed], drawn)][role :: len(self.order.roles)]
        yield from others.tolist()
        own = np.split(drawn, np.cumsum(self.order.roles)[:-1])[role]
        yield from np.tile(np.concatenate([own, others]), len(own)).tolist()
        raise ValueError(
            f"{self.source}: of the {len(members)} samples of class {self._name(label)} too few can be used for "
            f"data.order={self.order}; mend them or leave the class out"
        )

    @cached_property
    def _labels(self) -> np.ndarray:
        return np.array(sorted(self.members), np.int64)

    def _drawn(self, seed: int, draws: np.ndarray) -> np.ndarray:
        """The label of each draw."""
        return self._labels[dealt(len(self._labels), self.order.together, seed_of(seed, "classes"), draws)]

    def _samples(self, seed: int, label: int, draws: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Sample indices at the slots of draws of one class."""
        members, hand = self.members[label], self.order.hand
        rounds = draws // len(self._labels)  # each class comes once in as many draws as there are classes
        return members[handed(len(members), hand, seed_of(seed, "class", label), rounds * hand + slots)]

    def _check(self) -> None:
        count, order = len(self.members), self.order
        if isinstance(order, PK) and count and max(map(len, self.members.values())) < order.compared:
            raise ValueError(
                f"data.order={order} compares pictures of one class with one another, and {self.source} has one of each"
                f" of its {count} classes: a picture is no example for itself. Give two or more of a class, or learn "
                "from views of single pictures (simclr, exemplar)"
            )
        if count >= order.together:
            return
        which = f" of {order.fewest} or more samples" if order.fewest > 1 else ""
        mend = {
            PK: f"'data.order=PK(classes={count}, samples={order.hand})' batch={count * order.hand}",
            Pairs: "fewer pairs of two classes in a group (data.order.different=1)",
            Episodes: "fewer ways, shots or queries (data.order.ways=5)",
        }[type(order)]
        raise ValueError(
            f"data.order={order} takes {order.together} classes{which}, and {self.source} has {count}. "
            f"{f'Set {mend}' if count > 1 else 'Set data.order=Epochs'}, or give more classes"
        )

    def _notes(self, scarce: list[int], unlabelled: int, n: int) -> Iterator[str]:
        if unlabelled:
            yield f"{unlabelled} of {n} samples of {self.source} have no label and are never drawn (data.order)"
        if scarce:
            fate = "are left out" if self.order.fewest > 1 else "show each of them several times in a batch"
            first = f"the first, {self._name(scarce[0])}, has {len(self.members[scarce[0]])}"
            yield (
                f"{len(scarce)} of {len(self.members)} classes of {self.source} have fewer than {self.order.hand} "
                f"samples ({first}) and {fate} (data.order)"
            )

    def _name(self, label: int) -> str:
        return repr(self.names[label]) if label < len(self.names) else str(label)


def laid_on(order: Order, source: Source | Stream, batch: int, world: int) -> Epochs | Window | ByClass:
    """The order as a loader follows it on a source: one that looks at labels with those labels, others as they are.
    ValueError where it cannot be followed: see `by_class`; a window on a mixture or a stream; any
    but epochs on two domains, and a batch that is not half of each."""
    if isinstance(source, Domains):
        check_halves(source, batch, world)
        if not isinstance(order, Epochs):
            raise ValueError(
                f"{source.name!r} gives pictures of two domains in turn, each in epochs; data.order={order} cannot be "
                "laid on it: set data.order=Epochs"
            )
        return order
    if isinstance(order, PK | Pairs | Episodes):
        return by_class(order, source, batch, world)
    if isinstance(order, Window) and (isinstance(source, Mixture) or not isinstance(source, Source)):
        raise ValueError(
            f"a window slides over one source that is read by index; {source.name!r} is a "
            "mixture or a stream. Give one set of pictures, or a recipe with order=Epochs()"
        )
    return order


def by_class(order: PK | Pairs | Episodes, source: Source | Stream, batch: int, world: int) -> ByClass:
    """The order laid on a source. ValueError where the source is not one that is read by index, has no labels or too
    few classes, or the batch is of another size than the order makes."""
    order.check(batch, world)
    if isinstance(source, Mixture) or not isinstance(source, Source):
        raise ValueError(
            f"data.order={order} says how often each class is drawn in one source that is read by index; "
            f"{source.name!r} is a mixture, whose weights say it, or a stream. Give one set of pictures, or set "
            "data.order=Epochs"
        )
    if "label" not in source.has:
        raise ValueError(
            f"data.order={order} draws by labels, and {source.name!r} has none. Give a folder of pictures for each "
            "class, a label column or .cls in tars, or set data.order=Epochs"
        )
    return ByClass(order, labels_of(source), source.classes, source.name)
