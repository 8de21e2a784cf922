"""A model of a scene from many pictures of it (structure from motion): our matches, COLMAP's incremental mapping.

Schoenberger and Frahm 2016, https://demuc.de/papers/schoenberger2016sfm.pdf. Places are described once a picture, so
that a place matched in several pairs is one point of the model.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.atomic import atomic_folder
from sightline.data.decode.record import Bad
from sightline.data.prepare.page import on_page
from sightline.data.sample import BadSample, Source, Stream
from sightline.search.fill.samples import samples
from sightline.search.match.database import Database, View
from sightline.search.match.described import Describer
from sightline.search.match.extra import colmap
from sightline.search.match.intrinsics import Intrinsics
from sightline.search.match.nearest import RATIO, check_ratio, mutual
from sightline.search.match.pairs import NEAR, pairs_of

FORMAT = 1
"""of summary.json; docs/metric/matching.md lists its fields"""
LEAST = 15
"""COLMAP's own: matches that agree below which a pair of pictures says nothing"""
SMALLEST = 3
"""pictures of the smallest model that is kept"""

Telling = Callable[[str], AbstractContextManager[Callable[[int, int | None], None]]]
"""title -> the function to call with (done, total) within"""


@dataclass(frozen=True)
class Model:
    """One connected model; the largest is number 0."""

    folder: str
    """in which it lies: COLMAP's files, and points.ply"""
    registered: int
    points: int
    reprojection: float
    """mean over observations, in pixels"""
    track: float
    """pictures in which a point is seen, on average"""
    cameras: list[list[float]]
    """the parameters of each, as COLMAP has them: focal lengths, principal point, distortion"""


@dataclass(frozen=True)
class Summary:
    """What came of it; `summary.json` beside the models."""

    encoder: str
    pictures: int
    compared: int
    """pairs of pictures"""
    agreeing: int
    """pairs of which at least 15 matches agree"""
    models: list[Model]
    left_out: list[str]
    """pictures that are in no model"""
    bad: dict[str, str]
    """pictures that could not be read, and why"""


def reconstruct(
    describer: Describer,
    source: Source | Stream,
    out: Path,
    *,
    intrinsics: Intrinsics | None = None,
    ratio: float = RATIO,
    near: int = NEAR,
    telling: Telling = lambda title: nullcontext(lambda done, total: None),
) -> Summary:
    """Writes models of the scene that `source` shows into the new folder `out`: `0/` the largest, each with COLMAP's
    cameras, images and points3D and a points.ply; `database.db` with keypoints and matches; summary.json.

    The folder appears when all is written. Pictures of one size are taken to be of one camera. Each is compared with
    the `near` that look most like it (`pairs_of`). ValueError for a ratio that is none, an `out` that holds something,
    intrinsics that do not fit a picture, fewer than three pictures, none of which two agree, and where no model comes
    of it.
    """
    check_ratio(ratio)
    api = colmap()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is there already and is not empty; name a new folder")
    bad: dict[str, str] = {}
    with telling("describing") as tell:
        views = list(_views(describer, source, intrinsics, bad, tell))
    if len(views) < SMALLEST:
        raise ValueError(
            f"{source.name} gives {len(views)} pictures that can be used; a model takes at least {SMALLEST}, and some "
            "dozens of a scene from all around make a good one"
        )
    pairs = pairs_of(len(views), [view.whole for view in views], near)
    with atomic_folder(out) as made, _quiet(api):
        base = Database(made / "database.db", views, intrinsics)
        with telling("matching pairs") as tell:
            agreeing = _compare(base, pairs, ratio, tell)
        base.close()
        if not agreeing:
            raise ValueError(
                f"no two of {len(views)} pictures have {LEAST} matches that agree ({len(pairs):,} pairs compared); "
                "take more of each (--points), a higher --ratio, or another encoder"
            )
        with telling("placing pictures") as tell:
            models = _map(api, made, views, intrinsics, tell)
        if not models:
            raise ValueError(
                f"no model: of {len(pairs):,} pairs {agreeing:,} agree, but no two pictures are a start from which a "
                "third could be placed. They need parts in common, seen from places apart"
            )
        told = [_written(model, made, number, views) for number, model in enumerate(models)]
        placed = {image.name for model in models for image in model.images.values() if image.has_pose}
        left = [view.key for view in views if view.key not in placed]
        summary = Summary(describer.name, len(views), len(pairs), agreeing, told, left, bad)
        text = json.dumps({"format": FORMAT} | asdict(summary), indent=2, ensure_ascii=False)
        (made / "summary.json").write_text(text + "\n", encoding="utf-8")
    return summary


def _views(
    describer: Describer,
    source: Source | Stream,
    intrinsics: Intrinsics | None,
    bad: dict[str, str],
    tell: Callable[[int, int | None], None],
) -> Iterator[View]:
    total = len(source) if isinstance(source, Source) else None
    for number, sample in enumerate(samples(source), 1):
        if isinstance(sample, Bad):
            bad[sample.key] = sample.reason
        else:
            try:
                picture = on_page(sample.image)
            except BadSample as error:
                bad[sample.key] = str(error)
            else:
                if intrinsics is not None:
                    intrinsics.of(picture.size)  # refuses what does not fit before the long work
                seen = describer(picture)
                x, y = np.floor(seen.points).astype(int).clip(0, np.array(seen.size) - 1).T
                yield View(sample.key, seen, np.asarray(picture)[y, x], describer.whole(picture))
        tell(number, total)


def _compare(
    base: Database, pairs: Sequence[tuple[int, int]], ratio: float, tell: Callable[[int, int | None], None]
) -> int:
    """How many pairs agree."""
    options = base.colmap.TwoViewGeometryOptions()
    options.min_num_inliers = LEAST
    options.ransac.random_seed = 0
    agreeing = 0
    for done, (i, j) in enumerate(pairs, 1):
        one, other = base.views[i].described, base.views[j].described
        # never stricter than COLMAP's own 4 pixels
        options.ransac.max_error = max(4.0, one.tolerance, other.tolerance)
        agreeing += base.compare(i, j, mutual(one.vectors, other.vectors, ratio), options) >= LEAST
        tell(done, len(pairs))
    return agreeing


def _map(
    api: Any,
    made: Path,
    views: Sequence[View],
    intrinsics: Intrinsics | None,
    tell: Callable[[int, int | None], None],
) -> list[Any]:
    """The models, largest first."""
    options = api.IncrementalPipelineOptions()
    options.min_model_size, options.min_num_matches = SMALLEST, LEAST
    options.extract_colors = False
    options.random_seed, options.num_threads = 0, 1  # the same pictures give the same model
    if intrinsics is not None:
        options.ba_refine_focal_length = options.ba_refine_extra_params = False
    tolerance = max(view.described.tolerance for view in views)
    for name, least in (("init_max_error", 4.0), ("filter_max_reproj_error", 4.0), ("abs_pose_max_error", 12.0)):
        setattr(options.mapper, name, max(least, tolerance))
    placed = 0

    def next_image() -> None:
        nonlocal placed
        placed += 1
        tell(min(placed, len(views)), len(views))

    found = api.incremental_mapping(
        database_path=str(made / "database.db"),
        image_path=str(made),
        output_path=str(made),
        options=options,
        initial_image_pair_callback=next_image,
        next_image_callback=next_image,
    )
    for folder in made.iterdir():
        if folder.is_dir():  # as COLMAP numbered them, without colours
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
    return sorted(found.values(), key=lambda model: -model.num_reg_images())


def _written(model: Any, made: Path, number: int, views: Sequence[View]) -> Model:
    for point in model.points3D.values():
        seen = [views[e.image_id - 1].colours[e.point2D_idx] for e in point.track.elements]
        point.color = np.mean(seen, axis=0).round().astype(np.uint8)
    folder = made / str(number)
    folder.mkdir()
    model.write_binary(str(folder))
    model.export_PLY(str(folder / "points.ply"))
    return Model(
        folder=str(number),
        registered=model.num_reg_images(),
        points=model.num_points3D(),
        reprojection=round(float(model.compute_mean_reprojection_error()), 3),
        track=round(float(model.compute_mean_track_length()), 3),
        cameras=[np.round(camera.params, 3).tolist() for camera in model.cameras.values()],
    )


@contextmanager
def _quiet(api: Any) -> Iterator[None]:
    """COLMAP tells every step on stderr, and what we say ourselves."""
    level = api.logging.minloglevel
    api.logging.minloglevel = 3
    try:
        yield
    finally:
        api.logging.minloglevel = level
