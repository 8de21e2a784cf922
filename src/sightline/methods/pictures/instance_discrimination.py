r"""Instance discrimination with a memory bank (Wu et al. 2018, https://arxiv.org/abs/1805.01978).

    L = -mean log  exp(v . v_i / tau) / sum_j exp(v . v_j / tau)   [ + lambda |v - v_i|^2 ]

Every picture is a class of its own, whose "weight" is not learned but remembered: v = f(x) / |f(x)| is compared with
the vectors v_j that all pictures had when they were last seen. A step reads the bank, learns, and then writes v, as
computed before the step, into it. `FullSoftmax` sums over all pictures; `NCE` estimates the sum from m of them, with Z
frozen after the first batch.
Departures: see losses/instance.py (noise shared by the rows of a batch) and nn/state/bank.py; the proximal term, which
the released code leaves out, is off at 0 and then costs nothing.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline.losses.instance import instance_nce, instance_softmax, partition, proximal
from sightline.methods.parts.numbered import at_least_two, within
from sightline.nn.head import unit
from sightline.nn.state.bank import MemoryBank, Partition
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class FullSoftmax:
    """Against every picture of the bank."""


@dataclass(frozen=True, kw_only=True)
class NCE:
    """Against `noise` pictures drawn anew for every step."""

    noise: int = 4096


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    against: FullSoftmax | NCE = NCE()
    temperature: float = 0.07
    momentum: float = 0.5
    """share of its old entry that a picture keeps"""
    proximal: float = 0.0
    """lambda, how strongly a picture is held at its entry"""


class InstanceDiscrimination(nn.Module):
    """A tower and a `head` to the `dim` numbers that are remembered of each of `samples` pictures."""

    needs = frozenset({"image", "index"})
    uses: frozenset[str] = frozenset()

    def __init__(self, image: nn.Module, head: nn.Module, dim: int, samples: int, config: Config = Config()) -> None:
        super().__init__()
        if config.temperature <= 0:
            raise ValueError(f"cosines are divided by the temperature, which must be above 0; got {config.temperature}")
        self.config = config
        self.image, self.head = image, head
        self.bank = MemoryBank(at_least_two(samples, "a vector"), dim, config.momentum)
        self.partition = Partition() if isinstance(config.against, NCE) else None
        self.watched: dict[str, Tensor] = {}
        self._seen: list[tuple[Tensor, Tensor]] = []  # what this step will write; empty between steps

    def forward(self, batch: Batch) -> Losses:
        index = within(batch["index"], len(self.bank))
        trunk = self.image(batch["image"]).pooled
        v = unit(self.head(trunk))
        own = self.bank.read(index)
        self.watched = {"image": trunk.detach(), "agreement": F.cosine_similarity(own, v.detach()).mean()}
        if self.training and torch.is_grad_enabled():
            self._seen.append((index, v.detach()))
        losses = {"instance": self.compare(v, own, index)}
        if self.config.proximal:
            losses["proximal"] = self.config.proximal * proximal(v, own)
        return losses

    def compare(self, v: Float[Tensor, "b d"], own: Float[Tensor, "b d"], index: Int[Tensor, "b"]) -> Float[Tensor, ""]:
        """-log P of the batch's own pictures, by the whole sum or by an estimate of it."""
        count, temperature = len(self.bank), self.config.temperature
        if self.partition is None or not isinstance(self.config.against, NCE):
            return instance_softmax(v, self.bank.entries, index, temperature)
        # drawn on the CPU from the generator the trainer seeds, so that a GPU draws the same; all ranks draw the same
        # too, each part of a batch its own
        drawn = torch.randint(count, (self.config.against.noise,)).to(index.device)
        noise = self.bank.read(drawn)
        if not self.partition.known:
            self.partition.freeze(partition(v, own, noise, temperature, count=count))
        return instance_nce(v, own, noise, temperature, log_z=self.partition.log_z, count=count)

    def before_step(self, step: int, total: int) -> None:
        """Forgets what a step that was not finished has seen."""
        self._seen.clear()

    def after_step(self) -> None:
        """Writes what this step has seen into the bank."""
        if self._seen:
            index, v = (torch.cat(part) for part in zip(*self._seen, strict=True))
            self.bank.write(index, v)
        self._seen.clear()

    def kept(self) -> Kept:
        """The tower alone: head and bank stay with the run's state."""
        return Kept(parts={"image": self.image}, capabilities=("embeds",))
