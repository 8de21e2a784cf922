"""The elements of a raster picture: what is drawn, told from its background and cut into connected pieces.

Background: the most frequent colour of the border, in cells of 5 bits a channel. Ink: what differs from it by a delta E
over 10. Shapes: ink pixels linked, over edges and corners, to neighbours of nearly their colour, so a gradient stays in
one piece and a step between two colours parts them; a shape holds 3 x 3 pixels somewhere. Its antialiased rim, paler
than itself, goes to it. Lines: what then is left, linked where neighbours are shades of one colour on the background.
Fragments go to the neighbour of the nearest colour.

Departure from k-means over colours: links need no number of colours, cut no gradient into bands, and take a tenth of
the time. A blur over an edge of little contrast joins what it blurs together.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sightline.data.masks.components import components
from sightline.data.masks.lab import lab

INK = 10.0
"""delta E from the background from which a pixel is ink"""
LINK = 5.0
"""delta E up to which neighbours belong together"""
SHADE, PALER = 0.9, 0.35
"""pixels of a line belong together if their differences from the background point the same way (cosine), and the
smaller is not less than this part of the larger"""
RIM = 0.9
"""a pixel is the rim of a shape that differs from the background by this share at least of its own difference"""
BORDER = 0.02
"""width of the border that shows the background, as a share of the shorter side"""
LEAST, LEAST_SHARE = 4, 0.0005
"""the smallest element, in pixels and as a share of the picture"""
MOST = 64
"""elements kept a picture, the largest"""
CHUNK = 32
"""pictures worked on together on a CPU: what passes between two steps stays in its cache"""


def background(pictures: Float[Tensor, "b 3 y x"]) -> Float[Tensor, "b 3"]:
    """The colour most frequent along the border."""
    y, x = pictures.shape[2:]
    w = max(1, round(BORDER * min(y, x)))
    sides = (pictures[:, :, :w], pictures[:, :, -w:], pictures[:, :, w:-w, :w], pictures[:, :, w:-w, -w:])
    ring = torch.cat([side.flatten(2) for side in sides], 2)
    red, green, blue = (ring * 32).clamp(0, 31).long().unbind(1)
    cell = (red * 32 + green) * 32 + blue
    usual = (cell == cell.mode(1, keepdim=True).values).to(ring.dtype)
    return (ring * usual[:, None]).sum(2) / usual.sum(1, keepdim=True)


def ink(pictures: Float[Tensor, "b 3 y x"]) -> Bool[Tensor, "b y x"]:
    """Pixels that can be told from the background."""
    return torch.cat([_ink(part, lab(part)) for part in _chunks(pictures)])


def segment(pictures: Float[Tensor, "b 3 y x"]) -> Int[Tensor, "b y x"]:
    """Elements of opaque pictures in [0, 1]: 0 outside all of them, else a number from 1, the largest element first.

    At most 64 a picture; what is smaller than the smallest counted belongs to none.
    """
    return torch.cat([_segment(part) for part in _chunks(pictures)])


def _chunks(pictures: Tensor) -> tuple[Tensor, ...]:
    return pictures.split(CHUNK if pictures.device.type == "cpu" else max(1, len(pictures)))


def _ink(pictures: Tensor, colours: Tensor) -> Bool[Tensor, "b y x"]:
    return _offset(pictures, colours).square().sum(1) > INK**2


def _offset(pictures: Tensor, colours: Tensor) -> Float[Tensor, "b 3 y x"]:
    """The Lab colours less that of the background."""
    return colours - lab(background(pictures))[:, :, None, None]


def _segment(pictures: Float[Tensor, "b 3 y x"]) -> Int[Tensor, "b y x"]:
    offset = _offset(pictures, lab(pictures))
    depth = offset.square().sum(1).sqrt()
    drawn = depth > INK

    def alike(first: tuple[slice, slice], second: tuple[slice, slice]) -> Tensor:
        return (offset[:, :, *first] - offset[:, :, *second]).square().sum(1) < LINK**2

    def shades(first: tuple[slice, slice], second: tuple[slice, slice]) -> Tensor:
        one, other = depth[:, *first], depth[:, *second]
        dot = (offset[:, :, *first] * offset[:, :, *second]).sum(1)
        return (dot > SHADE * one * other) & (torch.minimum(one, other) > PALER * torch.maximum(one, other))

    y, x = drawn.shape[1:]
    least = max(LEAST, LEAST_SHARE * y * x)
    number = _groups(drawn, alike, least)
    number = torch.where(_thick(number), number, -1)
    for _ in range(2):
        number = _absorbed(number, drawn & (number < 0), offset, depth)
    lines = _groups(drawn & (number < 0), shades, least)
    number = torch.where(lines >= 0, lines + number.amax() + 1, number)
    for _ in range(2):
        number = _absorbed(number, drawn & (number < 0), offset, torch.zeros_like(depth))
    return _numbered(number)


def _groups(
    inside: Bool[Tensor, "b y x"], link: Callable[[tuple[slice, slice], tuple[slice, slice]], Tensor], least: float
) -> Int[Tensor, "b y x"]:
    """Components of at least `least` pixels inside, -1 elsewhere; `link` compares two windows of the pictures."""

    def linked(first: tuple[slice, slice], second: tuple[slice, slice]) -> Tensor:
        return inside[:, *first] & inside[:, *second] & link(first, second)

    every, start, end = slice(None), slice(None, -1), slice(1, None)
    number = components(
        inside,
        linked((every, start), (every, end)),
        linked((start, every), (end, every)),
        linked((start, start), (end, end)),
        linked((start, end), (end, start)),
    )
    flat = number[inside]
    return number.masked_scatter(inside, torch.where(torch.bincount(flat)[flat] >= least, flat, -1))


def _thick(number: Int[Tensor, "b y x"]) -> Bool[Tensor, "b y x"]:
    """Pixels of groups that hold 3 x 3 pixels somewhere."""
    if min(number.shape[1:]) < 3:
        return number >= 0
    row = (number[:, :, 1:-1] == number[:, :, :-2]) & (number[:, :, 1:-1] == number[:, :, 2:])
    middle, above, below = number[:, 1:-1, 1:-1], number[:, :-2, 1:-1], number[:, 2:, 1:-1]
    block = row[:, 1:-1] & row[:, :-2] & row[:, 2:] & (middle == above) & (middle == below) & (middle >= 0)
    thick = torch.zeros(int(number.amax()) + 2, dtype=torch.bool, device=number.device)
    thick[middle[block]] = True
    # -1 is the last, never thick
    return thick[number]


def _absorbed(
    number: Int[Tensor, "b y x"], loose: Bool[Tensor, "b y x"], offset: Tensor, depth: Float[Tensor, "b y x"]
) -> Int[Tensor, "b y x"]:
    """Every loose pixel in that of its eight neighbours that is nearest in colour, among those with a number and at
    least 0.9 of its `depth`; if it has one."""
    image, row, column = loose.nonzero(as_tuple=True)
    if not len(image):
        return number
    y, x = number.shape[1:]
    own, deep = offset[image, :, row, column], RIM * depth[image, row, column]
    best, nearest = torch.full_like(image, -1), own.new_full((len(image),), torch.inf)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            there, aside = (row + down).clamp(0, y - 1), (column + across).clamp(0, x - 1)
            other = number[image, there, aside]
            far = (offset[image, :, there, aside] - own).square().sum(1)
            far = far.masked_fill((other < 0) | (depth[image, there, aside] < deep), torch.inf)
            best, nearest = torch.where(far < nearest, other, best), torch.minimum(far, nearest)
    return number.index_put((image, row, column), best)


def _numbered(number: Int[Tensor, "b y x"]) -> Int[Tensor, "b y x"]:
    """Numbers over the batch (-1: none) as numbers in each picture, from 1, by falling area, at most `MOST`."""
    inside = number >= 0
    image, _, _ = inside.nonzero(as_tuple=True)
    flat = number[inside]
    area = torch.bincount(flat)
    home = torch.zeros_like(area).index_put((flat,), image)
    order = torch.argsort(home * (number[0].numel() + 1) - area, stable=True)
    order = order[area[order] > 0]
    each = torch.bincount(home[order], minlength=len(number))
    rank = torch.arange(len(order), device=order.device) - (each.cumsum(0) - each)[home[order]] + 1
    place = torch.zeros_like(area).index_put((order,), torch.where(rank <= MOST, rank, 0))
    return torch.zeros_like(number).masked_scatter(inside, place[flat])
