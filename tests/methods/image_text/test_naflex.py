"""The end of SigLIP 2 on pictures of any shape: padding is in no term, boxes are the picture's, and a run begins as the
one it comes from ended.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import sightline
from sightline.data.batch import rows_of
from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.views.any_shape import AnyShape
from sightline.methods.image_text import locca
from sightline.methods.image_text.siglip import SigLIP
from sightline.methods.image_text.siglip2 import Config, SigLIP2
from sightline.methods.parts.regions import drawn_boxes
from sightline.recipes.find import find, train
from sightline.towers import Patches
from sightline.towers.spec import (
    BoxTokens,
    CaptionDecoderSpec,
    Cls,
    ConvStemSpec,
    Map,
    NaFlexSpec,
    RotarySpec,
    TransformerTextSpec,
    ViTSpec,
)
from sightline.train.feed import views_of
from sightline.weights.any_shape import with_any_shape

GRIDS = torch.tensor([[4, 4], [2, 7], [6, 3], [1, 1]])
QUICK = dict(device="cpu", quiet=True, export=False, data="scenes?n=32&size=32", evaluation="scenes:test?n=4&size=32")


def method():
    torch.manual_seed(0)
    image = NaFlexSpec(patch=4, dim=16, depth=1, heads=2, grid=4).build()
    text = TransformerTextSpec(vocab=30, length=6, dim=12, depth=1, heads=2).build()
    spec = CaptionDecoderSpec(vocab=30, length=11, dim=16, depth=1, heads=2, memory=16, boxes=BoxTokens(bins=8))
    return SigLIP2(SigLIP(image, text, 8), spec.build(), Config(decoder=locca.Config(parallel=0))).double()


def batch(length=20):
    torch.manual_seed(1)
    b, patches = len(GRIDS), torch.randn(len(GRIDS), length, 48, dtype=torch.float64)
    patches[:, :20] = torch.randn(b, 20, 48, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    words = torch.tensor([[15, 20, 1, 0, 0, 0], [16, 1, 0, 0, 0, 0], [17, 18, 19, 1, 0, 0], [21, 1, 0, 0, 0, 0]])
    return {
        "image": Patches(patches=patches, mask=torch.arange(length) < GRIDS.prod(1, keepdim=True), grid=GRIDS),
        "size": GRIDS * 4,
        "tokens": words,
        "regions": words[:, None].repeat(1, 2, 1),
        "region_ids": torch.zeros(b, 2, dtype=torch.long),
        "boxes": [torch.tensor([[0.0, 0, 2, 4]])] * b,
        "box_ids": [torch.zeros(1, dtype=torch.long)] * b,
    }


def test_the_loss_and_its_gradient_are_the_same_however_long_the_padding_and_whatever_it_holds():
    short, long = method(), method()
    losses = [sum(made(batch(n)).values()) for made, n in ((short, 20), (long, 50))]
    torch.testing.assert_close(*losses)
    for loss in losses:
        loss.backward()
    for ours, theirs in zip(short.parameters(), long.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


def test_a_picture_without_a_patch_makes_no_number_undefined():
    made, given = method(), batch()
    given["image"].mask[-1] = False
    losses = sum(made(given).values())
    losses.backward()
    assert losses.isfinite()
    assert all(p.grad.isfinite().all() for p in made.parameters() if p.grad is not None)


def test_boxes_are_shares_of_each_pictures_own_sides():
    boxes, there = drawn_boxes(batch())
    assert there.all()
    for (y, x), found in zip((GRIDS * 4).tolist(), boxes, strict=True):
        torch.testing.assert_close(found, torch.tensor([[0.0, 0, 2 / x, 4 / y]]).expand(2, 4))


def test_patches_are_rows_of_a_batch():
    whole = batch()
    part = rows_of(whole, slice(1, 3))["image"]
    assert len(whole["image"]) == 4 and len(part) == 2 and torch.equal(part.grid, GRIDS[1:3])


@pytest.mark.parametrize(
    "spec",
    [
        ViTSpec(size=16, patch=4, dim=24, depth=2, heads=3, pool=Map(), act="gelu_tanh"),
        ViTSpec(size=16, patch=4, dim=24, depth=1, heads=2, mlp=40, pool=Cls(registers=1), position=RotarySpec()),
    ],
)
def test_a_vit_reads_any_shape_and_sees_its_own_size_as_before(spec):
    vit = spec.build()
    for value in vit.parameters():
        torch.nn.init.normal_(value, std=0.2)
    tensors = {f"image.{name}": value for name, value in vit.state_dict().items()} | {"log_scale": torch.zeros(())}
    made, given, rule = with_any_shape(spec, tensors, Preprocess(size=16, mean=(0.1, 0.2, 0.3)), 36)
    assert rule == NaFlexRule(patch=4, length=36, mean=(0.1, 0.2, 0.3)) and given.pop("log_scale") == 0
    naflex = made.build()
    naflex.load_state_dict({name.removeprefix("image."): value for name, value in given.items()})
    from sightline.towers.naflex import patches_of

    picture = torch.randn(2, 3, 16, 16)
    ours, theirs = naflex(patches_of(picture, 4)), vit(picture)
    torch.testing.assert_close(ours.pooled, theirs.pooled, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.tokens, theirs.tokens, rtol=1e-5, atol=1e-5)
    again = with_any_shape(made, tensors, rule, 9)
    assert (again[0].length, again[2].length) == (9, 9)


def test_a_tower_that_cuts_no_patches_is_refused():
    stem = ConvStemSpec(kernels=(4, 2), strides=(4, 2), widths=(8, 16))
    spec = ViTSpec(size=32, patch=8, dim=16, depth=1, heads=2, stem=stem)
    with pytest.raises(ValueError, match="of 3 channels with stem=ConvStemSpec: name an encoder .* stem=PatchSpec"):
        with_any_shape(spec, {}, Preprocess(), 16)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A run of `siglip2` of five steps."""
    out = tmp_path_factory.mktemp("first") / "run"
    train("siglip2.tiny", out=out, overrides=["steps=5", "batch=8"], **QUICK)
    return out


def test_a_run_begins_with_the_weights_of_the_siglip2_run_it_comes_from(first, tmp_path):
    still = ["steps=1", "batch=8", "optim.lr=1e-60", "data.preprocess.length=20"]
    train("naflex.tiny", out=tmp_path / "run", init=str(first), overrides=still, **QUICK)
    before, after = (sightline.load(out, device="cpu") for out in (first, tmp_path / "run"))
    assert after.rule == NaFlexRule(patch=8, length=20)
    picture = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(before.encode_image(picture), after.encode_image(picture), rtol=1e-5, atol=1e-5)
    assert torch.equal(before.encode_text(["a star"]), after.encode_text(["a star"]))
    ours, theirs = (one.parts["decoder"].state_dict() for one in (before, after))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_finished_run_embeds_and_locates_in_pictures_of_any_shape(first, tmp_path):
    train("naflex.tiny", out=tmp_path / "run", init=str(first), overrides=["steps=8", "batch=8"], log_every=1, **QUICK)
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert {"sigmoid", "locca"} <= rows[0].keys() and not {"consistency", "masked"} & rows[0].keys()
    assert "located" in rows[-1]["evaluation"]
    encoder = sightline.load(tmp_path / "run", device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    pictures = [Image.fromarray(pixels[:y, :x]) for y, x in ((40, 90), (90, 20), (50, 50))]
    together = encoder.encode_image(pictures)
    for picture, vector in zip(pictures, together, strict=True):
        torch.testing.assert_close(encoder.encode_image(picture)[0], vector, rtol=1e-4, atol=1e-5)
    for sample in (cuts := [encoder.preprocess(picture) for picture in pictures]):
        assert len(encoder.locate(sample, "the star")) == 1
    assert len(encoder.locate(pictures, ["the star"] * 3)) == len(encoder.locate(cuts, ["the star"] * 3)) == 3
    # and goes on as a NaFlex encoder
    train("naflex.tiny", out=tmp_path / "on", init=str(tmp_path / "run"), overrides=["steps=1", "batch=8"], **QUICK)


def test_a_size_beside_pictures_of_any_shape_and_such_pictures_beside_a_tower_of_one_are_refused(first, tmp_path):
    with pytest.raises(ValueError, match=r"data.size=64: pictures of any shape have none; set data.preprocess.length"):
        train("naflex.tiny", out=tmp_path, init=str(first), overrides=["data.size=64"], **QUICK)
    for setting in ("data.preprocess.patch=4", "image.length=9"):
        with pytest.raises(ValueError, match=r"comes from --init .*; data.preprocess.length=N cuts pictures of any"):
            train("naflex.tiny", out=tmp_path, init=str(first), overrides=[setting], **QUICK)
    recipe, made = find("siglip2.tiny"), method()
    odd = replace(recipe, data=replace(recipe.data, views=AnyShape((4, 9))))
    with pytest.raises(
        ValueError, match=r"has data.views=AnyShape without data.preprocess=NaFlexRule and image=NaFlex"
    ):
        views_of(odd, made)
    recipe = find("naflex.tiny")
    uneven = replace(recipe, data=replace(recipe.data, preprocess=NaFlexRule(patch=4)))
    with pytest.raises(ValueError, match="a tower of patches of 8 px, pictures cut into 4 px"):
        views_of(uneven, made)


def test_the_recipes_have_what_the_paper_says():
    small, paper = find("naflex.small"), find("naflex.b16")
    assert small.data.views.lengths == (16, 36, 64, 100) and paper.data.views.lengths == (128, 256, 576, 784, 1024)
    assert paper.steps == round(0.1 * 3.75 * find("siglip2.b16").steps) and paper.schedule.begin == 0.9
    assert not small.phases and small.build is find("siglip2").build
