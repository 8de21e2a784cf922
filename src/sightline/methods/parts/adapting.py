"""What systems have in common that learn on one domain for another: a classifier, labels of the source, none of the
target."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from sightline import dist
from sightline.losses.classes import class_errors
from sightline.losses.weighted import weighted_mean
from sightline.methods.parts.classes import two_or_more
from sightline.protocols import Batch, Kept


class Adapting(nn.Module):
    """A tower and a head of classes, which are what is kept. Batches are half of each domain (`domains(SRC, SRC)`)."""

    needs = frozenset({"image", "label", "domain"})
    uses = frozenset[str]()
    needs_whole_batch = "its pictures with labels and those of both domains are counted over the whole batch"

    def __init__(self, image: nn.Module, classes: nn.Linear, config: Any) -> None:
        """ValueError for fewer than two classes."""
        super().__init__()
        two_or_more(classes.out_features, ", as the first of domains(SRC, SRC)")
        self.config, self.image, self.classes = config, image, classes
        self.watched: dict[str, Tensor] = {}

    def logits(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b k"]:
        """One a class."""
        return self.classes(self.image(image).pooled)

    def judged(self, logits: Float[Tensor, "b k"], batch: Batch) -> Float[Tensor, ""]:
        """The cross-entropy of the labelled domain, whose rows `logits` are; the mean over ranks is that of the whole
        batch. A picture of it without a label (-1) has no part in it."""
        label = batch["label"][batch["domain"] == 0]
        return weighted_mean(*class_errors(logits, label), dist.mean)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing follows."""

    def kept(self) -> Kept:
        """The tower and the head that names classes."""
        return Kept(parts={"image": self.image, "classes": self.classes}, capabilities=("embeds",))
