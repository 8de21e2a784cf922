"""One room, filmed with its depth and the camera's true poses: what encoders know of it, and SIFT beside them.

    SIGHTLINE_DATA=... python benchmarks/geometry/rgbd_scene.py sift pixels builtin:icons runs/dino random:runs/dino

Names are those of `sightline match`; `random:RUN` is the run's tower with weights that learnt nothing. Three tables:

    overlap   every other picture of the whole film asks among the rest, by vectors of whole pictures (SIFT, which has
              none: by how many matches pass a ratio of 0.8). Right is what sees at least SEES of the same surface, both
              ways, by depth and pose; what sees less than HARDLY is wrong, and what lies between is left out.
    pose      pairs of the test part that overlap by SHARED: the rotation and the direction of movement from matches and
              intrinsics against the true ones, in degrees. `right` is the share of matches within a pitch of where
              depth and pose put the place. `no turn` answers that the camera did not move.
    model     structure from motion of every other picture of the test part: how many are placed, and how far from their
              true places after the best similarity (Umeyama 1991).

Poses and overlaps rest on the set's own, whose depth and colour come from two lenses side by side.
"""

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pycolmap
from PIL import Image

import sightline
from sightline.data.decode.target import read_depth
from sightline.data.prepare.page import on_page
from sightline.data.sample import Sample
from sightline.data.sources.source import open_source
from sightline.measure.subject.random_tower import randomised
from sightline.probes.instances.precision import average_precision
from sightline.search.match import Described, Describer, Intrinsics, compared, mutual, open_describer
from sightline.search.match.geometry import angle
from sightline.search.match.patches import Patches
from sightline.search.match.reconstruct import reconstruct

LENS = Intrinsics(585.0, 585.0, 320.0, 240.0, (640, 480))
SEES, HARDLY = 0.5, 0.25
SHARED = (0.4, 0.8)
PAIRS, MOVED = 60, 0.1
"""pairs whose pose is asked, and metres from which a movement has a direction"""
STEP = 6
"""pixels between those by which overlap is told"""
RANDOM = "random:"


@dataclass(frozen=True, eq=False)
class Room:
    samples: list[Sample]
    pictures: list[Image.Image]
    depths: list[np.ndarray]
    """(y, x) metres, 0 where not known"""
    poses: np.ndarray
    """(n, 4, 4) camera to world"""

    def every_other(self) -> "Room":
        return Room(self.samples[::2], self.pictures[::2], self.depths[::2], self.poses[::2])


class Held:
    """A describer that describes each picture once."""

    def __init__(self, inner: Describer) -> None:
        self.inner, self.name, self.notes = inner, inner.name, inner.notes
        self.seen: dict[bytes, Described] = {}

    def __call__(self, picture: Image.Image) -> Described:
        key = picture.tobytes()
        if key not in self.seen:
            self.seen[key] = self.inner(picture)
        return self.seen[key]

    def whole(self, picture: Image.Image) -> Any:
        return self.inner.whole(picture)


class Some:
    """The samples of the model, as a source."""

    has, classes = frozenset({"image"}), ()

    def __init__(self, samples: list[Sample]) -> None:
        self.name, self.samples = "the room", samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[index]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", help="sift, pixels, encoders, random:RUN")
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--ratio", type=float, default=0.9)
    parser.add_argument("--near", type=int, default=8, help="pictures that each is compared with for the model")
    options = parser.parse_args()
    film, room = read("train", "test").every_other(), read("test")
    overlap = overlaps(film)
    pairs = chosen(overlaps(room))
    turns = [true_pose(room, *pair) for pair in pairs]
    still = shares(np.array([angle(turn) for turn, _ in turns]))
    print(f"{len(film.pictures)} and {len(room.pictures)} pictures, {len(pairs)} pairs; no turn: {still}", flush=True)
    for name in options.names:
        began = time.process_time()
        describer = Held(opened(name, options.points))
        print(f"\n{name}")
        print("overlap  mAP {:.3f} over {} queries (any order {:.3f})".format(*retrieval(describer, film, overlap)))
        print(f"pose     {pose(describer, room, pairs, turns, options.ratio)}", flush=True)
        print(f"model    {model(describer, room, options)}")
        print(f"         {time.process_time() - began:.0f} s of one core", flush=True)


def read(*parts: str) -> Room:
    """In the order of time."""
    folder = Path(os.environ["SIGHTLINE_DATA"]) / "rgbd_scene"
    sources: list[Any] = [open_source(f"{folder}:{part}") for part in parts]
    found = [source[at] for source in sources for at in range(len(source))]
    samples = sorted(found, key=lambda sample: sample.extra["frame"])
    pictures = [on_page(sample.image) for sample in samples]
    depths = [read_depth(s.depth, (p.height, p.width)) for s, p in zip(samples, pictures, strict=True) if s.depth]
    poses = np.array([sample.extra["pose"] for sample in samples], np.float64).reshape(-1, 4, 4)
    return Room(samples, pictures, depths, poses)


def opened(name: str, points: int) -> Describer:
    if name.startswith(RANDOM):
        encoder: Any = sightline.load(name.removeprefix(RANDOM))
        return Patches(randomised(encoder, 0), points)
    return open_describer(name, points)


def seen_in(room: Room, a: int, b: int, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where places (k, 2) of picture a lie in b, their depth there, and which have any depth in a."""
    depth, lens = room.depths[a], LENS.of(room.pictures[a].size)
    x, y = np.floor(places).astype(int).clip(0, np.array(depth.shape[::-1]) - 1).T
    z = depth[y, x].astype(np.float64)
    rays = np.concatenate([places, np.ones((len(places), 1))], axis=1) @ np.linalg.inv(lens.matrix).T
    world = (rays * z[:, None]) @ room.poses[a, :3, :3].T + room.poses[a, :3, 3]
    there = (world - room.poses[b, :3, 3]) @ room.poses[b, :3, :3]
    flat = there @ lens.matrix.T
    return flat[:, :2] / np.where(flat[:, 2:] > 0, flat[:, 2:], np.inf), there[:, 2], z > 0


def overlaps(room: Room) -> np.ndarray:
    """(n, n): the share of a's surface that b sees too, the smaller of both ways."""
    n, (width, height) = len(room.pictures), room.pictures[0].size
    grid = np.stack(np.meshgrid(np.arange(3, width, STEP), np.arange(3, height, STEP)), -1).reshape(-1, 2) + 0.5
    share = np.zeros((n, n))
    for a in range(n):
        for b in range(n):
            places, depth, known = seen_in(room, a, b, grid)
            inside = known & (depth > 0) & (places > 0).all(axis=1) & (places < (width, height)).all(axis=1)
            x, y = np.floor(np.where(inside[:, None], places, 0)).astype(int).T
            met = room.depths[b][y, x]
            same = inside & ((met == 0) | (np.abs(met - depth) < 0.1 * depth))  # not hidden by something nearer
            share[a, b] = same.sum() / max(1, known.sum())
    return np.minimum(share, share.T)


def chosen(overlap: np.ndarray) -> list[tuple[int, int]]:
    """Pairs a < b, evenly taken of all that overlap by `SHARED`."""
    found = [(int(a), int(b)) for a, b in np.argwhere((overlap >= SHARED[0]) & (overlap <= SHARED[1])) if a < b]
    return [found[round(at)] for at in np.linspace(0, len(found) - 1, min(PAIRS, len(found)))]


def retrieval(describer: Held, room: Room, overlap: np.ndarray) -> tuple[float, int, float]:
    """Mean average precision, of how many queries, and the share that is right."""
    wholes = [describer.whole(picture) for picture in room.pictures]
    n = len(wholes)
    if wholes[0] is None:
        found = [describer(picture) for picture in room.pictures]
        scores = np.zeros((n, n))
        for a, b in zip(*np.triu_indices(n, 1), strict=True):
            scores[a, b] = scores[b, a] = len(mutual(found[a].vectors, found[b].vectors, 0.8))
    else:
        scores = np.stack(wholes) @ np.stack(wholes).T
    right, wrong = (overlap >= SEES) & ~np.eye(n, dtype=bool), overlap < HARDLY
    told = [(scores[q][right[q] | wrong[q]], right[q][right[q] | wrong[q]]) for q in range(n) if right[q].any()]
    precision = [average_precision(score, truth) for score, truth in told]
    return float(np.mean(precision)), len(told), float(np.mean([truth.mean() for _, truth in told]))


def true_pose(room: Room, a: int, b: int) -> tuple[np.ndarray, np.ndarray]:
    """R and t in metres, from the axes of camera a to those of b."""
    back = room.poses[b, :3, :3].T
    return back @ room.poses[a, :3, :3], back @ (room.poses[a, :3, 3] - room.poses[b, :3, 3])


def pose(describer: Held, room: Room, pairs: list[tuple[int, int]], turns: list[Any], ratio: float) -> str:
    errors, ways, right, counts = [], [], [], []
    for (a, b), (turn, move) in zip(pairs, turns, strict=True):
        found = compared(*(describer(room.pictures[at]) for at in (a, b)), intrinsics=LENS, ratio=ratio)
        one, other = found.points
        counts.append(len(one))
        there, _, known = seen_in(room, a, b, one.astype(np.float64))
        missed = np.linalg.norm(there - other, axis=1)[known]
        right.append(float((missed <= max(found.one.pitch, 6.0)).mean()) if len(missed) else 0.0)
        geometry = found.geometry
        if geometry is None or geometry.rotation is None or geometry.translation is None:
            errors.append(180.0)
            ways.append(180.0)
            continue
        errors.append(angle(geometry.rotation, turn))
        if (length := np.linalg.norm(move)) >= MOVED:
            ways.append(float(np.degrees(np.arccos(np.clip(geometry.translation @ move / length, -1, 1)))))
    told = f"{np.mean(counts):.0f} matches, {np.mean(right):.2f} right; rotation {shares(np.array(errors))}"
    return f"{told}; movement median {np.median(ways):.0f}"


def shares(errors: np.ndarray) -> str:
    below = ", ".join(f"{(errors < limit).mean():.2f} below {limit}" for limit in (5, 10, 20))
    return f"median {np.median(errors):.1f} degrees, {below}"


def model(describer: Held, room: Room, options: argparse.Namespace) -> str:
    some = room.every_other()
    true = {sample.key: pose[:3, 3] for sample, pose in zip(some.samples, some.poses, strict=True)}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model"
        try:
            told = reconstruct(
                describer, Some(some.samples), out, intrinsics=LENS, ratio=options.ratio, near=options.near
            )
        except ValueError as error:
            return f"none: {error}"
        images = pycolmap.Reconstruction(str(out / "0")).images.values()
    names = [image.name for image in images if image.has_pose]
    found, wanted = np.array([i.projection_center() for i in images if i.has_pose]), np.array([true[n] for n in names])
    best, largest = pycolmap.estimate_sim3d(found, wanted), told.models[0]
    placed = f"{largest.registered} of {told.pictures} placed, {largest.points} points"
    if best is None:
        return f"{placed}; no path to compare"
    missed = np.linalg.norm(np.array([best * place for place in found]) - wanted, axis=1)
    around = np.linalg.norm(wanted - wanted.mean(axis=0), axis=1)
    size = f"of a path {100 * np.sqrt((around**2).mean()):.0f} cm around its middle"
    off = f"off by {100 * np.sqrt((missed**2).mean()):.1f} cm ({size})"
    return f"{placed}; {off}; {told.agreeing} of {told.compared} pairs agree"


if __name__ == "__main__":
    main()
