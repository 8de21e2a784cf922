"""What cannot work is refused before the first step, and the setting that the refusal names works."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from sightline.data.augment.pipeline import View
from sightline.data.sample import Sample
from sightline.data.sources.source import open_source
from sightline.data.views.kinds import MultiCrop, TwoViews
from sightline.methods.pictures.relative_position import Config, RelativePosition
from sightline.protocols import Kept
from sightline.recipes.find import find, train
from sightline.towers.sizes import vit_small
from sightline.towers.sizes_conv import common_resnet
from sightline.train import checks
from sightline.train.checks import check_count, check_method, check_metric, check_pictures
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe, counted


class Spread(nn.Module):
    """A method in ten lines: two views of a picture are one vector. What it learns does not matter here."""

    needs = frozenset({"image", "views"})
    uses = frozenset[str]()
    watched: dict[str, torch.Tensor] = {}

    def __init__(self, image):
        super().__init__()
        self.image = image

    def forward(self, batch):
        first, second = (self.image(view).pooled for view in (batch["image"], *batch["views"]))
        return {"apart": (first - second).square().mean()}

    def before_step(self, step, total): ...
    def after_step(self): ...
    def kept(self):
        return Kept(parts={"image": self.image}, capabilities=("embeds",))


class Compared(Spread):
    """The same, as a method that compares the pictures of a batch: `Contrastive`."""

    def embed(self, batch):
        return (self.image(batch["image"]).pooled,)

    def compare(self, embedded, batch):
        return {"apart": embedded[0].square().mean()}


def recipe(**changes):
    base = Recipe(
        name="spread.tiny",
        build=lambda recipe: Spread(recipe.parts.image.build()),
        method=None,
        parts=Parts(image=vit_small(32, 8, 1)),
        data=Data(source="icons?n=40", size=32, views=TwoViews()),
        batch=8,
        steps=2,
        precision="float32",
        evaluation=Evaluation(metric="rankme"),
    )
    return replace(base, **changes)


def pictures(folder, count, side=32, classes=0):
    rng = np.random.default_rng(0)
    for i in range(count):
        into = folder / f"class{i % classes}" if classes else folder
        into.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (side, side + 4, 3), dtype=np.uint8)).save(into / f"IMG_{i:04}.png")
    return str(folder)


class Half:
    """Icons of which every second has lost its label; the others are of so many classes."""

    name, has = "half", frozenset({"image", "label"})

    def __init__(self, classes=1, count=24):
        self.icons, self.classes = open_source(f"icons?n={count}"), tuple("ab"[:classes])

    def __len__(self):
        return len(self.icons)

    def __getitem__(self, index) -> Sample:
        return replace(self.icons[index], label=None if index % 2 else index // 2 % len(self.classes))


def go(made, out, **settings):
    return train(made, out=out, quiet=True, device="cpu", export=False, **settings)


def refused(made, out, words, **settings):
    with pytest.raises(ValueError, match=words) as error:
        go(made, out, **settings)
    assert not (out / "metrics.jsonl").exists() and not (out / "state" / "last.pt").exists()
    return str(error.value)


def test_pictures_smaller_than_a_view_name_the_size_that_works(tmp_path):
    data = pictures(tmp_path / "few", 20, side=12)
    text = refused(recipe(), tmp_path / "a", "a view is 32 px, and the pictures' shorter side is 12 px", data=data)
    size = re.search(r"data.size=(\d+)", text)
    assert size is not None
    assert go(recipe(), tmp_path / "b", data=data, overrides=[f"data.size={size[1]}"]).finished


def test_the_size_named_is_one_that_every_view_and_the_method_can_be_made_of(tmp_path):
    data = pictures(tmp_path / "few", 20, side=14)
    crops = Data(source="icons", size=32, views=MultiCrop(count=1))
    source = open_source(data)
    text = refused(recipe(data=crops), tmp_path / "a", "shorter side is 14 px", data=data)
    assert "data.size=16," in text  # 24 would make local crops of 12, which patches of 8 do not divide
    check_pictures(recipe(data=replace(crops, size=16)), source)

    def build(recipe):
        if recipe.data.size > 16:
            raise ValueError("a decoder that knows 16 px only")
        return Spread(recipe.parts.image.build())

    with pytest.raises(ValueError, match="data.size=16,"):
        check_pictures(recipe(build=build), source)


def test_a_source_is_read_once_for_its_heads_whatever_sizes_are_tried(tmp_path, monkeypatch):
    source, calls = open_source(pictures(tmp_path / "few", 20, side=14)), []
    monkeypatch.setattr(checks, "counted", lambda *given: calls.append(given) or counted(*given))

    def build(recipe):
        raise ValueError("fits no size")

    with pytest.raises(ValueError, match="Take larger pictures"):
        check_pictures(recipe(build=build), source)
    assert len(calls) == 1


def test_a_view_that_patches_do_not_divide_is_refused_before_the_first_step(tmp_path):
    crops = Data(source="icons?n=40", size=32, views=MultiCrop(count=1, size=12))
    refused(recipe(data=crops), tmp_path / "a", "a view of 12 px does not divide into patches of 8")


def test_a_batch_of_one_is_refused_where_pictures_are_compared_or_normalised_together(tmp_path):
    normed = recipe(parts=Parts(image=common_resnet()), batch=1)
    text = refused(normed, tmp_path / "a", "batch=1 leaves one picture at a time, and image.* is a BatchNorm")
    assert "Set batch=2 or more" in text
    assert go(replace(normed, batch=2), tmp_path / "b").finished
    compared = recipe(build=lambda recipe: Compared(recipe.parts.image.build()), batch=1)
    refused(compared, tmp_path / "c", "tells a picture from the others of its batch")
    assert go(recipe(batch=1), tmp_path / "d").finished  # a ViT under a loss of each picture alone


def test_a_batchnorm_is_refused_over_chunks_and_not_over_ranks_which_it_spans():
    made, method = recipe(parts=Parts(image=common_resnet()), batch=4), Spread(common_resnet().build())
    check_method(made, method, 4)  # one picture to each process, and statistics of four
    with pytest.raises(ValueError, match="micro=2 learns from a batch in parts, and image.*BatchNorm.*Set micro=0"):
        check_method(replace(made, micro=2), method, 1)
    check_method(replace(made, micro=4), method, 1)  # the whole batch is one part
    check_method(replace(made, micro=2), method.eval(), 1)
    method.train()
    check_method(made, method, 2)
    check_method(made, method.eval(), 4)  # statistics that are not taken from the batch


def test_the_method_has_a_say():
    method = Spread(vit_small(32, 8, 1).build())
    asked = []
    method.check = asked.append
    check_method(recipe(batch=8), method, 2)
    assert asked == [8]


def test_the_method_is_asked_about_the_smallest_part_that_is_compared():
    method, asked = Spread(vit_small(32, 8, 1).build()), []
    method.check = asked.append
    check_method(recipe(batch=14, micro=3), method, 2)
    assert asked == [14, 2]  # parts of 3, 3 and 1 on each of two processes
    compared, asked = Compared(vit_small(32, 8, 1).build()), []
    compared.check = asked.append
    check_method(recipe(batch=14, micro=3), compared, 2)
    assert asked == [14]  # GradCache


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dino.small", "Sinkhorn-Knopp balances"),
        ("ibot.small", "Sinkhorn-Knopp balances"),
        ("dinov2.gram", "Sinkhorn-Knopp balances"),
        ("dinov2.centered", "KoLeo spreads"),
        ("mae.graphics", "flat_weight=0.2 weighs"),
    ],
)
def test_a_loss_of_the_whole_batch_is_not_taken_in_parts(name, words):
    made = replace(find(name), micro=32)
    with pytest.raises(ValueError, match=f"micro=32 learns from a batch in parts, and {words}.*Set micro=0"):
        check_method(made, made.build(made), 1)
    check_method(replace(made, micro=0), made.build(made), 1)


def test_pairs_left_out_of_a_batch_are_those_of_all_of_it():
    made = replace(find("relative_position.tiny"), parts=Parts(image=vit_small(32, 8, 1)), micro=2)
    with pytest.raises(ValueError, match="micro=2 .* and the loss is a mean over the pairs of the whole batch"):
        check_method(made, made.build(made), 1)
    check_method(made, RelativePosition(made.parts.image.build(), Config(flat=0)), 1)


def test_a_ragged_last_part_of_one_is_refused_and_the_settings_named_work():
    made = replace(find("dino.tiny"), batch=16, micro=5)
    method = made.build(made)
    with pytest.raises(ValueError, match="micro=5 leaves 1 of 16 pictures.*Set micro=0, or batch to a multiple of"):
        check_method(made, method, 1)
    check_method(replace(made, micro=0), method, 1)
    check_method(replace(made, batch=15), method, 1)


def test_a_single_picture_is_refused(tmp_path):
    one, other = pictures(tmp_path / "one", 1), pictures(tmp_path / "two", 2)
    refused(recipe(batch=1), tmp_path / "a", "two different ones are needed", data=one)
    refused(recipe(batch=1), tmp_path / "b", "has 1 samples.*at least two", data=one, evaluation=other)
    assert go(recipe(batch=2), tmp_path / "c", data=other, evaluation=other).finished


def test_a_batch_larger_than_the_source_names_the_one_that_fits(tmp_path):
    data = pictures(tmp_path / "few", 10)
    text = refused(
        recipe(batch=16), tmp_path / "a", "batch=16 is more than the 10 pictures", data=data, evaluation=data
    )
    assert "Set batch=10 or less" in text
    assert go(recipe(batch=10), tmp_path / "b", data=data, evaluation=data).finished
    with pytest.raises(ValueError, match="Set batch=8 or less"):
        check_count(recipe(batch=16), open_source(data), 4)
    with pytest.raises(ValueError, match="make it a multiple of 3"):
        check_count(recipe(batch=16), open_source(data), 3)


def test_knn_without_labels_names_rankme_which_works(tmp_path):
    knn, data = recipe(evaluation=Evaluation(metric="knn", every=1)), pictures(tmp_path / "few", 30)
    refused(knn, tmp_path / "a", "the training data, .*, has no labels. Set evaluation.metric=rankme", data=data)
    refused(knn, tmp_path / "b", "are all 'a'. Set evaluation.metric=rankme", data=Half(), evaluation=Half())
    done = go(knn, tmp_path / "c", data=data, evaluation=data, overrides=["evaluation.metric=rankme"])
    assert done.scores.keys() == {"rankme"} and done.scores["rankme"] >= 1


def test_pictures_without_a_label_are_left_out_of_knn_and_counted(tmp_path, capsys):
    knn = recipe(evaluation=Evaluation(metric="knn"))
    done = train(knn, out=tmp_path, data=Half(2), evaluation=Half(2), device="cpu", export=False)
    assert done.scores["n_knn"] == 12 and done.scores["chance_knn"] == 0.5
    said = capsys.readouterr().err
    assert "12 of 24 held-out pictures looked at in half have no label: left out of kNN" in said
    assert "(chance 0.500, n 12)" in said


def test_a_metric_that_is_none_is_refused_with_those_there_are():
    made = recipe(evaluation=Evaluation(metric="kNN", keep="best"))
    with pytest.raises(ValueError, match="evaluation.metric is 'kNN'; expected one of knn, rankme, zero_shot, text_to"):
        check_metric(made, None, None)


def test_knn_is_measured_while_training_where_there_are_labels(tmp_path):
    data = pictures(tmp_path / "labelled", 40, classes=2)
    knn = recipe(evaluation=Evaluation(metric="knn", every=1, keep="best"))
    done = go(knn, tmp_path / "run", data=data, evaluation=data)
    assert done.scores["knn"] >= 0.5 and "rankme" in done.scores
    assert (tmp_path / "run" / "best" / "model.safetensors").exists()


def test_a_metric_of_words_cannot_decide_without_a_text_tower():
    source = open_source("icons?n=8")
    words = recipe(evaluation=Evaluation(keep="best"))
    with pytest.raises(ValueError, match="no text tower, so text_to_image_r10 cannot decide.*evaluation.metric=knn"):
        check_metric(words, source, source)
    check_metric(replace(words, evaluation=Evaluation()), source, source)  # it decides nothing
    check_metric(words, source, None)


def test_methods_are_told_how_many_pictures_there_are_and_the_config_says_it_once(tmp_path):
    told = []

    def build(recipe):
        told.append(recipe.samples)
        return Spread(recipe.parts.image.build())

    done = go(recipe(build=build), tmp_path / "run")
    config = (done.folder / "config.json").read_text()
    assert len(told) == 1 and 0 < told[0] < 40  # some are held out
    assert f'"samples": {told[0]}' in config and config.count('"samples": 2000') == 1


def test_views_of_another_size_are_measured_by_the_largest(tmp_path):
    data = pictures(tmp_path / "few", 20, side=20)
    refused(recipe(data=Data(source="icons", size=32, views=large)), tmp_path / "a", "a view is 64 px", data=data)


def large(size):
    """A second view of twice the size."""
    return [View([], size), View([], 2 * size)]
