"""An augmented picture is a function of (seed, step, sample), geometry is right, and drawings stay visible."""

import numpy as np
import pytest
import torch

from sightline.data.augment import (
    Affine,
    Augment,
    Background,
    Blur,
    ColorJitter,
    CropResize,
    Fit,
    Flip,
    Foreground,
    Gray,
    Invert,
    Solarize,
    caption_views,
    evaluation,
)
from sightline.data.augment.alpha import contrast, luminance
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import unpack
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.views.kinds import TwoViews


def photo_views(size):
    return list(TwoViews(strength=1.0, blur=0.5)(size)[0].ops)


def moved_views(size):
    """Whole drawings on other grounds, in other inks."""
    return [Affine(8, 0.08, (0.8, 1.15)), Foreground(p=0.1), Background(random=0.1, checker=0.05)]


READY = [photo_views, moved_views, caption_views, evaluation]
PLAIN = {"mean": (0, 0, 0), "std": (1, 1, 1)}


def disc(colour, side=83, radius=0.35, channels=4):
    """A disc of one colour on transparency (or on white, with three channels), (c, side, side) uint8."""
    at = (np.arange(side) + 0.5) / side - 0.5
    inside = np.hypot(at[:, None], at) < radius
    rgb = np.where(inside, np.array(colour, np.uint8)[:, None, None], 0 if channels == 4 else 255).astype(np.uint8)
    return np.concatenate([rgb, inside[None].astype(np.uint8) * 255])[:channels]


def batch_of(images):
    image = torch.from_numpy(np.stack(images))
    size = torch.tensor(image.shape[2:]).expand(len(image), 2)
    return {"image": image, "size": size, "index": torch.arange(len(image))}


def noise(b=12, c=4, y=40, x=50):
    return batch_of(np.random.default_rng(0).integers(0, 256, (b, c, y, x)).astype(np.uint8))


def rows(batch, chosen):
    return {name: value[chosen] for name, value in batch.items()}


@pytest.mark.parametrize("views", READY, ids=lambda views: views.__name__)
@pytest.mark.parametrize("channels", [3, 4])
def test_ready_lists_make_finite_pictures_in_range(views, channels):
    made = Augment(views(32), size=32)(noise(c=channels), 0, 0)
    assert made.shape == (12, 3, 32, 32) and made.dtype == torch.float32 and made.is_contiguous()
    assert made.isfinite().all() and made.min() >= -1.001 and made.max() <= 1.001


ALL = [Affine(10, 0.1, (0.8, 1.2), 5), Foreground(), Background(random=0.4, checker=0.4), Gray(), Blur(5), Solarize()]


@pytest.mark.parametrize(
    "ops", [photo_views(32), moved_views(32), ALL + [Invert(), Flip()]], ids=["photo", "graphics", "all"]
)
@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_depends_on_seed_step_and_index_alone(ops, channels):
    augment, batch = Augment(ops, size=32), noise(c=channels)
    whole = augment(batch, 3, 7)
    assert torch.equal(whole, augment(batch, 3, 7))
    chosen = torch.tensor([8, 1, 5])
    assert torch.allclose(augment(rows(batch, chosen), 3, 7), whole[chosen], atol=1e-5)
    for other in (augment(batch, 4, 7), augment(batch, 3, 8), augment(batch, 3, 7, view=1)):
        assert (other - whole).abs().mean() > 0.02


@pytest.mark.parametrize("views", READY, ids=lambda views: views.__name__)
def test_padding_changes_nothing(views):
    batch = noise(c=4)
    padded = dict(batch, image=torch.nn.functional.pad(batch["image"], (0, 9, 0, 13)))
    augment = Augment(views(32), size=32)
    assert torch.allclose(augment(batch, 0, 0), augment(padded, 0, 0), atol=1e-5)


@pytest.mark.parametrize("views", [moved_views, caption_views, evaluation], ids=lambda views: views.__name__)
def test_an_opaque_picture_is_the_same_with_and_without_an_alpha_channel(views):
    batch = noise(c=3, y=40, x=40)
    alpha = torch.full_like(batch["image"][:, :1], 255)
    with_alpha = dict(batch, image=torch.cat([batch["image"], alpha], 1))
    augment = Augment(views(32), size=32)
    assert torch.allclose(augment(batch, 0, 0), augment(with_alpha, 0, 0), atol=1e-5)


def test_black_drawings_carried_as_coverage_equal_the_general_way():
    images = [disc((0, 0, 0), radius=0.1 + 0.03 * i) for i in range(8)]
    short = Augment(ALL, size=32)(batch_of(images), 0, 0)
    with_colour = batch_of([*images, disc((0, 0, 9))])  # one coloured picture takes the others along
    assert torch.allclose(short, Augment(ALL, size=32)(with_colour, 0, 0)[:8], atol=1e-5)


@pytest.mark.parametrize("views", READY, ids=lambda views: views.__name__)
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (250, 250, 250), (255, 230, 0), (128, 128, 128)])
def test_a_drawing_on_transparency_never_becomes_a_blank_square(views, colour):
    """A black icon is no black square, a white one no white square, on any background that is drawn."""
    batch = batch_of([disc(colour)] * 64)
    for step in range(3):
        geometry_and_paper = [op for op in views(32) if not isinstance(op, ColorJitter | Gray | Blur)]
        made = Augment(geometry_and_paper, size=32, **PLAIN)(batch, 0, step)
        spread = made.amax((1, 2, 3)) - made.amin((1, 2, 3))
        assert spread.min() > 0.1


def test_plain_backgrounds_follow_the_evaluation_view():
    assert Augment(evaluation(32), size=32, **PLAIN)(batch_of([disc((0, 0, 0))]), 0, 0)[0, 0, 0, 0] == 1
    assert Augment(evaluation(32), size=32, **PLAIN)(batch_of([disc((255, 255, 255))]), 0, 0)[0, 0, 0, 0] == 0
    assert Augment(evaluation(32), size=32, **PLAIN)(batch_of([disc((255, 230, 0))]), 0, 0)[0, 0, 0, 0] == 1


@pytest.mark.parametrize("shape", [(83, 83), (83, 50), (40, 90)])
@pytest.mark.parametrize("channels", [3, 4])
def test_the_evaluation_list_is_the_evaluation_view(shape, channels):
    at = np.linspace(0, 6, shape[0])[:, None] + np.linspace(0, 4, shape[1])
    smooth = np.stack([np.sin(at + phase) * 127 + 128 for phase in range(channels)], -1).astype(np.uint8)
    made = Augment(evaluation(64), size=64)(batch_of([smooth.transpose(2, 0, 1)]), 0, 0)[0]
    apart = np.abs(made.numpy() - Preprocess(size=64)(smooth))
    # pillow rounds to bytes and places odd remainders on a whole pixel
    assert apart.mean() < 0.04 if shape[0] != shape[1] else apart.max() < 0.05


def test_random_colours_contrast_with_the_ink():
    for ink in ((0, 0, 0), (255, 255, 255), (200, 30, 30), (128, 128, 128)):
        pictures = Fit()(unpack(torch.from_numpy(np.stack([disc(ink)] * 200)), np.full((200, 2), 83), 16), draws(200))
        made = Background(random=1, contrast=3)(pictures, draws(200)).image[:, :, 0, 0]
        assert (
            contrast(made, torch.tensor(ink).expand(200, 3) / 255).min() >= 2.9
        )  # the cubic of Fit overshoots a little
        assert made.std(0).min() > 0.05


def test_contrast_is_that_of_the_web_guidelines():
    black, white, grey = torch.zeros(3), torch.ones(3), torch.full((3,), 119 / 255)
    assert torch.isclose(contrast(black, white), torch.tensor(21.0))
    assert torch.isclose(contrast(grey, white), torch.tensor(4.478), atol=1e-3)
    assert torch.isclose(luminance(torch.tensor([1.0, 0, 0])), torch.tensor(0.2126))


def test_foreground_recolours_single_inks_only():
    images = [disc((0, 0, 9)), disc((0, 0, 9), channels=3)]
    images[1] = np.concatenate([images[1], np.full((1, 83, 83), 255, np.uint8)])
    flag = disc((200, 0, 0))
    flag[2, :, 40:] = np.where(flag[3, :, 40:] > 0, 200, 0)
    pictures = Fit()(unpack(torch.from_numpy(np.stack([*images, flag])), np.full((3, 2), 83), 32), draws(3))
    made = Foreground(p=1)(pictures, draws(3)).image
    assert not torch.allclose(made[0], pictures.image[0], atol=0.05)
    assert torch.equal(made[0, 3], pictures.image[0, 3])
    assert torch.equal(made[1:], pictures.image[1:])


def test_checkerboards_are_light_behind_dark_ink():
    made = Augment([Fit(), Background(checker=1, contrast=3)], size=64, **PLAIN)(batch_of([disc((0, 0, 0))] * 30), 0, 0)
    corner = made[:, :, :12, :12].flatten(2)
    assert len({tuple(c) for c in corner[0].T.round(decimals=3).tolist()}) == 2
    assert contrast(corner.amin(2), torch.zeros(30, 3)).min() >= 2


def draws(b, step=0):
    return Draws(0, step, np.arange(b))


def test_crop_boxes_lie_inside_with_the_areas_and_ratios_asked():
    size = np.tile(np.array([60, 90]), (4000, 1))
    pictures = unpack(torch.zeros(4000, 3, 60, 90, dtype=torch.uint8), size, 8)
    top, left, height, width = CropResize(scale=(0.1, 0.6)).boxes(pictures, draws(4000)).T
    assert min(top.min(), left.min()) >= 0 and (top + height).max() <= 60 and (left + width).max() <= 90
    area, ratio = height * width / 5400, width / height
    assert area.min() >= 0.1 and area.max() <= 0.6 and abs(area.mean() - 0.35) < 0.02
    assert ratio.min() >= 0.75 and ratio.max() <= 4 / 3 and abs(np.log(ratio).mean()) < 0.02


def test_a_picture_too_narrow_for_any_box_gives_its_middle():
    pictures = unpack(torch.zeros(5, 3, 200, 10, dtype=torch.uint8), np.tile(np.array([200, 10]), (5, 1)), 8)
    boxes = CropResize(scale=(0.9, 1)).boxes(pictures, draws(5))
    assert np.allclose(boxes, [[100 - 20 / 3, 0, 40 / 3, 10]] * 5)


def test_crops_keep_the_ink_they_promise():
    small = np.zeros((300, 4, 60, 60), np.uint8)
    small[:, 3, 5:20, 40:55] = 255
    pictures = unpack(torch.from_numpy(small), np.full((300, 2), 60), 8)
    for keep, least in ((0.0, 0.0), (0.5, 0.45)):
        held = []
        for top, left, height, width in CropResize(scale=(0.1, 0.5), keep=keep).boxes(pictures, draws(300)).round():
            box = small[0, 3, int(top) : int(top + height), int(left) : int(left + width)]
            held.append((box > 0).sum() / 225)
        assert min(held) >= least and (keep or min(held) == 0)


def test_turning_is_clockwise_and_slanting_along_x():
    bar = np.zeros((4, 64, 64), np.uint8)
    bar[3, 8:32, 30:34] = 255  # from the middle up
    from sightline.data.augment.affine import turned

    pictures = Fit()(unpack(torch.from_numpy(bar[None]), np.full((1, 2), 64), 64), draws(1))
    quarter = turned(pictures, np.array([np.pi / 2]), np.zeros(1)).image[0, 0]
    assert quarter[30:34, 32:56].mean() > 0.9 and quarter[:, :30].max() < 0.1  # now from the middle to the right
    slanted = turned(pictures, np.zeros(1), np.array([0.5])).image[0, 0]
    assert slanted[10, :30].sum() > 3  # above the middle y is negative: to the left


def test_moves_are_those_asked_for():
    batch = batch_of([disc((0, 0, 0), radius=0.2)] * 500)
    ops = [Affine(translate=0.2, scale=(0.5, 1.5))]
    ink = 1 - Augment(ops, size=48, **PLAIN)(batch, 0, 0)[:, 0]
    at = (torch.arange(48) + 0.5) / 48 - 0.5
    mass = ink.sum((1, 2))
    right, down = (ink.sum(1) * at).sum(1) / mass, (ink.sum(2) * at).sum(1) / mass
    for shift in (right, down):
        assert shift.abs().max() < 0.205 and abs(shift.std() - 0.4 / 12**0.5) < 0.01
    scale = (mass / 48**2 / (np.pi * 0.04)).sqrt()
    assert scale.min() > 0.48 and scale.max() < 1.52 and abs(scale.log().mean() - np.log(0.75) / 2) < 0.05


def test_flip_follows_its_probability_and_refuses_padded_pictures():
    batch = noise(b=400, c=3, y=16, x=16)
    made = Augment([Fit(), Flip(0.3)], size=16, **PLAIN)(batch, 0, 0)
    plain = Augment([Fit()], size=16, **PLAIN)(batch, 0, 0)
    flipped = (made == plain.flip(-1)).flatten(1).all(1)
    assert abs(flipped.float().mean() - 0.3) < 0.08 and ((made == plain).flatten(1).all(1) | flipped).all()
    padded = dict(batch, size=torch.tensor([[16, 12], [16, 16]]).repeat(200, 1))
    with pytest.raises(ValueError, match="resizes"):
        Augment([Flip()], size=16)(padded, 0, 0)


@pytest.mark.parametrize(
    "op", [Gray(0.25), Solarize(0.5, 0.25), Invert(0.25), Blur(3, p=0.25), ColorJitter(0.5, p=0.25)]
)
def test_colour_operations_touch_the_share_asked(op):
    batch = noise(b=400, c=3, y=16, x=16)
    made, plain = (Augment([Fit(), *more], size=16, **PLAIN)(batch, 0, 0) for more in ([op], []))
    touched = (made != plain).flatten(1).any(1).float().mean()
    assert abs(touched - 0.25) < 0.08


def test_the_order_of_the_jitter_changes_between_steps_not_between_ranks():
    jitter = ColorJitter(0.5, 0.5, 0.5, 0.2)
    orders = {tuple(np.argsort(draws(3, step).shared("order", 4))) for step in range(200)}
    assert len(orders) == 24
    batch = noise(c=3, y=16, x=16)
    whole = Augment([Fit(), jitter], size=16)(batch, 0, 5)
    assert torch.allclose(whole[6:], Augment([Fit(), jitter], size=16)(rows(batch, slice(6, None)), 0, 5), atol=1e-5)


def test_a_batch_without_its_size_is_refused():
    with pytest.raises(ValueError, match="has image, size and index; this one has image"):
        Augment([])({"image": torch.zeros(1, 3, 8, 8, dtype=torch.uint8)}, 0, 0)
