"""DINO's centering (Caron et al. 2021, https://arxiv.org/abs/2104.14294, eq. 4): no prototype may win everywhere.

    P = softmax((z - c) / tau);   c <- m c + (1 - m) mean(z)

The mean is over raw logits, all views and all ranks, and the center moves after it was used. It holds the teacher back
from one prototype, and alone would drive it to the uniform distribution: the low temperature holds it back from that.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.dist import total


class Center(nn.Module):
    """The running mean of a teacher's `k` logits; probabilities of the logits seen from there."""

    center: Float[Tensor, "k"]

    observes = True
    """whether what is given to `observe` matters"""

    def __init__(self, k: int, momentum: float = 0.9) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("center", torch.zeros(k))
        self._seen: Tensor | None = None  # sum of the step's logits, and their number in one more place

    @torch.no_grad()
    def forward(self, logits: Float[Tensor, "*r k"], temperature: float | Float[Tensor, ""]) -> Float[Tensor, "*r k"]:
        """Probabilities in float32 or better; the center stays."""
        with torch.autocast(logits.device.type, enabled=False):
            return ((logits.to(self.center.dtype) - self.center) / temperature).softmax(-1)

    @torch.no_grad()
    def observe(self, logits: Float[Tensor, "*r k"]) -> None:
        """Remember these logits for `update`; a step may have several parts, of different numbers of rows."""
        rows = logits.flatten(0, -2).to(self.center.dtype)
        seen = torch.cat([rows.sum(0), rows.new_tensor([len(rows)])])
        self._seen = seen if self._seen is None else self._seen + seen

    @torch.no_grad()
    def update(self) -> None:
        """Move to the mean of all that was observed on all ranks since the last time; for `after_step`."""
        seen, self._seen = self._seen, None
        if seen is not None:
            seen = total(seen)
            count = seen[-1]
            # no rows on any rank (a step whose masks are all empty) have no mean to move to
            self.center.lerp_(seen[:-1] / count.clamp(min=1), (1 - self.momentum) * (count > 0).to(count.dtype))
