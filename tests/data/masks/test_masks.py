"""A mask is a function of (seed, step, sample, picture); its amount is kept; drawings are masked by what they show."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from sightline.data.augment.draws import Draws
from sightline.data.masks import (
    BlockMask,
    CrossingMask,
    ElementMask,
    RandomMask,
    StrataMask,
    SubElementMask,
    ink_share,
    segment,
    solid,
)
from sightline.data.masks.rules import INKED
from sightline.data.scenes import Scenes

GRID, SIZE = (8, 8), 64
KINDS = [RandomMask, BlockMask, ElementMask, SubElementMask, CrossingMask]
DRAWN = KINDS[2:]
ids = {"ids": lambda kind: kind.__name__}


@pytest.fixture(scope="module")
def scenes():
    """40 scenes and their exact elements, a blank page, one with a dot, a photograph's noise, a page in two flats."""
    source = Scenes(level=2, n=40, size=SIZE)
    samples = [source[i] for i in range(40)]
    pictures = torch.stack([torch.from_numpy(sample.image.copy()) for sample in samples]).permute(0, 3, 1, 2) / 255
    elements = torch.stack([torch.from_numpy(sample.mask.astype(np.int64)) for sample in samples])
    odd = torch.ones(4, 3, SIZE, SIZE)
    odd[1, :, 30:33, 30:33] = 0
    odd[2] = torch.rand(3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    odd[3, :, 16:48, 16:48] = 0.2
    return torch.cat([pictures, odd]), torch.cat([elements, segment(odd)])


def draws(b, seed=0, step=0, start=0):
    return Draws(seed, step, np.arange(start, start + b), "masks")


@pytest.mark.parametrize("ratio", [0.11, 0.3, 0.75])
@pytest.mark.parametrize("kind", KINDS, **ids)
def test_a_number_masks_exactly_so_many_patches_of_every_picture(kind, ratio, scenes):
    pictures, _ = scenes
    mask = kind(ratio=ratio)(pictures, GRID, draws(len(pictures)))
    assert mask.dtype == torch.bool and mask.shape == (len(pictures), *GRID)
    assert (mask.sum((1, 2)) == int(ratio * 64)).all()


@pytest.mark.parametrize("kind", KINDS, **ids)
def test_any_part_of_a_batch_gets_the_same_masks_and_any_other_step_others(kind, scenes):
    pictures, _ = scenes
    for spec in (kind(ratio=(0.1, 0.5), share=0.5), kind(ratio=0.4)):
        whole = spec(pictures, GRID, draws(len(pictures)))
        assert torch.equal(whole, spec(pictures, GRID, draws(len(pictures))))
        assert torch.equal(whole[7:19], spec(pictures[7:19], GRID, draws(12, start=7)))
        alone = [spec(pictures[i : i + 1], GRID, draws(1, start=i))[0] for i in (0, 5, 40, 41, 43)]
        assert torch.equal(whole[[0, 5, 40, 41, 43]], torch.stack(alone))
        assert not torch.equal(whole, spec(pictures, GRID, draws(len(pictures), step=1)))
        assert not torch.equal(whole, spec(pictures, GRID, draws(len(pictures), seed=1)))


@pytest.mark.parametrize("kind", KINDS, **ids)
def test_a_share_of_the_pictures_is_masked_and_a_pair_makes_ratios_differ(kind, scenes):
    pictures = scenes[0][:40].repeat(5, 1, 1, 1)
    counts = kind(ratio=(0.1, 0.5), share=0.5)(pictures, GRID, draws(200)).sum((1, 2))
    masked = counts[counts > 0]
    assert 70 < len(masked) < 130 and len(masked.unique()) > 8
    whole = kind(ratio=(0.1, 0.5))(pictures, GRID, draws(200)).sum((1, 2))
    assert (whole > 0).float().mean() > 0.95 and whole.max() <= 48


@pytest.mark.parametrize("kind", DRAWN, **ids)
@pytest.mark.parametrize("ratio", [(0.1, 0.5), 0.3, 0.75])
def test_a_mask_is_never_only_solid_unless_the_picture_is(kind, ratio, scenes):
    pictures, elements = scenes
    flat = solid(pictures, GRID)
    for seed in range(3):
        mask = kind(ratio=ratio).of(elements, pictures, GRID, draws(len(pictures), seed))
        shown = (mask & ~flat).any((1, 2)) | flat.all(2).all(1)
        assert shown.all()
        if isinstance(ratio, tuple):
            inked = ((ink_share(elements > 0, GRID) >= INKED).sum((1, 2)) >= 4) & ~flat.all(2).all(1)
            share = (mask & flat).sum((1, 2)) / mask.sum((1, 2)).clamp(min=1)
            limit = flat.float().mean((1, 2)).clamp(max=0.5)
            assert (share <= limit + 1e-6)[inked].all()


@pytest.mark.parametrize("kind", DRAWN, **ids)
@pytest.mark.parametrize("ratio", [(0.1, 0.5), (0.6, 0.75), 0.3, 0.75])
def test_a_quarter_of_the_inked_patches_stays_visible(kind, ratio, scenes):
    pictures, elements = scenes
    inked = ink_share(elements > 0, GRID) >= INKED
    for seed in range(3):
        mask = kind(ratio=ratio).of(elements, pictures, GRID, draws(len(pictures), seed))
        seen, total = (inked & ~mask).sum((1, 2)), inked.sum((1, 2))
        assert (4 * seen >= total)[total > 1].all()


@pytest.mark.parametrize("kind", DRAWN, **ids)
def test_with_a_pair_the_masked_ink_follows_the_ratio(kind, scenes):
    pictures, elements = scenes[0][:40], scenes[1][:40]
    ink = ink_share(elements > 0, GRID)
    ink = torch.where(ink >= INKED, ink, 0)
    shares = []
    for low in (0.1, 0.4):
        mask = kind(ratio=(low, low)).of(elements, pictures, GRID, draws(40))
        shares.append(((ink * mask).sum((1, 2)) / ink.sum((1, 2))).mean())
    assert shares[0] < shares[1] and shares[0] < 0.2 and shares[1] < 0.5


def test_random_masks_keep_the_patches_of_the_highest_noise():
    pictures, mine = torch.zeros(5, 3, 12, 20), draws(5)
    mask = RandomMask(0.5)(pictures, (3, 5), mine).flatten(1)
    noise = torch.from_numpy(mine.many("noise", 15))
    for row, values in zip(mask, noise, strict=True):
        assert values[row].max() < values[~row].min()


def naive_blocks(room, grid, smallest, most, number, draws):
    """One picture by the loop of iBOT's paper, on the draws of its row."""
    (gy, gx), mask, count, turn = grid, np.zeros(grid, bool), 0, 0
    while count < room:
        missing, new = min(room - count, most), 0
        for _ in range(10):
            u, place = draws.many(f"block {turn}", 2)[number], draws.many(f"place {turn}", 2)[number]
            turn += 1
            area = smallest + u[0] * (missing - smallest)
            aspect = math.exp(math.log(0.3) + u[1] * (math.log(1 / 0.3) - math.log(0.3)))
            h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if w < gx and h < gy:
                top, left = int(place[0] * (gy - h + 1)), int(place[1] * (gx - w + 1))
                new = int((~mask[top : top + h, left : left + w]).sum())
                if 0 < new <= missing:
                    mask[top : top + h, left : left + w] = True
                    break
                new = 0
        if not new:
            break
        count += new
    return mask


@pytest.mark.parametrize("grid, smallest", [((8, 8), 0), ((7, 5), 0), ((14, 14), 4), ((4, 9), 0)])
def test_blocks_equal_the_published_loop_picture_by_picture(grid, smallest):
    b, n = 64, grid[0] * grid[1]
    pictures, mine = torch.zeros(b, 3, 4 * grid[0], 4 * grid[1]), draws(b)
    made = BlockMask((0.1, 0.5), smallest=smallest)(pictures, grid, mine).numpy()
    ratio = mine.uniform("ratio", 0.1, 0.5)
    for i in range(b):
        low = smallest or (min(grid) // 3) ** 2
        assert (made[i] == naive_blocks(ratio[i] * n, grid, low, math.inf, i, mine)).all()
    assert 0.2 < made.mean() < 0.32


def test_strata_mask_exactly_half_of_the_batch_with_one_ratio_from_each_slice():
    pictures = torch.zeros(40, 3, 56, 56)
    for step in range(5):
        counts = StrataMask()(pictures, (14, 14), draws(40, step=step)).sum((1, 2))
        assert (counts > 0).sum() == 20
        # blocks fill a ratio up to its last few patches
        edges = np.floor(196 * np.linspace(0.1, 0.5, 21))
        ordered = counts[counts > 0].sort().values.numpy()
        assert (ordered <= edges[1:]).all() and (ordered >= edges[:-1] - 12).all()
    assert StrataMask()(pictures[:5], (14, 14), draws(5)).any(2).any(1).sum() == 2


def test_ranks_that_know_of_each_others_samples_make_the_strata_of_the_whole_batch():
    pictures, whole = torch.zeros(12, 3, 32, 32), draws(12)
    parts = [replace(draws(6, start=first), everyone=whole.index, first=first) for first in (0, 6)]
    made = torch.cat([StrataMask()(pictures[:6], GRID, part) for part in parts])
    assert torch.equal(made, StrataMask()(pictures, GRID, whole))


def test_elements_are_masked_whole_where_they_fit(scenes):
    """Two bars and a block: a ratio of a bar takes one of the bars, all of it."""
    picture = torch.ones(1, 3, 64, 64)
    picture[0, :, 0:32, 2:6] = picture[0, :, 0:32, 58:62] = 0
    picture[0, :, 48:64, 24:40] = 0.5
    elements = segment(picture)
    assert elements.max() == 3
    patches = [{(y, 0) for y in range(4)}, {(y, 7) for y in range(4)}]
    seen = set()
    for seed in range(20):
        mask = ElementMask((0.25, 0.25))(picture, GRID, draws(1, seed))[0]
        masked = {tuple(at) for at in mask.nonzero().tolist()}
        seen.add(frozenset(masked))
        assert masked in patches or masked <= {(6, 3), (6, 4), (7, 3), (7, 4)} | patches[0] | patches[1]
    assert {frozenset(bar) for bar in patches} <= seen


def test_of_an_element_masked_in_part_a_part_stays_visible():
    picture = torch.ones(1, 3, 64, 64)
    picture[0, :, 28:36, 4:60] = 0
    elements, line = segment(picture), torch.zeros(8, 8, dtype=torch.bool)
    line[3:5] = True
    for seed in range(20):
        mask = SubElementMask((0.5, 0.5)).of(elements, picture, GRID, draws(1, seed))[0]
        assert mask.any() and not (mask & ~line).any() and (line & ~mask).sum() >= 4
        columns = mask.any(0).nonzero().flatten()
        assert columns.diff().eq(1).all()


def test_crossing_blocks_meet_lines(scenes):
    pictures, elements = scenes[0][:40], scenes[1][:40]
    inked = ink_share(elements > 0, GRID) >= INKED
    crossing = CrossingMask((0.3, 0.3)).of(elements, pictures, GRID, draws(40))
    block = BlockMask((0.3, 0.3))(pictures, GRID, draws(40))
    share = [((mask & inked).sum() / mask.sum()).item() for mask in (crossing, block)]
    assert share[0] > 1.3 * share[1]


@pytest.mark.parametrize("kind", DRAWN, **ids)
def test_pictures_with_little_ink_get_blocks(kind, scenes):
    pictures, elements = scenes[0][40:42], scenes[1][40:42]
    mask = kind((0.3, 0.5)).of(elements, pictures, GRID, draws(2))
    assert (mask.sum((1, 2)) >= 8).all()


@pytest.mark.parametrize("kind", [*KINDS, StrataMask], **ids)
def test_what_no_mask_can_be_is_refused(kind):
    for wrong in (0.0, 1.0, (0.5, 0.2), (0.0, 0.5)):
        with pytest.raises(ValueError, match="ratio"):
            kind(ratio=wrong if isinstance(wrong, tuple) or kind is not StrataMask else (0.5, 0.2))
    with pytest.raises(ValueError, match="share"):
        kind(share=0.0)
    with pytest.raises(ValueError, match="views"):
        kind(views=0)
    with pytest.raises(ValueError, match="multiples of the patch"):
        kind()(torch.zeros(1, 3, 30, 32), (8, 8), draws(1))
