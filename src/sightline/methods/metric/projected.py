"""What the systems of this chapter have in common: a tower, a linear map of its vector, labels."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from sightline.protocols import Kept


class Projected(nn.Module):
    """A tower and a projection of its vector, which are all that is kept."""

    needs = frozenset({"image", "label"})
    uses = frozenset[str]()

    def __init__(self, tower: nn.Module, projection: nn.Linear, config: Any) -> None:
        super().__init__()
        self.config = config
        self.image, self.project_image = tower, projection
        self.watched: dict[str, Tensor] = {}

    def projected(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b e"]:
        """The projection's vectors, wherever it puts them."""
        return self.project_image(self.image(image).pooled)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled: other numbers are another phase of the recipe."""

    def after_step(self) -> None:
        """Nothing follows."""

    def kept(self) -> Kept:
        """The tower and its projection."""
        return Kept(parts={"image": self.image, "project_image": self.project_image}, capabilities=("embeds",))
