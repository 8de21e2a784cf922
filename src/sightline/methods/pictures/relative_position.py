r"""Relative patch position (Doersch, Gupta, Efros 2015, https://arxiv.org/abs/1505.05192).

    L = mean_k CE(f([g(x_0), g(x_k)]), k),   k = 0..7

x_0 is the middle of a 3 x 3 arrangement of patches, x_k its neighbours row by row; g is one trunk for all patches, f
two layers. Chance is ln 8 and 12.5 %. What is kept is the trunk g, used on whole pictures.
Departures: every neighbour of a middle patch is a pair (the paper draws one), so that nine embeddings make eight pairs;
the trunk is any tower with a pooled vector, not an AlexNet up to fc6; pairs of which a patch is of one flat colour are
left out, since nothing tells their places (ours, for graphics: `flat` 0 keeps them).
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sightline import dist
from sightline.losses.pixels import contrast
from sightline.losses.weighted import weighted_mean
from sightline.nn.head import width
from sightline.protocols import Batch, Kept, Losses

NEIGHBOURS = 8


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method."""

    hidden: int = 512
    """width of the layer between the two embeddings and the eight places; fc7 has 4096 in the paper"""
    flat: float = 4 / 255
    """a patch is of one flat colour under this standard deviation, in units of the normalised picture"""


class RelativePosition(nn.Module):
    """A trunk and a head that says where the second of two patches lies, seen from the first."""

    needs = frozenset({"image", "views"})
    uses = frozenset[str]()

    def __init__(self, image: nn.Module, config: Config = Config(), samples: int = 0) -> None:
        """`samples` are the pictures trained on: until all were seen once, `accuracy_first_epoch` is watched too; above
        0.6 it is a shortcut that is learnt (0: a stream, no epoch)."""
        super().__init__()
        self.config, self.image, self.samples = config, image, samples
        self.head = nn.Sequential(
            nn.Linear(2 * width(image), config.hidden), nn.ReLU(inplace=True), nn.Linear(config.hidden, NEIGHBOURS)
        )
        self.watched: dict[str, Tensor] = {}
        self.step = 0

    @property
    def needs_whole_batch(self) -> str:
        """Why a batch cannot be learned from in parts, where it cannot."""
        return "the loss is a mean over the pairs of the whole batch that can be solved" if self.config.flat else ""

    def forward(self, batch: Batch) -> Losses:
        """{"position"}; ValueError unless there are eight further views."""
        logits, solvable, embedded = self._compare(batch)
        places = repeat(torch.arange(NEIGHBOURS, device=logits.device), "k -> b k", b=len(logits))
        errors = F.cross_entropy(logits.flatten(0, 1), places.flatten(), reduction="none").view_as(places)
        accuracy = weighted_mean((logits.argmax(-1) == places).float(), solvable, dist.mean)
        self.watched = {"image": embedded.detach(), "accuracy": accuracy.detach()}
        if self.step * len(logits) * dist.world() < self.samples:
            self.watched["accuracy_first_epoch"] = self.watched["accuracy"]
        return {"position": weighted_mean(errors, solvable, dist.mean)}

    @torch.no_grad()
    def accuracy(self, batch: Batch) -> float:
        """Accuracy: the share of the solvable pairs whose place is predicted; chance is 1/8."""
        logits, solvable, _ = self._compare(batch)
        places = torch.arange(NEIGHBOURS, device=logits.device)
        return float(weighted_mean((logits.argmax(-1) == places).float(), solvable))

    def _compare(self, batch: Batch) -> tuple[Float[Tensor, "b 8 8"], Bool[Tensor, "b 8"], Float[Tensor, "b d"]]:
        """Logits of each pair, whether it can be solved, and the embeddings of the middle patches."""
        views = [batch["image"], *batch["views"]]
        if len(views) != 1 + NEIGHBOURS:
            raise ValueError(
                f"relative position needs a patch and its {NEIGHBOURS} neighbours, {1 + NEIGHBOURS} views; got "
                f"{len(views)}: take data.views of sightline.data.views.patch_pairs.Neighbours"
            )
        # one forward for all nine: a BatchNorm that saw one place at a time would give the place away
        embedded = rearrange(self.image(torch.cat(views)).pooled, "(v b) d -> b v d", v=len(views))
        middle, around = embedded[:, :1], embedded[:, 1:]
        logits = self.head(torch.cat([middle.expand_as(around), around], -1)).float()
        varied = torch.stack([_contrast(view) >= self.config.flat for view in views], 1)
        return logits, varied[:, :1] & varied[:, 1:], embedded[:, 0]

    def before_step(self, step: int, total: int) -> None:
        self.step = step

    def after_step(self) -> None:
        """Nothing follows a step."""

    def kept(self) -> Kept:
        """The trunk; the head is dropped."""
        return Kept(parts={"image": self.image}, capabilities=("embeds",))


def _contrast(view: Float[Tensor, "b c y x"]) -> Float[Tensor, " b"]:
    return contrast(rearrange(view, "b c y x -> b 1 (y x c)"))[:, 0]


def channels_shuffled(batch: Batch, seed: int = 0) -> Batch:
    """The batch with the colour channels of every patch in a random order, drawn for each patch (one in six stays).

    A trunk that reads places from colour fringes (chromatic aberration) falls to chance on it; one that reads what the
    patches show does not.
    """
    generator = torch.Generator().manual_seed(seed)

    def shuffled(view: Tensor) -> Tensor:
        order = torch.rand(view.shape[:2], generator=generator).argsort(1).to(view.device)
        return view.gather(1, order[..., None, None].expand_as(view))

    made: Any = dict(batch) | {"image": shuffled(batch["image"]), "views": [shuffled(v) for v in batch["views"]]}
    return made
