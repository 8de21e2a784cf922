"""The list of operations as one call on a batch, and the lists that are ready to use."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sightline.data.augment.affine import Affine
from sightline.data.augment.alpha import Background, Foreground, flat
from sightline.data.augment.colour import rgb_to_grayscale
from sightline.data.augment.crop import CropResize, Fit
from sightline.data.augment.draws import Draws
from sightline.data.augment.geometry import Transform, joined
from sightline.data.augment.jitter import Blur, Invert
from sightline.data.augment.pictures import Op, Pictures, unpack
from sightline.data.augment.stroke import Erase, Stroke
from sightline.protocols import Batch

CHUNK = 64
"""Pictures augmented together on a CPU: what passes between two operations stays in its cache. Measured 1.4 to 1.8
times faster than 256 at once (RGBA, 83 to 64 px, one thread)."""

VALUES = 2**28
"""Numbers augmented together elsewhere: a gigabyte of float32, a hundred photographs at what small crops need."""


def together(image: Tensor) -> int:
    """How many of the stored pictures (b, c, y, x) are augmented at a time where they lie."""
    return CHUNK if image.device.type == "cpu" else max(1, VALUES // max(1, image[:1].numel()))


@dataclass(frozen=True)
class View:
    """One view of a picture: the operations it goes through and its side in pixels."""

    ops: Sequence[Op]
    size: int


class AugmentViews:
    """`augment(batch, seed, step)`: stored uint8 pictures -> each view of them, float32 (b, 3, size, size), opaque,
    normalised, drawn independently; in one pass over the pictures. With one mean, grey: (b, 1, size, size).

    Pictures that no operation has resized are fitted into the square; what is transparent at the end stands on white.
    Operations that draw nothing (`settled`) and with which every view begins are done once.
    """

    def __init__(
        self,
        views: Sequence[View],
        *,
        mean: Sequence[float] = (0.5, 0.5, 0.5),
        std: Sequence[float] = (0.5, 0.5, 0.5),
    ) -> None:
        if not views:
            raise ValueError("no views; expected at least one View(ops, size)")
        self.views = [View(list(view.ops), view.size) for view in views]
        self.shared = 0
        for same in zip(*(view.ops for view in self.views), strict=False):
            if len(views) == 1 or not getattr(same[0], "settled", False) or any(op != same[0] for op in same):
                break
            self.shared += 1
        if len(mean) not in (1, 3):
            raise ValueError(f"{len(mean)} means: colours have one of grey or three; bands are augmented in bands.py")
        self._shift = torch.tensor(mean, dtype=torch.float32).view(-1, 1, 1)
        self._gain = 1 / torch.tensor(std, dtype=torch.float32).view(-1, 1, 1)

    def __call__(self, batch: Batch, seed: int, step: int, first: int = 0) -> list[Float[Tensor, "b c _y _x"]]:
        """The views in order; the first is number `first` of the batch, which decides its draws."""
        return self.with_transforms(batch, seed, step, first)[0]

    @torch.no_grad()
    def with_transforms(
        self, batch: Batch, seed: int, step: int, first: int = 0
    ) -> tuple[list[Float[Tensor, "b c _y _x"]], list[Transform]]:
        """The views, and of each where it has taken the points of the stored pictures: by that `targets.followed` takes
        masks, depth, boxes and keypoints along."""
        image, size, index = batch.get("image"), batch.get("size"), batch.get("index")
        if image is None or size is None or index is None:
            raise ValueError(f"a batch to augment has image, size and index; this one has {', '.join(batch)}")
        sizes, indices = size.cpu().numpy(), index.cpu().numpy()
        shape = len(image), len(self._shift)
        made = [torch.empty(*shape, view.size, view.size, device=image.device) for view in self.views]
        parts: list[list[Transform]] = [[] for _ in self.views]
        chunk = together(image)
        for start in range(0, len(image), chunk):
            rows = slice(start, start + chunk)
            pictures = self._unpacked(image[rows], sizes[rows])
            for op in self.views[0].ops[: self.shared]:
                pictures = op(pictures, Draws(seed, step, indices[rows]))
            for number, (view, out) in enumerate(zip(self.views, made, strict=True), first):
                draws = Draws(seed, step, indices[rows], _view(number))
                given = replace(pictures, target=view.size)
                parts[number - first].append(self._write(out[rows], view, given, draws))
        return made, [joined(part) for part in parts]

    @property
    def mirrors(self) -> bool:
        """Whether an operation of the first view may exchange left and right."""
        return any(hasattr(op, "mirrors") for op in self.views[0].ops)

    def mirrored(self, seed: int, step: int, indices: np.ndarray) -> np.ndarray:
        """(b,) bool: whether left and right are exchanged in the first view that the samples `indices` (b,) get at this
        step. Takes no pixels, so that a loader's worker can tell captions that name sides."""
        mirrored = np.zeros(len(indices), bool)
        for number, op in enumerate(self.views[0].ops):
            if (mirrors := getattr(op, "mirrors", None)) is not None:
                mirrored ^= mirrors(_of_op(Draws(seed, step, indices, _view(0)), number, op))
        return mirrored

    def restored(self, view: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c y x"]:
        """The view in [0, 1], as it was before it was normalised."""
        return torch.addcdiv(self._shift.to(view.device), view, self._gain.to(view.device)).clamp_(0, 1)

    def _write(self, made: Tensor, view: View, pictures: Pictures, draws: Draws) -> Transform:
        """Fills `made` and returns the way there."""
        for number, op in enumerate(view.ops[self.shared :], self.shared):
            pictures = op(pictures, _of_op(draws, number, op))
        square = (view.size, view.size)
        if tuple(pictures.image.shape[2:]) != square or (pictures.size != square).any():
            pictures = Fit()(pictures, draws)
        # the resize leaves rows of channels side by side; towers want them apart
        torch.sub(self._shown(pictures), self._shift.to(made.device), out=made).mul_(self._gain.to(made.device))
        return pictures.transform

    def _unpacked(self, image: Tensor, size: np.ndarray) -> Pictures:
        """Stored pictures as operations take them."""
        y, x = size.max(0)
        return unpack(image[:, :, :y, :x], size, self.views[0].size)

    def _shown(self, pictures: Pictures) -> Tensor:
        """What the tower sees of pictures that went through all operations, before it is normalised."""
        opaque = flat(pictures).image
        return opaque if len(self._shift) == 3 else rgb_to_grayscale(opaque)[:, :1]


def _view(number: int) -> str:
    return f"view {number}"


def _of_op(draws: Draws, number: int, op: Op) -> Draws:
    """What operation `number` of a view draws from."""
    return draws.within(f"{number} {type(op).__name__}")


class Augment:
    """`augment(batch, seed, step)`: one view of a batch, float32 (b, 3, size, size), as `AugmentViews` makes it.

    `view` names one of several augmentations of the same batch.
    """

    def __init__(
        self,
        ops: Sequence[Op],
        *,
        size: int = 64,
        mean: Sequence[float] = (0.5, 0.5, 0.5),
        std: Sequence[float] = (0.5, 0.5, 0.5),
    ) -> None:
        self.ops, self.size = list(ops), size
        self._views = AugmentViews([View(self.ops, size)], mean=mean, std=std)

    def __call__(self, batch: Batch, seed: int, step: int, view: int = 0) -> Float[Tensor, "b 3 y x"]:
        return self._views(batch, seed, step, view)[0]


def drawing_views(size: int) -> list[Op]:
    """Black drawings on white, moved, thickened or thinned, blurred, partly covered: to learn shapes alone. Ours."""
    return [
        Affine(rotate=12, translate=0.1, scale=(0.75, 1.2)),
        Stroke(p=0.5),
        Erase(p=0.3),
        Background(),
        Blur(3, p=0.3),
    ]


def icon_views(size: int) -> list[Op]:
    """Icons of any set: moved a little, thicker or thinner, in other inks, on other grounds, now and then white on
    black. Colours of several inks stay, and nothing is mirrored: captions say "left" and "red". Ours.
    """
    return [
        Affine(rotate=8, translate=0.08, scale=(0.8, 1.25)),
        Stroke(p=0.3),
        Foreground(p=0.2),
        Background(random=0.15),
        Invert(p=0.1),
        Blur(3, p=0.15),
    ]


def caption_views(size: int) -> list[Op]:
    """Nearly all of the picture, neither mirrored nor recoloured: captions say "left", "red" and what is at the edge.

    The crop of 0.9 to 1 of the area is open_clip's; the paper says "a random square crop".
    """
    return [CropResize(scale=(0.9, 1.0), keep=0.5), Background()]


def evaluation(size: int) -> list[Op]:
    """The whole picture in a square on white; `data.preprocess` is the exact one, in numpy."""
    return [Fit(), Background()]
