r"""The siamese contrastive loss, in its three forms: x the distance of the two of a pair, same whether they belong.

    Lecture    same: x^2            different: [m - x]_+^2
    Hadsell    same: x^2 / 2        different: [m - x]_+^2 / 2       Hadsell, Chopra and LeCun 2006, eq. 4
    Chopra     same: (2 / Q) x^2    different: 2 Q exp(-2.77 x / Q)  Chopra, Hadsell and LeCun 2005, eq. 8

Hadsell writes Y = 0 for what is similar: here `same` is true. Chopra's has no hinge: x is an L1 distance and Q its
upper bound. Each gives one loss a pair; their mean is the batch's.
"""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

Each = Float[Tensor, "p"]


@dataclass(frozen=True, kw_only=True)
class Lecture:
    """t x^2 + (1 - t) [m - x]_+^2. Unit vectors are at most 2 apart: a margin of 1 or less suits them."""

    margin: float = 1.0

    def __post_init__(self) -> None:
        _positive("margin", self.margin)

    def __call__(self, x: Each, same: Bool[Tensor, "p"]) -> Each:
        return x.square().where(same, (self.margin - x).relu().square())


@dataclass(frozen=True, kw_only=True)
class Hadsell:
    """Half of the lecture's."""

    margin: float = 1.0

    def __post_init__(self) -> None:
        _positive("margin", self.margin)

    def __call__(self, x: Each, same: Bool[Tensor, "p"]) -> Each:
        return Lecture(margin=self.margin)(x, same) / 2


@dataclass(frozen=True, kw_only=True)
class Chopra:
    """(2 / Q) x^2 of what belongs together, 2 Q exp(-2.77 x / Q) of what does not; `bound` is Q."""

    bound: float = 2.0

    def __post_init__(self) -> None:
        _positive("bound", self.bound)

    def __call__(self, x: Each, same: Bool[Tensor, "p"]) -> Each:
        return (2 / self.bound * x.square()).where(same, 2 * self.bound * (-2.77 / self.bound * x).exp())


Contrastive = Lecture | Hadsell | Chopra


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be above 0, got {value}: pairs that differ would never be pushed apart")
