r"""Collapse, measured: what a batch's embeddings and prototype assignments say of how a run is going.

A method leaves its last batch in `watched`: `image` (and `text`) embeddings (b, d), `target` projections (b, d) of a
target network, `teacher` probabilities q (r, k) and `student` logits over their temperature (r, k), whose log-softmax
is ln p, of the rows compared with them; `patch_teacher` and `patch_student` are the same of masked patches, and give
quantities that begin so. Of those, with z the rows of all ranks (which must look at the same steps):

    NAME_std       sqrt(d) mean_d std_b(z / |z|)     1 for directions spread evenly, 0 where all rows are one
    NAME_cosine    mean_{i != j} cos(z_i, z_j)
    NAME_rankme    exp of the entropy of the singular values (probes/rankme.py), of 1024 rows at most
    entropy        H(q) = -mean_b sum_k q ln q       ln k is uniform, 0 one prototype a row
    marginal       H(mean_b q)                       0 where all rows have the same prototype
    divergence     KL(q || p) = -mean_b sum_k q ln p - H(q)
    prototypes     share of all prototypes that were some row's largest since the last look

The loss alone does not tell: that of a uniform teacher stands at ln k, that of one prototype for all at 0.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from sightline.dist import gather, mean, total
from sightline.probes.rankme import rankme

ROWS = 1024
"""of which RankMe is taken; a decomposition of more would cost more than a step"""


def measured(watched: dict[str, Tensor]) -> dict[str, float]:
    """Every quantity of the module's list that `watched` allows; of scalars (0-d) in it the mean over ranks."""
    found: dict[str, float] = {name: float(mean(value)) for name, value in watched.items() if value.ndim == 0}
    for name in ("image", "text", "target"):
        if name not in watched:
            continue
        rows = gather(watched[name].detach())
        if len(rows) < 2 or not rows.isfinite().all():
            continue
        found |= {f"{name}_std": normalised_std(rows), f"{name}_cosine": mean_cosine(rows)}
        found[f"{name}_rankme"] = rankme(rows[:ROWS].detach().float().cpu())
    for name in ("", "patch_"):
        if f"{name}teacher" not in watched:
            continue
        teacher = watched[f"{name}teacher"].detach().float()
        count = total(teacher.new_tensor([len(teacher)]))  # ranks may have different numbers of masked patches
        if not count:
            continue
        found[f"{name}entropy"] = float(total(torch.special.entr(teacher).sum()) / count)
        found[f"{name}marginal"] = entropy(total(teacher.sum(0, keepdim=True)) / count)
        if f"{name}student" in watched:
            apart = divergences(teacher, watched[f"{name}student"].float().log_softmax(-1))
            found[f"{name}divergence"] = float(total(apart.sum()) / count)
    return found


def shapes(watched: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """The shapes of what `measured` takes, with the rows of all ranks."""
    rows = {name: value for name, value in watched.items() if value.ndim}
    if not rows:
        return {}
    counts = total(torch.tensor([len(value) for value in rows.values()], device=next(iter(rows.values())).device))
    return {name: (int(n), *rows[name].shape[1:]) for name, n in zip(rows, counts, strict=True)}


def normalised_std(z: Float[Tensor, "b d"]) -> float:
    """sqrt(d) times the mean standard deviation of the unit vectors' coordinates, over the rows."""
    unit = F.normalize(z.detach().float(), dim=-1)
    return float(z.shape[1] ** 0.5 * unit.std(0, correction=0).mean())


def mean_cosine(z: Float[Tensor, "b d"]) -> float:
    """Mean cosine over pairs i != j: (|sum of unit vectors|^2 - b) / (b (b - 1)); 0 for a single row."""
    b = len(z)
    if b < 2:
        return 0.0
    unit = F.normalize(z.detach().float(), dim=-1)
    return float((unit.sum(0).square().sum() - b) / (b * (b - 1)))


def entropy(q: Float[Tensor, "r k"]) -> float:
    """The mean entropy of the rows, in nats; 0 ln 0 = 0."""
    return float(torch.special.entr(q).sum(1).mean())


def divergences(q: Float[Tensor, "r k"], log_p: Float[Tensor, "r k"]) -> Float[Tensor, " r"]:
    """KL(q || p) of each row: what the student has left to learn of its teacher."""
    return (torch.xlogy(q, q) - q * log_p).sum(1)


class Usage:
    """Which prototypes were some row's largest, from one look to the next.

    It starts anew with every look, and when a run is resumed: nothing of it is in the checkpoint.
    """

    def __init__(self) -> None:
        self.seen = torch.zeros(0, dtype=torch.bool)
        self.rows = 0

    def add(self, teacher: Float[Tensor, "r k"]) -> None:
        """One batch; stays on its device, nothing waits for it."""
        if len(self.seen) != teacher.shape[1]:
            self.seen, self.rows = torch.zeros(teacher.shape[1], dtype=torch.bool, device=teacher.device), 0
        self.seen[teacher.argmax(1)] = True
        self.rows += len(teacher)

    def look(self) -> dict[str, float]:
        """{"prototypes"}: the share in use; empty where there were fewer rows than prototypes, so that it means
        little. Then starts anew."""
        if not len(self.seen):
            return {}
        rows = int(total(torch.tensor(self.rows, device=self.seen.device)))
        share = float((total(self.seen.float()) > 0).float().mean()) if rows >= len(self.seen) else None
        self.seen, self.rows = torch.zeros_like(self.seen), 0
        return {} if share is None else {"prototypes": share}
