"""Keypoints are read as COCO, tables and tars write them, and say which of them change sides."""

import json

import numpy as np
import pytest

from sightline.data.sample import BadSample
from sightline.data.sources.keypoint import read_flip, read_keypoints
from sightline.data.sources.mixture import Mixture
from sightline.data.sources.shards.shard import Shards
from sightline.data.sources.subset import Subset
from sightline.data.sources.table import open_table

ONE = [[1, 2, 2], [3, 4, 0]]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (ONE, ONE),
        ([1, 2, 2, 3, 4, 0], ONE),
        ([[1, 2, 2, 3, 4, 0]] * 3, [ONE] * 3),
        ([ONE, ONE], [ONE, ONE]),
        (json.dumps(ONE), ONE),
        (np.array([np.array(row) for row in ONE]), ONE),
    ],
)
def test_lists_of_points_of_objects_and_flat_ones_are_read(written, read):
    points = read_keypoints(written)
    assert points is not None and points.dtype == np.float32 and points.tolist() == read


@pytest.mark.parametrize("nothing", [None, "", [], "[]", float("nan")])
def test_nothing_is_no_keypoints(nothing):
    assert read_keypoints(nothing) is None and read_flip(nothing) == ()


@pytest.mark.parametrize("wrong", [[1, 2], [[1, 2], [3]], "x", [[[1, 2]]], 7, [["a", 1, 2]]])
def test_what_is_no_keypoints_is_a_bad_sample(wrong):
    with pytest.raises(BadSample, match="visibility"):
        read_keypoints(wrong)


def test_sides_are_exchanges_of_pairs():
    assert read_flip([0, 2, 1]) == read_flip("[0, 2, 1]") == (0, 2, 1)
    for wrong in ([1, 2, 0], [0, 2], [0, 0]):
        with pytest.raises(ValueError, match="the one on its other side"):
            read_flip(wrong)


def test_tars_and_tables_carry_them_and_parts_and_mixtures_pass_them_on(tmp_path, tars):
    thing = {"box": [0, 0, 2, 2], "keypoints": [1, 1, 2, 0, 1, 1]}
    said = {"objects": [thing, thing], "keypoint_flip": [1, 0]}
    shards = Shards([tars.make(tmp_path / "x.tar", [("a.png", tars.png()), ("a.json", json.dumps(said))])])
    assert {"boxes", "keypoints"} <= shards.has and shards.keypoint_flip == (1, 0)
    assert shards[0].keypoints is not None and shards[0].keypoints.tolist() == [[[1, 1, 2], [0, 1, 1]]] * 2
    row = {"image": "a.png", "caption": "a", "keypoints": ONE}
    (tmp_path / "t.jsonl").write_text(json.dumps(row | {"keypoint_flip": [1, 0]}) + "\n" + json.dumps(row))
    table = open_table(tmp_path / "t.jsonl")
    assert "keypoints" in table.has and table.keypoint_flip == (1, 0)
    assert table[1].keypoints is not None and table[1].keypoints.tolist() == ONE
    mixture = Mixture([Subset(shards, [0]), table])
    assert mixture.keypoint_flip == (1, 0) and "keypoints" in mixture.has
    (tmp_path / "u.jsonl").write_text(json.dumps(row))
    other = Mixture([shards, open_table(tmp_path / "u.jsonl")])
    assert other.keypoint_flip == () and "keypoints" not in other.has
