"""The evaluation view: geometry as published transforms have it, and no drawing ever vanishes in its background."""

import numpy as np
import pytest
from PIL import Image

from sightline.data.prepare import preprocess
from sightline.data.prepare.preprocess import Preprocess

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def icon(colour, alpha=255):
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((*colour, alpha), (10, 10, 30, 30))
    return image


def test_values_are_normalised_and_channels_first():
    view = Preprocess(size=8, mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 1.0))(Image.new("RGB", (8, 8), (255, 0, 51)))
    assert view.shape == (3, 8, 8) and view.dtype == np.float32
    np.testing.assert_allclose(view[:, 3, 3], [1.0, -1.0, 0.2], atol=1e-6)


def test_every_kind_of_picture_gives_the_same_view(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 20, 3), np.uint8)
    image = Image.fromarray(pixels)
    image.save(tmp_path / "a.png")
    view = Preprocess(size=16)
    first = view(pixels)
    for other in (image, tmp_path / "a.png", str(tmp_path / "a.png"), (tmp_path / "a.png").read_bytes()):
        np.testing.assert_array_equal(view(other), first)


def test_a_black_icon_on_transparency_stands_on_white():
    canvas = Preprocess(size=40).canvas(icon(BLACK))
    assert tuple(canvas[20, 20]) == BLACK and tuple(canvas[1, 1]) == WHITE


def test_a_white_icon_on_transparency_stands_on_black():
    canvas = Preprocess(size=40).canvas(icon(WHITE))
    assert tuple(canvas[20, 20]) == WHITE and tuple(canvas[1, 1]) == BLACK
    assert tuple(Preprocess(size=40, background=BLACK).canvas(icon(BLACK))[1, 1]) == WHITE


def test_the_chosen_background_stays_where_the_drawing_can_be_seen():
    drawn = icon(WHITE)
    drawn.paste((255, 0, 0, 255), (10, 10, 12, 30))
    assert tuple(Preprocess(size=40).canvas(drawn)[1, 1]) == WHITE
    assert tuple(Preprocess(size=40, background=(0, 0, 255)).canvas(icon(WHITE))[1, 1]) == (0, 0, 255)


def test_opaque_pictures_keep_their_white():
    assert (Preprocess(size=16).canvas(Image.new("RGB", (16, 16), WHITE)) == 255).all()
    assert (Preprocess(size=16).canvas(Image.new("RGBA", (16, 16), (0, 0, 0, 0))) == 255).all()


def test_padding_has_the_shade_of_the_background():
    canvas = Preprocess(size=20).canvas(icon(WHITE).crop((0, 0, 40, 20)))
    assert tuple(canvas[0, 0]) == BLACK and canvas.shape == (20, 20, 3)


def test_hidden_colour_never_bleeds_into_edges():
    hidden = np.zeros((64, 64, 4), np.uint8)
    hidden[..., 1] = 255
    hidden[:, 20:44] = (255, 0, 0, 255)
    canvas = Preprocess(size=16, background=BLACK).canvas(Image.fromarray(hidden))
    assert canvas[..., 1].max() <= 3


@pytest.mark.parametrize(("width", "height"), [(50, 31), (31, 50), (224, 224), (17, 90)])
@pytest.mark.parametrize("size", [32, 33])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_crop_equals_torchvision_on_pillow_pictures(width, height, size, interpolation):
    from torchvision.transforms.v2 import CenterCrop, Compose, InterpolationMode, Resize

    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    peer = Compose([Resize(size, InterpolationMode(interpolation)), CenterCrop(size)])
    ours = Preprocess(size=size, resize="crop", interpolation=interpolation).canvas(image)
    np.testing.assert_array_equal(ours, np.asarray(peer(image)))


def test_pad_keeps_the_ratio_and_squash_does_not():
    wide = Image.new("RGB", (40, 20), BLACK)
    assert (Preprocess(size=20).canvas(wide)[:4] == 255).all()
    assert (Preprocess(size=20, resize="squash").canvas(wide) == 0).all()


def test_one_channel_is_grey():
    view = Preprocess(size=4, channels=1, mean=(0.0,), std=(1.0,))
    np.testing.assert_allclose(view(Image.new("RGB", (4, 4), (255, 0, 0))), 76 / 255, atol=1e-6)


def test_json_round_trip_and_unknown_names():
    view = Preprocess(size=96, mean=(0.4, 0.5, 0.6), resize="crop", background=(1, 2, 3))
    assert Preprocess.from_json(view.to_json()) == view
    with pytest.raises(ValueError, match="preprocess has no sharpen; it has background, channels"):
        Preprocess.from_json(view.to_json() | {"sharpen": 1})


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"resize": "stretch"}, {"interpolation": "nearest"}, {"channels": 4}, {"mean": (0.5,)}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises((ValueError, TypeError), match="[Ee]xpected"):
        Preprocess(**wrong)


def test_svg_is_drawn_at_the_size_needed():
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><rect width="1" height="2"/></svg>'
    canvas = Preprocess(size=50).canvas(svg)
    assert (canvas[:, :25] == 0).all() and (canvas[:, 25:] == 255).all()


@pytest.mark.parametrize(("width", "height"), [(50, 31), (31, 50), (38, 32), (17, 90), (47, 32), (91, 64)])
@pytest.mark.parametrize(("size", "short"), [(32, 0), (33, 0), (28, 32), (29, 34)])
def test_crop_of_odd_margins_equals_transformers_where_halves_go_down(width, height, size, short):
    from transformers import CLIPImageProcessorPil

    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    edge = {"shortest_edge": short or size}
    peer = CLIPImageProcessorPil(size=edge, crop_size={"height": size, "width": size}, do_normalize=False)
    theirs = np.asarray(peer(image, do_rescale=False)["pixel_values"][0]).transpose(1, 2, 0)
    ours = Preprocess(size=size, resize="crop", interpolation="bicubic", short=short, halves="down").canvas(image)
    np.testing.assert_array_equal(ours, theirs)


def test_halves_are_written_where_they_were_chosen_and_the_rest_stays_the_same_rule():
    plain, down = Preprocess(size=8, resize="crop"), Preprocess(size=8, resize="crop", halves="down")
    assert "halves" not in plain.to_json() and Preprocess.from_json(plain.to_json()) == plain
    assert down.to_json()["halves"] == "down" and Preprocess.from_json(down.to_json()) == down
    with pytest.raises(ValueError, match="halves is 'down'; expected even, or with resize crop down"):
        Preprocess(size=8, halves="down")


@pytest.mark.parametrize("lying", [True, False])
def test_the_middle_of_a_strip_is_cut_before_it_is_enlarged(lying):
    strip = np.zeros((1, 20_001, 3), np.uint8)
    strip[0, 10_000] = 200
    strip = strip if lying else strip.transpose(1, 0, 2).copy()
    rule = Preprocess(size=224, resize="crop", interpolation="bilinear")
    seen = rule.canvas(strip)
    assert seen.shape == (224, 224, 3)
    assert seen[112, 112].tolist() == [200, 200, 200]
    assert max(preprocess._middle(Image.fromarray(strip), 224).size) * 224 * 224 <= preprocess.PIXELS


def test_a_picture_that_is_no_strip_is_not_cut_first():
    image = Image.new("RGB", (4000, 300))
    assert preprocess._middle(image, 256) is image
