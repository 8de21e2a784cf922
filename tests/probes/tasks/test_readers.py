from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sightline.probes.tasks.readers import encoder_reader, pixel_reader


class Face:
    """What a reader asks of an encoder: two patches of three numbers in a grid of 1 x 2, or what is given."""

    name = "runs/mine"

    def __init__(self, **features):
        self.given = features

    def encode_image(self, pictures):
        return torch.full((len(pictures), 4), 7.0)

    def features(self, pictures):
        tokens = torch.arange(6.0).reshape(1, 2, 3).expand(len(pictures), -1, -1)
        usual = {"pooled": tokens.mean(1), "tokens": tokens, "grid": (1, 2), "mask": None}
        return SimpleNamespace(**usual | self.given)


PICTURES = torch.zeros(5, 3, 8, 8)


def test_each_task_reads_its_own_features():
    read = {t: encoder_reader(t, Face(), PICTURES[:1])(PICTURES) for t in ("knn", "linear", "attentive", "depth")}
    assert (read["knn"]["vectors"] == 7).all() and read["linear"]["vectors"].shape == (5, 3)
    for task in ("attentive", "depth"):
        np.testing.assert_array_equal(read[task]["tokens"][3], [[[0, 1, 2], [3, 4, 5]]])


def test_pixels_stand_on_the_grid_of_the_encoder_and_nowhere_where_sizes_vary():
    read = pixel_reader("segmentation", Face(), PICTURES[:1])
    assert read is not None and read(PICTURES)["tokens"].shape[:3] == (5, 1, 2)
    assert pixel_reader("knn", Face(), [object()]) is None


@pytest.mark.parametrize("task", ["attentive", "segmentation", "depth"])
def test_an_encoder_without_tokens_or_without_one_grid_is_refused_before_anything_is_read(task):
    with pytest.raises(ValueError, match="runs/mine has no patch tokens, only one vector a picture"):
        encoder_reader(task, Face(tokens=torch.zeros(1, 0, 3), grid=(0, 0)), PICTURES[:1])
    with pytest.raises(ValueError, match="a grid of its own"):
        encoder_reader(task, Face(grid=torch.tensor([[1, 2]])), PICTURES[:1])
