r"""What methods that predict pixels compare: patches as targets, and the mean square over the masked ones.

    L = 1/|M| sum_{i in M} mean_j (t_ij - p_ij)^2          (MAE, He et al. 2021, https://arxiv.org/abs/2111.06377)

with t_i the pixels of patch i, or those of (x_i - mean x_i) / sqrt(var x_i + eps): section 4.1, "normalised pixels".
The variance is the unbiased one, as in the released code.
"""

from dataclasses import dataclass

from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from sightline.losses.blocks import upcast

Patches = Float[Tensor, "b n p"]


@dataclass(frozen=True, kw_only=True)
class RawPixels:
    """The pixels as they are."""

    def __call__(self, x: Patches) -> Patches:
        return x

    def restored(self, target: Patches, x: Patches) -> Patches:
        """Pixels of a guessed `target`."""
        return target


@dataclass(frozen=True, kw_only=True)
class NormalisedPixels:
    """Each patch less its mean, over its standard deviation.

    The noise of a patch of one flat colour is blown up by up to 1 / sqrt(eps): 1e-2 for graphics.
    """

    eps: float = 1e-6

    def __call__(self, x: Patches) -> Patches:
        return (x - x.mean(-1, keepdim=True)) / self._spread(x)

    def restored(self, target: Patches, x: Patches) -> Patches:
        """Pixels of a guessed `target`, whose mean and deviation, which nothing tells, are those of the true `x`."""
        return target * self._spread(x) + x.mean(-1, keepdim=True)

    def _spread(self, x: Patches) -> Float[Tensor, "b n 1"]:
        return (x.var(-1, keepdim=True) + self.eps).sqrt()


Target = RawPixels | NormalisedPixels


def patchify(image: Float[Tensor, "b c y x"], patch: int) -> Patches:
    """Non-overlapping squares of `patch` pixels, row-major, each flattened in (py, px, c) order as MAE does.

    (A stem's kernel is flattened in (c, py, px) order instead.) ValueError where the sides are no multiple of it.
    """
    y, x = image.shape[-2:]
    if y % patch or x % patch:
        raise ValueError(f"an image of {y} x {x} pixels does not divide into patches of {patch}")
    return rearrange(image, "b c (gy py) (gx px) -> b (gy gx) (py px c)", py=patch, px=patch)


def unpatchify(x: Patches, grid: tuple[int, int], patch: int) -> Float[Tensor, "b c y x"]:
    """The inverse of `patchify`."""
    return rearrange(x, "b (gy gx) (py px c) -> b c (gy py) (gx px)", gy=grid[0], gx=grid[1], py=patch, px=patch)


def patch_errors(predicted: Patches, target: Patches) -> Float[Tensor, "b n"]:
    """The mean square difference of each patch, in float32 or better."""
    return (upcast(predicted) - upcast(target)).square().mean(-1)


def contrast(x: Patches) -> Float[Tensor, "b n"]:
    """The standard deviation of each patch's pixels about its mean colour, largest channel: 0 for one flat colour."""
    channels = rearrange(x, "b n (p c) -> b n p c", c=3)
    return channels.std(2).amax(-1)
