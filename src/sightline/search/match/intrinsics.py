"""What a camera's lens does to directions: focal lengths and principal point, in pixels."""

import math
from dataclasses import dataclass

import numpy as np

FORM = "fx,fy,cx,cy in pixels, as 585,585,320,240, and @WIDTHxHEIGHT behind where it is of another size of the pictures"
ASPECT = 0.01
"""share by which the ratio of sides may differ: what is rounded when a picture is made smaller"""


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole: x = fx X / Z + cx, y = fy Y / Z + cy, from the picture's upper left corner."""

    fx: float
    fy: float
    cx: float
    cy: float
    size: tuple[int, int] | None = None
    """width and height of the picture they are of; None where pictures are of their own size"""

    def of(self, size: tuple[int, int]) -> "Intrinsics":
        """Those of the same picture at another `size`. ValueError where the ratio of sides is another: a cut."""
        if self.size is None or self.size == size:
            return Intrinsics(self.fx, self.fy, self.cx, self.cy, size)
        across, down = size[0] / self.size[0], size[1] / self.size[1]
        if abs(across / down - 1) > ASPECT:
            raise ValueError(
                f"intrinsics of {self.size[0]} x {self.size[1]} pixels do not fit a picture of {size[0]} x {size[1]}: "
                "it is not the same picture made smaller. Give those of its own size"
            )
        return Intrinsics(self.fx * across, self.fy * down, self.cx * across, self.cy * down, size)

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3) K."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]])


def read_intrinsics(text: str) -> Intrinsics:
    """What `FORM` says. ValueError for anything else."""
    numbers, at, size = text.partition("@")
    try:
        fx, fy, cx, cy = (float(number) for number in numbers.split(","))
        sides = None
        if at:
            width, height = (int(side) for side in size.lower().split("x"))
            sides = width, height
    except ValueError:
        raise ValueError(f"intrinsics are {text!r}; expected {FORM}") from None
    if not all(map(math.isfinite, (fx, fy, cx, cy))) or min(fx, fy, *(sides or (1,))) <= 0:
        raise ValueError(f"intrinsics are {text!r}; focal lengths and sides are positive numbers: {FORM}")
    return Intrinsics(fx, fy, cx, cy, sides)
