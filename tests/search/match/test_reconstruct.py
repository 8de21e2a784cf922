"""A scene of points whose cameras are known, through COLMAP and back."""

import json
from contextlib import contextmanager

import numpy as np
import pycolmap
import pytest

from sightline.data.sample import Sample
from sightline.search.match.described import Described
from sightline.search.match.geometry import angle
from sightline.search.match.intrinsics import Intrinsics
from sightline.search.match.pairs import pairs_of
from sightline.search.match.reconstruct import reconstruct

SIZE, FOCAL = (320, 240), 300.0
RNG = np.random.default_rng(0)
SCENE = RNG.uniform([-2, -2, 4], [2, 2, 8], (120, 3))
VECTORS = RNG.normal(size=(120, 16)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)


def camera(k):
    """R and t of the k-th: 4 degrees further round, further along an arc, every other one lower."""
    a = np.radians(4 * k)
    rotation = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    return rotation, -rotation @ np.array([-0.3 * k, 0.1 * (k % 2), -0.03 * k**2])


class Perfect:
    """Sees each point of the scene where it is; which camera took a picture stands in its first pixel."""

    name, notes = "perfect", ()

    def __init__(self, vectors=VECTORS):
        self.vectors = vectors

    def __call__(self, picture):
        rotation, moved = camera(np.asarray(picture)[0, 0, 0])
        points = SCENE @ rotation.T + moved
        places = points[:, :2] / points[:, 2:] * FOCAL + [160, 120]
        seen = ((places > 0) & (places < SIZE)).all(axis=1)
        return Described(places[seen].astype(np.float32), self.vectors[seen], SIZE, 0.0)

    def whole(self, picture):
        return None


class Blind(Perfect):
    """Vectors that are other ones in every picture."""

    def __call__(self, picture):
        found = super().__call__(picture)
        rng = np.random.default_rng(int(np.asarray(picture)[0, 0, 0]))
        vectors = rng.normal(size=found.vectors.shape).astype(np.float32)
        return Described(found.points, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), SIZE, 0.0)


class Room:
    """Pictures of one shade each; the last cannot be read."""

    name, has, classes = "room", frozenset({"image"}), ()

    def __init__(self, n, broken=0):
        self.n, self.broken = n, broken

    def __len__(self):
        return self.n + self.broken

    def __getitem__(self, index):
        if index >= self.n:
            return Sample(key="broken.png", image=b"no picture")
        return Sample(key=f"{index}.png", image=np.full((SIZE[1], SIZE[0], 3), index, np.uint8))


@pytest.mark.parametrize("intrinsics", [Intrinsics(300, 300, 160, 120), None], ids=["known", "unknown"])
def test_cameras_stand_where_they_stood_and_what_is_written_says_so(tmp_path, intrinsics):
    out = tmp_path / "model"
    told = reconstruct(Perfect(), Room(6, broken=1), out, intrinsics=intrinsics)
    (model,) = told.models
    assert model.registered == told.pictures == 6 and model.reprojection < 0.05 and not told.left_out
    assert list(told.bad) == ["broken.png"] and told.compared == told.agreeing == 15
    assert json.loads((out / "summary.json").read_text("utf-8"))["models"][0]["points"] == model.points
    assert (out / "0" / "points.ply").read_bytes().startswith(b"ply") and (out / "database.db").is_file()
    assert not list(tmp_path.glob(".*"))
    read = pycolmap.Reconstruction(str(out / "0"))
    names = sorted(image.name for image in read.images.values())
    images = {image.name: image for image in read.images.values()}
    turns = [images[name].cam_from_world().rotation.matrix() for name in names]
    for k, turn in enumerate(turns):
        assert angle(turn @ turns[0].T, camera(k)[0] @ camera(0)[0].T) < 0.2
    places = np.array([images[name].projection_center() for name in names])
    true = np.array([-camera(k)[0].T @ camera(k)[1] for k in range(6)])
    aligned = pycolmap.estimate_sim3d(places, true)
    assert np.linalg.norm([aligned * place for place in places] - true, axis=1).max() < 0.02
    assert [cam.params[0] for cam in read.cameras.values()] == pytest.approx([FOCAL], rel=0 if intrinsics else 0.01)
    assert all(point.color.max() <= 5 for point in read.points3D.values()), "the shades of the pictures"


def test_pictures_of_which_no_two_agree_leave_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="no two of 3 pictures have 15 matches that agree"):
        reconstruct(Blind(), Room(3), tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stage", ["describing", "matching pairs", "placing pictures"])
def test_a_reconstruction_that_is_stopped_leaves_nothing_behind(tmp_path, stage):
    @contextmanager
    def telling(title):
        def tell(done, total):
            if title == stage and done == 2:
                raise KeyboardInterrupt

        yield tell

    with pytest.raises(KeyboardInterrupt):
        reconstruct(Perfect(), Room(6), tmp_path / "model", telling=telling)
    assert not list(tmp_path.iterdir())


def test_two_pictures_are_too_few(tmp_path):
    with pytest.raises(ValueError, match="2 pictures that can be used; a model takes at least 3"):
        reconstruct(Perfect(), Room(2, broken=1), tmp_path / "model")


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="not empty; name a new folder"):
        reconstruct(Perfect(), Room(3), tmp_path)
    assert (tmp_path / "mine.txt").read_text("utf-8") == "mine"


def test_pairs_are_those_of_the_nearest_pictures_each_once():
    rows = np.random.default_rng(0).normal(size=(9, 4))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    wanted = set()
    for i in range(9):
        order = sorted((j for j in range(9) if j != i), key=lambda j: -float(rows[i] @ rows[j]))
        wanted |= {tuple(sorted((i, j))) for j in order[:3]}
    assert pairs_of(9, list(rows), 3) == sorted(wanted)


def test_where_nothing_says_what_looks_alike_all_pairs_are_compared():
    every = [(i, j) for i in range(9) for j in range(i + 1, 9)]
    rows = list(np.eye(9))
    assert pairs_of(9, [None] * 9, 3) == pairs_of(9, rows, 0) == pairs_of(9, rows, 8) == every
    with pytest.raises(ValueError, match="neighbours"):
        pairs_of(9, rows, -1)
