"""A batch as its method sees it: several views, masks of the first, and what cannot be made refused by name."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.data.augment import Augment, caption_views
from sightline.data.masks import RandomMask
from sightline.data.sources.source import open_source
from sightline.data.views.kinds import MultiCrop, OneView, TwoViews
from sightline.recipes.image_text import clip
from sightline.towers.sizes import vit_small
from sightline.train.feed import Feed
from sightline.train.options import Options
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data

METHOD = SimpleNamespace(needs=frozenset({"image"}), uses=frozenset())
MASKED = SimpleNamespace(needs=frozenset({"image", "masks"}), uses=frozenset())


class DarkHalf(RandomMask):
    """The darker half of the patches, and one more by a draw."""

    def __call__(self, pictures, grid, draws):
        assert pictures.min() >= 0 and pictures.max() <= 1 and pictures.max() > 0.9
        b, (gy, gx) = len(pictures), grid
        shade = torch.nn.functional.adaptive_avg_pool2d(pictures.mean(1, keepdim=True), grid)[:, 0]
        mask = shade.flatten(1) < shade.flatten(1).median(1, keepdim=True).values
        extra = torch.from_numpy((draws.uniform("extra") * gy * gx).astype(int))
        mask[torch.arange(b), extra] = True
        return mask.view(b, gy, gx)


def recipe(**data):
    given = {"source": "icons?n=24", "size": 32, "views": MultiCrop("graphics", count=2)} | data
    return replace(clip.tiny(), parts=clip.tiny().parts | Parts(image=vit_small(32, 8, 1)), data=Data(**given), batch=8)


def feed(made, method=METHOD):
    return Feed(made, open_source(made.data.source), None, method, Options(quiet=True))


def augmented(made, step=3):
    one = feed(made, METHOD if made.data.masks is None else MASKED)
    return one.augment(next(one.batches(step, step + 1)), step, torch.device("cpu"))


def test_the_image_is_the_first_view_and_the_others_follow_in_order():
    batch = augmented(recipe())
    assert batch["image"].shape == (8, 3, 32, 32)
    assert [view.shape for view in batch["views"]] == [(8, 3, 32, 32), (8, 3, 16, 16), (8, 3, 16, 16)]
    assert "masks" not in batch
    every = [batch["image"], *batch["views"]]
    assert all(not torch.equal(a, b) for n, a in enumerate(every) for b in every[:n] if a.shape == b.shape)
    again = augmented(recipe())
    assert all(torch.equal(a, b) for a, b in zip(every, [again["image"], *again["views"]], strict=True))


def test_one_view_makes_no_views():
    assert "views" not in augmented(recipe(views=OneView()))


def test_recipes_of_operations_see_what_they_always_saw():
    made = recipe(views=caption_views)
    one = feed(made)
    stored = next(one.batches(3, 4))
    batch = one.augment(stored, 3, torch.device("cpu"))
    assert torch.equal(batch["image"], Augment(caption_views(32), size=32)(stored, made.seed, 3))
    assert "views" not in batch and "masks" not in batch


def test_masks_and_boxes_of_every_view_go_with_its_picture_for_methods_that_name_them():
    """In a scene every pixel of an object is in its box, in the view too."""
    made = recipe(source="scenes?n=16&size=64", views=TwoViews())
    method = SimpleNamespace(needs=frozenset({"image", "views", "mask", "boxes", "view_targets"}), uses=frozenset())
    one = feed(made, method)
    stored = next(one.batches(0, 1))
    batch = one.augment(stored, 0, torch.device("cpu"))
    [other] = batch["view_targets"]
    assert batch["mask"].shape == other["mask"].shape == (8, 32, 32) and set(other) == {"mask", "boxes", "box_ids"}
    assert not torch.equal(batch["mask"], other["mask"])
    held = 0
    for view in (batch, other):
        for mask, boxes, ids in zip(view["mask"], view["boxes"], view["box_ids"], strict=True):
            assert len(boxes) == len(ids) and (boxes[:, :2] >= 0).all() and (boxes[:, 2:] > 0.999).all()
            for (x, y, width, height), number in zip(boxes.tolist(), ids.tolist(), strict=True):
                rows, columns = torch.nonzero(mask == number + 1).unbind(1)
                if len(rows):
                    held += 1
                    assert rows.min() > y - 1 and rows.max() < y + height and columns.max() < x + width
    assert held >= 8
    mirrored = one.views.mirrored(made.seed, 0, stored["index"].numpy())
    assert mirrored.any() and not mirrored.all()
    less = SimpleNamespace(needs=frozenset({"image", "views"}), uses=frozenset({"mask"}))
    batch = feed(made, less).augment(stored, 0, torch.device("cpu"))
    assert "view_targets" not in batch


def test_masks_cover_patches_of_the_first_views():
    batch = augmented(recipe(masks=DarkHalf(views=2), views=TwoViews("graphics")))
    assert [mask.shape for mask in batch["masks"]] == [(8, 4, 4)] * 2
    one, other = batch["masks"]
    assert one.dtype == torch.bool and one.any() and not one.all() and not torch.equal(one, other)
    again = augmented(recipe(masks=DarkHalf(views=2), views=TwoViews("graphics")))
    assert torch.equal(again["masks"][1], other)
    fewer = augmented(recipe(masks=DarkHalf(), views=TwoViews("graphics")))
    assert len(fewer["masks"]) == 1 and torch.equal(fewer["masks"][0], one)


@pytest.mark.parametrize(
    ("made", "needs", "words"),
    [
        (recipe(views=OneView()), {"views"}, "clip.tiny compares several views.*give it TwoViews"),
        (recipe(), {"masks"}, "masked patches, and data.masks is None"),
        (recipe(masks=DarkHalf()), set(), "clip.tiny reads no masks: leave data.masks out"),
        (recipe(masks=DarkHalf(views=5)), {"masks"}, "data.masks.views is 5, and data.views makes 4"),
        (recipe(masks=DarkHalf(), size=36), {"masks"}, "36 px does not divide into patches of 8"),
        (recipe(views=MultiCrop(count=1, size=12)), set(), "a view of 12 px does not divide into patches of 8"),
        (recipe(size=40), set(), "a view of 20 px does not divide into patches of 8"),
        (replace(recipe(masks=DarkHalf()), parts=clip.small().parts), {"masks"}, "ResNetSpec has none; take a ViT"),
    ],
)
def test_what_cannot_be_made_is_refused(made, needs, words):
    method = SimpleNamespace(needs=frozenset({"image"} | needs), uses=frozenset())
    with pytest.raises(ValueError, match=words):
        feed(made, method)


def test_a_view_larger_than_the_towers_picture_finds_its_pixels_stored():
    one = feed(recipe(views=MultiCrop(count=1, size=48)))
    assert one.loader.batch(0)["image"].shape[-1] >= 1.3 * 48 - 1


def test_a_small_crop_of_a_photograph_is_cut_from_its_own_pixels_and_small_pictures_stay(tmp_path):
    """A checkerboard of single pixels survives only where nothing was made smaller."""
    board = (np.indices((400, 400)).sum(0) % 2 * 255).astype(np.uint8)
    for number in range(8):
        Image.fromarray(board).save(tmp_path / f"{number}.png")
    made = recipe(source=str(tmp_path), size=144, views=TwoViews())
    large = feed(replace(made, parts=made.parts | Parts(image=vit_small(144, 8, 1))))
    stored = next(large.batches(0, 1))["image"]
    assert stored.shape[-1] == 400 and stored.float().std() > 120  # 144 / sqrt(0.08) = 509: as they are
    small = feed(recipe(source=str(tmp_path), views=TwoViews()))
    assert next(small.batches(0, 1))["image"].shape[-1] == 42
