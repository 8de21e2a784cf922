"""Masks keep their numbers, depth its metres and boxes their place when the picture is resized."""

import io

import numpy as np
import pytest
from PIL import Image

from sightline.data.decode.target import extent, read_depth, read_mask, scale_boxes, scale_keypoints
from sightline.data.sample import BadSample


def png(array):
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return out.getvalue()


def test_a_mask_is_resized_without_new_numbers():
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 30:45] = 7
    for encoded in (mask, png(mask)):
        small = read_mask(encoded, (20, 30))
        assert set(np.unique(small)) == {0, 7} and (small[5:10, 15:22] == 7).all() and (small == 7).sum() in (35, 40)
    assert np.array_equal(read_mask(mask, (40, 60)), mask)


def test_integers_are_millimetres_and_floats_metres():
    depth = np.array([[0, 1500], [65535, 250]], np.uint16)
    expected = np.array([[0, 1.5], [65.535, 0.25]], np.float32)
    assert np.allclose(read_depth(png(depth), (2, 2)), expected)
    assert np.allclose(read_depth(expected, (2, 2)), expected)


def test_boxes_follow_the_picture():
    boxes = np.array([[10, 20, 30, 40], [0, 0, 100, 200]])
    assert scale_boxes(boxes, (200, 100), (100, 25)).tolist() == [[2.5, 10, 7.5, 20], [0, 0, 25, 100]]


def test_keypoints_follow_the_picture_and_keep_their_visibility():
    points = np.array([[[10, 20, 2], [0, 0, 0]], [[100, 200, 1], [50, 50, 2]]])
    assert scale_keypoints(points, (200, 100), (100, 25)).tolist() == [
        [[2.5, 10, 2], [0, 0, 0]],
        [[25, 100, 1], [12.5, 25, 2]],
    ]
    for wrong, words in (
        (points[..., :2], "visibility each"),
        (points[0, 0], "visibility each"),
        (points + [0, 0, 3], "0 .not labelled"),
        (points * np.nan, "finite"),
    ):
        with pytest.raises(BadSample, match=words):
            scale_keypoints(wrong, (200, 100), (100, 25))


def test_extent_is_that_of_the_picture_as_seen():
    out, image = io.BytesIO(), Image.new("RGB", (30, 20))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(out, "JPEG", exif=exif)
    assert extent(out.getvalue()) == (30, 20) and extent(np.zeros((4, 5, 3), np.uint8)) == (4, 5)
    with pytest.raises(BadSample):
        extent(b"<svg xmlns='http://www.w3.org/2000/svg'/>")


@pytest.mark.parametrize("mask", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), b"broken"])
def test_what_is_no_mask_is_a_bad_sample(mask):
    with pytest.raises(BadSample):
        read_mask(mask, (4, 4))
