"""Estimated elements are the drawn ones; patches, covers and parts equal their definitions, counted by hand."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from sightline.data.augment.draws import Draws
from sightline.data.masks import background, cover, edge, ink, ink_share, parts, segment, solid
from sightline.data.masks.components import components
from sightline.data.masks.lab import lab
from sightline.data.scenes import Scenes


def draws(b, seed=0):
    return Draws(seed, 0, np.arange(b), "masks")


@pytest.fixture(scope="module")
def scenes():
    source = Scenes(level=2, n=30, size=64)
    samples = [source[i] for i in range(30)]
    pictures = torch.stack([torch.from_numpy(sample.image.copy()) for sample in samples]).permute(0, 3, 1, 2) / 255
    elements = torch.stack([torch.from_numpy(sample.mask.astype(np.int64)) for sample in samples])
    return pictures, elements, [sample.extra["factors"][0]["background"] for sample in samples]


def test_lab_of_known_colours():
    rgb = torch.tensor([[1.0, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5]]).T[None, :, :, None]
    known = [
        [100, 0, 0],
        [0, 0, 0],
        [53.24, 80.09, 67.20],
        [87.73, -86.18, 83.18],
        [32.30, 79.19, -107.86],
        [53.39, 0, 0],
    ]
    assert (lab(rgb)[0, :, :, 0].T - torch.tensor(known)).abs().max() < 0.03


@pytest.mark.parametrize("density", [0.3, 0.5, 0.6, 1.0, 0.0])
def test_components_equal_scipy(density):
    field = np.random.default_rng(0).random((5, 23, 31)) < density
    ink = torch.from_numpy(field)
    pairs = [
        (ink[:, :, :-1], ink[:, :, 1:]),
        (ink[:, :-1], ink[:, 1:]),
        (ink[:, :-1, :-1], ink[:, 1:, 1:]),
        (ink[:, :-1, 1:], ink[:, 1:, :-1]),
    ]
    made = components(ink, *(a & b for a, b in pairs)).numpy()
    assert ((made >= 0) == field).all()
    before = 0
    for ours, picture in zip(made, field, strict=True):
        labels, count = ndimage.label(picture, structure=np.ones((3, 3)))
        pairs = {(int(a), int(b)) for a, b in zip(ours[picture], labels[picture], strict=True)}
        assert len(pairs) == count and {a for a, _ in pairs} == set(range(before, before + count))
        before += count


def test_background_is_the_usual_colour_of_the_border():
    picture = torch.full((2, 3, 64, 64), 0.3)
    picture[:, :, 2:-2, 2:-2] = 0.9
    picture[:, :, :, :20] = torch.tensor([0.9, 0.1, 0.1])[:, None, None]
    assert (background(picture) - 0.3).abs().max() < 1e-5


def test_estimated_elements_are_those_of_the_drawing():
    picture = torch.ones(1, 3, 64, 64)
    at = torch.arange(64.0)
    apart = (at[:, None] - 20).hypot(at - 20)
    ring = (1.6 - (apart - 14).abs()).clamp(0, 1)  # an antialiased line, about 2 pixels wide
    blob = (6.5 - (at[:, None] - 48).hypot(at - 48)).clamp(0, 1)
    picture = picture * (1 - ring) + 0.05 * ring
    colour = torch.stack([0.9 - at / 640, 0.2 + at / 320, at / 640 + 0.1])[:, None]  # a gradient
    picture = picture * (1 - blob) + colour * blob
    picture[0, :, 46:50, 46:50] = torch.tensor([0.1, 0.2, 0.9])[:, None, None]
    elements = segment(picture)[0]
    assert elements.max() == 3
    line, disc, dot = elements[20, 6], elements[48, 43], elements[48, 48]
    assert len({int(line), int(disc), int(dot)}) == 3
    assert (elements[ring > 0.3] == line).float().mean() > 0.98
    assert (elements == dot).sum() in range(14, 18)
    assert (elements[ring + blob == 0] == 0).all()


def test_most_scene_elements_are_found_on_plain_backgrounds(scenes):
    pictures, truth, backgrounds = scenes
    patterns = {"gradient", "dotted", "striped", "checkered"}
    plain = torch.tensor([i for i, name in enumerate(backgrounds) if name not in patterns])
    assert len(plain) > 15
    truth = truth[plain]
    assert (ink(pictures[plain]) == (truth > 0)).float().mean() > 0.97
    overlaps = []
    for true, found in zip(truth, segment(pictures[plain]), strict=True):
        for e in true.unique().tolist()[1:]:
            own = true == e
            best = found == torch.bincount(found[own])[1:].argmax() + 1 if (found[own] > 0).any() else ~own
            overlaps.append(((own & best).sum() / (own | best).sum()).item())
    # the rest are mostly thin outlines, of which the truth leaves the antialiased rim out
    assert np.mean(np.array(overlaps) > 0.5) > 0.8


def test_elements_are_numbered_by_falling_area_without_gaps(scenes):
    for elements in segment(scenes[0]):
        area = torch.bincount(elements.flatten())[1:]
        assert (area > 0).all() and (area.diff() <= 0).all() and len(area) <= 64


def test_cover_equals_counting_by_hand(scenes):
    _, elements, _ = scenes
    elements, grid, p = elements[:12], (8, 8), 8
    most = int(elements.max())
    made = cover(elements, grid, most)
    for i, picture in enumerate(elements.numpy()):
        for e in range(1, most + 1):
            own = picture == e
            sides = (own[1:] != own[:-1]).sum() + (own[:, 1:] != own[:, :-1]).sum()
            line = sides and 2 * own.sum() / sides < 0.2 * own.sum() ** 0.5
            for y in range(8):
                for x in range(8):
                    count = own[y * p : y * p + p, x * p : x * p + p].sum()
                    expected = count and (count >= 0.1 * p * p or count >= 0.15 * own.sum() or line)
                    assert bool(made[i, e - 1, y, x]) == bool(expected)


def test_parts_of_an_element_make_up_the_element_in_equal_areas(scenes):
    elements = scenes[1]
    made = parts(elements, draws(len(elements)))
    assert torch.equal(made >= 0, elements > 0)
    counts = set()
    for picture, part in zip(elements, made, strict=True):
        for e in picture.unique().tolist()[1:]:
            area = torch.bincount(part[picture == e])
            counts.add(len(area))
            assert 2 <= len(area) <= 4 or (picture == e).sum() < 4
            assert area.max() - area.min() <= 1
    assert counts >= {2, 3, 4}


def test_a_line_is_cut_along_itself():
    elements = torch.zeros(1, 64, 64, dtype=torch.long)
    elements[0, 30:32, 4:60] = 1
    part = parts(elements, draws(1))[0, 30, 4:60]
    assert (part.diff() >= 0).all() or (part.diff() <= 0).all()


def test_patch_statistics_equal_their_definitions(scenes):
    pictures, elements, _ = scenes
    flat, inked, edges = solid(pictures, (8, 8)), ink_share(elements > 0, (8, 8)), edge(pictures, (8, 8))
    ycc = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]).double()
    for i in range(4):
        for y in range(8):
            for x in range(8):
                at = (slice(8 * y, 8 * y + 8), slice(8 * x, 8 * x + 8))
                patch = pictures[i, :, *at].double()
                spread = torch.einsum("kc,cyx->kyx", ycc, patch).flatten(1).std(1, correction=0)
                assert flat[i, y, x] == (spread < 2 / 255).all()
                assert inked[i, y, x] == (elements[i, *at] > 0).float().mean()
                energy = patch.diff(dim=1).square().mean() + patch.diff(dim=2).square().mean()
                assert edges[i, y, x] == (energy > 1e-3)
