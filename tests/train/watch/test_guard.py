"""The forgetting guard: what it asks, when it stops a run, and which weights are then kept."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import sightline
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import Sample
from sightline.protocols import Features, Kept
from sightline.recipes.find import find, train
from sightline.towers.spec import ConvNetSpec
from sightline.train.recipe.guard import Guard
from sightline.train.watch import guard as watch
from sightline.train.watch.guard import Forgetting, Standing
from sightline.weights.run_folder.joint import dim_of
from sightline.weights.run_folder.run import save

CPU = torch.device("cpu")
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (40, 50, 230), "yellow": (220, 200, 40)}


class Colours:
    """Plain squares of four colours, each a little other: what a tower of mean colours knows."""

    name, classes, has, notes = "colours", tuple(COLOURS), frozenset({"image", "label", "text"}), ()

    def __init__(self, n=120, first=0):
        self.n, self.first = n, first

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        label = index % 4
        noise = np.random.default_rng(index + self.first).integers(-20, 20, 3)
        picture = np.clip(np.array(list(COLOURS.values())[label]) + noise, 0, 255).astype(np.uint8)
        return Sample(key=str(index), image=np.tile(picture, (16, 16, 1)), label=label)


class Mean(nn.Module):
    """The mean colour, times a number that may be lost."""

    dim = 3

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, image):
        tokens = self.gain * image.flatten(2).transpose(1, 2)
        noise = (1 - self.gain) * torch.randn(len(image), 3, generator=torch.Generator().manual_seed(0))
        return Features(pooled=tokens.mean(1) + noise, tokens=tokens, prefix=tokens[:, :0], grid=(16, 16))


class Method(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = Mean()

    def kept(self):
        return Kept(parts={"image": self.image}, capabilities=("embeds",))


def guard(monkeypatch, source=None):
    monkeypatch.setattr(watch, "open_source", lambda src: Colours())
    monkeypatch.setattr(
        watch, "opened", lambda name: SimpleNamespace(encoder=SimpleNamespace(capabilities=("embeds",)))
    )
    recipe = find("finetune.tiny")
    return Forgetting(Guard(), "none", recipe, Colours(40, 5000) if source is None else source, CPU)


def test_it_stops_when_more_than_its_share_of_what_stood_above_chance_is_lost(monkeypatch):
    one, method = guard(monkeypatch), Method()
    scores, fell = one.look(method)
    assert one.begun["metric"] == "knn" and scores["guard_knn"] == 1.0 and not fell
    assert "knn on colours is 1.000 at the start (chance 0.246)" in one.said() and one.notes == []
    assert one.look(method) == (scores, "")
    with torch.no_grad():
        method.image.gain.zero_()
    scores, fell = one.look(method)
    assert scores["guard_knn"] < 0.6
    assert f"knn on colours fell from 1.000 at the start to {scores['guard_knn']:.3f} (chance 0.246, n 120)" in fell


class Words:
    """A tokenizer of colours: one token, the colour that is named."""

    vocab, length, eot, pad = 5, 1, 4, 4

    def __call__(self, texts):
        named = [[i for i, colour in enumerate(COLOURS) if colour in text] for text in texts]
        return np.array([found[:1] or [4] for found in named], np.int64)


class Names(nn.Module):
    """The colour that a token names, as `Mean` has it."""

    dim = 3

    def __init__(self):
        super().__init__()
        colours = torch.tensor([*COLOURS.values(), (0, 0, 0)]) / 255
        self.register_buffer("colours", (colours - 0.5) / 0.5)

    def forward(self, tokens):
        return self.colours[tokens[:, 0]]


def test_the_text_tower_of_the_start_is_put_beside_the_tower_that_learns(monkeypatch):
    monkeypatch.setattr(watch, "open_source", lambda src: Colours())
    parts = {"image": Mean(), "text": Names(), "project_image": nn.Identity(), "project_text": nn.Identity()}
    start = SimpleNamespace(capabilities=("embeds", "reads_text"), parts=parts, tokenizer=Words())
    monkeypatch.setattr(watch, "opened", lambda name: SimpleNamespace(encoder=start))
    one, method = Forgetting(Guard(), "none", find("finetune.tiny"), Colours(40, 5000), CPU), Method()
    scores, fell = one.look(method)
    assert scores == {"guard_zero_shot": 1.0, "chance_guard_zero_shot": 0.25, "n_guard_zero_shot": 120} and not fell
    with torch.no_grad():
        method.image.gain.zero_()
    assert "zero_shot on colours fell from 1.000 at the start" in one.look(method)[1]


def test_an_encoder_that_knows_nothing_of_the_guard_is_not_guarded(monkeypatch):
    one, method = guard(monkeypatch), Method()
    with torch.no_grad():
        method.image.gain.zero_()
    assert one.look(method) == ({}, "") and "no better than chance" in one.said()


def test_a_guard_that_shares_pictures_with_the_training_source_is_said(monkeypatch):
    one = guard(monkeypatch, source=Colours(30))
    assert one.notes[0].startswith("30 of 120 pictures of the guard source colours are trained on too")


def test_a_difference_that_may_be_luck_is_no_fall():
    few, many = Standing(0.6, 0.25, 20), Standing(0.6, 0.25, 2000)
    assert few.error > 0.1 > many.error and few.knows and not Standing(0.3, 0.25, 20).knows


def test_settings_that_guard_nothing_are_refused():
    with pytest.raises(ValueError, match="guard.fall is 1.0; expected the share that may be lost"):
        Guard(fall=1.0)
    with pytest.raises(ValueError, match="fewer than 20 pictures"):
        Guard(samples=3)


def test_a_run_whose_encoder_forgets_is_stopped_and_the_best_is_kept(tmp_path, monkeypatch, capsys):
    torch.manual_seed(0)
    spec = ConvNetSpec(size=16, width=8, depth=2)
    kept = Kept(parts={"image": spec.build()}, capabilities=("embeds",))
    save(tmp_path / "a", kept, specs={"image": spec}, preprocess=Preprocess(size=16), tokenizer=None, dim=dim_of(kept))
    monkeypatch.setattr(watch, "open_source", lambda src: Colours())
    looks = iter([0.9, 0.85, 0.2])

    def standing(self, metric, seen):
        return Standing(next(looks), 0.25, 100)

    monkeypatch.setattr(Forgetting, "_standing", standing)
    settings = ["steps=9", "evaluation.every=2", "method.freeze=0", "method.pull=0", "method.layer_decay=1"]
    run = dict(out=tmp_path / "b", data=Colours(40, 5000), evaluation=Colours(16, 9000), init=f"image={tmp_path / 'a'}")
    done = train("finetune.tiny", **run, overrides=settings, device="cpu", export=False)
    said = capsys.readouterr()
    assert done.finished and done.steps == 4
    assert "fell from 0.900 at the start to 0.200 (chance 0.250, n 100)" in said.out + said.err
    rows = [json.loads(line) for line in (tmp_path / "b" / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "evaluation" in row] == [0, 2, 4]
    best = json.loads((tmp_path / "b" / "best" / "best.json").read_text())
    assert best["step"] in (0, 2)
    kept_now, kept_best = (sightline.load(folder).identity for folder in (tmp_path / "b", tmp_path / "b" / "best"))
    assert kept_now == kept_best
    again = train("finetune.tiny", **run, overrides=settings, device="cpu", export=False)
    assert again.already and again.steps == 4
