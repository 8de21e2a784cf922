r"""One trunk, several heads, and pictures of which each has the labels of some.

    L = sum_k w_k l_k,     l_k = sum_i m_ik l_ik / sum_i m_ik,     m_ik = 1 where answer i of task k is known

A batch without any answer of a task gives its head, and the trunk for it, a gradient of exactly 0. Weights are fixed,
or learnt as the tasks' noise (Kendall, Gal and Cipolla 2018, https://arxiv.org/abs/1705.07115, eqs. 7 and 10):

    w_k = c e^(-s_k),   + s_k / 2,     c = 1 of a softmax, 1/2 of squared errors, s_k = log sigma_k^2 learnt

where a task without an answer in the batch has no s_k / 2 either: nothing was seen of its noise.

Every 50 steps `watched` has the cosine between two tasks' gradients of the trunk (Yu et al. 2020,
https://arxiv.org/abs/2001.06782, definition 1): below 0 they conflict, what helps one harms the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline import dist
from sightline.losses.weighted import weighted_mean
from sightline.nn.tag import tag
from sightline.protocols import Batch, Kept, Losses

LOOK = 50
"""steps between looks at gradients, as the trainer's"""


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """Each task by its weight."""

    def build(self, likelihoods: Mapping[str, float]) -> "FixedWeights":
        return FixedWeights()


@dataclass(frozen=True, kw_only=True)
class Uncertainty:
    """By what is learnt of its noise, times its weight."""

    def build(self, likelihoods: Mapping[str, float]) -> "UncertaintyWeights":
        return UncertaintyWeights(likelihoods)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The weight of each task; 0 leaves the task out."""

    classes: float = 1.0
    """of labels"""
    depth: float = 1.0
    """of depth"""
    numbers: float = 1.0
    """of columns of numbers"""
    weighting: Fixed | Uncertainty = Fixed()

    def __post_init__(self) -> None:
        if min(self.weights.values()) < 0 or not any(self.weights.values()):
            raise ValueError(f"weights of tasks are 0 or more, one of them above 0; got {self.weights}")

    @property
    def weights(self) -> dict[str, float]:
        """By task."""
        return {"classes": self.classes, "depth": self.depth, "numbers": self.numbers}

    @property
    def tasks(self) -> list[str]:
        """Those that are learnt."""
        return [name for name, weight in self.weights.items() if weight > 0]


class FixedWeights(nn.Module):
    """The loss as it is."""

    def forward(self, task: str, loss: Float[Tensor, ""], any_known: Float[Tensor, ""]) -> Float[Tensor, ""]:
        return loss


class UncertaintyWeights(nn.Module):
    """c e^(-s) l + s / 2, the second only where anything is known."""

    def __init__(self, likelihoods: Mapping[str, float]) -> None:
        super().__init__()
        self.likelihoods = dict(likelihoods)
        self.log_variance = nn.ParameterDict(
            {task: tag(nn.Parameter(torch.zeros(())), "no_decay") for task in likelihoods}
        )

    def forward(self, task: str, loss: Float[Tensor, ""], any_known: Float[Tensor, ""]) -> Float[Tensor, ""]:
        s = self.log_variance[task]
        return self.likelihoods[task] * (-s).exp() * loss + any_known * s / 2


class MultiTask(nn.Module):
    """A trunk and its `heads` by task (`methods/tasks/heads.py`)."""

    uses = frozenset[str]()
    needs_whole_batch = "the answers that are known are counted over the whole batch"
    seen: Tensor

    def __init__(self, image: nn.Module, heads: Mapping[str, nn.Module], config: Config = Config()) -> None:
        super().__init__()
        self.config, self.image, self.heads = config, image, nn.ModuleDict(heads)
        parts: dict[str, Any] = dict(heads)
        self.needs = frozenset({"image", *(head.key for head in parts.values())})
        self.weighting = config.weighting.build({task: head.likelihood for task, head in parts.items()})
        self.register_buffer("seen", torch.zeros(len(parts)))
        self.looks = False
        self.watched: dict[str, Tensor] = {}

    def forward(self, batch: Batch) -> Losses:
        """A term a task."""
        features = self.image(batch["image"])
        losses, known_of, self.watched = {}, {}, {}
        for task, head in self.heads.items():
            errors, known = head.errors(features, batch)  # pyright: ignore[reportCallIssue]
            losses[task] = weighted_mean(errors, known, dist.mean)
            known_of[task] = known
        counts = dist.total(torch.stack([known.sum().float() for known in known_of.values()]))
        for (task, known), count in zip(known_of.items(), counts, strict=True):
            self.watched[f"known_{task}"] = count / (known.numel() * dist.world())
        if self.training:
            with torch.no_grad():
                self.seen += counts
        if self.looks and torch.is_grad_enabled():
            self.watched |= conflicts(losses, [p for p in self.image.parameters() if p.requires_grad])
        weights = self.config.weights
        return {
            task: weights[task] * self.weighting(task, loss, (count > 0).to(loss.dtype))
            for (task, loss), count in zip(losses.items(), counts, strict=True)
        }

    def before_step(self, step: int, total: int) -> None:
        """Whether this step looks at gradients. Raises ValueError where a task has had no answer in the first 50."""
        self.looks = self.training and step % LOOK == 0
        if step == LOOK and (never := [t for t, n in zip(self.heads, self.seen.tolist(), strict=True) if not n]):
            raise ValueError(
                f"none of the pictures of the first {LOOK} steps had anything to learn {never[0]} from: give labels of "
                f"it, or leave the task out by method.{never[0]}=0"
            )

    def after_step(self) -> None:
        """Nothing follows."""

    def kept(self) -> Kept:
        """The trunk, and the heads' linear maps by task."""
        heads: dict[str, Any] = dict(self.heads.items())
        parts = {"image": self.image, **{task: head.linear for task, head in heads.items()}}
        scales = {
            f"numbers_{name}": getattr(heads["numbers"], name) for name in ("mean", "deviation") if "numbers" in heads
        }
        return Kept(parts=parts, scalars=scales, capabilities=("embeds",))


def conflicts(losses: Mapping[str, Tensor], trunk: list[nn.Parameter]) -> dict[str, Float[Tensor, ""]]:
    """{"cosine_A_B": the cosine between the gradients that two losses give the trunk}; 0 where one of them gives none.

    Gradients are averaged over ranks first, as those that the trunk learns by. Nothing for a trunk that is frozen, or
    whose parameters are shared out over ranks.
    """
    if not trunk or any(hasattr(parameter, "to_local") for parameter in trunk):
        return {}
    rows = {}
    for task, loss in losses.items():
        found = torch.autograd.grad(loss, trunk, retain_graph=True, allow_unused=True)
        flat = [torch.zeros_like(p) if g is None else g for g, p in zip(found, trunk, strict=True)]
        rows[task] = dist.mean(torch.cat([g.flatten().float() for g in flat]))
    return {f"cosine_{a}_{b}": torch.cosine_similarity(rows[a], rows[b], dim=0) for a, b in combinations(rows, 2)}
