"""Views as data: what a self-supervised recipe does to a picture, as frozen values a command line can change.

A set of views is called with the size trained at and gives `View`s in order: the first becomes a batch's `image`, the
others its `views`. Kind "photo" is what the named papers do; kind "graphics" leaves what a drawing means (another
ground, other colours, lines, textures; small moves, nothing mirrored), as the talk "Image Representations" asks
(docs/lectures.md), and is ours.

`sightline train simclr data.views.kind=graphics`, `sightline train dino data.views.count=6`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from sightline.data.augment.affine import Affine
from sightline.data.augment.alpha import Background, Foreground
from sightline.data.augment.crop import CropResize
from sightline.data.augment.cutout import Cutout
from sightline.data.augment.jitter import Blur, ColorJitter, Gray, Solarize
from sightline.data.augment.palette import Palette
from sightline.data.augment.pictures import Op
from sightline.data.augment.pipeline import View
from sightline.data.augment.resample import BICUBIC
from sightline.data.augment.stroke import Stroke
from sightline.data.augment.texture import Shadow, Texture
from sightline.data.decode.guard import guarded
from sightline.data.decode.picture import is_svg, measure, unpacked
from sightline.data.sample import BadSample, Source, Stream

__all__ = [
    "ByolViews",
    "MaeView",
    "MultiCrop",
    "OneView",
    "TwoViews",
    "View",
    "as_views",
    "check_view_sizes",
    "graphics",
    "smallest_side",
    "stored_side",
]

Kind = Literal["photo", "graphics"]
Range = tuple[float, float]

CIFAR = 32
"""Up to this size SimCLR's colours are half as strong and nothing is blurred (Chen et al. 2020, appendix B.9)."""
KEEP = 0.2
"""share of a drawing's ink that a crop of it must hold"""
PIL_HALF = 128 / 255
"""from where PIL's solarize inverts by default, in [0, 1]"""
LARGEST_ENLARGING = 2
"""More than this, and the blur of the enlargement is what the views have in common."""
PATTERNED = Background(random=0.35, checker=0.1, gradient=0.15, noise=0.1)
"""the grounds of drawings"""
SPARE = 1.3
"""pictures are stored this much larger than they are trained at, so that crops still have pixels to show"""
MOST_SPARE = 5.0
"""of a crop's side: what a crop of a twenty-fifth of the picture needs"""
LARGE = 128
"""pixels of a view's side from which crops are decoded for what the smallest of them needs"""
STRAY = 0.05
"""share of a source's pictures that may be smaller than the smallest that counts"""


@dataclass(frozen=True)
class OneView:
    """SimCLR's augmentation, once: for methods that compare a picture with what they remember of it."""

    kind: Kind = "photo"
    strength: float | None = None
    """of the colour jitter; None is the paper's: 1, and 0.5 up to 32 px"""
    blur: float | None = None
    """probability; None is the paper's: 0.5, and none up to 32 px"""
    scale: Range = (0.08, 1.0)
    """area of a photo's crop, as a share of the picture"""

    def __post_init__(self) -> None:
        _check(self.kind, self.scale)

    def __call__(self, size: int) -> list[View]:
        return [View(_simclr(self, size), size)]


@dataclass(frozen=True)
class TwoViews(OneView):
    """SimCLR's two views (Chen et al. 2020, appendix A), of one distribution.

    Crop, mirror (1/2), colour jitter (0.8, 0.8, 0.8, 0.2) * strength (8 in 10), grey (2 in 10), blur with a kernel of a
    tenth of the side.
    """

    def __call__(self, size: int) -> list[View]:
        return super().__call__(size) * 2


@dataclass(frozen=True)
class ByolViews:
    """BYOL's two views (Grill et al. 2020, appendix B): the first always blurred, the second solarized at times."""

    kind: Kind = "photo"
    scale: Range = (0.08, 1.0)
    """area of a photo's crop, as a share of the picture"""
    blur: tuple[float, float] = (1.0, 0.1)
    """probability of each view"""
    solarize: tuple[float, float] = (0.0, 0.2)
    """probability of each view"""

    def __post_init__(self) -> None:
        _check(self.kind, self.scale)

    def __call__(self, size: int) -> list[View]:
        if self.kind == "graphics":
            return [View(graphics(), size) for _ in range(2)]
        return [
            View(_photo(self.scale, size, blur=blur, solarize=solarize), size)
            for blur, solarize in zip(self.blur, self.solarize, strict=True)
        ]


@dataclass(frozen=True)
class MultiCrop:
    """Two global crops and `count` local ones (Caron et al. 2021, DINO): iBOT's and DINOv2's too.

    The second global is solarized 2 times in 10. Order: global 1, global 2, local 1, ... In the paper 10 locals of 96
    px beside 224. With `count` 0, the globals alone.
    """

    kind: Kind = "photo"
    count: int = 4
    size: int = 0
    """pixels of a local crop's side; 0 is half the global one's"""
    global_scale: Range = (0.4, 1.0)
    """of photos; drawings are whole in the global views, and moved a little"""
    local_scale: Range = (0.05, 0.4)
    blur: tuple[float, float, float] = (1.0, 0.1, 0.5)
    """probability, of global 1, global 2 and the local crops; at 32 px a blur hides what little there is"""

    def __post_init__(self) -> None:
        _check(self.kind, self.global_scale)
        _check(self.kind, self.local_scale)
        if self.count < 0 or self.size < 0:
            raise ValueError(f"count={self.count} local crops of size={self.size}: neither can be negative")

    def __call__(self, size: int) -> list[View]:
        small = self.size or size // 2
        if self.kind == "graphics":
            views = [View(graphics(), size)] * 2
            return views + [View(graphics(self.local_scale), small)] * self.count
        views = [
            View(_photo(self.global_scale, size, blur=self.blur[0]), size),
            View(_photo(self.global_scale, size, blur=self.blur[1], solarize=0.2, threshold=PIL_HALF), size),
        ]
        # the locals' blur is that of the globals, whose side decides its kernel
        return views + [View(_photo(self.local_scale, size, blur=self.blur[2]), small)] * self.count


@dataclass(frozen=True)
class MaeView:
    """A crop, mirrored one time in two, and nothing else (He et al. 2021, MAE, appendix A.1).

    Drawings stand on plain grounds alone: a pattern would be the elements that are hidden, and pixels to be guessed.
    Kind "bands" is the same crop of pictures of any number of bands.
    """

    kind: Kind | Literal["bands"] = "photo"
    scale: Range = (0.2, 1.0)

    def __post_init__(self) -> None:
        _check("photo" if self.kind == "bands" else self.kind, self.scale)

    def __call__(self, size: int) -> list[View]:
        if self.kind == "graphics":
            return [View(graphics(ground=Background(random=PATTERNED.random)), size)]
        if self.kind == "bands":
            return [View([CropResize(self.scale, flip=0.5)], size)]
        return [View([CropResize(self.scale, flip=0.5, keep=KEEP, kernel=BICUBIC), Background()], size)]


def graphics(crop: Range | None = None, ground: Background = PATTERNED) -> list[Op]:
    """A drawing whose shape stays: moved a little (or cropped, with `crop` the range of its area), on another ground,
    in other colours, lines a little thicker or thinner, its surface textured, a shadow under it.

    A crop holds a fifth of what is drawn at least, else it is the whole drawing; nothing is mirrored. Pictures without
    transparency are cut out of a plain ground first; photographs keep ground and surface.
    """
    geometry = (
        Affine(rotate=5.0, translate=0.1, scale=(0.8, 1.25))
        if crop is None
        else CropResize(crop, keep=KEEP, kernel=BICUBIC)
    )
    return [
        Cutout(),
        geometry,
        Stroke(p=0.3, thick=0.8, thin=0.4),
        Foreground(p=0.3),
        Palette(p=0.5),
        Texture(p=0.3),
        Shadow(p=0.15),
        ground,
        Blur(3, p=0.15),
    ]


def as_views(made: Sequence[Any], size: int) -> list[View]:
    """What a recipe's `views(size)` gave, as views: a list of operations is one view of `size`."""
    views = [view for view in made if isinstance(view, View)]
    if views and len(views) != len(made):
        raise ValueError("a recipe's views are operations of one view, or View(ops, size) throughout; these are mixed")
    return views or [View(list(made), size)]


def smallest_side(source: Source | Stream, n: int = 256) -> int | None:
    """The shorter side, in pixels, that all but a twentieth of up to `n` rasters spread over the source have.

    One stray thumbnail must not end a run. None where there is nothing to measure: streams, drawings as SVG.
    """
    if not isinstance(source, Source) or not len(source):
        return None
    sides = []
    for index in np.unique(np.linspace(0, len(source) - 1, min(n, len(source))).astype(int)):
        try:
            with guarded():
                image = source[int(index)].image
                if not isinstance(image, np.ndarray):
                    image = unpacked(image)
                    if is_svg(image):
                        continue
                sides.append(min(measure(image)))
        except BadSample:
            continue  # named and left out by the loader
    return int(np.quantile(sides, STRAY, method="lower")) if sides else None


def stored_side(views: Sequence[View], size: int) -> int:
    """The shorter side, in pixels, that pictures are decoded to for these views of a recipe for pictures of `size`.

    `SPARE` times the largest view; where that is of a photograph's size, what the smallest crop needs to be shown from
    its own pixels: the view's side over the square root of the crop's least area, at most `MOST_SPARE` times the side.
    Smaller pictures stay as they are, so sets of 32 px are not touched; recipes for less than `LARGE` px keep to
    `SPARE`, because there a CPU crops, and eight times the pixels are eight times the work.
    """
    largest = max(size, *(view.size for view in views))
    least = SPARE * largest
    if largest >= LARGE:
        crops = ((view.size, op.scale[0]) for view in views for op in view.ops if isinstance(op, CropResize))
        least = max(least, *(min(side / area**0.5, MOST_SPARE * side) for side, area in crops), 0)
    return round(least)


def check_view_sizes(
    make: Callable[[int], Sequence[Any]],
    size: int,
    smallest: int | None,
    fits: Callable[[int], bool] = lambda size: True,
) -> None:
    """Raise ValueError where pictures of a shorter side of `smallest` pixels would be enlarged more than twice.

    `make` is the recipe's `views`, `size` its `data.size`; a view that is a patch of the picture is smaller than that.
    The size named is the largest which is small enough and of which `fits` says that everything else works.
    """
    if smallest is None or (largest := _largest(make, size)) <= LARGEST_ENLARGING * smallest:
        return
    most = LARGEST_ENLARGING * smallest

    def works(side: int) -> bool:
        try:
            return _largest(make, side) <= most and fits(side)
        except ValueError:  # views that cannot be made of so few pixels
            return False

    nearest = next(filter(works, range(min(size, most), 0, -1)), None)
    raise ValueError(
        f"a view is {largest} px, and the pictures' shorter side is {smallest} px: enlarged more than twice, their "
        f"blur would be what is learned. {f'Set data.size={nearest}, or take' if nearest else 'Take'} larger pictures"
    )


def _largest(make: Callable[[int], Sequence[Any]], size: int) -> int:
    """Pixels of the side of a picture, or of a view of it that is larger."""
    return max(size, *(view.size for view in as_views(make(size), size)))


def _simclr(views: OneView, size: int) -> list[Op]:
    if views.kind == "graphics":
        return graphics()
    small = size <= CIFAR
    strength = (0.5 if small else 1.0) if views.strength is None else views.strength
    blur = (0.0 if small else 0.5) if views.blur is None else views.blur
    jitter = (0.8 * strength, 0.8 * strength, 0.8 * strength, 0.2 * strength)
    return _photo(views.scale, size, jitter=jitter, blur=blur)


def _photo(
    scale: Range,
    side: int,
    *,
    jitter: tuple[float, float, float, float] = (0.4, 0.4, 0.2, 0.1),
    blur: float,
    solarize: float = 0.0,
    threshold: float = 0.5,
) -> list[Op]:
    """Crop and mirror, jitter, grey, blur (its kernel a tenth of `side`), solarize, in the papers' order."""
    ops: list[Op] = [
        CropResize(scale, flip=0.5, keep=KEEP, kernel=BICUBIC),
        Background(),
        ColorJitter(*jitter, p=0.8),
        Gray(p=0.2),
    ]
    if blur:
        ops.append(Blur(max(3, int(0.1 * side) // 2 * 2 + 1), p=blur))
    if solarize:
        ops.append(Solarize(threshold, p=solarize))
    return ops


def _check(kind: str, scale: Range) -> None:
    if kind not in get_args(Kind):
        raise ValueError(f"kind is {kind!r}; views are for {' or '.join(get_args(Kind))}")
    check_range(scale)


def check_range(scale: Range) -> None:
    """ValueError for areas of a crop that are no range of shares."""
    if not 0 < scale[0] <= scale[1] <= 1:
        raise ValueError(f"a crop's area is {scale}; expected low <= high, shares of the picture in (0, 1]")
