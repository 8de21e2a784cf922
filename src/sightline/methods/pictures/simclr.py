r"""SimCLR: two views of a picture belong together (Chen et al. 2020, https://arxiv.org/abs/2002.05709).

    L = 1/2b sum_(i, j) -log exp(s_ij / tau) / sum_{k != i} exp(s_ik / tau),    s = cosine of the heads' outputs

over the 2b ordered pairs of views (losses/ntxent.py). What is kept is the tower: the head takes out what the views
change, colour first, and is thrown away. Any tower with a pooled vector.
Departures: none in the equation; across ranks everyone's views are negatives, gathered with gradient, and BatchNorms
normalise over all ranks, as in the paper.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from sightline.dist import gather, offset
from sightline.losses.ntxent import nt_xent
from sightline.methods.parts.pairs import both
from sightline.nn.head import unit, width
from sightline.nn.heads import SimCLRHead
from sightline.protocols import Batch, Features, Kept, Losses

Embedded = tuple[Float[Tensor, "b e"], ...]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's on ImageNet by default."""

    temperature: float = 0.1
    """0.5 on CIFAR-10 in the paper (appendix B.9)"""
    hidden: int = 0
    """width inside the head; 0 is the tower's own"""
    out: int = 128
    chunk: int | None = None
    """rows of logits at a time; None holds the whole 2b x 2m at once"""


class SimCLR(nn.Module):
    """A tower and a head, thrown away after training."""

    needs = frozenset({"image", "views"})
    uses = frozenset[str]()

    def __init__(self, tower: nn.Module, config: Config = Config()) -> None:
        super().__init__()
        self.config = config
        self.image = tower
        self.head = SimCLRHead(width(tower), config.hidden or width(tower), config.out)
        self.watched: dict[str, Tensor] = {}

    def embed(self, batch: Batch) -> Embedded:
        """Unit vectors of the two views' projections, (b, out) each; float32 whatever the tower runs in."""
        b = len(batch["image"])
        features: Features = self.image(both(batch))
        self.watched = {"image": features.pooled[:b].detach()}
        vectors = unit(self.head(features.pooled))
        return vectors[:b], vectors[b:]

    def compare(self, embedded: Embedded, batch: Batch) -> Losses:
        """{"ntxent"}: my rows against everyone's; the mean over ranks is the loss of the global batch."""
        first, second = embedded
        loss = nt_xent(
            first,
            second,
            self.config.temperature,
            first=offset(len(first)),
            first_all=gather(first),
            second_all=gather(second),
            chunk=self.config.chunk,
        )
        return {"ntxent": loss}

    def forward(self, batch: Batch) -> Losses:
        return self.compare(self.embed(batch), batch)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing follows."""

    def kept(self) -> Kept:
        """The tower alone."""
        return Kept(parts={"image": self.image}, capabilities=("embeds",))
