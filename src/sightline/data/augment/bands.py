"""Pictures of any number of bands, augmented: what moves points, and nothing that knows what a colour is."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from sightline.data.augment.crop import CropResize, Flip
from sightline.data.augment.draws import Draws
from sightline.data.augment.geometry import Transform, joined, still
from sightline.data.augment.pictures import Op, Pictures
from sightline.data.augment.pipeline import AugmentViews, View, of_op, together, view_name
from sightline.protocols import Batch


class AugmentBands(AugmentViews):
    """As `AugmentViews`, of stored float32 bands (b, c, y, x): views (b, c, size, size), normalised band by band.

    A crop and a mirror draw what they draw of a colour picture, so both give the same of three bands. ValueError for an
    operation on colours, one that leaves room around the picture, or as many means as there are no bands.
    """

    def __init__(self, views: Sequence[View], *, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(views, mean=mean[:1], std=std[:1])
        self.channels = len(mean)
        self._shift = torch.tensor(mean, dtype=torch.float32).view(-1, 1, 1)
        self._gain = 1 / torch.tensor(std, dtype=torch.float32).view(-1, 1, 1)
        self.views = [View([_geometry(op) for op in view.ops], view.size) for view in views]
        if any(not view.ops or not isinstance(view.ops[0], CropResize) for view in self.views):
            raise ValueError("views of bands begin with a crop to their size: CropResize (data.views.kind=bands)")

    @torch.no_grad()
    def with_transforms(
        self, batch: Batch, seed: int, step: int, first: int = 0
    ) -> tuple[list[Float[Tensor, "b c _y _x"]], list[Transform]]:
        """As of `AugmentViews`. ValueError for pictures of another number of bands."""
        image, size, index = batch.get("image"), batch.get("size"), batch.get("index")
        if image is None or size is None or index is None:
            raise ValueError(f"a batch to augment has image, size and index; this one has {', '.join(batch)}")
        if image.shape[1] != self.channels:
            raise ValueError(f"pictures of {image.shape[1]} bands, and means and deviations of {self.channels}")
        sizes, indices = size.cpu().numpy(), index.cpu().numpy()
        made: list[list[Tensor]] = [[] for _ in self.views]
        parts: list[list[Transform]] = [[] for _ in self.views]
        chunk = together(image)
        for start in range(0, len(image), chunk):
            rows = slice(start, start + chunk)
            opaque = torch.ones(len(image[rows]), dtype=torch.bool, device=image.device)
            for number, view in enumerate(self.views):
                given = Pictures(image[rows], sizes[rows], view.size, opaque, still(sizes[rows]))
                draws = Draws(seed, step, indices[rows], view_name(number + first))
                for place, op in enumerate(view.ops):
                    given = op(given, of_op(draws, place, op))
                shift, gain = (x.to(image.device) for x in (self._shift, self._gain))
                made[number].append((given.image - shift).mul_(gain).contiguous())
                parts[number].append(given.transform)
        return [torch.cat(part) for part in made], [joined(part) for part in parts]

    def restored(self, view: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c y x"]:
        """The view as it was before it was normalised."""
        return torch.addcdiv(self._shift.to(view.device), view, self._gain.to(view.device))


def _geometry(op: Op) -> Op:
    if isinstance(op, CropResize) and op.kernel.radius == 1:
        return replace(op, keep=0.0)  # bands have no coverage that a crop could hold
    if isinstance(op, Flip):
        return op
    raise ValueError(
        f"{type(op).__name__} is made for colours, and these pictures have bands: they are cropped bilinearly and "
        "mirrored. Set data.views.kind=bands, or data.views to CropResize and Flip"
    )
