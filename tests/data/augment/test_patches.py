"""Pictures cut at their own shape for training are those of the evaluation view, and only their length is drawn."""

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.data.augment.patches import AugmentPatches
from sightline.data.augment.targets import followed
from sightline.data.batch import rows_of
from sightline.data.prepare.naflex import cut
from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.views.any_shape import AnyShape

SIZES = [(40, 40), (24, 60), (70, 20), (8, 9), (24, 60)]
HALF = (0.5, 0.5, 0.5)


def stored(channels=3):
    """Smooth pictures of several shapes, padded with what must not be seen."""
    image = torch.full((len(SIZES), channels, 70, 60), 200, dtype=torch.uint8)
    generator = np.random.default_rng(0)
    for row, (y, x) in zip(image, SIZES, strict=True):
        small = Image.fromarray(generator.integers(0, 256, (5, 5, channels), dtype=np.uint8))
        row[:, :y, :x] = torch.from_numpy(np.array(small.resize((x, y), Image.Resampling.BILINEAR))).permute(2, 0, 1)
    return {"image": image, "size": torch.tensor(SIZES), "index": torch.arange(len(SIZES))}


def augment(*lengths):
    (view,) = AnyShape(lengths)(64)
    return AugmentPatches(view, patch=4, mean=HALF, std=HALF)


@pytest.mark.parametrize("length", [1, 9, 30, 150])
def test_patches_are_those_of_the_evaluation_view(length):
    batch = stored()
    made = augment(length)(batch, 0, 0)
    for number, (y, x) in enumerate(SIZES):
        expected = cut(
            Image.fromarray(batch["image"][number, :, :y, :x].permute(1, 2, 0).numpy()), patch=4, length=length
        )
        # the evaluation view rounds to whole shades after each of the two passes of its resize
        np.testing.assert_allclose(made.patches[number], expected.patches, rtol=0, atol=2.1 / 127.5)
        assert np.array_equal(made.mask[number], expected.mask) and np.array_equal(made.grid[number], expected.grid)
        assert not made.patches[number, ~made.mask[number]].any()


def test_what_is_transparent_stands_on_the_background():
    batch = stored(channels=4)
    batch["image"][:, 3] = 0
    made = augment(16)(batch, 0, 0)
    seen = made.patches[made.mask]
    torch.testing.assert_close(seen, torch.ones_like(seen))


def test_the_length_is_one_for_a_batch_drawn_by_seed_and_step_alone():
    views, batch = augment(16, 36, 64, 100), stored()
    drawn = [views.length(seed=3, step=step) for step in range(400)]
    assert {length: drawn.count(length) > 70 for length in drawn} == dict.fromkeys((16, 36, 64, 100), True)
    assert drawn != [views.length(seed=4, step=step) for step in range(400)]
    whole = views(batch, 3, 5)
    assert whole.patches.shape[1] == drawn[5]
    for rows in (slice(0, 2), slice(2, 5)):  # as two ranks hold them
        part = views(rows_of(batch, rows), 3, 5)
        torch.testing.assert_close(part.patches, whole.patches[rows], rtol=0, atol=1e-6)
        assert torch.equal(part.grid, whole.grid[rows])


@pytest.mark.parametrize("length", [9, 100])
def test_boxes_keep_their_shares_of_the_picture(length):
    batch = stored()
    shares = torch.tensor([[0.25, 0.5, 0.5, 0.375]])
    sides = batch["size"].flip(1).repeat(1, 2).float()
    batch["boxes"] = list((shares * sides)[:, None])
    made = augment(length)(batch, 0, 0)
    shown = made.grid * 4
    moved = followed(batch, made.transform, int(shown.max()))
    found = torch.cat(moved["boxes"]) / shown.flip(1).repeat(1, 2)
    torch.testing.assert_close(found, shares.expand_as(found), rtol=0, atol=1e-6)


def test_no_lengths_are_refused():
    for lengths in ((), (4, 0)):
        with pytest.raises(ValueError, match="expected numbers of patches"):
            AnyShape(lengths)
    with pytest.raises(ValueError, match="length 0; expected at least 1 pixel and 1 patch"):
        NaFlexRule(length=0)
