"""Given the same parameters, crops and colours equal torchvision's, whatever the sizes."""

import numpy as np
import pytest
import torch
import torchvision.transforms.v2.functional as reference
from torchvision.transforms import InterpolationMode

from sightline.data.augment import colour, resized_crop
from sightline.data.augment.resample import BICUBIC, BILINEAR

KERNELS = [(BILINEAR, InterpolationMode.BILINEAR), (BICUBIC, InterpolationMode.BICUBIC)]


@pytest.mark.parametrize("kernel, mode", KERNELS)
@pytest.mark.parametrize("size", [13, 64, 96])
@pytest.mark.parametrize("shape", [(83, 83), (40, 120), (20, 16)])
def test_whole_boxes_equal_resized_crop_up_and_down(kernel, mode, size, shape):
    generator = np.random.default_rng(0)
    images = torch.rand(6, 3, *shape)
    extent = np.stack([generator.integers(5, side + 1, 6) for side in shape], 1)
    corner = (generator.random((6, 2)) * (shape - extent + 1)).astype(int)
    ours = resized_crop(images, np.concatenate([corner, extent], 1), size, kernel=kernel)
    for image, made, box in zip(images, ours, np.concatenate([corner, extent], 1).tolist(), strict=True):
        expected = reference.resized_crop(image, *box, [size, size], interpolation=mode, antialias=True)
        assert (made - expected).abs().max() < 1e-4


def test_mirroring_inside_the_crop_equals_mirroring_after_it():
    images, boxes = torch.rand(4, 3, 30, 40), np.array([[2.3, 5.1, 20.7, 18.0]] * 4)
    plain = resized_crop(images, boxes, 16)
    flipped = resized_crop(images, boxes, 16, flip=np.array([True, False, True, False]))
    assert torch.allclose(flipped[1::2], plain[1::2]) and torch.allclose(flipped[::2], plain[::2].flip(-1), atol=1e-6)


def test_a_shift_by_a_fraction_of_a_pixel_moves_the_picture_by_it():
    ramp = torch.arange(40.0).expand(1, 1, 40, 40) / 40
    boxes = np.array([[0.0, 8.0, 16.0, 16.0], [0.0, 8.25, 16.0, 16.0]])
    made = resized_crop(ramp.expand(2, 1, 40, 40), boxes, 16)
    assert torch.allclose((made[1] - made[0])[:, :, 2:-2] * 40, torch.tensor(0.25), atol=1e-4)


def pictures():
    """Random ones, and those where formulas divide by nothing: black, grey, two channels equal, one colour."""
    images = torch.rand(9, 3, 21, 34)
    images[0] = 0
    images[1] = images[1, :1]
    images[2, 0] = images[2, 1]
    images[3, 1] = images[3, 2]
    images[4] = torch.tensor([0.9, 0.1, 0.9])[:, None, None]
    return images


@pytest.mark.parametrize(
    "name, values",
    [
        ("adjust_brightness", [0, 0.3, 0.8, 1, 1.2, 1.7, 2.5, 0.5, 1]),
        ("adjust_contrast", [0, 0.3, 0.8, 1, 1.2, 1.7, 2.5, 0.5, 1]),
        ("adjust_saturation", [0, 0.3, 0.8, 1, 1.2, 1.7, 2.5, 0.5, 1]),
        ("adjust_hue", [0.3, -0.2, -0.5, 0.5, 0, 0.1, -0.33, 0.25, 0.5]),
        ("solarize", [0, 0.3, 0.8, 1, 0.2, 0.7, 0.5, 0.9, 0.1]),
    ],
)
def test_colour_operations_equal_torchvision(name, values):
    images = pictures()
    ours = getattr(colour, name)(images, torch.tensor(values, dtype=torch.float32))
    expected = torch.stack([getattr(reference, name)(i, v) for i, v in zip(images, values, strict=True)])
    assert (ours - expected).abs().max() < 1e-5


def test_grey_and_negative_equal_torchvision():
    images = pictures()
    assert (colour.rgb_to_grayscale(images) - reference.rgb_to_grayscale(images, 3)).abs().max() < 1e-5
    assert (colour.invert(images) - reference.invert(images)).abs().max() < 1e-5


@pytest.mark.parametrize("kernel_size", [3, 7, 23])
def test_blur_equals_torchvision(kernel_size):
    images, sigmas = pictures(), np.linspace(0.1, 4, 9).tolist()
    ours = colour.gaussian_blur(images, kernel_size, torch.tensor(sigmas))
    size = [kernel_size, kernel_size]
    expected = torch.stack([reference.gaussian_blur(i, size, [s, s]) for i, s in zip(images, sigmas, strict=True)])
    assert (ours - expected).abs().max() < 1e-5


@pytest.mark.parametrize("kernel_size", [4, 43])
def test_a_blur_that_cannot_be_is_refused(kernel_size):
    with pytest.raises(ValueError, match="odd size under twice"):
        colour.gaussian_blur(torch.rand(1, 3, 21, 34), kernel_size, torch.ones(1))
