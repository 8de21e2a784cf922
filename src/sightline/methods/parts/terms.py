"""A pair method whose pictures are also compared with single search terms, all of a picture's terms right at once.

    L = L_pair + weight * L_terms        L_terms: losses/labels.py, after UniCL (Yang et al. 2022)

Icons share terms ("arrow" stands on 47 of them). In the pair loss two icons that share a term are each other's
negatives; here they are positives of that term, so what they have in common is learnt as such, and an icon never seen
is found by the terms it shares with others. A wrapper: what is kept is the inner method's encoder.
Across ranks the terms are those of the whole batch, each once.
"""

from dataclasses import dataclass
from math import log
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sightline.dist import gather_uneven, mean, world
from sightline.losses.labels import label_contrastive
from sightline.losses.same import same_caption
from sightline.nn.head import unit
from sightline.nn.tag import tag
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """`pair` is the inner method's own Config."""

    pair: Any
    weight: float = 1.0
    scale_init: float = 1 / 0.07
    scale_max: float = 100.0


class WithTerms(nn.Module):
    """Wraps a method that has `embed`, `compare` and `encode_text`."""

    def __init__(self, pair: Any, config: Config) -> None:
        super().__init__()
        self.config, self.pair = config, pair
        self.needs, self.uses = frozenset(pair.needs | {"terms"}), pair.uses
        self.log_scale = tag(nn.Parameter(torch.tensor(log(config.scale_init))), "no_decay")

    @property
    def watched(self) -> dict[str, Tensor]:
        return self.pair.watched

    def embed(self, batch: Batch) -> tuple[Any, ...]:
        return self.pair.embed(batch)

    def compare(self, embedded: tuple[Any, ...], batch: Batch) -> Losses:
        terms, has = of_all(
            unit(self.pair.encode_text(batch["terms"])), same_caption(batch["terms"]), batch["has_term"]
        )
        loss = label_contrastive(embedded[0], terms, has, self.log_scale.exp(), mean)
        return self.pair.compare(embedded, batch) | {"terms": self.config.weight * loss}

    def forward(self, batch: Batch) -> Losses:
        return self.compare(self.embed(batch), batch)

    def before_step(self, step: int, total: int) -> None:
        self.pair.before_step(step, total)

    @torch.no_grad()
    def after_step(self) -> None:
        self.pair.after_step()
        self.log_scale.clamp_(0.0, log(self.config.scale_max))

    def kept(self) -> Kept:
        """What the inner method keeps."""
        return self.pair.kept()


def of_all(
    terms: Float[Tensor, "t e"], number: Int[Tensor, "t"], has: Bool[Tensor, "b t"]
) -> tuple[Float[Tensor, "a e"], Bool[Tensor, "b a"]]:
    """The terms of all ranks, each once, and which of them my pictures have; `number` is equal for equal terms."""
    if world() == 1:
        return terms, has
    everyone, numbers = gather_uneven(terms), gather_uneven(number)
    distinct, place = numbers.unique(return_inverse=True)
    first = torch.full_like(distinct, len(numbers)).scatter_reduce(
        0, place, torch.arange(len(numbers), device=numbers.device), "amin"
    )
    mine = torch.searchsorted(distinct, number)
    return everyone[first], has.new_zeros(len(has), len(distinct)).index_copy(1, mine, has)
