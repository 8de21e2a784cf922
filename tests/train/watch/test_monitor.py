import math

import pytest
import torch

from sightline.losses.sinkhorn import sinkhorn
from sightline.train.watch.collapse import measured
from sightline.train.watch.monitor import Monitor, NonFinite, check_finite, check_gradient


def uniform(rows, k):
    return torch.full((rows, k), 1 / k)


def sharp(winners, k, peak=0.99):
    q = torch.full((len(winners), k), (1 - peak) / (k - 1))
    q[torch.arange(len(winners)), torch.as_tensor(winners)] = peak
    return q


def said(watched, row=(), steps=401, batch=16):
    """What a run says whose every step looks like this one."""
    monitor = Monitor(batch)
    return [text for step in range(steps) for text in monitor.observe(step, dict(row), watched)]


def test_a_non_finite_term_is_named_with_its_step():
    with pytest.raises(NonFinite, match=r"step 12: .*caption = nan"):
        check_finite({"contrastive": torch.tensor(1.0), "caption": torch.tensor(float("nan"))}, 12)
    with pytest.raises(NonFinite, match="step 3: the gradient"):
        check_gradient(torch.tensor(float("inf")), 3)


@pytest.mark.parametrize(
    ("term", "chance", "name"),
    [
        ("contrastive", 64, "ln(batch) = 4.16"),
        ("ntxent", 127, "ln(2 batch - 1) = 4.84"),
        ("npair", 32, "ln(batch / 2) = 3.47"),
    ],
)
def test_a_plateau_at_chance_is_said_once_and_only_when_it_is_one(term, chance, name):
    monitor = Monitor(64, patience=100)
    stuck = [m for step in range(300) for m in monitor.observe(step, {term: math.log(chance) + 0.01}, {})]
    assert len(stuck) == 1 and name in stuck[0]
    learning = Monitor(64, patience=100)
    losses = [math.log(chance) - step / 100 for step in range(300)]
    assert not [m for step, loss in enumerate(losses) for m in learning.observe(step, {term: loss}, {})]


def test_a_histogram_loss_at_one_half_is_a_plateau():
    [text] = said({}, {"histogram": 0.501})
    assert "the histogram loss has stayed at 1/2 = 0.50" in text and "labels" in text


def test_batch_hard_stuck_at_its_margin_is_a_collapse_told_once():
    margin, watched = 0.2, {"image": torch.randn(8, 4)}
    [text] = said({**watched, "margin_gap": torch.tensor(2e-4), "active": torch.tensor(1.0)}, {"triplet": margin})
    assert text.startswith("step 100: the triplet loss stands at") and "method.mining=semihard" in text
    assert not said({**watched, "margin_gap": torch.tensor(0.05)}, {"triplet": 0.15})


def test_a_constant_tower_is_named():
    [text] = said({"image": torch.ones(8, 4), "text": torch.randn(8, 4)})
    assert text.startswith("step 100: all image embeddings")


def test_a_uniform_teacher_is_centering_without_sharpening():
    q = uniform(32, 64)
    [text] = said({"teacher": q, "student": q.log()})
    assert "H = 4.16 = ln 64" in text and "centering without sharpening" in text and "temperature" in text


def test_a_uniform_teacher_that_the_student_has_not_met_is_no_collapse():
    nearly = (1e-3 * torch.randn(256, 64)).softmax(1)
    assert not said({"teacher": nearly, "student": torch.randn(256, 64).log_softmax(1)})


def test_one_prototype_for_all_is_sharpening_without_centering():
    [text] = said({"teacher": sharp([5] * 32, 64), "student": uniform(32, 64).log()})
    assert "one-prototype collapse, sharpening without centering" in text


def test_few_prototypes_in_use_are_counted_over_many_batches():
    winners = [number % 8 for number in range(64)]
    [text] = said({"teacher": sharp(winners, 1000)})
    assert "0.8% of the 1000 prototypes are in use" in text


def test_a_constant_target_is_named_with_what_usually_makes_it():
    [text] = said({"target": torch.ones(8, 4) + 1e-3 * torch.randn(8, 4)})
    assert "no predictor" in text and "optim.lr" in text


def test_embeddings_on_a_plane_are_dimensional_collapse():
    [text] = said({"image": torch.randn(64, 2) @ torch.randn(2, 64)})
    assert text.startswith("step 350") and "fill 2.0 of 64 directions" in text  # a young run grows out of it


def test_a_loud_last_layer_is_named():
    [text] = said({}, row={"watch_last_layer": 400.0})
    assert "400 times" in text and "Freeze it" in text


def test_spread_embeddings_and_balanced_prototypes_raise_no_alarm():
    q = (3 * torch.randn(64, 128)).softmax(1)
    healthy = {"image": torch.randn(64, 32), "target": torch.randn(64, 16), "teacher": q, "student": q.sqrt().log()}
    assert not said(healthy, row={"watch_last_layer": 3.0, "ntxent": 2.0}, steps=601)


def test_a_constant_tower_under_balanced_targets_is_named_and_not_its_uniform_teacher():
    q = sinkhorn(torch.ones(32, 64) * torch.randn(64), 0.04)
    constant = torch.ones(32, 8) + 1e-4 * torch.randn(32, 8)
    [text] = said({"image": constant, "teacher": q, "student": q.log()})
    assert "all image embeddings are nearly the same" in text and "centering" not in text


def test_places_known_in_the_first_epoch_are_a_shortcut():
    [text] = said({"accuracy_first_epoch": torch.tensor(0.8)})
    assert "80% of the time in the first epoch" in text and "data.views.gap" in text
    assert not said({"accuracy_first_epoch": torch.tensor(0.4), "accuracy": torch.tensor(0.9)})


def test_the_teacher_of_patches_has_causes_of_its_own():
    healthy = (3 * torch.randn(64, 128)).softmax(1)
    pictures = {"teacher": healthy, "student": healthy.sqrt().log()}
    q = uniform(32, 64)
    [text] = said(pictures | {"patch_teacher": q, "patch_student": q.log()})
    assert "the teacher of patches gives every prototype the same share" in text
    [text] = said(pictures | {"patch_teacher": sharp([5] * 32, 64), "patch_student": q.log()})
    assert "the teacher of patches gives all patches the same few prototypes" in text
    [text] = said(pictures | {"patch_teacher": sharp([number % 8 for number in range(64)], 1000)}, steps=601)
    assert "of the 1000 prototypes of patches are in use" in text and "method.patch_head.prototypes" in text
    assert not said(pictures | {"patch_teacher": healthy, "patch_student": healthy.sqrt().log()})
    assert not said(pictures | {"patch_teacher": healthy[:0], "patch_student": healthy[:0]})  # nothing masked


def test_patches_are_measured_as_pictures_are():
    q = (3 * torch.randn(16, 32)).softmax(1)
    p = torch.randn(16, 32).log_softmax(1)
    found = measured({"teacher": q, "student": p, "patch_teacher": q, "patch_student": p})
    assert {f"patch_{name}" for name in ("entropy", "marginal", "divergence")} <= found.keys()
    assert all(found[f"patch_{name}"] == found[name] for name in ("entropy", "marginal", "divergence"))


def test_one_bad_look_is_not_yet_a_cause():
    monitor = Monitor(16)
    good, bad = {"target": torch.randn(8, 4)}, {"target": torch.ones(8, 4)}
    assert not [m for step, seen in ((50, bad), (100, good), (150, bad)) for m in monitor.observe(step, {}, seen)]


def test_the_end_of_a_run_is_looked_at_and_needs_no_second_look_for_a_constant_tower():
    flat, target = {"image": torch.ones(8, 4)}, {"image": torch.randn(8, 4), "target": torch.ones(8, 4)}
    [text] = Monitor(16).observe(149, {}, flat, last=True)
    assert text.startswith("step 149: all image embeddings")
    assert not Monitor(16).observe(149, {}, target, last=True) and not Monitor(16).observe(149, {}, flat)


def test_scalars_that_a_method_watches_are_passed_on():
    monitor = Monitor(16)
    monitor.observe(50, {}, {"loss_edge": torch.tensor(0.5)})
    assert monitor.quantities == {"loss_edge": 0.5}
    monitor.observe(51, {}, {"loss_edge": torch.tensor(0.5)})
    assert monitor.quantities == {}
