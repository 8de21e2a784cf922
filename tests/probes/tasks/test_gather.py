import numpy as np
import pytest
import torch

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import Sample
from sightline.probes.tasks.gather import depth_in, gather, mask_in
from sightline.probes.tasks.readers import CELL, SIDE, pixel_tokens, pixel_vectors

RULE = Preprocess(size=8)


class Listed:
    name, has, classes = "mine", frozenset({"image", "mask", "depth"}), ()

    def __init__(self, samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, number):
        return self.samples[number]


def sample(key, shape=(8, 8), **planes):
    rng = np.random.default_rng(len(key))
    return Sample(key, rng.integers(0, 256, (*shape, 3), dtype=np.uint8), **planes)


def prepare(picture):
    return torch.from_numpy(RULE(picture))


def mean(pictures):
    return {"vectors": pictures.mean((2, 3)).numpy()}


def test_features_and_truth_are_of_the_same_pictures_whatever_is_left_out():
    masks = [np.full((8, 8), number, np.uint8) for number in range(5)]
    records = [sample("x" * (n + 1), mask=mask) for n, mask in enumerate(masks)]
    records[1] = Sample("broken", b"no picture", mask=masks[1])
    records[3] = sample("without")
    found = gather(Listed(records), prepare, {"mean": mean}, plane=mask_in(RULE))
    assert found.index == [0, 2, 4] and [plane[0, 0] for plane in found.planes] == [0, 2, 4]
    for row, number in zip(found.features["mean"]["vectors"], found.index, strict=True):
        np.testing.assert_allclose(row, RULE(records[number].image).mean((1, 2)), rtol=1e-5)
    assert found.bad["without"] == "it has no mask" and "broken" in found.bad


def test_a_mask_of_another_shape_is_left_out_and_one_of_another_size_is_not():
    records = [
        sample("twice", (4, 8), mask=np.zeros((8, 16), np.uint8)),
        sample("rounded", (5, 9), mask=np.zeros((2, 4), np.uint8)),
        sample("turned", (4, 8), mask=np.zeros((8, 4), np.uint8)),
    ]
    found = gather(Listed(records), prepare, {}, plane=mask_in(RULE))
    assert found.index == [0, 1]
    assert "4 x 8 pixels, the picture 8 x 4" in found.bad["turned"]
    # padded as the view is, and nobody asks there
    assert found.planes[0].shape == (16, 16) and (found.planes[0][:4] == -1).all()


def test_depth_is_in_metres_and_one_that_is_unknown_throughout_is_left_out():
    records = [
        sample("millimetres", depth=np.full((8, 8), 1500, np.uint16)),
        sample("nan", depth=np.full((8, 8), np.nan, np.float32)),
        sample("zero", depth=np.zeros((8, 8), np.uint16)),
    ]
    found = gather(Listed(records), prepare, {}, plane=depth_in(RULE))
    assert found.index == [0] and (found.planes[0] == 1.5).all()
    assert found.bad["nan"] == found.bad["zero"] == "no pixel of its depth is known (above 0 and finite)"


def test_a_source_without_a_usable_picture_is_refused_with_the_reasons():
    with pytest.raises(ValueError, match="no picture of mine could be used \\(a: it has no depth"):
        gather(Listed([sample("a")]), prepare, {}, plane=depth_in(RULE))


def test_raw_pixels_are_means_of_the_view_and_of_the_patches():
    view = torch.randn(2, 3, 48, 32)
    vectors = pixel_vectors(view)["vectors"].reshape(2, 3, SIDE, SIDE)
    np.testing.assert_allclose(vectors[1, 2, 3, 5], view[1, 2, 9:12, 10:12].mean(), rtol=1e-5)
    tokens = pixel_tokens((3, 2))(view)["tokens"]
    assert tokens.shape == (2, 3, 2, 3 * CELL * CELL)
    np.testing.assert_allclose(
        tokens[1, 2, 1].reshape(3, CELL, CELL)[0, 1, 2], view[1, 0, 36:40, 24:28].mean(), rtol=1e-5
    )
