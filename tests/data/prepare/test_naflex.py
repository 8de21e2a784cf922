import random

import numpy as np
import pytest
from PIL import Image
from transformers.models.siglip2.image_processing_siglip2 import (
    Siglip2ImageProcessor,
    get_image_size_for_max_num_patches,
)

from sightline.data.prepare.naflex import cut, fitted_size


def noise(height, width, channels=3):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(pixels)


def test_sizes_are_exactly_transformers():
    draw = random.Random(0)
    for _ in range(300):
        height, width = (int(10 ** draw.uniform(0, 4)) for _ in range(2))
        patch, length = draw.choice([8, 14, 16, 32]), draw.randint(1, 1024)
        ours = fitted_size(height, width, patch, length)
        assert ours == get_image_size_for_max_num_patches(height, width, patch, length), (height, width, patch, length)


@pytest.mark.parametrize(
    ("given", "size", "patches"), [((480, 640, 16, 256), (224, 288), 252), ((32, 200, 16, 64), (48, 304), 57)]
)
def test_the_published_examples(given, size, patches):
    assert fitted_size(*given) == size
    assert (size[0] // given[2]) * (size[1] // given[2]) == patches <= given[3]


@pytest.mark.parametrize("size", [(90, 120), (32, 200), (300, 20), (7, 5)])
def test_patches_are_transformers(size):
    picture = noise(*size)
    ours = cut(picture, patch=16, length=64)
    theirs = Siglip2ImageProcessor(max_num_patches=64)(picture, return_tensors="np")
    assert ours.grid.tolist() == theirs["spatial_shapes"][0].tolist()
    assert ours.mask.tolist() == theirs["pixel_attention_mask"][0].astype(bool).tolist()
    # one level of 255 where the two resizers round apart
    np.testing.assert_allclose(ours.patches, theirs["pixel_values"][0], rtol=0, atol=1.01 / 127.5)


def test_a_patch_is_a_square_of_the_picture_row_by_row():
    picture = noise(32, 48)
    ours = cut(picture, patch=16, length=6)
    assert ours.grid.tolist() == [2, 3] and ours.mask.all()
    pixels = np.asarray(picture, np.float32) / 127.5 - 1
    np.testing.assert_allclose(ours.patches[4], pixels[16:, 16:32].reshape(-1), atol=1e-5)


def test_a_white_drawing_on_transparency_is_seen():
    white = Image.new("RGBA", (16, 16), (255, 255, 255, 0))
    white.paste((255, 255, 255, 255), (4, 4, 12, 12))
    patches = cut(white, patch=16, length=1).patches
    assert patches.min() == -1 and patches.max() == 1


def test_sizes_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="all must be positive"):
        fitted_size(0, 5, 16, 4)
