"""What iBOT and DINOv2 share: masked global views before the student, whole ones before the teacher, and both terms."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sightline.losses.distillation import cross_entropy_to, cross_view, per_image
from sightline.methods.distilled import Distilled
from sightline.methods.targets import log_probabilities
from sightline.methods.teaching import GLOBALS, Taught, by_size
from sightline.nn.tag import tag
from sightline.protocols import Batch, Losses

WATCHED = 1024
"""rows of patches that the monitor is shown; a batch has many more, and prototypes are many"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One batch through both towers; `m` = 2 b global views, of `n` patches each, `s` views in all."""

    b: int
    images: Float[Tensor, "m c y x"]
    """the global views"""
    mask: Bool[Tensor, "m n"]
    teacher_pooled: Float[Tensor, "m d"]
    teacher_tokens: Float[Tensor, "m n d"]
    pooled: Float[Tensor, "r d"]
    """the student's, of all s b views: the masked global ones first"""
    tokens: Float[Tensor, "m n d"]
    """the student's patches of the masked global views"""


def mask_token(dim: int) -> nn.Parameter:
    """What stands in place of a masked patch, learned from zero."""
    return tag(nn.Parameter(torch.zeros(dim)), "no_decay")


def see(pair: Taught, token: Float[Tensor, " d"], batch: Batch) -> Seen:
    """The teacher sees global views unmasked; the student sees them masked, and local views whole.

    The student's and the teacher's modules have a ViT as `tower`. ValueError where there are no two global views, or
    no mask for each.
    """
    views, masks = [batch["image"], *batch["views"]], batch["masks"]
    if len(views) < GLOBALS or len(masks) < GLOBALS:
        raise ValueError(
            f"{len(views)} views and {len(masks)} masks: the first {GLOBALS} views are global and each needs a mask "
            f"(data.views=MultiCrop or TwoViews; data.masks with views={GLOBALS})"
        )
    images, mask = torch.cat(views[:GLOBALS]), torch.cat(masks[:GLOBALS])
    with torch.no_grad():
        told = pair.copy.tower(images)
    seen = pair.student.tower.masked(images, mask, token)
    local = [pair.student.tower(view).pooled for view in by_size(views[GLOBALS:])]
    return Seen(
        b=len(batch["image"]),
        images=images,
        mask=mask.flatten(1),
        teacher_pooled=told.pooled,
        teacher_tokens=told.tokens,
        pooled=torch.cat([seen.pooled, *local]),
        tokens=seen.tokens,
    )


class Masked(Distilled):
    """A ViT whose stem does not overlap (kernels equal to strides), or pixels leak under the mask.

    `config` also has `patch_weight`. Class tokens and patches have targets of their own, after `prototypes` numbers of
    the one head and `patch_prototypes` of the other.
    """

    needs = frozenset({"image", "views", "masks"})

    def __init__(self, student: Any, config: Any, prototypes: int, patch_prototypes: int) -> None:
        super().__init__(student, config, prototypes)
        self.token = mask_token(student.tower.dim)
        self.patch_targets = config.targets.build(patch_prototypes)

    def see(self, batch: Batch) -> Seen:
        """Both towers on their views."""
        return see(self.pair, self.token, batch)

    def compared(
        self,
        seen: Seen,
        raw: Float[Tensor, "t b k"],
        raw_patches: Float[Tensor, "h j"],
        pooled: Float[Tensor, "s b k"],
        patches: Float[Tensor, "h j"],
    ) -> Losses:
        """{"cls", "patch"} of logits, the teacher's two and the student's two, `h` of the masked patches."""
        told = self.config.teaching.student_temperature
        said = self.targets(raw, self.pair.temperature)
        said_patches = self.patch_targets(raw_patches, self.pair.temperature)
        self.targets.observe(raw)
        self.watched = {
            "image": seen.pooled[: seen.b].detach(),
            "teacher": said[0],
            "student": log_probabilities(pooled[1], told),
            "patch_teacher": said_patches[:WATCHED],
            "patch_student": log_probabilities(patches[:WATCHED], told),
        }
        each = cross_entropy_to(said_patches, patches, told)
        return {"cls": cross_view(said, pooled, told), "patch": self.config.patch_weight * per_image(each, seen.mask)}

    def after_step(self) -> None:
        """The teacher follows, then both centers, where there are any: they were used as they stood."""
        super().after_step()
        self.patch_targets.update()
