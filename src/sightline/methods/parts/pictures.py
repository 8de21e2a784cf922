"""What is kept of a method that learns from pictures alone: the tower, without any head."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.head import width


class PictureEncoder(nn.Module):
    """`image` and nothing behind it: vectors are the tower's pooled ones, `dim` wide. There is no text tower.

    It holds the method's own tower, not a copy; its states are named `image.*`.
    """

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.dim = width(tower)
        self.image: Any = tower
        self.project_image = nn.Identity()

    def encode_image(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d"]:
        return self.project_image(self.image(image).pooled)
