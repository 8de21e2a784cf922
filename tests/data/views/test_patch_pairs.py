import numpy as np
import pytest
import torch

from sightline.data.augment import AugmentViews
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import unpack
from sightline.data.views.patch_pairs import NOISE, Coarse, DropChannels, Neighbours, WithoutGreenMagenta

NAKED = {"gap": 0.0, "jitter": 0.0, "colours": "keep"}


def batch(b=4, y=64, x=64):
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (b, 3, y, x), dtype=torch.uint8, generator=generator)
    return {"image": image, "size": torch.tensor([[y, x]] * b), "index": torch.arange(b)}


def patches(views, size, made):
    return AugmentViews(views(size), mean=(0, 0, 0), std=(1, 1, 1))(made, 0, 0)


def pictures(b=6, size=16):
    image = torch.randint(0, 256, (b, 3, size, size), dtype=torch.uint8)
    return unpack(image, np.array([[size, size]] * b), size), Draws(0, 0, np.arange(b))


def test_the_nine_views_are_the_middle_and_its_neighbours_row_by_row():
    """A picture the arrangement just fills has one place for it: the views are its nine squares."""
    made = batch(2, 48, 48)
    views = patches(Neighbours(patch=16, **NAKED), 48, made)
    assert len(views) == 9 and all(view.shape == (2, 3, 16, 16) for view in views)
    for view, (row, column) in zip(
        views, [(1, 1), (0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2)], strict=True
    ):
        square = made["image"][:, :, 16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
        torch.testing.assert_close(view, square / 255, atol=1e-5, rtol=0)


def where(view):
    """Row and column of the upper left pixel of patches of a picture whose red is its row and green its column."""
    return view[:, :2, 0, 0] * 255


def ramp(y=64, x=64):
    rows, columns = torch.meshgrid(torch.arange(y), torch.arange(x), indexing="ij")
    image = torch.stack([rows, columns, torch.zeros_like(rows)])[None].to(torch.uint8).repeat(50, 1, 1, 1)
    return {"image": image, "size": torch.tensor([[y, x]] * 50), "index": torch.arange(50)}


def test_neighbours_are_a_patch_a_gap_and_a_jitter_apart_and_the_arrangement_moves():
    views = patches(Neighbours(patch=16, gap=4, jitter=2, colours="keep"), 64, ramp())
    middle = where(views[0])
    for number, (row, column) in enumerate([(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]):
        apart = where(views[1 + number]) - middle
        away = apart - 20 * torch.tensor([row, column])
        assert away.abs().max() < 4.6 and away.std() > 0.5  # twice the jitter, and half a pixel of resampling
    assert middle.std() > 0.5


def test_without_jitter_the_nine_share_one_place_and_it_is_anywhere_in_the_picture():
    views = patches(Neighbours(patch=16, **NAKED), 64, ramp(64, 120))
    middle = where(views[0])
    for view, offset in ((views[1], (-16, -16)), (views[8], (16, 16))):
        torch.testing.assert_close(where(view) - middle, torch.tensor([offset] * 50).float(), atol=0.6, rtol=0)
    assert middle[:, 0].max() - middle[:, 0].min() > 8 and middle[:, 1].max() - middle[:, 1].min() > 50


def test_an_arrangement_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="take 60 px, and a picture has 48: lower data.views.patch"):
        Neighbours(patch=16, gap=4, jitter=2)(48)
    # under the tests' type checker the annotation says so first
    with pytest.raises((ValueError, TypeError), match="keep.*project.*drop"):
        Neighbours(colours="grey")  # pyright: ignore[reportArgumentType]


def test_the_projection_takes_the_green_magenta_axis_out_and_leaves_grey():
    given, draws = pictures()
    made = WithoutGreenMagenta()(given, draws).image
    inside = (made > 0) & (made < 1)
    axis = -made[:, 0] + 2 * made[:, 1] - made[:, 2]
    assert axis[inside.all(1)].abs().max() < 1e-5
    grey = given.with_image(given.image[:, :1].expand(-1, 3, -1, -1))
    torch.testing.assert_close(WithoutGreenMagenta()(grey, draws).image, grey.image)


def test_one_channel_is_left_and_the_others_are_noise_of_a_hundredth():
    torch.manual_seed(0)
    given, draws = pictures(60)
    made = DropChannels()(given, draws).image
    same = (made == given.image).flatten(2).all(2)
    assert (same.sum(1) == 1).all() and same.any(0).all()
    for before, after, kept in zip(given.image, made, same, strict=True):
        spread = after[~kept].std(dim=(1, 2)) / before[kept].std()
        assert (spread / NOISE - 1).abs().max() < 0.3
        assert (after[~kept].mean((1, 2)) - 0.5).abs().max() < 0.01


def test_a_coarse_patch_has_lost_detail_but_not_its_mean():
    given, draws = pictures(40)
    made = Coarse(p=0.5)(given, draws).image
    changed = (made - given.image).abs().amax((1, 2, 3)) > 1e-4
    assert 5 < changed.sum() < 35
    torch.testing.assert_close(made.mean((1, 2, 3)), given.image.mean((1, 2, 3)), atol=0.02, rtol=0)
    assert (made[changed].std((1, 2, 3)) < given.image[changed].std((1, 2, 3))).all()


def test_patches_depend_on_seed_step_and_sample_alone():
    made, views = batch(6), Neighbours(coarse=0.5)
    whole = patches(views, 64, made)
    half = patches(views, 64, {name: value[3:] for name, value in made.items()})
    for a, b in zip(whole, half, strict=True):
        torch.testing.assert_close(a[3:], b)
