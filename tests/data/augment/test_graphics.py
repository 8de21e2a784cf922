"""Operations for drawings: deterministic, shape kept, contrast kept, strength 0 changes nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sightline.data.augment import Background, Cutout, Fit, Palette, Shadow, Texture
from sightline.data.augment.alpha import contrast, mean_ink
from sightline.data.augment.cutout import border_colour, flooded
from sightline.data.augment.draws import Draws
from sightline.data.augment.paper import dots, gradient, hatch, noise
from sightline.data.augment.pictures import unpack

ALWAYS = [Palette(p=1), Texture(p=1), Shadow(p=1), Background(gradient=1), Background(noise=1), Background(checker=1)]
NOTHING = [
    *(Palette(p=0), Palette(p=1, turn=0)),
    *(Texture(p=0), Texture(p=1, amplitude=(0, 0)), Shadow(p=0), Shadow(p=1, alpha=0)),
]


def draws(b, step=0):
    return Draws(0, step, np.arange(b))


def drawing(b=6, side=40, alpha=True):
    """A red disc with a blue square in it and a soft edge, on transparency or on a light ground."""
    at = np.arange(side) + 0.5 - side / 2
    coverage = np.clip(side * 0.35 - np.hypot(at[:, None], at) + 0.5, 0, 1)
    square = (np.abs(at[:, None]) < side / 8) & (np.abs(at) < side / 8)
    rgb = np.where(square, np.array([40, 60, 200])[:, None, None], np.array([200, 40, 30])[:, None, None])
    if alpha:
        rgba = np.concatenate([rgb, 255 * coverage[None]]).round().astype(np.uint8)
        return unpack(torch.from_numpy(np.stack([rgba] * b)), np.full((b, 2), side), side), coverage
    ground = np.array([250, 240, 230])[:, None, None]
    opaque = (coverage * rgb + (1 - coverage) * ground).round().astype(np.uint8)
    return unpack(torch.from_numpy(np.stack([opaque] * b)), np.full((b, 2), side), side), coverage


@pytest.mark.parametrize("op", ALWAYS, ids=repr)
@pytest.mark.parametrize("ink", [False, True])
def test_a_change_depends_on_seed_step_and_sample_alone(op, ink):
    before, _ = drawing()
    if ink:
        black = torch.zeros(6, 4, 40, 40, dtype=torch.uint8)
        black[:, 3, 10:20] = 255
        before = unpack(black, np.full((6, 2), 40), 40)
        assert before.ink is not None
    whole = op(before, draws(6)).image
    assert torch.equal(op(before, draws(6)).image, whole)
    some = np.array([4, 1])
    inks = None if before.ink is None else before.ink[some]
    fewer = replace(before, image=before.image[some], size=before.size[some], opaque=before.opaque[some], ink=inks)
    assert torch.allclose(op(fewer, Draws(0, 0, some)).image, whole[some], atol=1e-6)
    if not (ink and isinstance(op, Palette | Texture)):  # of black nothing changes
        assert (op(before, draws(6, 1)).image - whole).abs().mean() > 1e-4


@pytest.mark.parametrize("op", NOTHING, ids=repr)
@pytest.mark.parametrize("alpha", [True, False])
def test_strength_nothing_is_the_identity(op, alpha):
    before, _ = drawing(alpha=alpha)
    assert torch.equal(op(before, draws(6)).image, before.image)


@pytest.mark.parametrize("op", [Palette(p=1), Texture(p=1)], ids=repr)
def test_colours_change_and_the_shape_does_not(op):
    before, _ = drawing()
    after = op(before, draws(6)).image
    assert torch.equal(after[:, 3], before.image[:, 3])
    assert (after[:, :3] <= after[:, 3:] + 1e-6).all() and after.min() >= 0
    assert (after[:, :3] - before.image[:, :3]).abs().amax((1, 2, 3)).min() > 0.02


def test_a_palette_keeps_greys_and_at_least_half_of_every_difference():
    side = 24
    colours = torch.rand(200, 3, side, side)
    colours[:, :, :4] = colours[:, :1, :4]  # greys
    size = np.full((200, 2), side)
    before = unpack((colours * 255).round().byte(), size, side)
    after = Palette(p=1)(before, draws(200)).image
    assert torch.allclose(after[:, :, :4], before.image[:, :, :4], atol=0.004)
    assert after.min() >= 0 and after.max() <= 1
    assert torch.allclose(after.mean(1), before.image.mean(1), atol=0.004)
    one, other = (picture[:, :, 6:].flatten(2) for picture in (before.image, after))
    near, far = ((p[..., 1:] - p[..., :-1]).norm(dim=1) for p in (one, other))
    assert (far >= 0.49 * near - 0.01).all()


def test_pure_colours_turned_keep_their_mixtures():
    """An antialiased pixel half red, half transparent is still half of the new colour."""
    before, _ = drawing()
    after = Palette(p=1)(before, draws(6)).image
    inside = after[:, :3, 20, 8]
    edge = (before.image[0, 3] > 0.05) & (before.image[0, 3] < 0.95)
    made = after[:, :3, edge]
    assert torch.allclose(made, inside[:, :, None] * after[:, 3:, edge], atol=0.01)


def test_textures_keep_the_mean_colour():
    before, _ = drawing(b=200)
    after = Texture(p=1)(before, draws(200)).image
    means = after[:, :3].mean((2, 3)) / before.image[:, :3].mean((2, 3))
    assert (means - 1).abs().mean() < 0.03 and means.min() > 0.8 and means.max() < 1.2


@pytest.mark.parametrize("op", [Texture(p=1), Shadow(p=1)], ids=repr)
def test_opaque_pictures_keep_their_surface(op):
    photo, _ = drawing(alpha=False)
    assert torch.equal(op(photo, draws(6)).image, photo.image)
    clear, _ = drawing()
    opaque = torch.tensor([True, False] * 3)
    after = op(replace(clear, opaque=opaque), draws(6)).image
    assert torch.equal(after[::2], clear.image[::2]) and not torch.equal(after[1], clear.image[1])


def test_patterns_have_the_range_they_promise():
    before, _ = drawing(b=50)
    rows, period = np.arange(50), np.full(50, 6.0)
    for pattern, low in (
        (gradient(before, draws(50), rows), 0),
        (noise(before, draws(50), rows), -1),
        (hatch(before, draws(50), rows, period), -1),
        (dots(before, draws(50), rows, period), -1),
    ):
        assert pattern.shape == (50, 40, 40)
        assert pattern.min() >= low - 1e-9 and pattern.max() <= 1 + 1e-9 and (pattern.std((1, 2)) > 0.1).all()


def test_a_shadow_lies_under_the_drawing_and_to_one_side():
    before, _ = drawing()
    after = Shadow(p=1, away=(0.1, 0.1))(before, draws(6)).image
    assert torch.equal(after[:, :3], before.image[:, :3])  # black adds no colour
    gained = after[:, 3] - before.image[:, 3]
    assert gained.min() >= -1e-6 and gained.amax((1, 2)).min() > 0.15 and gained.max() <= 0.31
    inside = before.image[0, 3] == 1
    assert torch.allclose(after[:, 3, inside], torch.ones(()), atol=1e-6)


def icon(colour, b=6):
    rgba = torch.zeros(b, 4, 40, 40, dtype=torch.uint8)
    rgba[:, :3] = torch.tensor(colour, dtype=torch.uint8)[:, None, None]
    rgba[:, 3, 12:28, 12:28] = 255
    return unpack(rgba, np.full((b, 2), 40), 40)


def test_a_drawing_that_is_not_seen_on_plain_paper_casts_no_shadow():
    white = icon((255, 255, 255))
    assert torch.equal(Shadow(p=1)(white, draws(6)).image, white.image)
    on_ground = Background()(Shadow(p=1)(white, draws(6)), draws(6)).image
    assert torch.equal(on_ground, Background()(white, draws(6)).image)  # white on black, as without it
    assert on_ground[:, :, :4].max() == 0 and on_ground[:, :, 16:24, 16:24].min() == 1


def test_a_shadow_is_no_ink():
    yellow = icon((250, 220, 0))
    shaded = Shadow(p=1, alpha=1.0, away=(0.1, 0.1))(yellow, draws(6))
    assert not torch.equal(shaded.image, yellow.image)
    assert torch.allclose(mean_ink(shaded), mean_ink(yellow))
    corner = slice(None), slice(None), slice(0, 3), slice(0, 3)
    plain, random = Background(random=1.0)(yellow, draws(6)).image, Background(random=1.0)(shaded, draws(6)).image
    assert torch.allclose(plain[corner], random[corner], atol=1e-3)


def test_patterned_grounds_contrast_with_the_ink_as_plain_ones_do():
    for ink in ((0, 0, 0), (255, 255, 255), (200, 30, 30), (128, 128, 128)):
        rgba = torch.zeros(60, 4, 24, 24, dtype=torch.uint8)
        rgba[:, :3] = torch.tensor(ink, dtype=torch.uint8)[:, None, None]
        rgba[:, 3, 8:16, 8:16] = 255
        pictures = Fit()(unpack(rgba, np.full((60, 2), 24), 24), draws(60))
        for op in (Background(gradient=1, contrast=3), Background(noise=1, contrast=3)):
            corner = op(pictures, draws(60)).image[:, :, :6, :6]
            every = corner.permute(0, 2, 3, 1).reshape(-1, 3)
            assert contrast(every, torch.tensor(ink).expand(len(every), 3) / 255).min() >= 2.9
            assert corner.std((2, 3)).max() > 0.004


def test_a_cutout_finds_the_ground_and_the_coverage():
    before, coverage = drawing(alpha=False)
    after = Cutout()(before, draws(6))
    assert not after.opaque.any() and after.image.shape[1] == 4
    apart = (after.alpha - torch.from_numpy(coverage).float()).abs()
    assert apart.max() < 0.25 and apart.mean() < 0.01
    assert (after.image[:, :3] <= after.image[:, 3:] + 1e-6).all()


def test_a_cutout_on_its_own_ground_is_the_picture_again():
    before, _ = drawing(alpha=False)
    ground, share = border_colour(before.image, before.size)
    assert torch.allclose(ground * 255, torch.tensor([250.0, 240, 230]), atol=0.5) and share.min() == 1
    after = Cutout()(before, draws(6)).image
    again = after[:, :3] + (1 - after[:, 3:]) * ground[:, :, None, None]
    assert torch.allclose(again, before.image, atol=1e-5)


def test_a_hole_that_the_ground_does_not_reach_stays():
    ring = torch.full((1, 3, 30, 30), 255, dtype=torch.uint8)
    ring[:, :, 6:24, 6:24] = 0
    ring[:, :, 10:20, 10:20] = 255
    after = Cutout()(unpack(ring, np.full((1, 2), 30), 30), draws(1))
    assert after.alpha[0, 0, 0] == 0 and after.alpha[0, 15, 15] == 1 and after.image[0, :3, 15, 15].min() == 1


def test_photographs_and_transparent_drawings_are_not_cut():
    size = np.full((4, 2), 40)
    stored = torch.randint(0, 256, (4, 3, 40, 40), dtype=torch.uint8)
    photo = unpack(stored, size, 40)
    assert Cutout()(photo, draws(4)) is photo
    clear, _ = drawing()
    assert Cutout()(clear, draws(6)) is clear
    stored[1] = (drawing(alpha=False)[0].image[0] * 255).round().byte()  # beside a drawing they stay as they are
    after = Cutout()(unpack(stored, size, 40), draws(4))
    assert after.opaque.tolist() == [True, False, True, True]
    assert torch.equal(after.image[2:, :3], photo.image[2:]) and after.image[2:, 3].min() == 1


def test_padding_is_neither_border_nor_drawing():
    before, _ = drawing(b=1, alpha=False)
    padded = torch.nn.functional.pad(before.image, (0, 7, 0, 5))
    wide = replace(before, image=padded)
    after = Cutout()(wide, draws(1)).image
    assert torch.allclose(after[:, :, :40, :40], Cutout()(before, draws(1)).image, atol=1e-6)
    assert after[:, 3, 40:].max() == 0 and after[:, 3, :, 40:].max() == 0


def test_a_flood_goes_around_corners_but_not_through_walls():
    room = torch.tensor([[0, 0, 0, 0, 0], [1, 1, 1, 1, 0], [0, 0, 0, 1, 0], [0, 1, 0, 1, 0], [0, 1, 0, 0, 0]]) == 0
    seeds = torch.zeros_like(room)
    seeds[0, 0] = True
    assert torch.equal(flooded(room[None], seeds[None])[0], room)
    closed = room.clone()
    closed[4, 3] = False
    reached = flooded(closed[None], seeds[None])[0]
    assert reached[0].all() and not reached[2:, :3].any()
