r"""MAE: masked autoencoders (He et al. 2021, https://arxiv.org/abs/2111.06377).

    L = 1/|M| sum_{i in M} mean_j (t_ij - p_ij)^2,     p = decoder(encoder(visible patches), mask tokens)

The encoder sees the visible patches alone, at their positions; a narrow decoder sees all places and predicts the pixels
of the masked ones (losses/pixels.py, nn/decoder.py). The word analogue is BERT's masked language model, with the
vocabulary's softmax replaced by regression on pixels. What is kept is the encoder, read by the mean of all its tokens
with nothing masked.
Departures: masks are drawn by `data` (any kind with one float ratio), not shuffled here, so visible tokens enter in
their order; a patch of one flat colour may weigh less (`flat_weight`, ours, for graphics; 1 is the paper).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sightline import dist
from sightline.losses.blocks import upcast
from sightline.losses.pixels import NormalisedPixels, Target, contrast, patch_errors, patchify, unpatchify
from sightline.losses.weighted import weighted_mean
from sightline.methods.parts.masked import check_stem
from sightline.nn.decoder import MaskDecoder, visible_places
from sightline.nn.patch import Grid
from sightline.nn.transformer import xavier
from sightline.protocols import Batch, Features, Kept, Losses
from sightline.towers.spec.parts import Norm, stack
from sightline.towers.vit import ViT


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    dim: int = 512
    """width of the decoder"""
    depth: int = 8
    heads: int = 16
    target: Target = NormalisedPixels()
    flat: float = 4 / 255
    """a patch is of one flat colour under this standard deviation, in units of the normalised picture"""
    flat_weight: float = 1.0
    """what a flat patch counts in the loss, where another counts 1"""


class MAE(nn.Module):
    """A ViT that sees the patches left, and a decoder that predicts the rest; ValueError where its patches overlap."""

    needs = frozenset({"image", "masks"})
    uses = frozenset[str]()

    def __init__(self, image: ViT, config: Config = Config()) -> None:
        super().__init__()
        check_stem(image)
        self.config, self.image = config, image
        self.patch = _patch(image)
        blocks = stack(config.dim, config.depth, config.heads, 4 * config.dim, "gelu", Norm())
        self.decoder = MaskDecoder(image.dim, config.dim, blocks, 3 * self.patch**2)
        self.watched: dict[str, Tensor] = {}
        self.apply(xavier)

    @property
    def needs_whole_batch(self) -> str:
        """Why a batch cannot be learned from in parts, where it cannot."""
        if self.config.flat_weight == 1:
            return ""
        return f"flat_weight={self.config.flat_weight:g} weighs patches by what the whole batch shows"

    def forward(self, batch: Batch) -> Losses:
        """{"pixels"}; ValueError where pictures do not keep the same number of patches."""
        image, mask = batch["image"], batch["masks"][0]
        masked = mask.flatten(1)
        seen, predicted = self._guessed(image, mask)
        target = patchify(image, self.patch)
        errors = patch_errors(predicted, self.config.target(target))
        flat = contrast(target) < self.config.flat
        weight = masked * torch.where(flat, self.config.flat_weight, 1.0)
        self.watched = {"image": seen.tokens.mean(1).detach()} | _by_content(errors.detach(), masked, flat)
        return {"pixels": weighted_mean(errors, weight, dist.mean)}

    def reconstruct(self, image: Float[Tensor, "b c y x"], mask: Bool[Tensor, "b gy gx"]) -> Float[Tensor, "b c y x"]:
        """The picture with its masked patches as they are guessed from the others, in float32.

        A normalised target says nothing of a patch's mean and contrast: those are the true ones.
        """
        true = upcast(patchify(image, self.patch))
        guessed = self.config.target.restored(upcast(self._guessed(image, mask)[1]), true)
        return unpatchify(torch.where(mask.flatten(1)[..., None], guessed, true), _grid(mask), self.patch)

    def _guessed(self, image: Tensor, mask: Tensor) -> tuple[Features, Tensor]:
        """(what the encoder says of the visible patches, targets guessed of all)."""
        keep = visible_places(mask.flatten(1))
        seen = self.image.visible(image, keep)
        return seen, self.decoder(seen.tokens, seen.prefix, keep, _grid(mask))

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing follows a step."""

    def kept(self) -> Kept:
        """The tower; the decoder is dropped."""
        return Kept(parts={"image": self.image}, capabilities=("embeds",))


def _by_content(errors: Tensor, masked: Tensor, flat: Tensor) -> dict[str, Tensor]:
    """The error of masked patches of one colour, and of those that hold an edge: a low loss may be all background."""
    parts = {"loss_flat": masked & flat, "loss_edge": masked & ~flat}
    return {name: weighted_mean(errors, part, dist.mean) for name, part in parts.items()}


def _grid(mask: Tensor) -> Grid:
    return mask.shape[1], mask.shape[2]


def _patch(tower: ViT) -> int:
    patch = getattr(tower.stem, "patch", None)
    if not isinstance(patch, int):
        raise TypeError(f"the stem {type(tower.stem).__name__} does not tell its patch size: use a plain ViT")
    return patch
