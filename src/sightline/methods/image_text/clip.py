r"""CLIP: contrastive language-image pre-training (Radford et al. 2021, https://arxiv.org/abs/2103.00020).

    L = lambda mean_i CE(exp(l) V U^T, i) + (1 - lambda) mean_i CE(exp(l) U V^T, i),   lambda = 1/2

V and U are the unit vectors of the projected towers, l the learned log scale, started at ln(1/0.07) and held in
[0, ln 100] after each step. Where samples come with false captions (scenes do), each picture must also tell its own
caption from its false one: losses/hard.py.
Departures: `positives="caption"` (ours, for sets with few distinct captions) makes every equal caption of the batch a
positive; `text_rate` (ours) lets a text tower that has read before learn slower; the projections have no bias, as in
the released code.
"""

from dataclasses import dataclass
from math import log
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline.dist import gather, mean, offset
from sightline.losses.contrastive import info_nce
from sightline.losses.hard import hard_negative
from sightline.losses.same import same_caption
from sightline.nn.head import Projection, unit, width
from sightline.nn.tag import tag
from sightline.protocols import Batch, Features, Kept, Losses

Embedded = tuple[Float[Tensor, "b e"], ...]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    weight: float = 0.5
    """lambda: the share of the image-to-text direction"""
    scale_init: float = 1 / 0.07
    scale_max: float = 100.0
    positives: Literal["pair", "caption"] = "pair"
    """what belongs together: the pair alone, or all pairs of equal captions"""
    chunk: int | None = None
    """rows of logits at a time; None holds the whole b x m at once"""


class CLIP(nn.Module):
    """Two towers and their projections to a joint space of width `dim`, compared by InfoNCE across all ranks."""

    needs = frozenset({"image", "tokens"})
    uses = frozenset({"negatives"})

    def __init__(
        self, image: nn.Module, text: nn.Module, dim: int, config: Config = Config(), *, text_rate: float = 1.0
    ) -> None:
        """`text_rate` is the text tower's multiple of the learning rate: one that has read before learns slower."""
        super().__init__()
        self.config, self.text_rate = config, text_rate
        self.image, self.text = image, text
        self.project_image = Projection(width(image), dim)
        self.project_text = Projection(width(text), dim)
        self.watched: dict[str, Tensor] = {}  # the last batch's embeddings, for the trainer's monitor
        self.log_scale = tag(nn.Parameter(torch.tensor(log(config.scale_init))), "no_decay")

    def encode_image(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b e"]:
        """Into the joint space, not normalised."""
        features: Features = self.image(image)
        return self.project_image(features.pooled)

    def encode_text(self, tokens: Int[Tensor, "b n"]) -> Float[Tensor, "b e"]:
        """Into the joint space, not normalised."""
        return self.project_text(self.text(tokens))

    def embed(self, batch: Batch) -> Embedded:
        """Unit vectors of my images, texts and, where there are, false texts; float32 whatever the towers run in."""
        texts = [batch["tokens"]] + ([batch["negatives"]] if "negatives" in batch else [])
        v, *rest = unit(self.encode_image(batch["image"])), *(unit(self.encode_text(text)) for text in texts)
        self.watched = {"image": v.detach(), "text": rest[0].detach()}
        return v, *rest

    def compare(self, embedded: Embedded, batch: Batch) -> Losses:
        """My rows against everyone's; the mean over ranks is the loss of the global batch."""
        v, u, *false = embedded
        groups = same_caption(batch["tokens"]) if self.config.positives == "caption" else None
        loss = info_nce(
            v,
            u,
            self.log_scale.exp(),
            weight=self.config.weight,
            first=offset(len(v)),
            image_all=gather(v),
            text_all=gather(u),
            groups=groups,
            groups_all=None if groups is None else gather(groups),
            chunk=self.config.chunk,
        )
        if not false:
            return {"contrastive": loss}
        return {
            "contrastive": loss,
            "negatives": hard_negative(v, u, false[0], self.log_scale.exp(), batch["has_negative"], mean),
        }

    def forward(self, batch: Batch) -> Losses:
        return self.compare(self.embed(batch), batch)

    def rates(self) -> dict[str, float]:
        """The text tower's own share of the learning rate."""
        names = [f"text.{name}" for name, _ in self.text.named_parameters()]
        return {} if self.text_rate == 1 else dict.fromkeys(names, self.text_rate)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled: the temperature is learned."""

    @torch.no_grad()
    def after_step(self) -> None:
        """Hold the scale in [1, scale_max]; also to be called after loading weights."""
        self.log_scale.clamp_(0.0, log(self.config.scale_max))

    def kept(self) -> Kept:
        """Both towers, their projections and the scale."""
        parts = {name: getattr(self, name) for name in ("image", "text", "project_image", "project_text")}
        return Kept(parts=parts, scalars={"log_scale": self.log_scale}, capabilities=("embeds", "reads_text"))
