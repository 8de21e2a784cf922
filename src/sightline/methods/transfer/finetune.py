r"""Going on from an encoder with labels, by parts that can be put together; each is off where its number says so.

    freeze       the first n blocks (ResNets: stages; AlexNet, VGG: convolutions) and what lies before them stay as
                 they are, their BatchNorm statistics too
    layer_decay  rates fall towards the pixels, gamma^(L - l) (Bao et al. 2021, https://arxiv.org/abs/2106.08254)
    head_rate    the new head learns at a multiple of the rate
    pull         L2-SP (Li, Grandvalet & Davoine 2018, https://arxiv.org/abs/1802.01483, eq. 4):
                     alpha / 2 |w - w0|^2 + beta / 2 |head|^2
                 w the tower's trainable tensors, w0 what they were at the start
    rank         low-rank adapters instead of the tower's own weights (nn/low_rank.py), merged in what is kept

Head first, then all is two phases of the recipe (methods/transfer/supervised.py: HeadAlone); averaging with the start
comes after training (weights/average.py). Departure from L2-SP: with AdamW set `optim.weight_decay=0`, else the
optimiser pulls to 0 what this pulls to the start.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.methods.transfer.supervised import Supervised
from sightline.nn.depth import hold_first, layer_rates
from sightline.nn.head import ClassHead
from sightline.nn.low_rank import LowRank
from sightline.nn.state.lock import lock
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method; with all of them as they are the whole tower learns at one rate."""

    freeze: int = 0
    layer_decay: float = 1.0
    """gamma: 1 is one rate for all; 0.65 to 0.9 in papers"""
    head_rate: float = 1.0
    pull: float = 0.0
    """alpha of L2-SP"""
    head_pull: float = 0.0
    """beta of L2-SP"""
    rank: int = 0
    """of the adapters; 0 is none"""
    scale: float = 1.0
    """alpha / r of the adapters: by how much their product is multiplied"""

    def __post_init__(self) -> None:
        for name in ("freeze", "pull", "head_pull", "rank"):
            if getattr(self, name) < 0:
                raise ValueError(f"method.{name} is {getattr(self, name)}; expected 0 (none) or more")
        for name in ("head_rate", "scale"):
            if getattr(self, name) <= 0:
                raise ValueError(f"method.{name} is {getattr(self, name)}; expected a number above 0")
        if self.rank and self.pull:
            raise ValueError(
                f"method.rank={self.rank} leaves the tower's weights as they are, so method.pull={self.pull} has "
                "nothing to pull: set one of them to 0"
            )


class FineTuned(Supervised):
    """See the module. The tower is what `--init` fills, the head is new."""

    def __init__(self, image: nn.Module, classes: ClassHead, config: Config = Config()) -> None:
        """ValueError where the tower has not the parts that the numbers speak of."""
        super().__init__(image, classes)
        self.config = config
        hold_first(image, config.freeze)
        if config.rank:
            self.adapters = LowRank(image, config.rank, config.scale)
            lock(image)
        if config.pull:
            # a tower of the same kind: `--init` fills it like a teacher (train/recipe/init.py: spread)
            self.start = lock(deepcopy(image))

    def begin_phase(self, previous: Mapping[str, Tensor]) -> None:
        """The start is the tower that the phase before ended with, where that had no start of its own."""
        if self.config.pull and not any(name.startswith("start.") for name in previous):
            self.start.load_state_dict(self.image.state_dict())

    def forward(self, batch: Batch) -> Losses:
        """{"class"}, and with L2-SP {"pull"}."""
        losses = super().forward(batch)
        if self.config.pull or self.config.head_pull:
            losses["pull"] = self.pulled()
        return losses

    def pooled(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d"]:
        """The tower's vectors, with what the adapters add to its weights."""
        if not self.config.rank:
            return super().pooled(image)
        weights = self.adapters.weights(self.image)
        return torch.func.functional_call(self.image, weights, (image,)).pooled

    def pulled(self) -> Float[Tensor, ""]:
        """alpha / 2 |w - w0|^2 + beta / 2 |head|^2"""
        head = sum((p.square().sum() for p in self.classes.parameters()), self.classes.weight.new_zeros(()))
        pull = self.config.head_pull / 2 * head
        if not self.config.pull:
            return pull
        start = dict(self.start.named_parameters())
        away = [(p - start[name]).square().sum() for name, p in self.image.named_parameters() if p.requires_grad]
        return pull + self.config.pull / 2 * torch.stack(away).sum()

    def rates(self) -> dict[str, float]:
        """Multiples of the rate by layer, those of the adapters by that of what they add to, and the head's."""
        c = self.config
        rates = {f"classes.{name}": c.head_rate for name, _ in self.classes.named_parameters()}
        if c.layer_decay != 1:
            tower = layer_rates(self.image, c.layer_decay)
            if c.rank:
                return rates | {f"adapters.{name}": tower[of] for name, of in self.adapters.adapted().items()}
            rates |= {f"image.{name}": rate for name, rate in tower.items()}
        return rates

    def kept(self) -> Kept:
        """The tower, adapters merged, and the head."""
        kept = super().kept()
        if not self.config.rank or not self.adapters.moved():
            return kept  # the very tensors, which `--init` fills
        return Kept(parts={**kept.parts, "image": self.adapters.merged(self.image)}, capabilities=kept.capabilities)
