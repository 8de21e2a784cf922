r"""Which examples of a super-batch are learnt from: those that a learner still has to learn, and a teacher knows.

    s_ij = l_learner(i, j) - l_teacher(i, j),   l(i, j) the loss of picture i beside text j

High where the learner is wrong and the teacher right. Where both are wrong there is noise, where both are right nothing
to learn: both near 0. What an example teaches depends on those beside it, so they are chosen together, in chunks (JEST:
Evans et al. 2024, https://arxiv.org/abs/2406.17711, algorithm 1): each chunk is drawn without replacement with chances

    softmax_i [ s_ii + sum_{j chosen} (s_ij + s_ji) ]
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sightline.dist import gather, offset


def chosen_jointly(
    scores: Float[Tensor, "b m"], count: int, uniform: Float[Tensor, "chunks m"]
) -> Int[Tensor, "{count}"]:
    """The numbers of `count` of the m examples, ascending; a chunk for every row of `uniform`, draws in [0, 1).

    `scores` are the rows of my b examples of all ranks' m, `uniform` the same on all ranks, as is what is chosen. The
    largest of logits plus Gumbel noise are a draw without replacement with the chances of their softmax.
    """
    first, chunks, m = offset(len(scores)), len(uniform), scores.shape[1]
    noise, own = -(-uniform.log()).log(), gather(scores.diagonal(first))
    taken = torch.zeros(m, dtype=torch.bool, device=scores.device)
    for chunk, row in enumerate(noise):
        more = count * (chunk + 1) // chunks - count * chunk // chunks
        beside = taken.to(scores.dtype)
        columns = gather((beside[first : first + len(scores)] @ scores)[None]).sum(0)
        logits = own + gather(scores @ beside) + columns + row.to(scores.dtype)
        taken[logits.masked_fill(taken, -torch.inf).topk(more).indices] = True
    return taken.nonzero()[:, 0]
