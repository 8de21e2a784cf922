import base64
import io

import numpy as np
import torch
from PIL import Image

from sightline.measure.look.filters import filters, first_kernels, picture
from sightline.measure.look.pca import components, token_maps
from sightline.measure.look.picture import address, heat, tiled, to_pixels
from sightline.measure.look.position import mosaic, similarity, table
from sightline.measure.look.unit import Top, crop_box, drawn, hidden, receptive_field
from sightline.towers.spec import NaFlexSpec, ResNetSpec, SinCosSpec, StandardStem, ViTSpec


def test_components_equal_the_eigenvectors_of_the_covariance():
    rows = np.random.default_rng(0).normal(size=(40, 6)) * np.arange(1, 7)
    found = components(rows, 3)
    values, vectors = np.linalg.eigh(np.cov(rows.T))
    for i, axis in enumerate(found.axes):
        np.testing.assert_allclose(abs(axis @ vectors[:, -1 - i]), 1, rtol=1e-9)
        assert axis[np.abs(axis).argmax()] > 0
    np.testing.assert_allclose(found.share, values[::-1][:3] / values.sum(), rtol=1e-9)


def test_colours_do_not_change_with_the_sign_of_a_rotation():
    rng = np.random.default_rng(0)
    tokens = [rng.normal(size=(12, 5)), rng.normal(size=(6, 5))]
    found = token_maps(tokens, [(3, 4), (2, 3)])
    again = token_maps([t + 7.0 for t in tokens], [(3, 4), (2, 3)])
    for one, two in zip(found.colours, again.colours, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-9)
        assert one.min() >= 0 and one.max() <= 1


def test_background_is_the_side_of_the_borders():
    tokens = np.zeros((5, 5, 4)) + np.random.default_rng(0).normal(size=(5, 5, 4)) * 0.01
    tokens[1:4, 1:4, 0] += 1
    found = token_maps([tokens.reshape(25, 4)], [(5, 5)], mask_background=True)
    expected = np.zeros((5, 5), bool)
    expected[1:4, 1:4] = True
    np.testing.assert_array_equal(found.front[0], expected)


def test_constant_tokens_have_colours_too():
    assert np.isfinite(token_maps([np.ones((4, 2))], [(2, 2)]).colours[0]).all()


def test_similarity_equals_the_naive_loop_and_the_mosaic_is_in_order():
    codes = np.random.default_rng(0).normal(size=(6, 5))
    found = similarity(codes)
    for i in range(6):
        for j in range(6):
            expected = codes[i] @ codes[j] / np.linalg.norm(codes[i]) / np.linalg.norm(codes[j])
            assert abs(found[i, j] - expected) < 1e-12
    maps = mosaic(found, (2, 3))
    assert all(maps[y][x][y, x] == found[y * 3 + x, y * 3 + x] for y in range(2) for x in range(3))
    assert len(mosaic(np.eye(900), (30, 30), most=5)) == 5


def test_positions_of_both_kinds_are_found():
    learned = ViTSpec(size=16, patch=4, dim=32, depth=1, heads=2).build()
    np.testing.assert_array_equal(table(learned.position, (4, 4)), learned.position.weight.detach().numpy())
    fixed = ViTSpec(size=16, patch=4, dim=32, depth=1, heads=2, position=SinCosSpec()).build()
    assert table(fixed.position, (4, 4)).shape == (16, 32)


def test_kernels_of_every_kind_of_tower():
    vit = ViTSpec(size=16, patch=4, dim=32, depth=1, heads=2).build()
    kernels, patches = first_kernels(vit, 3)
    assert patches and kernels.shape == (32, 3, 4, 4) and filters(kernels, patches).kernels.shape == (28, 3, 4, 4)
    flex = NaFlexSpec(patch=4, dim=32, depth=1, heads=2, grid=4).build()
    kernels, patches = first_kernels(flex, 3)
    weight = flex.vit.stem.weight.detach().numpy()
    assert patches and kernels[0, 2, 1, 3] == weight[0, (1 * 4 + 3) * 3 + 2]
    kernels, patches = first_kernels(ResNetSpec(depths=(1, 1), width=8).build(), 3)
    assert not patches and filters(kernels, patches).kernels.shape == (8, 3, 3, 3)
    assert picture(np.zeros((1, 2, 2))).tolist() == [[[128] * 3] * 2] * 2


def test_top_keeps_the_largest_of_a_stream_one_place_a_picture():
    rng, top, everything = np.random.default_rng(0), Top([4, 9], keep=3), []
    for number in range(20):
        values = rng.normal(size=(6, 2))
        everything.append(values)
        top.add(f"k{number}", values, (2, 3), np.full((20, 30, 3), number, np.uint8))
    for unit, crops in enumerate(top.crops()):
        best = sorted(range(20), key=lambda i: -everything[i][:, unit].max())[:3]
        assert [crop.key for crop in crops] == [f"k{i}" for i in best]
        assert [crop.pixels.flat[0] for crop in crops] == best


def test_crops_stay_inside_and_hold_their_place():
    for grid, size in (((14, 14), (224, 224)), ((2, 1), (17, 9)), ((3, 7), (30, 100))):
        for place in range(grid[0] * grid[1]):
            box, cell = crop_box(place, grid, size)
            for axis in (0, 1):
                assert 0 <= box[axis] <= cell[axis] and cell[axis + 2] > 0
                assert cell[axis] + cell[axis + 2] <= box[axis] + box[axis + 2] <= size[axis]
    assert crop_box(0, (14, 14), (224, 224))[0] == (0, 0, 80, 80), "five cells are a quarter of fourteen"


def test_units_are_drawn_alike_and_hidden_ones_are_those_after_the_activation():
    assert drawn(100, 8, 0) == drawn(100, 8, 0) != drawn(100, 8, 1) and drawn(3, 8, 0) == [0, 1, 2]
    vit = ViTSpec(size=16, patch=4, dim=32, depth=2, heads=2).build().eval()
    with torch.no_grad(), hidden(vit.stack.blocks[-1]) as latest:
        vit(torch.randn(2, 3, 16, 16))
    assert latest[0].shape == (2, 17, 128) and latest[0].min() > -0.2, "GELU's smallest value is -0.17"


def test_the_receptive_field_is_that_of_the_gradient():
    tower = ResNetSpec(depths=(1, 1), width=8, stem=StandardStem()).build().eval()
    field = receptive_field(tower)
    for block in tower.stages:
        torch.nn.init.ones_(block[0].last_norm.weight)
    image = torch.randn(4, 3, 160, 160, requires_grad=True)
    tower.layers(image, [1])[0].tokens.view(4, 20, 20, -1)[:, 10, 10].sum().backward()
    reached = (image.grad.abs().sum((0, 1)) > 0).any(0).nonzero()
    assert 40 < int(reached.max() - reached.min()) + 1 <= field == 51
    assert receptive_field(ViTSpec(size=16, patch=4, dim=32, depth=1, heads=2).build()) is None


def test_pictures_come_back_as_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    ready = torch.from_numpy((pixels.astype(np.float32) / 255 - 0.5) / 0.25).permute(2, 0, 1)
    np.testing.assert_array_equal(to_pixels(ready, (0.5,) * 3, (0.25,) * 3), pixels)
    data = base64.b64decode(address(pixels).split(",")[1])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)
    assert tiled([[pixels, pixels]]).shape == (4, 13, 4)
    ramp = heat(np.linspace(0, 1, 30)[None], 0.0, 1.0).sum(-1)[0]
    assert (np.diff(ramp.astype(int)) >= 0).all()
