r"""Autoencoder, plain and denoising (Hinton & Salakhutdinov 2006, https://doi.org/10.1126/science.1127647; Vincent et
al. 2008, https://doi.org/10.1145/1390156.1390294).

    L = mean_pixels (x - psi(z))^2,    z = phi(x + n),  n ~ N(0, noise^2)

The mean is over pixels, channels and pictures. phi is a tower and a linear map of its pooled vector to `code` numbers,
psi a decoder that is dropped after training. Kept is the tower with its pooled vector, the layer before the code.
With a linear phi and psi the optimum is PCA's subspace, so PCA of the same `code` is the line that must be beaten;
`explained` = 1 - L / var x is watched.
Departures: trained at once by gradients instead of layer by layer as in 2006; Gaussian noise where the 2008 paper sets
pixels to zero. It is drawn from torch's generator, which the trainer seeds at every step (nn/noise.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline import dist
from sightline.losses.blocks import identity
from sightline.nn.head import width
from sightline.nn.noise import rank_rows
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method."""

    code: int = 64
    """numbers a picture passes through"""
    noise: float = 0.0
    """its standard deviation, in units of the normalised picture; 0 is the plain autoencoder"""

    def __post_init__(self) -> None:
        if self.code < 1 or self.noise < 0:
            raise ValueError(f"a code has at least one number and noise no negative one; got {self.code}, {self.noise}")


class Autoencoder(nn.Module):
    """A tower, a bottleneck and a decoder; `decoder` takes (b, code) to pictures of the size that enter."""

    needs = frozenset({"image"})
    uses = frozenset[str]()

    def __init__(self, image: nn.Module, decoder: nn.Module, config: Config = Config()) -> None:
        super().__init__()
        self.config, self.image, self.decoder = config, image, decoder
        self.bottleneck = nn.Linear(width(image), config.code)
        self.watched: dict[str, Tensor] = {}

    def reconstruct(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c y x"]:
        """psi(phi(x)), in float32."""
        return self.decoder(self.bottleneck(self.image(image).pooled)).float()

    def forward(self, batch: Batch) -> Losses:
        """{"pixels"}; ValueError where the decoder makes pictures of another size."""
        clean = batch["image"]
        features = self.image(self._noisy(clean))
        made = self.decoder(self.bottleneck(features.pooled))
        if made.shape != clean.shape:
            raise ValueError(
                f"the decoder makes pictures of {tuple(made.shape[1:])}, and {tuple(clean.shape[1:])} came in"
            )
        loss = (made.float() - clean).square().mean()
        self.watched = {"image": features.pooled.detach(), "explained": explained(loss.detach(), clean, dist.mean)}
        return {"pixels": loss}

    def _noisy(self, image: Tensor) -> Tensor:
        if not self.training or not self.config.noise:
            return image
        return image + self.config.noise * rank_rows(
            partial(torch.randn, dtype=image.dtype), tuple(image.shape), image.device
        )

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing follows a step."""

    def kept(self) -> Kept:
        """The tower; bottleneck and decoder are dropped."""
        return Kept(parts={"image": self.image}, capabilities=("embeds",))


def explained(
    error: Float[Tensor, ""], image: Float[Tensor, "b c y x"], everyone: Callable[[Tensor], Tensor] = identity
) -> Float[Tensor, ""]:
    """1 - error / var: 0 for an autoencoder that gives the mean picture of the batch, 1 for a perfect one.

    `everyone` makes means over ranks (`dist.mean`): the mean over ranks of what they return is that of the whole batch.
    """
    variance = everyone((image - everyone(image.mean(0))).square().mean())
    return 1 - error / variance.clamp(min=torch.finfo(variance.dtype).tiny)
