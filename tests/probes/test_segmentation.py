import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torchmetrics.classification import MulticlassJaccardIndex

from sightline.probes.segmentation import (
    Majority,
    SegmentationProbe,
    class_iou,
    class_shares,
    confusion,
    grid_oracle,
    mean_iou,
)


def blocks(n=12, grid=(4, 5), classes=3, patch=6, width=8, noise=0.3, seed=0):
    """Tokens that know the class of their patch, up to noise, and masks made of such patches."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, classes, (n, *grid))
    basis = rng.normal(size=(classes, width)) * 3
    tokens = (basis[kinds] + noise * rng.normal(size=(n, *grid, width))).astype(np.float32)
    return tokens, kinds.repeat(patch, axis=1).repeat(patch, axis=2)


def naive_iou(truth, predicted, ignore):
    """By pixels, one class at a time, in a loop."""
    found = {}
    pairs = [
        (int(t), int(p))
        for true, guess in zip(truth, predicted, strict=True)
        for t, p in zip(true.ravel(), guess.ravel(), strict=True)
        if t >= 0 and t not in ignore
    ]
    for c in {c for pair in pairs for c in pair}:
        both = sum(1 for t, p in pairs if t == c and p == c)
        either = sum(1 for t, p in pairs if t == c or p == c)
        found[c] = both / either
    return sum(found.values()) / len(found) if found else 0.0


ADVERSARIAL = {
    "random": ([[[0, 1, 2, 2], [1, 1, 0, 2]]], [[[0, 2, 2, 1], [1, 0, 0, 2]]]),
    "one class absent from both": ([[[0, 0, 2, 2]]], [[[0, 2, 2, 2]]]),
    "one class absent but predicted": ([[[0, 0, 0, 2]]], [[[0, 1, 0, 2]]]),
    "one pixel": ([[[2]]], [[[2]]]),
    "one pixel, wrong": ([[[2]]], [[[1]]]),
    "void": ([[[0, 255, 255, 1]]], [[[0, 1, 2, 0]]]),
    "several pictures": ([[[0, 1]], [[2, 2]], [[255, 0]]], [[[0, 0]], [[2, 1]], [[1, 0]]]),
}


@pytest.mark.parametrize("case", ADVERSARIAL)
def test_mean_iou_equals_torchmetrics_and_the_double_loop(case):
    truth, predicted = (np.array(side) for side in ADVERSARIAL[case])
    got = mean_iou(confusion(truth, predicted))
    metric = MulticlassJaccardIndex(num_classes=3, average="macro", ignore_index=255)
    assert got == pytest.approx(float(metric(torch.from_numpy(predicted), torch.from_numpy(truth))), abs=1e-6)
    assert got == pytest.approx(naive_iou(truth, predicted, (255,)), abs=1e-12)


def test_large_random_masks_of_unlike_sizes_equal_the_double_loop():
    rng = np.random.default_rng(0)
    truth = [rng.integers(-1, 7, size) for size in ((9, 7), (5, 11), (1, 1))]
    predicted = [rng.integers(0, 6, plane.shape) for plane in truth]
    counts = confusion(truth, predicted, (255, 3), k=9)
    assert counts.shape == (3, 9, 9)
    assert mean_iou(counts) == pytest.approx(naive_iou(truth, predicted, (255, 3)), abs=1e-12)
    assert np.isnan(class_iou(counts)[8])


def test_the_order_of_pictures_changes_nothing_and_bigger_tables_neither():
    rng = np.random.default_rng(1)
    truth, predicted = rng.integers(0, 4, (2, 6, 8, 8))
    order = rng.permutation(6)
    assert (confusion(truth, predicted)[order] == confusion(truth[order], predicted[order])).all()
    assert mean_iou(confusion(truth, predicted)) == mean_iou(confusion(truth, predicted, k=300))


def test_nothing_labelled_scores_zero():
    assert mean_iou(confusion(np.full((1, 2, 2), 255), np.zeros((1, 2, 2), int))) == 0


def test_tokens_that_know_their_class_are_read_perfectly_and_noise_is_not():
    tokens, masks = blocks()
    probe = SegmentationProbe().fit(tokens[:8], masks[:8])
    # bilinear borders lie between patches, so a patch's inner pixels are its own
    inner = probe.predict(tokens[8:], masks.shape[1:])[:, 2::6, 2::6]
    assert (inner == masks[8:, 2::6, 2::6]).all()
    assert probe.score(tokens[8:], masks[8:]) > 0.8
    rng = np.random.default_rng(0)
    blind = SegmentationProbe().fit(rng.normal(size=tokens.shape)[:8], masks[:8])
    assert blind.score(rng.normal(size=tokens.shape)[8:], masks[8:]) < 0.3


def test_the_optimum_of_the_stated_loss_is_found():
    tokens, masks = blocks(n=6, noise=3.0)
    # masks that cut the patches, and pixels without a class
    masks = np.roll(masks, (2, 3), axis=(1, 2))
    masks[:, :5, :7] = 255
    probe = SegmentationProbe(0.5).fit(tokens, masks)
    weight = torch.from_numpy(probe.coef_).requires_grad_()
    bias = torch.from_numpy(probe.intercept_).requires_grad_()
    loss = weight.square().sum() / (2 * 0.5)
    for picture, mask in zip(tokens, masks, strict=True):
        for i in range(4):
            for j in range(5):
                pixels = mask[6 * i : 6 * i + 6, 6 * j : 6 * j + 6]
                row = torch.from_numpy(((picture[i, j] - probe.mean_) / probe.deviation_).astype(np.float64))
                logs = F.log_softmax(weight @ row + bias, dim=0)
                loss = loss - sum(float((pixels == c).mean()) * logs[c] for c in range(3))
    loss.backward()
    assert weight.grad.abs().max() < 0.05 and bias.grad.abs().max() < 0.05  # of a sum of 120


def test_logits_and_not_classes_are_enlarged():
    tokens, masks = blocks()
    probe = SegmentationProbe().fit(tokens, masks)
    said = torch.from_numpy(probe.logits(tokens)).permute(0, 3, 1, 2)
    by_hand = F.interpolate(said, size=(17, 23), mode="bilinear", align_corners=False).argmax(1)
    assert (probe.predict(tokens, (17, 23)) == by_hand.numpy()).all()
    sizes = [(7, 9), (17, 23)] * 6
    mixed = probe.predict(tokens, sizes)
    assert [plane.shape for plane in mixed] == sizes and (mixed[1] == by_hand[1].numpy()).all()


def test_scaled_moved_tokens_and_renamed_classes_change_nothing():
    tokens, masks = blocks(noise=2.0)
    plain = SegmentationProbe().fit(tokens, masks)
    moved = SegmentationProbe().fit(tokens * 50 + 9, masks * 7 + 3)
    assert moved.classes_.tolist() == [3, 10, 17]
    # the optimum is reached to the digits that the loss of float32 vectors has
    same = plain.predict(tokens, (24, 30)) * 7 + 3 == moved.predict(tokens * 50 + 9, (24, 30))
    assert same.mean() > 0.999


def test_a_class_of_the_test_that_training_lacks_counts_as_missed():
    tokens, masks = blocks(classes=2)
    probe = SegmentationProbe().fit(tokens[:8], masks[:8])
    before = class_iou(confusion(masks[8:], probe.predict(tokens[8:], masks.shape[1:])))
    other = masks[8:].copy()
    other[0] = 5
    after = class_iou(confusion(other, probe.predict(tokens[8:], masks.shape[1:])))
    assert len(before) == 2 and after[5] == 0 and np.isnan(after[2:5]).all()
    assert probe.score(tokens[8:], other) == pytest.approx(np.nanmean(after))


def test_void_and_negative_pixels_teach_nothing():
    tokens, masks = blocks()
    holes = masks.copy()
    holes[:3], holes[3:6] = 255, -1
    probe, plain = SegmentationProbe().fit(tokens, holes), SegmentationProbe().fit(tokens[6:], masks[6:])
    np.testing.assert_allclose(probe.coef_, plain.coef_, atol=1e-4)
    assert SegmentationProbe(ignore=(2,)).fit(tokens, masks).classes_.tolist() == [0, 1]


def test_the_grid_oracle_is_perfect_on_patches_and_majority_elsewhere():
    _, masks = blocks()
    assert mean_iou(confusion(masks, grid_oracle(masks, (4, 5)))) == 1
    mask = np.array([[0, 0, 0, 1], [0, 0, 1, 1]])
    assert grid_oracle([mask], (1, 2))[0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1]]
    # a tie goes to the smaller class, void does not vote, and nothing but void is no class
    assert grid_oracle([np.array([[4, 2, 255, 255, 7, 255]])], (1, 3))[0].tolist() == [[2, 2, -1, -1, 7, 7]]


def test_the_grid_oracle_of_patches_that_cut_pixels_scores_what_counting_says():
    mask = np.random.default_rng(3).integers(0, 3, (7, 9))
    shares = class_shares(mask, (3, 2), np.arange(3))
    np.testing.assert_allclose(shares.sum(axis=2), 1)
    fine = mask.repeat(6, axis=0).repeat(8, axis=1)  # 42 x 72: whole pixels in every patch
    counted = [
        [[(fine[14 * i : 14 * i + 14, 36 * j : 36 * j + 36] == c).mean() for c in range(3)] for j in range(2)]
        for i in range(3)
    ]
    np.testing.assert_allclose(shares, counted)


def test_the_majority_is_the_most_frequent_class_without_void():
    masks = [np.array([[1, 1, 1, 255, 255, 255, 255]]), np.array([[0, 0, -1]])]
    assert Majority().fit(masks).class_ == 1
    assert Majority().fit(masks).predict([(2, 2)])[0].tolist() == [[1, 1], [1, 1]]
    with pytest.raises(ValueError, match="no pixel of the masks has a class"):
        Majority().fit([np.full((2, 2), 255)])


def test_what_cannot_be_fitted_or_compared_is_refused():
    tokens, masks = blocks()
    with pytest.raises(ValueError, match="12 pictures came with 11 masks"):
        SegmentationProbe().fit(tokens, masks[1:])
    with pytest.raises(ValueError, match=r"at least two classes; these hold \[1\]"):
        SegmentationProbe().fit(tokens, np.where(masks == 1, 1, 255))
    with pytest.raises(ValueError, match="mask 0 holds float64"):
        SegmentationProbe().fit(tokens, masks / 2)
    with pytest.raises(ValueError, match=r"mask 0 has shape \(24, 30, 1\)"):
        SegmentationProbe().fit(tokens, masks[..., None])
    with pytest.raises(ValueError, match=r"predicted mask 0 is \(2, 3\) pixels, its truth \(3, 2\)"):
        confusion([np.zeros((3, 2), int)], [np.zeros((2, 3), int)])
    with pytest.raises(ValueError, match="classes are 0 to 1; found 2"):
        confusion([np.array([[2]])], [np.array([[0]])], k=2)
    with pytest.raises(ValueError, match="found -1"):
        confusion([np.array([[2]])], [np.array([[-1]])])
    with pytest.raises(ValueError, match="above 0"):
        SegmentationProbe(0.0)
