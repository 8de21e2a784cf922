from dataclasses import replace

import pytest
import torch

import sightline
from sightline.recipes.find import find
from sightline.recipes.restored import restored
from sightline.train.checkpoint import load


def test_a_run_is_restored_with_all_that_it_trained(tmp_path):
    sightline.train("mae.tiny", out=tmp_path, overrides=["steps=2", "method.dim=24"], quiet=True, export=False)
    recipe, method = restored(tmp_path)
    assert recipe.method.dim == 24 and not method.training
    saved = load(tmp_path / "state" / "last.pt")["method"]
    assert saved.keys() == method.state_dict().keys() and any(key.startswith("decoder.") for key in saved)
    assert all(torch.equal(value, method.state_dict()[key]) for key, value in saved.items())


def test_a_recipe_changed_in_python_and_one_with_words_are_refused(tmp_path):
    wider = find("mae.tiny")
    wider = replace(wider, steps=1, method=replace(wider.method, dim=24))
    sightline.train(wider, out=tmp_path / "wider", quiet=True, export=False)
    with pytest.raises(ValueError, match="not those of mae.tiny: its recipe was changed in Python"):
        restored(tmp_path / "wider")
    sightline.train("clip.tiny", out=tmp_path / "clip", overrides=["steps=1"], quiet=True, export=False)
    with pytest.raises(ValueError, match="reads words"):
        restored(tmp_path / "clip")
