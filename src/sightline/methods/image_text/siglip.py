r"""SigLIP: the sigmoid loss for language-image pre-training (Zhai et al. 2023, https://arxiv.org/abs/2303.15343).

    L = -1/b sum_ij log sigmoid( z_ij (t v_i . u_j + bias) ),   t = exp(l) from 10, bias from -10

Texts travel a ring of ranks, so no rank ever holds more than b x b logits (section 3.3 of the paper).
Where samples come with false captions (scenes do), each picture is also compared with its own: losses/hard.py.
Departures: both towers get a bias-free projection unless one is passed (the published models have `nn.Identity()` for
images and a linear map with bias for texts); l is held in [0, ln 100] after each step as in CLIP;
`positives="caption"` (ours) makes equal captions positives.
"""

from dataclasses import dataclass
from math import log
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline.dist import gather, mean, rank, ring
from sightline.losses.hard import hard_negative
from sightline.losses.same import same_caption
from sightline.losses.sigmoid import sigmoid_contrastive
from sightline.nn.head import Projection, unit, width
from sightline.nn.tag import tag
from sightline.protocols import Batch, Features, Kept, Losses

Embedded = tuple[Float[Tensor, "b e"], ...]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    scale_init: float = 10.0
    scale_max: float = 100.0
    bias_init: float = -10.0
    """without it the first steps are spent on the b - 1 negatives of each image: the loss starts near b ln 2"""
    positives: Literal["pair", "caption"] = "pair"
    """what belongs together: the pair alone, or all pairs of equal captions"""
    chunk: int | None = None
    """rows of logits at a time; None holds b x b at once"""


class SigLIP(nn.Module):
    """Two towers and their projections to a joint space of width `dim`, compared pair by pair."""

    needs = frozenset({"image", "tokens"})
    uses = frozenset({"negatives"})

    def __init__(
        self,
        image: nn.Module,
        text: nn.Module,
        dim: int,
        config: Config = Config(),
        *,
        project_image: nn.Module | None = None,
        project_text: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.image, self.text = image, text
        self.project_image = Projection(width(image), dim) if project_image is None else project_image
        self.project_text = Projection(width(text), dim) if project_text is None else project_text
        self.watched: dict[str, Tensor] = {}  # the last batch's embeddings, for the trainer's monitor
        self.log_scale = tag(nn.Parameter(torch.tensor(log(config.scale_init))), "no_decay")
        self.bias = tag(nn.Parameter(torch.tensor(config.bias_init)), "no_decay")

    def encode_image(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b e"]:
        """Into the joint space, not normalised."""
        features: Features = self.image(image)
        return self.project_image(features.pooled)

    def encode_text(self, tokens: Int[Tensor, "b n"]) -> Float[Tensor, "b e"]:
        """Into the joint space, not normalised."""
        return self.project_text(self.text(tokens))

    def embed(self, batch: Batch) -> Embedded:
        """Unit vectors of my images, texts and, where there are, false texts; float32 whatever the towers run in."""
        return self.embed_seen(self.image(batch["image"]), batch)

    def embed_seen(self, picture: Features, batch: Batch) -> Embedded:
        """The same of pictures that the tower has seen already, for other losses too."""
        texts = [batch["tokens"]] + ([batch["negatives"]] if "negatives" in batch else [])
        v, *rest = unit(self.project_image(picture.pooled)), *(unit(self.encode_text(text)) for text in texts)
        self.watched = {"image": v.detach(), "text": rest[0].detach()}
        return v, *rest

    def compare(self, embedded: Embedded, batch: Batch) -> Losses:
        """My images against everyone's texts, block by block; the mean over ranks is the loss of the global batch."""
        v, u, *false = embedded
        b, scale = len(v), self.log_scale.exp()
        # Caption numbers are 8 bytes a row, so everyone's are simply gathered while the texts travel.
        groups = gather(same_caption(batch["tokens"])) if self.config.positives == "caption" else None
        loss = v.new_zeros(())
        for owner, block in ring(u):
            loss = loss + sigmoid_contrastive(
                v,
                block,
                scale,
                self.bias,
                first=0 if owner == rank() else None,
                groups=None if groups is None else groups[rank() * b :][:b],
                groups_all=None if groups is None else groups[owner * b :][:b],
                chunk=self.config.chunk,
            )
        if not false:
            return {"sigmoid": loss}
        return {
            "sigmoid": loss,
            "negatives": hard_negative(v, u, false[0], self.log_scale.exp(), batch["has_negative"], mean),
        }

    def forward(self, batch: Batch) -> Losses:
        return self.compare(self.embed(batch), batch)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled: scale and bias are learned."""

    @torch.no_grad()
    def after_step(self) -> None:
        """Hold the scale in [1, scale_max]; also to be called after loading weights."""
        self.log_scale.clamp_(0.0, log(self.config.scale_max))

    def kept(self) -> Kept:
        """Both towers, their projections, scale and bias."""
        parts = {name: getattr(self, name) for name in ("image", "text", "project_image", "project_text")}
        return Kept(
            parts=parts, scalars={"log_scale": self.log_scale, "bias": self.bias}, capabilities=("embeds", "reads_text")
        )
