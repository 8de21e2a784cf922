"""A cosine classifier, imprinted of a few examples, and fine-tuned on them where that is wanted; numpy alone.

    z_ik = s x_i.w_k / |w_k|,   p_i = softmax(z_i),   L = -sum_i a_i log p_i,y_i,   a_i = 1 / (classes * n_y_i)

    g_ik = dL/dz_ik = a_i (p_ik - [k = y_i])
    dL/dw_k = s / |w_k| sum_i g_ik (x_i - (x_i.w_k / |w_k|) w_k / |w_k|),   dL/d(log s) = sum_ik g_ik z_ik

The start are imprinted weights (Qi, Brown and Lowe 2018); on frozen vectors the loss is that of Baseline++ (Chen et al.
2019, section 3.2), which starts at random. Weights are normalised within the loss, never in place, and there is no
bias. Ours: every class counts equally however many examples it has, and all examples are one batch of plain gradient
descent. Adam's first steps move every number of a weight alike, and with one example a class that cost 1 % of accuracy.
"""

from dataclasses import dataclass

import numpy as np

from sightline.data.array import unit

SCALE = 10.0
"""where Gidaris and Komodakis 2018 start theirs"""
RATE = 0.1  # ours
"""of gradient descent, for weights of length 1 and for log s"""


@dataclass(frozen=True)
class CosineClassifier:
    """Classes as directions."""

    weights: np.ndarray
    """(k, d) unit, float32"""
    scale: float = SCALE

    def logits(self, vectors: np.ndarray) -> np.ndarray:
        """float64 (m, k) of unit vectors (m, d)."""
        return self.scale * cosines(vectors, self.weights)


def cosines(vectors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """float64 (m, k) of unit vectors (m, d) and unit weights (k, d)."""
    # a product a row: what else is asked at once must not touch the last bit
    found = [weights @ vector for vector in vectors]
    # float64: a threshold just above a score must not be rounded down to it
    return np.array(found, np.float64).reshape(len(found), len(weights))


def loss_and_gradients(
    weights: np.ndarray, log_scale: float, vectors: np.ndarray, labels: np.ndarray
) -> tuple[float, np.ndarray, float]:
    """L and its gradients by weights (k, d), of any length, and by log s; of unit vectors (n, d) with labels (n,)."""
    lengths, scale, rows = np.linalg.norm(weights, axis=1)[:, None], float(np.exp(log_scale)), np.arange(len(labels))
    units = weights / lengths
    cosine = vectors @ units.T
    counts = np.bincount(labels)
    share = 1 / (np.count_nonzero(counts) * counts[labels])
    logs = scale * cosine - np.logaddexp.reduce(scale * cosine, axis=1, keepdims=True)
    loss = -float(share @ logs[rows, labels])
    by_logit = share[:, None] * np.exp(logs)
    by_logit[rows, labels] -= share
    across = by_logit.T @ vectors - (by_logit * cosine).sum(0)[:, None] * units
    return loss, scale / lengths * across, scale * float((by_logit * cosine).sum())


def finetuned(start: CosineClassifier, vectors: np.ndarray, labels: np.ndarray, steps: int) -> CosineClassifier:
    """`start` after `steps` on unit vectors (n, d) with labels (n,), its weights and its scale; itself after none."""
    if not steps:
        return start
    vectors, weights, log_scale = vectors.astype(np.float64), start.weights.astype(np.float64), np.log(start.scale)
    for _ in range(steps):
        _, by_weights, by_scale = loss_and_gradients(weights, log_scale, vectors, labels)
        weights, log_scale = weights - RATE * by_weights, log_scale - RATE * by_scale
    return CosineClassifier(unit(weights), float(np.exp(log_scale)))


def finetuned_answer(support: np.ndarray, queries: np.ndarray, steps: int) -> np.ndarray:
    """The place (q,) of the class of each query (q, d) of an episode that shows (ways, shots, d); unit vectors."""
    ways, shots, _ = support.shape
    start, labels = CosineClassifier(unit(support.mean(1))), np.repeat(np.arange(ways), shots)
    return finetuned(start, support.reshape(ways * shots, -1), labels, steps).logits(queries).argmax(1)
