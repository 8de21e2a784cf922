"""What goes wrong while training, said while it happens: no number, an ln(batch) plateau, constant embeddings."""

import math
from collections import deque

import torch
from torch import Tensor

from sightline.protocols import Losses


class NonFinite(FloatingPointError):
    """A loss term or the gradient stopped being a number; raised before the update."""


def check_finite(losses: Losses, step: int) -> None:
    """Raises NonFinite naming every term that is not finite, and the step."""
    bad = [name for name, value in losses.items() if not torch.isfinite(value).all()]
    if bad:
        values = ", ".join(f"{name} = {float(losses[name])}" for name in bad)
        raise NonFinite(
            f"step {step}: the loss is not finite ({values}); the weights were not updated. The last checkpoint is "
            "intact. Usual causes: a learning rate too high (optim.lr), float16 without need (precision=bfloat16), "
            "or broken input"
        )


def check_gradient(norm: Tensor, step: int) -> None:
    """Raises NonFinite where the gradient's norm is not a number although the loss is."""
    if not torch.isfinite(norm):
        raise NonFinite(
            f"step {step}: the gradient is not finite (norm {float(norm)}) although the loss is; the weights were not "
            "updated. Lower optim.lr or set precision=float32"
        )


class Monitor:
    """Watches one contrastive run. `observe` returns a sentence when something has to be said, once per cause.

    A constant encoder scores exactly ln(batch) under InfoNCE; a run that stays within 2 % of it after the warm-up
    has learnt nothing. Watched embeddings with a mean pairwise cosine above 0.99 have collapsed to a point.
    """

    def __init__(self, batch: int, *, patience: int = 300) -> None:
        self.plateau = math.log(max(2, batch))
        self.patience = patience
        self.recent: deque[float] = deque(maxlen=50)
        self.said: set[str] = set()

    def observe(self, step: int, losses: dict[str, float], embeddings: dict[str, Tensor]) -> list[str]:
        messages = []
        if "contrastive" in losses:
            self.recent.append(losses["contrastive"])
            mean = sum(self.recent) / len(self.recent)
            full = len(self.recent) == self.recent.maxlen
            if step >= self.patience and full and abs(mean - self.plateau) < 0.02 * self.plateau:
                messages += self._once(
                    "plateau",
                    f"step {step}: the contrastive loss has stayed at ln(batch) = {self.plateau:.2f}: pictures and "
                    "captions are not being told apart. Check that captions belong to their pictures "
                    "(sightline data SRC), lower optim.lr, or weaken the augmentation (random colours hide shapes)",
                )
        for name, vectors in embeddings.items():
            cosine = mean_cosine(vectors)
            if step >= 50 and cosine > 0.99:
                messages += self._once(
                    f"constant {name}",
                    f"step {step}: all {name} embeddings are nearly the same (mean cosine {cosine:.3f}): the {name} "
                    "tower has collapsed. Lower optim.lr, lengthen schedule.warmup, or check that the inputs differ",
                )
        return messages

    def _once(self, cause: str, message: str) -> list[str]:
        if cause in self.said:
            return []
        self.said.add(cause)
        return [message]


def mean_cosine(vectors: Tensor) -> float:
    """Mean cosine over pairs i != j of unit vectors (b, d): (||sum||^2 - b) / (b (b - 1))."""
    b = len(vectors)
    if b < 2:
        return 0.0
    unit = torch.nn.functional.normalize(vectors.detach().float(), dim=-1)
    return float((unit.sum(0).square().sum() - b) / (b * (b - 1)))
