from dataclasses import replace

import pytest
import torch
from lightly.loss import DINOLoss, IBOTPatchLoss

from sightline.methods.parts.targets import Sinkhorn
from sightline.methods.parts.teaching import Head
from sightline.methods.pictures.dinov2 import DINOv2
from sightline.methods.pictures.ibot import IBOT, Config
from sightline.methods.pictures.mae import MAE
from sightline.towers.spec import ConvStemSpec, ViTSpec

HEAD = Head(prototypes=16, hidden=12, bottleneck=6)
B = 5


def method(**named):
    torch.manual_seed(0)
    tower = ViTSpec(size=16, patch=4, dim=8, depth=2, heads=2).build()
    made = IBOT(tower, Config(head=HEAD, **named)).double()
    for p in made.pair.teacher.parameters():
        p.add_(torch.randn_like(p) * 0.1)
    made.token.data.normal_()
    made.before_step(50, 100)
    return made


def batch(local=2):
    generator = torch.Generator().manual_seed(1)
    big, *rest = (torch.randn(B, 3, s, s, generator=generator, dtype=torch.float64) for s in [16, 16] + [8] * local)
    masks = [torch.rand(B, 4, 4, generator=generator) < 0.4 for _ in range(2)]
    masks[0][1] = masks[1][3] = False
    return {"image": big, "views": rest, "masks": masks}


def test_both_terms_and_their_gradient_are_lightlys():
    made, given = method(), batch()
    made.targets.center.normal_(std=0.01)
    made.patch_targets.center.normal_(std=0.01)
    views, masks, temperature = [given["image"], *given["views"]], given["masks"], float(made.pair.temperature)
    student, teacher = made.pair.student, made.pair.teacher.module
    with torch.no_grad():
        told = [teacher.tower(view) for view in views[:2]]  # whole: the teacher is never masked
    seen = [student.tower.masked(view, mask, made.token) for view, mask in zip(views, masks, strict=False)]
    pooled = [x.pooled for x in seen] + [student.tower(view).pooled for view in views[2:]]
    cls = DINOLoss(16).double()
    cls.center.copy_(made.targets.center)
    with torch.no_grad():
        cls_told = [teacher.head(x.pooled) for x in told]
    expected = cls(cls_told, [student.head(x) for x in pooled], teacher_temp=temperature)
    parts = []
    for x, t, mask in zip(seen, told, masks, strict=True):  # the same view, the same patches
        peer = IBOTPatchLoss(16).double()
        peer.center.center.copy_(made.patch_targets.center)
        with torch.no_grad():
            patch_told = teacher.head(t.tokens[mask.flatten(1)])
        parts.append(peer(patch_told, student.head(x.tokens[mask.flatten(1)]), mask, teacher_temp=temperature))
    losses = made(given)
    torch.testing.assert_close(losses["cls"], expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(losses["patch"], sum(parts) / 2, rtol=1e-5, atol=1e-6)
    learned = [p for p in made.parameters() if p.requires_grad]
    mine = torch.autograd.grad(losses["cls"] + losses["patch"], learned)
    theirs = torch.autograd.grad(expected + sum(parts) / 2, learned)
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-8)


def test_the_patches_center_follows_all_patches_and_the_class_tokens_their_own():
    made, given = method(), batch()
    with torch.no_grad():
        seen = made.pair.teacher.module.tower(torch.cat([given["image"], given["views"][0]]))
        head = made.pair.teacher.module.head
        cls, patches = head(seen.pooled).mean(0), head(seen.tokens).mean((0, 1))
    made(given)
    made.after_step()
    torch.testing.assert_close(made.targets.center, 0.1 * cls)
    torch.testing.assert_close(made.patch_targets.center, 0.1 * patches)


def test_local_views_are_whole_and_masked_pixels_reach_no_student():
    made, given = method(), batch(local=0)
    changed = {**given, "image": given["image"].clone(), "views": [given["views"][0].clone()]}
    hidden = given["masks"][0].repeat_interleave(4, 1).repeat_interleave(4, 2)[:, None]
    changed["image"] = torch.where(hidden, torch.randn_like(given["image"]), given["image"])
    token = made.token
    one, two = (made.pair.student.tower.masked(g["image"], g["masks"][0], token).pooled for g in (given, changed))
    torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)


def test_no_gradient_reaches_the_teacher_and_every_parameter_gets_one_without_any_mask():
    made, given = method(), batch()
    given["masks"] = [torch.zeros_like(mask) for mask in given["masks"]]
    losses = made(given)
    assert losses["patch"] == 0
    sum(losses.values()).backward()
    for name, p in made.named_parameters():
        assert (p.grad is None) == ("teacher" in name), name


def test_one_call_of_the_head():
    made, given, calls = method(), batch(), []
    made.pair.student.head.register_forward_hook(lambda *a: calls.append(len(a[1][0])))
    made(given)
    assert calls == [4 * B + int(sum(mask.sum() for mask in given["masks"]))]


def test_balanced_targets_take_the_place_of_the_centers():
    made = method(targets=Sinkhorn())
    losses = made(batch())
    made.after_step()
    assert all(value.isfinite() for value in losses.values())
    assert not [name for name, _ in made.named_buffers() if "center" in name]


def test_a_view_without_its_mask_is_refused():
    made, given = method(), batch()
    given["masks"] = given["masks"][:1]
    with pytest.raises(ValueError, match="4 views and 1 masks: the first 2 views are global"):
        made(given)


@pytest.mark.parametrize("made", [MAE, IBOT, DINOv2])
def test_a_stem_whose_patches_overlap_is_refused(made):
    """A visible patch would hold pixels of the masked one beside it."""
    spec = ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2)
    apart, over = (ConvStemSpec(kernels=(k, 2), strides=(2, 2), widths=(4, 8)) for k in (2, 4))
    made(replace(spec, stem=apart).build())
    with pytest.raises(ValueError, match="patches overlap.*Set image.stem=PatchSpec, or kernels equal to strides"):
        made(replace(spec, stem=over).build())


def test_balanced_targets_need_the_heads_word_on_masked_patches_alone():
    made, given = method(targets=Sinkhorn()), batch()
    rows = []
    made.pair.teacher_model.head.register_forward_hook(lambda _, x, out: rows.append(out[..., 0].numel()))
    made(given)
    assert rows == [2 * B, int(sum(mask.sum() for mask in given["masks"]))]
