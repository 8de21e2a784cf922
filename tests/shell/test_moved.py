"""What was written for an earlier version still imports."""

import importlib
import subprocess
import sys

import pytest

from sightline.moved import MOVED, ROOMS, today

TAKEN = sorted({after for _, after, _ in ROOMS} & {name.removeprefix("sightline.") for name in MOVED})
"""folders that have the name of a module of then"""


def test_an_old_path_gives_the_module_of_today():
    for old in sorted(MOVED.keys() - {f"sightline.{name}" for name in TAKEN}):
        now = importlib.import_module(MOVED[old])
        assert importlib.import_module(old) is now, old
        assert now.__spec__.name == now.__name__ == MOVED[old]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sightline.data.source", "open_source"),
        ("sightline.data.decode", "decode"),
        ("sightline.data.views", "TwoViews"),
        ("sightline.train.recipe", "Recipe"),
        ("sightline.weights.convert", "convert"),
        ("sightline.methods.relative_position", "channels_shuffled"),
        ("sightline.nn.conv_decoder", "ConvDecoder"),
    ],
)
def test_public_names_are_where_they_were(module, name):
    code = f"from {module} import {name}; print({name}.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("sightline."), done.stderr


def test_a_name_of_no_module_is_still_refused():
    with pytest.raises(ModuleNotFoundError, match="sightline.data.nothing"):
        importlib.import_module("sightline.data.nothing")
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        exec("from sightline.train.recipe import Nothing")


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("sightline.recipes.dino.build", "sightline.recipes.pictures.dino.build"),
        ("sightline.recipes.dinov2.build", "sightline.recipes.pictures.dinov2.build"),
        ("sightline.data.caption_choice.any_caption", "sightline.data.feed.caption_choice.any_caption"),
        ("my.recipes.dino.build", "my.recipes.dino.build"),
    ],
)
def test_functions_of_old_configs_are_called_as_today(then, now):
    assert today(then) == now
