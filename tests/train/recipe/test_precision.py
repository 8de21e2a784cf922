"""What a recipe leaves open is chosen by the machine, once a run, and written down."""

import json
from dataclasses import replace

import pytest
import torch

from sightline.recipes.image_text import clip
from sightline.train.folder import RunFolder
from sightline.train.recipe import precision
from sightline.train.recipe.precision import settled


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


def choose(monkeypatch, fast):
    monkeypatch.setattr(precision, "bfloat16_pays", lambda device: fast)


@pytest.mark.parametrize(("fast", "chosen"), [(True, "bfloat16"), (False, "float32")])
def test_an_open_precision_is_what_the_machine_is_fast_in(monkeypatch, folder, fast, chosen):
    choose(monkeypatch, fast)
    assert settled(clip.icons(), torch.device("cpu"), folder).precision == chosen


def test_a_precision_that_was_asked_for_stays(monkeypatch, folder):
    choose(monkeypatch, False)
    asked = replace(clip.icons(), precision="bfloat16")
    assert settled(asked, torch.device("cpu"), folder) is asked


@pytest.mark.parametrize("begun", ["float32", "bfloat16"])
def test_a_run_goes_on_in_the_precision_it_was_begun_in_on_any_machine(monkeypatch, folder, begun):
    folder.prepare(fresh=False)
    folder.config.write_text(json.dumps({"recipe": {"precision": begun}}))
    folder.last.write_bytes(b"")
    for fast in (True, False):
        choose(monkeypatch, fast)
        assert settled(clip.icons(), torch.device("cpu"), folder).precision == begun


def test_a_run_of_which_nothing_was_kept_may_change(monkeypatch, folder):
    folder.prepare(fresh=False)
    folder.config.write_text(json.dumps({"recipe": {"precision": "bfloat16"}}))
    choose(monkeypatch, False)
    assert settled(clip.icons(), torch.device("cpu"), folder).precision == "float32"
