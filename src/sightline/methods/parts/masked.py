"""What iBOT and DINOv2 share: masked views before the student, whole ones before the teacher, and two terms of both."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sightline.losses.distillation import cross_entropy_to, cross_view, per_image
from sightline.methods.parts.teaching import GLOBALS, StudentTeacher, by_size
from sightline.nn.tag import tag
from sightline.protocols import Batch, Losses
from sightline.towers.vit import ViT

WATCHED = 2**24
"""numbers of patches that the monitor is shown: a batch has many patches, and prototypes are many"""


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


def check_stem(tower: ViT) -> None:
    """ValueError for a stem whose patches overlap: the visible ones would show pixels of those under the mask."""
    if getattr(tower.stem, "overlaps", False):
        raise ValueError(
            "the kernels of the tower's stem are larger than its strides, so that patches overlap and pixels leak "
            "under the mask. Set image.stem=PatchSpec, or kernels equal to strides"
        )


def mask_token(dim: int) -> nn.Parameter:
    """What stands in place of a masked patch, learned from zero."""
    return tag(nn.Parameter(torch.zeros(dim)), "no_decay")


def see(pair: StudentTeacher, token: Float[Tensor, " d"], batch: Batch) -> Seen:
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
        teacher = pair.teacher_model.tower(images)
    seen = pair.student.tower.masked(images, mask, token)
    local = [pair.student.tower(view).pooled for view in by_size(views[GLOBALS:])]
    return Seen(
        b=len(batch["image"]),
        images=images,
        mask=mask.flatten(1),
        teacher_pooled=teacher.pooled,
        teacher_tokens=teacher.tokens,
        pooled=torch.cat([seen.pooled, *local]),
        tokens=seen.tokens,
    )


def compared(
    seen: Seen,
    targets: Float[Tensor, "t b k"],
    patch_targets: Float[Tensor, "h j"],
    pooled: Float[Tensor, "s b k"],
    patches: Float[Tensor, "h j"],
    temperature: float,
) -> tuple[Losses, dict[str, Tensor]]:
    """({"cls", "patch"}, what the monitor looks at) of the teacher's shares and the student's logits.

    `h` are the masked patches in the order of `seen.mask`; `temperature` is the student's.
    """
    rows = max(1, WATCHED // patches.shape[1])
    watched = {
        "image": seen.pooled[: seen.b].detach(),
        "teacher": targets[0].clone(),  # a view would keep all of them until the next step
        "student": pooled[1].detach().float() / temperature,
        "patch_teacher": patch_targets[:rows].clone(),
        "patch_student": patches[:rows].detach().float() / temperature,
    }
    each = cross_entropy_to(patch_targets, patches, temperature)
    return {"cls": cross_view(targets, pooled, temperature), "patch": per_image(each, seen.mask)}, watched
