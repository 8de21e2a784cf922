"""Orders that look at labels: batches of P classes with K samples each, balanced pairs, episodes of few-shot learning.

All deal classes, and samples within a class, like cards (`permutation.dealt`): no class twice in a batch (an episode),
all equally often within one, and every sample of a class before any comes again. The papers draw classes anew for each
batch; in turns as here every class is seen as often as every other one. The values here are settings; `by_class` lays
them on the labels of a source.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class PK:
    """Each batch holds `classes` classes with `samples` samples each, class by class: `rows.view(classes, samples)`.

    Hermans, Beyer and Leibe 2017, https://arxiv.org/abs/1703.07737, section 2; 32 of 4 are those of their LuNet. As in
    their code, a class with fewer samples shows each of them several times. `samples=2` gives balanced pairs.
    """

    classes: int = 32
    samples: int = 4

    def __post_init__(self) -> None:
        _at_least(self, classes=1, samples=1)

    @property
    def together(self) -> int:
        """Classes of which none comes twice."""
        return self.classes

    @property
    def hand(self) -> int:
        """Samples of a class that come together."""
        return self.samples

    @property
    def roles(self) -> tuple[int, ...]:
        """How many of them, in order, may stand in for one another."""
        return (self.samples,)

    @property
    def fewest(self) -> int:
        """Samples that a class must have; others are left out."""
        return 1

    @property
    def compared(self) -> int:
        """Samples that some class must have for anything of it to be compared: a picture is no pair with itself."""
        return min(self.samples, 2)

    def places(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each position: which draw of a class it belongs to, and which sample of that draw it is."""
        draws, slots = np.divmod(at, self.samples)
        return draws, slots

    def check(self, batch: int, world: int) -> None:
        """Raises ValueError for a batch of another size, or one whose classes the ranks cannot share."""
        size = self.classes * self.samples
        if batch != size:
            raise ValueError(f"data.order={self} makes batches of {size}, and batch is {batch}: set batch={size}")
        if self.classes % world:
            fits = max(1, round(self.classes / world)) * world
            raise ValueError(
                f"data.order={self}: {world} processes share a batch by whole classes; set "
                f"'data.order=PK(classes={fits}, samples={self.samples})' batch={fits * self.samples}"
            )


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs of pictures, `rows.view(-1, 2)`: for every `same` pairs of one class `different` pairs of two.

    Balanced by default (Chopra, Hadsell and LeCun 2005): of pairs drawn blindly among k classes one in k is of one
    class. The pairs of two classes come first in each group of `same + different`; no class comes twice in a group. A
    class with a single sample is left out: there is no pair of one class in it.
    """

    same: int = 1
    different: int = 1

    def __post_init__(self) -> None:
        _at_least(self, same=1, different=1)

    @property
    def size(self) -> int:
        """Samples of a group."""
        return 2 * (self.same + self.different)

    @property
    def together(self) -> int:
        """Classes of which none comes twice."""
        return self.same + 2 * self.different

    @property
    def hand(self) -> int:
        """Samples of a class that come together; of a pair of two classes, the first alone."""
        return 2

    @property
    def roles(self) -> tuple[int, ...]:
        """How many of them, in order, may stand in for one another."""
        return (2,)

    @property
    def fewest(self) -> int:
        """Samples that a class must have; others are left out."""
        return 2

    def places(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each position: which draw of a class it belongs to, and which sample of that draw it is."""
        groups, inside = np.divmod(at, self.size)
        apart = 2 * self.different
        draw, slot = np.divmod(inside - apart, 2)
        alone = inside < apart
        return groups * self.together + np.where(alone, inside, apart + draw), np.where(alone, 0, slot)

    def check(self, batch: int, world: int) -> None:
        """Raises ValueError for a batch that is not of whole groups, as many for every rank."""
        _whole(self, "groups of pairs", batch, world)


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """Each batch holds one or several episodes: `ways` classes, of each `shots` samples to learn from (the support) and
    `queries` others to be asked about.

    Vinyals et al. 2016, https://arxiv.org/abs/1606.04080; the numbers are those of Snell et al. 2017 for five shots on
    miniImageNet, https://arxiv.org/abs/1703.05175. An episode is the support first, then the queries, each class by
    class with the classes in the same order:

        episode = rows.view(-1, ways * (shots + queries), ...)[e]
        support = episode[: ways * shots].view(ways, shots, ...)
        queries = episode[ways * shots :].view(ways, queries, ...)

    A class with fewer than shots + queries samples is left out: none may be in both.
    """

    ways: int = 20
    shots: int = 5
    queries: int = 15

    def __post_init__(self) -> None:
        _at_least(self, ways=2, shots=1, queries=1)

    @property
    def size(self) -> int:
        """Samples of one episode."""
        return self.ways * self.hand

    @property
    def together(self) -> int:
        """Classes of which none comes twice."""
        return self.ways

    @property
    def hand(self) -> int:
        """Samples of a class that come together."""
        return self.shots + self.queries

    @property
    def roles(self) -> tuple[int, ...]:
        """How many of them, in order, may stand in for one another: never a query for the support."""
        return self.shots, self.queries

    @property
    def fewest(self) -> int:
        """Samples that a class must have; others are left out."""
        return self.hand

    def places(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each position: which draw of a class it belongs to, and which sample of that draw it is."""
        episodes, inside = np.divmod(at, self.size)
        support = self.ways * self.shots
        way, shot = np.divmod(inside, self.shots)
        asked, query = np.divmod(inside - support, self.queries)
        learns = inside < support
        return episodes * self.ways + np.where(learns, way, asked), np.where(learns, shot, self.shots + query)

    def check(self, batch: int, world: int) -> None:
        """Raises ValueError for a batch that is not of whole episodes, as many for every rank."""
        _whole(self, "episodes", batch, world)


def _whole(order: Pairs | Episodes, what: str, batch: int, world: int) -> None:
    """Raises ValueError for a batch that is not of whole ones, as many for every rank."""
    if batch % (order.size * world):
        fits = max(1, round(batch / (order.size * world))) * order.size * world
        share = f" on each of {world} processes" if world > 1 else ""
        raise ValueError(
            f"data.order={order} makes whole {what} of {order.size}{share}, and batch is {batch}: set batch={fits}"
        )


def _at_least(order: PK | Pairs | Episodes, **least: int) -> None:
    for name, smallest in least.items():
        if getattr(order, name) < smallest:
            raise ValueError(f"data.order={order}: {name} must be {smallest} or more")
