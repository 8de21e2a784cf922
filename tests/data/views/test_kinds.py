"""Views are values: what the papers say, in the papers' order, changed from a command line."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from sightline.data.augment import (
    Affine,
    Augment,
    AugmentViews,
    Background,
    Blur,
    ColorJitter,
    CropResize,
    Cutout,
    Flip,
    Gray,
    Solarize,
    caption_views,
)
from sightline.data.sample import Sample
from sightline.data.views.kinds import (
    ByolViews,
    MaeView,
    MultiCrop,
    OneView,
    TwoViews,
    View,
    as_views,
    check_view_sizes,
    smallest_side,
    stored_side,
)
from sightline.data.views.patch_pairs import Neighbours
from sightline.train.recipe.override import override

EVERY = [OneView, TwoViews, ByolViews, MultiCrop, MaeView]


def named(view):
    """The operations by their kind; of one kind there is one."""
    return {type(op): op for op in view.ops}


def noise(b=70, c=3, side=42):
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (b, c, side, side)).astype(np.uint8))
    return {"image": image, "size": torch.full((b, 2), side), "index": torch.arange(b)}


@pytest.mark.parametrize(("size", "strength", "blur"), [(224, 1.0, 23), (32, 0.5, None)])
def test_two_views_are_simclr(size, strength, blur):
    one, other = TwoViews()(size)
    assert one == other and one.size == size
    ops = named(one)
    assert (ops[CropResize].scale, ops[CropResize].flip, ops[CropResize].ratio) == ((0.08, 1.0), 0.5, (3 / 4, 4 / 3))
    jitter = ColorJitter(0.8 * strength, 0.8 * strength, 0.8 * strength, 0.2 * strength, p=0.8)
    assert ops[ColorJitter] == jitter and ops[Gray] == Gray(0.2) and Solarize not in ops
    assert ops.get(Blur) == (Blur(blur, (0.1, 2.0), 0.5) if blur else None)
    assert OneView()(size) == [one]
    asked = named(TwoViews(strength=0.25, blur=1.0)(32)[0])
    assert asked[ColorJitter].hue == 0.05 and asked[Blur].p == 1


def test_byol_blurs_the_first_and_solarizes_the_second():
    one, other = (named(view) for view in ByolViews()(224))
    assert (one[Blur], other[Blur]) == (Blur(23, (0.1, 2.0), 1.0), Blur(23, (0.1, 2.0), 0.1))
    assert Solarize not in one and other[Solarize] == Solarize(0.5, 0.2)
    for ops in (one, other):
        assert ops[ColorJitter] == ColorJitter(0.4, 0.4, 0.2, 0.1, p=0.8) and ops[Gray] == Gray(0.2)
        assert ops[CropResize].scale == (0.08, 1.0)
        assert list(ops)[:4] == [CropResize, Background, ColorJitter, Gray]


def test_multi_crop_is_dino():
    views = MultiCrop(count=8, size=96)(224)
    assert [view.size for view in views] == [224] * 2 + [96] * 8
    ops = [named(view) for view in views]
    assert [each[Blur] for each in ops] == [Blur(23, p=p) for p in (1.0, 0.1, *[0.5] * 8)]
    assert [Solarize in each for each in ops] == [False, True] + [False] * 8
    assert ops[1][Solarize].p == 0.2 and 127 / 255 < ops[1][Solarize].threshold <= 128 / 255
    assert [each[CropResize].scale for each in ops] == [(0.4, 1.0)] * 2 + [(0.05, 0.4)] * 8
    assert all(each[ColorJitter] == ColorJitter(0.4, 0.4, 0.2, 0.1, p=0.8) for each in ops)
    assert [view.size for view in MultiCrop()(32)] == [32] * 2 + [16] * 4
    assert [view.size for view in MultiCrop(count=0)(32)] == [32] * 2


def test_global_views_show_whole_drawings_and_local_ones_crops_of_them():
    first, second, local = MultiCrop("graphics", count=1, local_scale=(0.1, 0.4))(32)
    assert list(first.ops) == list(second.ops) == list(TwoViews("graphics")(32)[0].ops)
    assert named(local)[CropResize].scale == (0.1, 0.4) and (first.size, local.size) == (32, 16)


def test_mae_crops_and_mirrors_and_nothing_else():
    [view] = MaeView()(32)
    assert set(named(view)) == {CropResize, Background} and named(view)[CropResize].scale == (0.2, 1.0)
    assert named(view)[CropResize].flip == 0.5


def test_a_masked_drawing_stands_on_plain_grounds():
    [view] = MaeView("graphics")(32)
    assert named(view)[Background] == Background(random=0.35)
    assert named(TwoViews("graphics")(32)[0])[Background].checker > 0


@pytest.mark.parametrize("views", EVERY)
def test_drawings_are_never_mirrored_and_cut_out_first(views):
    for view in views("graphics")(32):
        ops = named(view)
        assert Flip not in ops and getattr(ops.get(CropResize), "flip", 0) == 0
        assert view.ops[0] == Cutout() and ColorJitter not in ops
        if CropResize in ops:
            assert ops[CropResize].keep >= 0.2
        else:
            assert ops[Affine].rotate == 5 and ops[Affine].scale == (0.8, 1.25)


@pytest.mark.parametrize("kind", ["photo", "graphics"])
@pytest.mark.parametrize("views", EVERY)
@pytest.mark.parametrize("channels", [3, 4])
def test_every_set_makes_finite_pictures_of_its_sizes(views, kind, channels):
    made = AugmentViews(views(kind)(32))(noise(b=12, c=channels), 0, 0)
    assert [picture.shape[2] for picture in made] == [view.size for view in views(kind)(32)]
    for picture in made:
        assert picture.shape[:2] == (12, 3) and picture.is_contiguous() and picture.isfinite().all()
        assert picture.min() >= -1.001 and picture.max() <= 1.001


@pytest.mark.parametrize("kind", ["photo", "graphics"])
def test_views_of_one_distribution_are_drawn_apart_and_equal_the_single_ones(kind):
    batch, views = noise(), TwoViews(kind)(32)
    one, other = AugmentViews(views)(batch, 3, 7)
    assert (one - other).abs().mean((1, 2, 3)).min() > 0.02
    for number, picture in enumerate((one, other)):
        assert torch.allclose(Augment(views[0].ops, size=32)(batch, 3, 7, view=number), picture, atol=1e-6)
    assert torch.equal(AugmentViews(views)(batch, 3, 7)[1], other)


@pytest.mark.parametrize("views", [TwoViews("graphics"), MultiCrop("graphics", count=1)], ids=repr)
def test_a_drawing_does_not_depend_on_the_photographs_beside_it(views):
    batch = noise(b=20)
    batch["image"][::3, :, :, :] = 255
    batch["image"][::3, 1:, 10:30, 12:28] = 40
    whole = AugmentViews(views(32))(batch, 0, 0)
    for rows in (slice(0, None, 3), slice(1, None, 3)):
        part = AugmentViews(views(32))({name: value[rows] for name, value in batch.items()}, 0, 0)
        assert all(torch.allclose(one[rows], other, atol=1e-5) for one, other in zip(whole, part, strict=True))


def test_what_draws_nothing_is_done_once(monkeypatch):
    calls = []
    plain = Cutout.__call__
    monkeypatch.setattr(Cutout, "__call__", lambda op, *given: calls.append(1) or plain(op, *given))
    AugmentViews(MultiCrop("graphics")(32))(noise(b=8), 0, 0)
    assert len(calls) == 1


def test_a_list_of_operations_is_one_view():
    [view] = as_views(caption_views(48), 48)
    assert (view.ops, view.size) == (caption_views(48), 48)
    assert as_views(TwoViews()(32), 32) == TwoViews()(32)
    with pytest.raises(ValueError, match="mixed"):
        as_views([View([], 32), Background()], 32)


WHITE, BLUE = (255, 255, 255), (20, 30, 120)
DRAWN = [
    (colour, ground)
    for colour in ((0, 0, 0), WHITE, (250, 250, 250), (255, 230, 0), (128, 128, 128))
    for ground in (None, WHITE, BLUE)
    if ground is None or np.abs(np.subtract(colour, ground)).max() >= 40  # there is something to be seen
]


@pytest.mark.parametrize(("colour", "ground"), DRAWN)
def test_a_drawing_is_never_blank_in_any_view(colour, ground):
    at = (np.arange(42) + 0.5) / 42 - 0.5
    inside = (np.hypot(at[:, None], at - 0.1) < 0.25)[None]
    rgb = np.where(inside, np.reshape(colour, (3, 1, 1)), np.reshape(ground or colour, (3, 1, 1)))
    channels = rgb if ground else np.concatenate([rgb, 255 * inside])
    batch = noise(b=64) | {"image": torch.from_numpy(np.stack([channels.astype(np.uint8)] * 64))}
    for picture in AugmentViews(MultiCrop("graphics", count=2)(32))(batch, 0, 0):
        assert (picture.amax((1, 2, 3)) - picture.amin((1, 2, 3))).min() > 0.1


@dataclass(frozen=True, kw_only=True)
class Data:
    views: object = MultiCrop()
    size: int = 64


@dataclass(frozen=True, kw_only=True)
class Recipe:
    data: Data = Data()


def test_views_are_changed_from_the_command_line():
    settings = ["data.views.kind=graphics", "data.views.count=6", "data.views.local_scale=(0.1,0.4)"]
    made = override(Recipe(), settings).data.views
    assert made == MultiCrop("graphics", count=6, local_scale=(0.1, 0.4))
    simclr = override(Recipe(data=Data(views=TwoViews())), ["data.views.strength=0.7", "data.views.blur=none"])
    assert simclr.data.views == TwoViews(strength=0.7)
    with pytest.raises(ValueError, match="one of 'photo', 'graphics'"):
        override(Recipe(), ["data.views.kind=drawing"])
    with pytest.raises(ValueError, match="it has kind, count"):
        override(Recipe(), ["data.views.number=6"])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: OneView(scale=(0.5, 0.2)), "crop's area"),
        (lambda: MultiCrop(count=-1), "count=-1"),
        (lambda: MultiCrop(local_scale=(0, 0.4)), "crop's area"),
        (lambda: AugmentViews([]), "no views"),
    ],
)
def test_views_that_cannot_be_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_views_are_for_photos_or_graphics():
    # under the tests' type checker the annotation says so first
    with pytest.raises((ValueError, TypeError), match="photo.*graphics"):
        TwoViews("drawing")


class Pictures:
    """A source of pictures of the sides given; a text stands for an SVG, None for a broken file."""

    name, has, classes = "some", frozenset({"image"}), ()

    def __init__(self, sides):
        self.sides = sides

    def __len__(self):
        return len(self.sides)

    def __getitem__(self, index):
        side = self.sides[index]
        if side is None:
            return Sample(str(index), b"nothing")
        if isinstance(side, str):
            return Sample(str(index), side.encode())
        return Sample(str(index), np.zeros((side, 2 * side, 3), np.uint8))


def test_the_smallest_side_passes_over_drawings_broken_files_and_strays():
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="3"/>'
    assert smallest_side(Pictures([40, 25, svg, None, 90])) == 25
    assert smallest_side(Pictures([40] * 99 + [4])) == 40
    assert smallest_side(Pictures([svg, None])) is None and smallest_side(Pictures([])) is None
    seen = []
    many = Pictures([40] * 10_000)
    monkey = type("Counted", (Pictures,), {"__getitem__": lambda s, i: seen.append(i) or many[i]})(many.sides)
    assert smallest_side(monkey, 64) == 40 and len(seen) == 64


def test_pictures_enlarged_more_than_twice_are_refused_with_the_size_that_works():
    check_view_sizes(TwoViews(), 32, 16)
    check_view_sizes(TwoViews(), 32, None)
    with pytest.raises(ValueError, match="32 px.*shorter side is 12 px.*data.size=24"):
        check_view_sizes(MultiCrop(), 32, 12)
    for smallest in range(1, 40):
        try:
            check_view_sizes(TwoViews(), 64, smallest)
        except ValueError as error:
            size = int(str(error).split("data.size=")[1].split(",")[0])
            check_view_sizes(TwoViews(), size, smallest)


def test_patches_of_a_picture_are_measured_by_the_picture():
    near = Neighbours(patch=8, gap=2, jitter=1)
    check_view_sizes(near, 32, 16)
    with pytest.raises(ValueError, match="32 px.*shorter side is 15 px.*data.size=30"):
        check_view_sizes(near, 32, 15)
    with pytest.raises(ValueError, match="Take larger pictures"):  # three patches need 30 px
        check_view_sizes(near, 32, 14)


def test_the_size_named_is_the_largest_at_which_everything_fits():
    with pytest.raises(ValueError, match="data.size=16,"):
        check_view_sizes(MultiCrop(), 32, 15, lambda size: size % 16 == 0)
    with pytest.raises(ValueError, match="Take larger pictures"):
        check_view_sizes(MultiCrop(size=48), 32, 15)


@pytest.mark.parametrize(
    ("views", "size", "side"),
    [
        (TwoViews(), 224, 792),  # 224 / sqrt(0.08)
        (MultiCrop(count=10, size=96, global_scale=(0.25, 1.0), local_scale=(0.05, 0.25)), 224, 448),  # the globals'
        (MultiCrop(count=1, size=112, global_scale=(0.9, 1.0), local_scale=(0.05, 0.25)), 224, 501),  # 112 / sqrt(.05)
        (MaeView(), 224, 501),
        (TwoViews(scale=(0.01, 1.0)), 224, 1120),  # five times the side at most
        (caption_views, 224, 291),  # 1.3: a crop of nine tenths needs no more
        (TwoViews(), 64, 83),
        (MultiCrop(), 32, 42),
        (Neighbours(), 64, 83),
        (TwoViews(kind="graphics"), 224, 291),
    ],
)
def test_pictures_are_decoded_to_what_the_smallest_crop_needs(views, size, side):
    assert stored_side(as_views(views(size), size), size) == side
