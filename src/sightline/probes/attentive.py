r"""Attentive probe: a learned query looks at all tokens of a frozen tower, and a linear map reads what it saw.

y = MHA(q, LN x, LN x),   z = W y + b      (V-JEPA, Bardes et al. 2024, https://arxiv.org/abs/2404.08471; no MLP here)

For towers whose class token or mean is not trained to stand for the picture (MAE, V-JEPA), a linear probe of the pooled
vector says little. It has 4 d^2 + 7 d weights and more, `parameters_`, and so overfits under about 50 pictures a class:
its score is not comparable with that of a linear probe, only with other attentive ones.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.data.array import to_numpy
from sightline.nn.cross import CrossAttention

BATCH = 64
WARM = 0.1
"""share of the steps over which the rate rises"""


class AttentiveProbe:
    """`fit` trains query, attention and classes on tokens; `predict` takes the greatest logit. Labels below 0 (none)
    are left out. The same seed gives the same weights."""

    def __init__(
        self, heads: int = 0, *, epochs: int = 20, rate: float = 1e-3, decay: float = 0.05, seed: int = 0
    ) -> None:
        """`heads` divide the width of the tokens; 0 takes one for each 64 numbers (32 where 64 does not divide it, else
        one alone). `rate` and `decay` are AdamW's, at the top of a warmup and cosine; matrices alone decay."""
        if heads < 0 or epochs < 1 or rate <= 0 or decay < 0:
            raise ValueError(
                "heads and decay must be at least 0, epochs at least 1, rate above 0; got "
                f"heads={heads}, epochs={epochs}, rate={rate}, decay={decay}"
            )
        self.heads, self.epochs, self.rate, self.decay, self.seed = heads, epochs, rate, decay, seed

    def fit(self, tokens: Any, labels: Any) -> "AttentiveProbe":
        """Tokens (n, t, d), labels (n,) int. Returns itself, with `classes_`, `parameters_` (their number) and
        `losses_`, the mean loss of every epoch. Raises ValueError for fewer than two classes."""
        rows, known = _rows(tokens), to_numpy(labels).astype(np.int64)
        if len(known) != len(rows):
            raise ValueError(f"the tokens of {len(rows)} pictures came with {len(known)} labels; give one each")
        rows, known = rows[torch.from_numpy(known >= 0)], known[known >= 0]
        self.classes_, targets = np.unique(known, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"an attentive probe needs labels of at least two classes, got {self.classes_.tolist()}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.reader_ = Reader(rows.shape[-1], self.heads or heads_of(rows.shape[-1]), len(self.classes_))
        self.parameters_ = sum(weight.numel() for weight in self.reader_.parameters())
        self.losses_ = self._trained(rows, torch.from_numpy(targets))
        return self

    def logits(self, tokens: Any) -> Float[np.ndarray, "q k"]:
        """Float32, columns as `classes_`."""
        with torch.inference_mode():
            return torch.cat([self.reader_(part) for part in _rows(tokens).split(4 * BATCH)]).numpy()

    def predict(self, tokens: Any) -> np.ndarray:
        """Labels (q,); equal logits go to the smaller label."""
        return self.classes_[self.logits(tokens).argmax(axis=1)]

    def score(self, tokens: Any, labels: Any) -> float:
        """Share of `labels` (q,) predicted; labels below 0 are not counted."""
        truth = to_numpy(labels)
        return float((self.predict(tokens) == truth)[truth >= 0].mean())

    def _trained(self, rows: Float[Tensor, "n t d"], targets: Tensor) -> list[float]:
        weights = list(self.reader_.parameters())
        groups = [
            {"params": [w for w in weights if w.ndim == 2], "weight_decay": self.decay},
            {"params": [w for w in weights if w.ndim != 2], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=self.rate)
        total = self.epochs * -(-len(rows) // BATCH)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total))
        order, losses = np.random.default_rng(self.seed), []
        for _ in range(self.epochs):
            summed = 0.0
            for chosen in torch.from_numpy(order.permutation(len(rows))).split(BATCH):
                loss = F.cross_entropy(self.reader_(rows[chosen]), targets[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                summed += float(loss.detach()) * len(chosen)
            losses.append(summed / len(rows))
        return losses


class Reader(nn.Module):
    """LayerNorm, one query over all tokens, classes."""

    def __init__(self, dim: int, heads: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.query = nn.Parameter(0.02 * torch.randn(1, 1, dim))
        self.attention = CrossAttention(dim, heads, memory=dim)
        self.classes = nn.Linear(dim, classes)

    def forward(self, tokens: Float[Tensor, "b t d"]) -> Float[Tensor, "b k"]:
        seen = self.attention(self.query.expand(len(tokens), -1, -1), self.norm(tokens))
        return self.classes(seen[:, 0])


def heads_of(width: int) -> int:
    """One head for each 64 numbers, or 32 where that does not divide the width, or one.

    >>> heads_of(192), heads_of(96), heads_of(50)
    (3, 3, 1)
    """
    return next((width // each for each in (64, 32) if width % each == 0), 1)


def _rate(step: int, total: int) -> float:
    warm = max(1, round(WARM * total))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + float(np.cos(np.pi * (step - warm) / max(1, total - warm))))


def _rows(tokens: Any) -> Float[Tensor, "n t d"]:
    array = to_numpy(tokens).astype(np.float32, copy=False)
    if array.ndim != 3 or not array.size:
        raise ValueError(f"tokens are (pictures, tokens, width), none of them 0; got an array of shape {array.shape}")
    if not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(array).all(axis=(1, 2)))
        raise ValueError(f"the tokens of {len(bad)} of {len(array)} pictures are not finite, the first is {bad[0]}")
    return torch.from_numpy(array)
