r"""Exemplar-CNN: every picture is a class, its random transforms are the class's samples.

    L = -mean log softmax( W f(T x_i) + b )_i,     T a random transform, i = 1 .. n

Dosovitskiy et al. 2014/15 ("Discriminative unsupervised feature learning with exemplar convolutional neural networks",
https://arxiv.org/abs/1406.6909, eq. 3). The weights W grow with the number of pictures, and with them gradients and the
optimiser's state: the paper has 8,000 to 16,000 classes. To train on some pictures of a large set, say so in the
source: `--data "photos?n=8000"` takes the first 8,000 of a seeded order. `instance_discrimination` remembers vectors
instead of learning weights.
Departures: whole pictures are the classes, not patches of 32 pixels cut where gradients are strong; transforms are
drawn anew at every step instead of 100 to 150 once. `CosineClasses` (parametric instance classification, Cao et al.
2020, https://arxiv.org/abs/2006.14618) is the same softmax over unit vectors at a temperature.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.methods.parts.numbered import at_least_two, within
from sightline.nn.head import unit
from sightline.protocols import Batch, Kept, Losses

START = 0.3


class LinearClasses(nn.Linear):
    """The paper's last layer: x -> W x + b, one row a picture, in float32 under autocast too."""

    def __init__(self, dim: int, samples: int) -> None:
        super().__init__(dim, at_least_two(samples, "a class"))
        nn.init.normal_(self.weight, std=0.01)
        nn.init.zeros_(self.bias)

    def forward(self, input: Float[Tensor, "b d"]) -> Float[Tensor, "b n"]:
        with torch.autocast(input.device.type, enabled=False):
            return F.linear(input.to(self.weight.dtype), self.weight, self.bias)


class CosineClasses(nn.Module):
    """x -> cosines with one learned direction a picture, divided by `temperature`.

    Weights start `START` long: the shorter a vector, the further a step turns it, and each is pulled to its picture
    once an epoch only.
    """

    def __init__(self, dim: int, samples: int, temperature: float) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"cosines are divided by the temperature, which must be above 0; got {temperature}")
        self.temperature = temperature
        self.weight = nn.Parameter(torch.randn(at_least_two(samples, "a class"), dim) * START * dim**-0.5)

    def forward(self, x: Float[Tensor, "b d"]) -> Float[Tensor, "b n"]:
        with torch.autocast(x.device.type, enabled=False):
            return F.linear(unit(x).to(self.weight.dtype) / self.temperature, unit(self.weight))


@dataclass(frozen=True, kw_only=True)
class Linear:
    """`LinearClasses`."""

    def build(self, dim: int, samples: int) -> LinearClasses:
        return LinearClasses(dim, samples)


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """`CosineClasses`."""

    temperature: float = 0.1

    def build(self, dim: int, samples: int) -> CosineClasses:
        return CosineClasses(dim, samples, self.temperature)


@dataclass(frozen=True, kw_only=True)
class Config:
    """How the pictures are told apart: the paper's layer by default."""

    classes: Linear | Cosine = Linear()


class ExemplarCNN(nn.Module):
    """A tower, a `head` behind it, and `classes`, the layer that tells the pictures apart."""

    needs = frozenset({"image", "index"})
    uses: frozenset[str] = frozenset()

    def __init__(self, image: nn.Module, head: nn.Module, classes: LinearClasses | CosineClasses) -> None:
        super().__init__()
        self.image, self.head, self.classes = image, head, classes
        self.watched: dict[str, Tensor] = {}

    def forward(self, batch: Batch) -> Losses:
        index = within(batch["index"], len(self.classes.weight))
        trunk = self.image(batch["image"]).pooled
        self.watched = {"image": trunk.detach()}
        return {"exemplar": F.cross_entropy(self.classes(self.head(trunk)), index)}

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing follows the optimiser."""

    def kept(self) -> Kept:
        """The tower alone: the classes are the training pictures, of no use for others."""
        return Kept(parts={"image": self.image}, capabilities=("embeds",))
