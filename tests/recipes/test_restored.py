from dataclasses import replace

import pytest
import torch

import sightline
from sightline.recipes.find import find
from sightline.recipes.restored import restored
from sightline.train.checkpoint import load

QUICK = {"quiet": True, "export": False, "device": "cpu"}


def assert_whole(run, method):
    saved = load(run / "state" / "last.pt")["method"]
    assert not method.training and saved.keys() == method.state_dict().keys()
    assert all(torch.equal(value, method.state_dict()[key]) for key, value in saved.items())


def test_a_run_is_restored_with_all_that_it_trained(tmp_path):
    sightline.train("mae.tiny", out=tmp_path, overrides=["steps=2", "method.dim=24"], **QUICK)
    recipe, method = restored(tmp_path)
    assert recipe.method.dim == 24
    assert_whole(tmp_path, method)
    assert any(key.startswith("decoder.") for key in method.state_dict())


def test_a_run_with_words_and_one_that_began_with_its_encoder_are_restored(tmp_path):
    first, second, third = tmp_path / "first", tmp_path / "second", tmp_path / "third"
    sightline.train("clip.tiny", out=first, overrides=["steps=1", "batch=8"], **QUICK)
    recipe, method = restored(first)
    assert recipe.parts.text.vocab == method.text.embed.num_embeddings
    assert_whole(first, method)
    sightline.train("siglip.tiny", out=second, init=first, lock="image", overrides=["steps=1", "batch=8"], **QUICK)
    recipe, method = restored(second)
    assert recipe.parts.image == restored(first)[0].parts.image and recipe.name == "siglip.tiny"
    assert not any(parameter.requires_grad for parameter in method.image.parameters())
    assert_whole(second, method)
    sightline.train("dino.tiny", out=third, init=first, overrides=["steps=1", "batch=8"], **QUICK)
    assert_whole(third, restored(third)[1])


def test_a_recipe_changed_in_python_is_refused(tmp_path):
    wider = find("mae.tiny")
    wider = replace(wider, steps=1, method=replace(wider.method, dim=24))
    sightline.train(wider, out=tmp_path / "wider", **QUICK)
    with pytest.raises(ValueError, match="not those of mae.tiny: its recipe was changed in Python"):
        restored(tmp_path / "wider")
