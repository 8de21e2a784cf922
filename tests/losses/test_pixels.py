import pytest
import torch

from sightline.losses.pixels import (
    NormalisedPixels,
    RawPixels,
    contrast,
    patch_errors,
    patchify,
    unpatchify,
)
from sightline.losses.weighted import weighted_mean


def test_patches_are_row_major_and_flattened_rows_columns_channels():
    image = torch.randn(2, 3, 6, 9, dtype=torch.float64)
    found = patchify(image, 3)
    assert found.shape == (2, 6, 27)
    for gy in range(2):
        for gx in range(3):
            for py in range(3):
                for px in range(3):
                    for c in range(3):
                        value = found[1, gy * 3 + gx, (py * 3 + px) * 3 + c]
                        assert value == image[1, c, gy * 3 + py, gx * 3 + px]
    assert torch.equal(unpatchify(found, (2, 3), 3), image)


def test_a_picture_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="10 x 9 pixels does not divide into patches of 3"):
        patchify(torch.zeros(1, 3, 10, 9), 3)


@pytest.mark.parametrize("eps", [1e-6, 1e-2])
def test_normalised_pixels_equal_the_loop_with_the_unbiased_variance(eps):
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    found = NormalisedPixels(eps=eps)(x)
    for row, made in zip(x.flatten(0, 1).tolist(), found.flatten(0, 1).tolist(), strict=True):
        mean = sum(row) / 12
        variance = sum((v - mean) ** 2 for v in row) / 11
        assert made == pytest.approx([(v - mean) / (variance + eps) ** 0.5 for v in row], rel=1e-9)


def test_normalised_pixels_do_not_know_brightness_and_contrast():
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    torch.testing.assert_close(NormalisedPixels(eps=0.0)(3 * x + 7), NormalisedPixels(eps=0.0)(x))
    assert RawPixels()(x) is x


def test_a_flat_patch_has_the_target_zero_and_no_contrast():
    x = torch.full((1, 2, 12), 0.3)
    assert NormalisedPixels()(x).abs().max() < 1e-3
    x[0, 1, 0] = 1.0
    assert contrast(x)[0, 0] < 1e-6 < contrast(x)[0, 1]
    coloured = torch.tensor([0.1, 0.5, 0.9]).repeat(4)[None, None]
    assert contrast(coloured).item() < 1e-6  # one colour, although its channels differ


def test_the_masked_mean_square_equals_the_loop_in_value_and_gradient():
    torch.manual_seed(0)
    predicted = torch.randn(3, 5, 7, dtype=torch.float64, requires_grad=True)
    target = torch.randn(3, 5, 7, dtype=torch.float64)
    weight = torch.rand(3, 5, dtype=torch.float64) * (torch.rand(3, 5) < 0.6)
    loss = weighted_mean(patch_errors(predicted, target), weight)
    total, by = 0.0, 0.0
    for i in range(3):
        for j in range(5):
            error = sum((predicted[i, j, k].item() - target[i, j, k].item()) ** 2 for k in range(7)) / 7
            total, by = total + weight[i, j].item() * error, by + weight[i, j].item()
    assert loss.item() == pytest.approx(total / by, rel=1e-12)
    loss.backward()
    slope = 2 * (predicted.detach() - target) / 7 * weight[..., None] / by
    torch.testing.assert_close(predicted.grad, slope)


def test_errors_of_half_precision_are_float32_and_no_weight_is_a_loss_of_zero():
    predicted = torch.randn(2, 3, 4, dtype=torch.bfloat16, requires_grad=True)
    errors = patch_errors(predicted, torch.zeros(2, 3, 4))
    assert errors.dtype == torch.float32
    nothing = weighted_mean(errors, torch.zeros(2, 3, dtype=torch.bool))
    nothing.backward()
    assert nothing.item() == 0 and predicted.grad is not None and not predicted.grad.any()
