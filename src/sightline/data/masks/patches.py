"""What the patches of a picture hold: ink, edges, one flat colour; which elements cover them."""

import torch
from einops import rearrange, reduce
from jaxtyping import Bool, Float, Int
from torch import Tensor

SOLID = 2 / 255
"""standard deviation of luminance and of both chromas under which a patch is one flat colour"""
EDGE = 1e-3
"""mean squared difference of neighbouring pixels from which a patch holds an edge"""
OF_PATCH, OF_ELEMENT = 0.10, 0.15
"""an element covers a patch that it fills to this share, or that holds this share of the element"""
YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
"""RGB -> luminance and two chromas (ITU-R BT.601)"""


def ink_share(ink: Bool[Tensor, "b y x"], grid: tuple[int, int]) -> Float[Tensor, "b gy gx"]:
    """The share of each patch that is ink."""
    return reduce(ink.float(), "b (gy p) (gx q) -> b gy gx", "mean", gy=grid[0], gx=grid[1])


def colour(pictures: Float[Tensor, "b 3 y x"], grid: tuple[int, int]) -> Float[Tensor, "b gy gx 3"]:
    """The mean colour of each patch."""
    return reduce(pictures, "b c (gy p) (gx q) -> b gy gx c", "mean", gy=grid[0], gx=grid[1])


def solid(pictures: Float[Tensor, "b 3 y x"], grid: tuple[int, int]) -> Bool[Tensor, "b gy gx"]:
    """Patches of one flat colour."""
    ycc = torch.einsum("kc,bcyx->bkyx", pictures.new_tensor(YCC), pictures)
    mean, square = (
        reduce(v, "b k (gy p) (gx q) -> b gy gx k", "mean", gy=grid[0], gx=grid[1]) for v in (ycc, ycc.square())
    )
    return ((square - mean.square()) < SOLID**2).all(-1)


def edge(pictures: Float[Tensor, "b 3 y x"], grid: tuple[int, int]) -> Bool[Tensor, "b gy gx"]:
    """Patches whose colours step or ramp: the energy of differences of neighbours inside the patch."""
    cut = rearrange(pictures, "b c (gy p) (gx q) -> b gy gx c p q", gy=grid[0], gx=grid[1])
    energy = torch.zeros(cut.shape[:3], device=cut.device)
    for axis in (-1, -2):
        if cut.shape[axis] > 1:
            energy = energy + cut.diff(dim=axis).square().mean((-3, -2, -1))
    return energy > EDGE


def held(elements: Int[Tensor, "b y x"], grid: tuple[int, int], most: int) -> Int[Tensor, "b e gy gx"]:
    """Pixels of each patch in each element 1 ... `most`."""
    b, y, x = elements.shape
    gy, gx = grid
    rows = torch.arange(y, device=elements.device) // (y // gy)
    columns = torch.arange(x, device=elements.device) // (x // gx)
    patch = rows[:, None] * gx + columns
    picture = torch.arange(b, device=elements.device)[:, None, None] * (most + 1)
    cell = (picture + elements) * (gy * gx) + patch
    counts = torch.bincount(cell.flatten(), minlength=b * (most + 1) * gy * gx)
    return counts.view(b, most + 1, gy, gx)[:, 1:]


def cover(elements: Int[Tensor, "b y x"], grid: tuple[int, int], most: int) -> Bool[Tensor, "b e gy gx"]:
    """Which patches each element 1 ... `most` covers: filled by it to a tenth, or holding 15 % of it; of a line, every
    patch it passes through."""
    counts = held(elements, grid, most)
    size = (elements.shape[1] // grid[0]) * (elements.shape[2] // grid[1])
    area = counts.sum((2, 3), keepdim=True)
    enough = (counts >= OF_PATCH * size) | ((counts >= OF_ELEMENT * area) & (area > 0))
    return enough | (thin(elements, most)[:, :, None, None] & (counts > 0))


def thin(elements: Int[Tensor, "b y x"], most: int) -> Bool[Tensor, "b e"]:
    """Elements like lines: width / sqrt(area) < 0.2, their width taken as 2 area / outline.

    The outline is counted in sides of pixels, those on the border of the picture left out.
    """
    b = len(elements)
    of = torch.arange(b, device=elements.device)[:, None, None] * (most + 1) + elements
    outline = torch.zeros(b * (most + 1), dtype=torch.long, device=elements.device)
    for here, there in ((of[:, 1:], of[:, :-1]), (of[:, :, 1:], of[:, :, :-1])):
        apart = here != there
        outline += torch.bincount(torch.cat([here[apart], there[apart]]), minlength=len(outline))
    area = torch.bincount(of.flatten(), minlength=len(outline))
    # 2 area / outline < 0.2 sqrt(area)
    return (100 * area < outline**2).view(b, most + 1)[:, 1:]
