"""Two synthetic cameras whose turn and movement are known."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sightline.search.match import extra
from sightline.search.match.geometry import LEAST, angle, fundamental, relative_pose, sampson
from sightline.search.match.intrinsics import Intrinsics, read_intrinsics
from sightline.search.match.open import open_describer

LENS = Intrinsics(300.0, 310.0, 160.0, 120.0)
OTHER = Intrinsics(420.0, 400.0, 200.0, 140.0)


def turned(degrees, axis):
    """Rodrigues."""
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    cross, a = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]), np.radians(degrees)
    return np.eye(3) + np.sin(a) * cross + (1 - np.cos(a)) * cross @ cross


def cameras(degrees=12.0, axis=(0.2, 1.0, 0.1), move=(-0.6, 0.1, 0.2), n=80):
    """Points of a scene in both pictures, with the true R and t."""
    scene = np.random.default_rng(0).uniform([-2, -1.5, 4], [2, 1.5, 8], (n, 3))
    rotation, moved = turned(degrees, axis), np.array(move)
    seen = []
    for points, lens in ((scene, LENS), (scene @ rotation.T + moved, OTHER)):
        seen.append(points[:, :2] / points[:, 2:] * [lens.fx, lens.fy] + [lens.cx, lens.cy])
    return *seen, rotation, moved / np.linalg.norm(moved)


def with_strangers(one, other, n=30):
    rng = np.random.default_rng(1)
    return tuple(np.concatenate([points, rng.uniform(0, 240, (n, 2))]) for points in (one, other))


@pytest.mark.parametrize("degrees", [0.0, 5.0, 30.0, 80.0])
def test_the_essential_matrix_gives_the_turn_and_the_movement_back(degrees):
    one, other, rotation, moved = cameras(degrees)
    found = relative_pose(*with_strangers(one, other), LENS, OTHER, 1.0)
    assert angle(found.rotation, rotation) < 0.1 and abs(found.degrees - degrees) < 0.1
    assert np.degrees(np.arccos(min(1.0, found.translation @ moved))) < 0.5
    assert found.inliers[:80].all() and found.inliers[80:].sum() <= 3 and found.residual < 0.01


def test_the_fundamental_matrix_fits_what_agrees_and_leaves_strangers_out():
    one, other, *_ = cameras()
    found = fundamental(*with_strangers(one, other), 1.0)
    assert found.inliers[:80].all() and found.inliers[80:].sum() <= 3 and found.rotation is None
    lines = [np.append(b, 1) @ found.fundamental @ np.append(a, 1) for a, b in zip(one, other, strict=True)]
    assert np.abs(lines).max() < 1e-3 * np.abs(found.fundamental).max() * 240**2


def test_sampsons_distance_is_how_far_a_pair_must_move_to_fit():
    one, other, *_ = cameras()
    matrix = fundamental(one, other, 1.0).fundamental
    found = sampson(matrix, one, other + [0.3, -0.2])
    for distance, a, b in zip(found, one, other + [0.3, -0.2], strict=True):
        # by Newton's steps in the four coordinates, which for so small a miss are one step
        x1, x2 = np.append(a, 1), np.append(b, 1)
        slope = np.concatenate([(matrix.T @ x2)[:2], (matrix @ x1)[:2]])
        assert np.isclose(distance, abs(x2 @ matrix @ x1) / np.linalg.norm(slope), rtol=1e-9)
    assert 0 < np.median(found) < 0.4


def test_an_angle_is_exact_however_small_or_large():
    for degrees in (0.0, 1e-6, 0.5, 90.0, 179.999):
        assert np.isclose(angle(turned(degrees, (1, 2, 3))), degrees, rtol=1e-6, atol=1e-9)


def test_too_few_matches_say_nothing():
    one, other, *_ = cameras(n=LEAST - 1)
    assert fundamental(one, other, 1.0) is None and relative_pose(one, other, LENS, OTHER, 1.0) is None


def test_intrinsics_follow_the_size_of_the_picture():
    read = read_intrinsics("585,590,320,240@640x480")
    assert read.of((240, 180)) == Intrinsics(219.375, 221.25, 120.0, 90.0, (240, 180))
    assert read_intrinsics("585, 590, 320, 240").of((240, 180)).fx == 585
    point = np.array([0.3, -0.2, 2.0])
    large, small = (read.of(size).matrix @ point / 2 for size in ((640, 480), (240, 180)))
    assert np.allclose(large[:2] * 240 / 640, small[:2])


@pytest.mark.parametrize("text", ["", "585", "585,585,320", "a,b,c,d", "1,2,3,4@", "1,2,3,4@640", "1,2,3,4@axb"])
def test_intrinsics_of_another_form_are_refused(text):
    with pytest.raises(ValueError, match="expected fx,fy,cx,cy in pixels"):
        read_intrinsics(text)


@pytest.mark.parametrize("text", ["0,585,320,240", "585,-1,320,240", "nan,585,320,240", "1,1,1,1@0x480"])
def test_focal_lengths_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="positive numbers"):
        read_intrinsics(text)


def test_intrinsics_of_a_picture_that_was_cut_are_refused():
    with pytest.raises(ValueError, match="not the same picture made smaller"):
        read_intrinsics("585,585,320,240@640x480").of((240, 240))


def test_sift_counts_from_the_corner_of_the_picture():
    picture = Image.new("RGB", (800, 640), (255, 255, 255))
    ImageDraw.Draw(picture).ellipse((300, 200, 340, 240), fill=(0, 0, 0))
    found = open_describer("sift", 10)(picture.resize((200, 160), Image.Resampling.BOX))
    assert np.linalg.norm(found.points - np.array([80.125, 55.125]), axis=1).min() < 0.1 and found.pitch == 0


def test_what_is_missing_is_said_with_how_to_get_it(monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'sightline\[match\]'"):
        open_describer("sift")
