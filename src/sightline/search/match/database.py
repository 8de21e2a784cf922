"""Keypoints and verified matches as COLMAP keeps them: its own SQLite database, which its other tools open too."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sightline.search.match.described import Described
from sightline.search.match.extra import colmap
from sightline.search.match.intrinsics import Intrinsics

GUESS = 1.2
"""COLMAP's own: the focal length of a camera of which nothing is known, in longer sides of the picture"""


@dataclass(frozen=True, eq=False)
class View:
    """One picture of a set, described."""

    key: str
    described: Described
    colours: np.ndarray
    """(n, 3) uint8: the picture at its places"""
    whole: np.ndarray | None
    """(e,)"""


class Database:
    """A new database with a camera for each size of picture, and its pictures numbered from 1 in the order given."""

    def __init__(self, path: Path, views: Sequence[View], intrinsics: Intrinsics | None) -> None:
        """Without `intrinsics` cameras have one focal length and one radial distortion, to be found. ValueError where
        the intrinsics do not fit a picture."""
        self.colmap, self.views = colmap(), views
        self.base: Any = self.colmap.Database.open(str(path))
        self._cameras: dict[tuple[int, int], Any] = {}
        self._rigs: dict[tuple[int, int], int] = {}
        for number, view in enumerate(views, 1):
            self._add(number, view, intrinsics)

    def close(self) -> None:
        self.base.close()

    def compare(self, i: int, j: int, pairs: np.ndarray, options: Any) -> int:
        """Writes the matches (k, 2) of views i and j and what of them COLMAP finds to agree; how many that is."""
        one, other = self.views[i].described, self.views[j].described
        if not len(pairs):
            return 0
        wanted = pairs.astype(np.uint32)
        found = self.colmap.estimate_two_view_geometry(
            *(self._cameras[one.size], one.points.astype(np.float64)),
            *(self._cameras[other.size], other.points.astype(np.float64)),
            *(wanted, options),
        )
        self.base.write_matches(i + 1, j + 1, wanted)
        self.base.write_two_view_geometry(i + 1, j + 1, found)
        return len(found.inlier_matches)

    def _add(self, number: int, view: View, intrinsics: Intrinsics | None) -> None:
        size = view.described.size
        if size not in self._cameras:
            self._write_camera(size, intrinsics)
        image = self.colmap.Image(name=view.key, camera_id=self._cameras[size].camera_id, image_id=number)
        self.base.write_image(image, use_image_id=True)
        frame = self.colmap.Frame(rig_id=self._rigs[size], frame_id=number)
        frame.add_data_id(image.data_id)
        self.base.write_frame(frame, use_frame_id=True)
        self.base.write_keypoints(number, view.described.points.astype(np.float32))

    def _write_camera(self, size: tuple[int, int], intrinsics: Intrinsics | None) -> None:
        number, known = len(self._cameras) + 1, None if intrinsics is None else intrinsics.of(size)
        if known is None:
            model, values = "SIMPLE_RADIAL", [GUESS * max(size), size[0] / 2, size[1] / 2, 0.0]
        else:
            model, values = "PINHOLE", [known.fx, known.fy, known.cx, known.cy]
        camera = self.colmap.Camera(
            camera_id=number, model=model, width=size[0], height=size[1], params=values,
            has_prior_focal_length=known is not None,
        )  # fmt: skip
        self.base.write_camera(camera, use_camera_id=True)
        rig = self.colmap.Rig(rig_id=number)
        rig.add_ref_sensor(camera.sensor_id)
        self.base.write_rig(rig, use_rig_id=True)
        self._cameras[size], self._rigs[size] = camera, number
