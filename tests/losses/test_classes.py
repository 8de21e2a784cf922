"""The cross-entropy of samples of which some have no label."""

import torch

from sightline.losses.classes import class_errors
from sightline.losses.weighted import weighted_mean


def test_it_is_torchs_of_those_that_have_a_label_and_the_others_give_no_gradient():
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    label = torch.tensor([2, -1, 0, 1, -1])
    loss = weighted_mean(*class_errors(logits, label))
    known = label >= 0
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(logits[known], label[known]))
    loss.backward()
    assert logits.grad is not None and not logits.grad[~known].any() and logits.grad[known].all()


def test_pixels_are_samples_like_others_and_half_precision_is_summed_in_single():
    logits = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    label = torch.randint(-1, 3, (2, 4, 5), generator=torch.Generator().manual_seed(1))
    errors, known = class_errors(logits.bfloat16(), label)
    assert errors.dtype == torch.float32 and torch.equal(known, label >= 0)
    expected = -logits.bfloat16().float().log_softmax(1).gather(1, label.clamp(min=0)[:, None])[:, 0]
    torch.testing.assert_close(errors[known], expected[known])
