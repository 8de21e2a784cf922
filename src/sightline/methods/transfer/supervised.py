r"""Classes learnt from labels: a linear map of a tower's vector under cross entropy.

    L = - mean over labelled pictures of log softmax_k( W f(x) + b )_y

as AlexNet, VGG, ResNet and ViT were trained (Krizhevsky et al. 2012, section 3; Simonyan & Zisserman 2014; He et al.
2015; Dosovitskiy et al. 2020, section 3.1). Pictures without a label are left out. Departures: W starts at N(0, 0.01)
and b at 0, whatever the tower; ViT's head has no hidden layer.
"""

from jaxtyping import Float
from torch import Tensor, nn

from sightline import dist
from sightline.losses.classes import class_errors
from sightline.losses.weighted import weighted_mean
from sightline.methods.parts.classes import two_or_more
from sightline.nn.head import ClassHead
from sightline.protocols import Batch, Kept, Losses


class Supervised(nn.Module):
    """A tower and a head of named classes. Both are kept: the run embeds and classifies."""

    needs = frozenset({"image", "label"})
    uses = frozenset[str]()

    def __init__(self, image: nn.Module, classes: ClassHead) -> None:
        """ValueError for fewer than two classes."""
        super().__init__()
        two_or_more(classes.out_features)
        self.image, self.classes = image, classes
        self.watched: dict[str, Tensor] = {}

    def forward(self, batch: Batch) -> Losses:
        """{"class"}"""
        return {"class": self.judged(self.pooled(batch["image"]), batch)}

    def pooled(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d"]:
        """The tower's vectors, as they learn."""
        return self.image(image).pooled

    def judged(self, vectors: Float[Tensor, "b d"], batch: Batch) -> Float[Tensor, ""]:
        """The cross entropy; the mean over ranks is that of the whole batch."""
        self.watched = {"image": vectors.detach()}
        return weighted_mean(*class_errors(self.classes(vectors), batch["label"]), dist.mean)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing follows."""

    def kept(self) -> Kept:
        """The tower, and the head with the names of its classes."""
        return Kept(parts={"image": self.image, "classes": self.classes}, capabilities=("embeds", "classifies"))


class HeadAlone(Supervised):
    """The head learns, the tower stays as it is: linear probing as the first phase of LP-FT (Kumar et al. 2022,
    https://arxiv.org/abs/2202.10054)."""

    frozen = ("image",)
