"""Pictures of any number of bands, augmented: what moves points, and nothing that knows what a colour is."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sightline.data.augment.crop import CropResize, Flip
from sightline.data.augment.geometry import still
from sightline.data.augment.pictures import Op, Pictures
from sightline.data.augment.pipeline import AugmentViews, View


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

    def _unpacked(self, image: Tensor, size: np.ndarray) -> Pictures:
        """ValueError for pictures of another number of bands."""
        if image.shape[1] != self.channels:
            raise ValueError(f"pictures of {image.shape[1]} bands, and means and deviations of {self.channels}")
        opaque = torch.ones(len(image), dtype=torch.bool, device=image.device)
        return Pictures(image, size, self.views[0].size, opaque, still(size))

    def _shown(self, pictures: Pictures) -> Tensor:
        return pictures.image

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
