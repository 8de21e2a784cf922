r"""Two terms that a picture tower teaches itself by, beside what words teach it: SILC's, TIPS's, SigLIP 2's.

    consistency   1/(t s) sum_t sum_s H( P_t, z_s )               small crops say what the teacher says of large ones
    masked        mean_images 1/|M| sum_{i in M} H( P'_i, z_i )   masked patches say what the teacher sees there

DINO's without its pairs of large crops (Caron et al. 2021, https://arxiv.org/abs/2104.14294; SILC, Naeem et al. 2023,
https://arxiv.org/abs/2310.13355), and iBOT's (Zhou et al. 2021, https://arxiv.org/abs/2111.07832). Both are functions
of what the student's tower made, with gradient, and what the teacher's made (`follower.py`):

    self.teacher, self.heads = Follower(tower, config.teaching), Heads(width(tower), config.head, config.targets)
    teacher = self.teacher(large)
    loss, watched = consistency(self.heads, small, teacher.pooled[None], self.teacher.temperatures)
"""

from jaxtyping import Bool, Float
from torch import Tensor

from sightline.losses.distillation import cross_entropy_to, local_to_global, per_image
from sightline.methods.parts.follower import Heads, Temperatures
from sightline.methods.parts.masked import WATCHED


def consistency(
    heads: Heads, pooled: Float[Tensor, "s b d"], teacher: Float[Tensor, "t b d"], temperatures: Temperatures
) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
    """(the mean over the batch and all pairs of views, what the monitor looks at).

    `s` views of `b` pictures by the student against `t` others by the teacher, to which no gradient goes.
    """
    own, student_temperature = temperatures
    raw = heads.teacher(teacher.detach())
    targets = heads.targets(raw, own)
    heads.targets.observe(raw)
    logits = heads.student(pooled)
    watched = {
        "teacher": targets[0].clone(),  # a view would keep the others until the next step
        "student": logits[0].detach().float() / student_temperature,
    }
    return local_to_global(targets, logits, student_temperature), watched


def masked(
    heads: Heads,
    tokens: Float[Tensor, "b n d"],
    teacher: Float[Tensor, "b n d"],
    mask: Bool[Tensor, "b n"],
    temperatures: Temperatures,
) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
    """(the mean over images of each one's mean over its masked patches, what the monitor looks at).

    The same view twice: `tokens` by the student, who saw it masked, `teacher` by the teacher, who saw all of it and to
    whom no gradient goes. An image without a mask counts as 0.
    """
    own, student_temperature = temperatures
    # a center follows all patches; without one the masked patches are all that is read
    every = heads.targets.observes
    raw = heads.teacher(teacher.detach() if every else teacher.detach()[mask])
    targets = heads.targets(raw[mask] if every else raw, own)
    heads.targets.observe(raw)
    logits = heads.student(tokens[mask])
    rows = max(1, WATCHED // logits.shape[1])
    watched = {
        "patch_teacher": targets[:rows].clone(),
        "patch_student": logits[:rows].detach().float() / student_temperature,
    }
    return per_image(cross_entropy_to(targets, logits, student_temperature), mask), watched
