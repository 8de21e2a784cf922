"""First-layer filters as pictures: convolution kernels as they are, patch kernels by their principal components.

Kernels of a convolution are few and are shown as such (Krizhevsky et al. 2012, figure 3). A ViT has hundreds, so what
they span is shown: their leading principal components (Dosovitskiy et al. 2020, figure 7 left).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from torch import nn

from sightline.measure.look.pca import components
from sightline.nn.conv.kernel import unflat
from sightline.nn.patch import PatchStem

LEADING = 28
"""as many components as the paper shows"""
MOST = 96
"""kernels shown of a convolution"""


@dataclass(frozen=True, slots=True)
class Filters:
    """Kernels (k, c, y, x), how many the layer has in all, and for components their shares of the variance."""

    kernels: Float[np.ndarray, "k c y x"]
    count: int
    share: Float[np.ndarray, " k"] | None = None


def first_kernels(tower: nn.Module, channels: int) -> tuple[Float[np.ndarray, "d c y x"], bool] | None:
    """The weights that see the picture, and whether they are of patches; None where no layer is known to.

    Patches do not overlap: a linear map of them, or a convolution whose stride is its size.
    """
    for module in tower.modules():
        if isinstance(module, PatchStem):
            return _array(unflat(module.proj.weight, module.channels)), True
        if isinstance(module, nn.Conv2d) and module.in_channels * module.groups >= channels:
            return _array(module.weight), module.kernel_size == module.stride
        if isinstance(module, nn.Linear) and _patches(module, channels):
            # NaFlex: patches are cut before the tower, laid out (y, x, c)
            return _array(unflat(module.weight, channels, "yxc")), True
    return None


def filters(kernels: Float[np.ndarray, "d c y x"], patches: bool) -> Filters:
    """What is shown of a first layer: the first kernels, or the leading components of patch kernels."""
    if not patches:
        return Filters(kernels[:MOST], len(kernels))
    found = components(kernels.reshape(len(kernels), -1), LEADING)
    shown = found.axes.reshape(-1, *kernels.shape[1:])
    return Filters(shown, len(kernels), found.share)


def picture(kernel: Float[np.ndarray, "c y x"]) -> UInt8[np.ndarray, "y x 3"]:
    """Grey is zero; the entry of largest size is black or full. Channels are red, green, blue, or all grey where one.

    Of n bands the first three are shown (of two, the first as grey).
    """
    shown = kernel[:3] if len(kernel) >= 3 else kernel[:1].repeat(3, axis=0)
    largest = max(float(np.abs(shown).max()), 1e-12)
    return np.rint(127.5 + 127.5 * shown / largest).astype(np.uint8).transpose(1, 2, 0)


def _patches(layer: nn.Linear, channels: int) -> bool:
    side = round((layer.in_features / channels) ** 0.5)
    return side > 1 and side * side * channels == layer.in_features


def _array(weight: nn.Parameter | object) -> np.ndarray:
    return weight.detach().float().cpu().numpy()  # pyright: ignore[reportAttributeAccessIssue]
