"""Wherever an operation takes a mark, its mask, depth, box and keypoint go; found by looking at the pixels."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from marked import NUMBERS, grown, marks, seen, shrunk

from sightline.data import augment as rooms
from sightline.data import views as sets
from sightline.data.augment import (
    Affine,
    AugmentViews,
    Background,
    Blur,
    ColorJitter,
    CropResize,
    Cutout,
    Erase,
    Fit,
    Flip,
    Foreground,
    Gray,
    Invert,
    Palette,
    Shadow,
    Solarize,
    Stroke,
    Texture,
    View,
    caption_views,
    drawing_views,
    evaluation,
    geometry,
    icon_views,
)
from sightline.data.augment.draws import Draws
from sightline.data.augment.exemplar import ComponentContrast, PowerContrast
from sightline.data.augment.pictures import unpack
from sightline.data.augment.resample import BICUBIC
from sightline.data.views.exemplar import ExemplarViews
from sightline.data.views.instance import InstanceViews
from sightline.data.views.kinds import ByolViews, MaeView, MultiCrop, OneView, TwoViews, as_views
from sightline.data.views.patch_pairs import Coarse, DropChannels, Neighbours, Patch, WithoutGreenMagenta

MOVING = {
    "crop": [CropResize((0.3, 1.0))],
    "crop, mirrored": [CropResize((0.2, 0.8), flip=1.0, kernel=BICUBIC)],
    "crop of ink": [CropResize((0.2, 0.8), flip=0.5, keep=0.3)],
    "fit": [Fit()],
    "flip": [Fit(), Flip(1.0)],
    "moved": [Affine(translate=0.2, scale=(0.6, 1.6))],
    "turned": [Affine(rotate=180.0)],
    "slanted": [Affine(shear=30.0)],
    "all of affine": [Affine(rotate=40.0, translate=0.1, scale=(0.8, 1.2), shear=15.0)],
    "affine, then crop": [Affine(rotate=20.0, scale=(0.7, 1.0)), CropResize((0.4, 0.9), flip=0.5), Flip()],
    "patch": [Patch(at, 48, Neighbours(patch=16, gap=0, jitter=0)) for at in (3,)],
}
STAYING = {
    "background": [Background(random=0.3, checker=0.2, gradient=0.2, noise=0.2)],
    "blur": [Blur(3, p=1.0)],
    "jitter": [ColorJitter(0.3, 0.3, 0.3, 0.3)],
    "cutout": [Cutout()],
    "erase": [Fit(), Erase(p=1.0)],
    "foreground": [Foreground(p=1.0)],
    "gray": [Gray(1.0)],
    "invert": [Invert(1.0)],
    "palette": [Palette(p=1.0)],
    "shadow": [Fit(), Shadow(p=1.0)],
    "solarize": [Solarize(p=1.0)],
    "stroke": [Fit(), Stroke(p=1.0)],
    "texture": [Fit(), Texture(p=1.0)],
    "components": [ComponentContrast()],
    "power": [PowerContrast(power=(0.7, 1.4))],
    "projection": [Background(), WithoutGreenMagenta()],
    "channels": [Background(), DropChannels()],
    "coarse": [Fit(), Background(), Coarse(1.0, least=0.7)],
}
LISTS = {
    "caption_views": caption_views,
    "drawing_views": drawing_views,
    "evaluation": evaluation,
    "icon_views": icon_views,
    "OneView": OneView(),
    "TwoViews": TwoViews(),
    "ByolViews": ByolViews(),
    "MultiCrop": MultiCrop(count=2, local_scale=(0.2, 0.5)),
    "MaeView": MaeView(),
    "ExemplarViews": ExemplarViews(flip=0.5, power=(0.7, 1.4)),
    "InstanceViews": InstanceViews(),
    "Neighbours": Neighbours(patch=8, gap=1, jitter=1),
    "TwoViews graphics": TwoViews("graphics"),
    "MultiCrop graphics": MultiCrop("graphics", count=2, local_scale=(0.2, 0.5)),
    "MaeView graphics": MaeView("graphics"),
}
SIDE = 32
TRIED = settings(max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate])
ERASING = {"erase", "drawing_views"}


def check(marked, views, step, near, erasing=False):
    """The four targets against the pixels that show a mark, up to `near` pixels; returns how many views showed one."""
    shown = 0
    for shows, targets in seen(marked, views, step, 8):
        mask, depth = targets["mask"].numpy(), targets["depth"].numpy()
        assert np.array_equal(depth, mask.clip(0))
        numbered, side = np.isin(mask, NUMBERS), mask.shape[1]
        visible = shows.any((1, 2))
        # at a border of the view a mark just outside of it has its share of a pixel
        inner = shrunk(np.ones_like(numbered), near)
        assert not (shows & inner & ~grown(numbered, near)).any()
        missed = shrunk(numbered, near) & ~shows & visible[:, None, None]
        assert erasing or not missed.any()
        shown += visible.sum()
        for row in np.flatnonzero(visible):
            boxes = dict(zip(targets["box_ids"][row].tolist(), targets["boxes"][row].numpy(), strict=True))
            for number, points in zip(NUMBERS, targets["keypoints"][row].numpy(), strict=True):
                here, box = mask[row] == number, boxes.get(NUMBERS.index(number))
                place = np.argwhere(here)[:, ::-1]
                if box is None:
                    assert len(place) == 0 or np.ptp(place, axis=0).min() <= 1
                    continue
                low, high = box[:2], box[:2] + box[2:]
                if len(place):
                    assert (place.min(0) > low - 1).all() and (place.max(0) + 1 < high + 1).all()
                (x, y), sight = points[0, :2], points[:, 2]
                if sight[0] and shrunk(here[None], near)[0, int(min(y, side - 1)), int(min(x, side - 1))]:
                    assert erasing or shows[row, int(y), int(x)]
                if sight.all():  # nothing of it is cut off
                    corners = points[1:, :2]
                    assert np.allclose([corners.min(0), corners.max(0)], [low, high], atol=1e-3)
                    assert np.allclose([x, y], (low + high) / 2, atol=1e-3) and here[int(y), int(x)]
                    assert max(np.abs(place.min(0) - low).max(), np.abs(place.max(0) + 1 - high).max()) <= near + 1
    return shown


def telling(op):
    """The operation, unless the mark cannot be told after it: one that is solarized may have its neighbour's colour, a
    random ground contrasts with the mean ink, which changes with the colours of the marks."""
    if isinstance(op, Background):
        return Background(op.colour)
    return None if isinstance(op, Solarize) else op


@pytest.mark.parametrize("name", [*MOVING, *STAYING])
@TRIED
@given(marked=marks(), step=st.integers(0, 1000))
def test_the_targets_of_a_mark_go_where_an_operation_takes_its_pixels(name, marked, step):
    ops = (MOVING | STAYING)[name]
    near = 2 if name in ("stroke", "blur", "coarse") else 1
    assert check(marked, [View(ops, SIDE)], step, near, name in ERASING) or name in ("solarize", "patch", "erase")


@pytest.mark.parametrize("name", LISTS)
@TRIED
@given(marked=marks(), step=st.integers(0, 1000))
def test_the_targets_of_a_mark_go_where_a_ready_list_takes_its_pixels(name, marked, step):
    views = [View(list(filter(None, map(telling, view.ops))), view.size) for view in as_views(LISTS[name](SIDE), SIDE)]
    check(marked, views, step, 2, name in ERASING)


def test_every_operation_there_is_was_tried():
    known = {type(op) for ops in [*MOVING.values(), *STAYING.values()] for op in ops}
    found = set()
    for room in (rooms, sets):
        for info in pkgutil.iter_modules(room.__path__, room.__name__ + "."):
            for _, kind in inspect.getmembers(importlib.import_module(info.name), inspect.isclass):
                if "__call__" in vars(kind) and "pictures" in inspect.signature(kind.__call__).parameters:
                    found.add(kind)
    assert found == known


def pictures(b=5, y=40, x=30):
    size = np.tile(np.array([[y, x]]), (b, 1))
    return unpack(torch.randint(0, 256, (b, 4, y, x), dtype=torch.uint8), size, 24), Draws(0, 0, np.arange(b))


@pytest.mark.parametrize("name", [name for name in STAYING if name not in ("erase", "shadow", "stroke", "texture")])
def test_operations_on_colours_leave_the_map(name):
    made, draws = pictures()
    for op in STAYING[name]:
        before = made.transform
        made = op(made, draws)
        assert isinstance(op, Fit) or made.transform is before


def test_maps_follow_one_another():
    made, draws = pictures()
    one = Affine(rotate=30, translate=0.1)(made, draws)
    both = CropResize((0.3, 0.6), flip=1)(one, draws)
    alone = CropResize((0.3, 0.6), flip=1)(one.with_image(one.image), draws).transform.map
    assert np.array_equal(both.transform.map, alone)
    step = geometry.after(both.transform.map, geometry.inverse(one.transform.map))
    given = np.random.default_rng(0).random((5, 7, 2)) * 30
    there = geometry.points(step, geometry.points(one.transform.map, given))
    assert np.allclose(there, geometry.points(both.transform.map, given))


def test_mirrored_twice_is_the_picture_again():
    made, draws = pictures(x=40)
    made = Fit()(made, draws)
    twice = Flip(1)(Flip(1)(made, draws), draws)
    assert np.array_equal(twice.transform.map, made.transform.map) and torch.equal(twice.image, made.image)
    assert (
        geometry.mirrored(Flip(1)(made, draws).transform.map).all() and not geometry.mirrored(twice.transform.map).any()
    )


def test_a_map_and_its_inverse_leave_every_point():
    made, draws = pictures()
    there = Affine(rotate=50, translate=0.3, scale=(0.5, 2), shear=20)(made, draws).transform.map
    assert np.allclose(geometry.after(geometry.inverse(there), there), geometry.identity(5))


def test_other_numbers_of_pixels_without_a_map_are_refused():
    made, _ = pictures()
    with pytest.raises(ValueError, match=r"\(40, 30\) pixels became \(20, 30\).*pictures.moved\(image, map\)"):
        made.with_image(made.image[:, :, :20])


@pytest.mark.parametrize("name", LISTS)
def test_what_is_mirrored_is_known_without_a_pixel(name):
    views = AugmentViews(as_views(LISTS[name](SIDE), SIDE))
    index = torch.arange(70) * 3
    image = torch.randint(0, 256, (70, 4, 48, 48), dtype=torch.uint8)
    stored = {"image": image, "size": torch.tensor([[48, 48]] * 70), "index": index}
    for step in (0, 9):
        _, transforms = views.with_transforms(stored, 4, step)
        told = views.mirrored(4, step, index.numpy())
        assert told.dtype == bool and np.array_equal(told, geometry.mirrored(transforms[0].map))
        flips = any(getattr(op, "flip", 0) or isinstance(op, Flip) for op in views.views[0].ops)
        assert told.any() == flips
