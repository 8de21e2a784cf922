"""How a teacher's raw logits become targets: centered and sharpened (DINO, iBOT), or balanced (DINOv2).

Specs of a recipe; what they build has three verbs: call it for probabilities, `observe` the logits whose mean matters,
`update` after the step. Each is a fact about one head: a method with two kinds of tokens builds two.
"""

from dataclasses import dataclass
from math import ceil, floor

from jaxtyping import Float
from torch import Tensor, nn

from sightline.dist import gather
from sightline.losses.sinkhorn import sinkhorn
from sightline.nn.state.centering import Center


@dataclass(frozen=True, kw_only=True)
class Centering:
    """Softmax of the logits less their running mean: any number of prototypes, any batch."""

    momentum: float = 0.9

    def build(self, prototypes: int) -> Center:
        return Center(prototypes, self.momentum)

    needs_whole_batch = ""
    """why a batch cannot be learned from in parts; a mean is the same over parts"""

    def check(self, prototypes: int, batch: int, head: str = "method.head") -> None:
        """ValueError for a batch whose mean is a picture itself."""
        if batch < 2:
            raise ValueError(
                f"a batch of {batch} is its own mean: less the center a picture tells nothing of itself. Set batch=2 "
                "or more (64 is a good start)"
            )


@dataclass(frozen=True, kw_only=True)
class Sinkhorn:
    """Sinkhorn-Knopp over the samples of all ranks; it remembers nothing from step to step."""

    iterations: int = 3
    balanced: float = 8.0
    """prototypes a picture, above which the run is refused: few pictures then share a prototype (DINOv2 has 43)"""

    needs_whole_batch = "Sinkhorn-Knopp balances the prototypes over the whole batch"
    """why a batch cannot be learned from in parts"""

    def build(self, prototypes: int) -> "Balance":
        return Balance(self.iterations)

    def check(self, prototypes: int, batch: int, head: str = "method.head") -> None:
        """ValueError for more prototypes than `batch` pictures can balance; `head` is where they are set."""
        if prototypes > self.balanced * batch:
            raise ValueError(
                f"{prototypes} prototypes are more than a batch of {batch} can balance by Sinkhorn-Knopp: with so few "
                f"pictures no two share a prototype. Set {head}.prototypes={floor(self.balanced * batch)}, or "
                f"batch={ceil(prototypes / self.balanced)}, or {head.rpartition('.')[0]}.targets=Centering"
            )


Targets = Centering | Sinkhorn


class Balance(nn.Module):
    """`losses.sinkhorn` with the verbs of `nn.centering.Center`."""

    observes = False

    def __init__(self, iterations: int) -> None:
        super().__init__()
        self.iterations = iterations

    def forward(self, logits: Float[Tensor, "*r k"], temperature: float | Float[Tensor, ""]) -> Float[Tensor, "*r k"]:
        """All rows are balanced together."""
        rows = sinkhorn(logits.flatten(0, -2), temperature, iterations=self.iterations, everyone=gather)
        return rows.view(logits.shape)

    def observe(self, logits: Float[Tensor, "*r k"]) -> None:
        """Nothing is remembered."""

    def update(self) -> None:
        """Nothing moves."""
