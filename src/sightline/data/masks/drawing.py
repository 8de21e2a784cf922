"""Masks made from the elements of a drawing, estimated or known."""

from abc import abstractmethod
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor

from sightline.data.augment.draws import Draws
from sightline.data.masks.amount import Amount
from sightline.data.masks.elements import segment


@dataclass(frozen=True)
class OfElements(Amount):
    """A kind of mask that asks which pixels belong together."""

    def __call__(
        self, pictures: Float[Tensor, "b 3 y x"], grid: tuple[int, int], draws: Draws
    ) -> Bool[Tensor, "b gy gx"]:
        """(b, gy, gx), true where masked; the elements are estimated."""
        return self.of(segment(pictures), pictures, grid, draws)

    @abstractmethod
    def of(
        self,
        elements: Int[Tensor, "b y x"],
        pictures: Float[Tensor, "b 3 y x"],
        grid: tuple[int, int],
        draws: Draws,
    ) -> Bool[Tensor, "b gy gx"]:
        """The same for elements that are known: 0 nothing, else a number from 1."""
