"""Runs that ended, by their steps, by their patience, by a signal: they stay so, and what they measured stays once."""

import json
import os
import signal
from collections import Counter
from dataclasses import replace

import pytest
import torch

import sightline
from sightline.recipes.find import train
from sightline.recipes.image_text import clip
from sightline.train.watch.monitor import NonFinite

FAILS_AT: list[int] = []
STOPS_AT: list[int] = []


def fragile(recipe):
    """CLIP whose loss is no number at the steps in FAILS_AT, and which is asked to stop at those in STOPS_AT."""
    method = clip.build(recipe)
    compare, before = method.compare, method.before_step
    now = [0]

    def at(step, total):
        now[0] = step
        if step in STOPS_AT:
            os.kill(os.getpid(), signal.SIGTERM)
        before(step, total)

    def broken(embedded, batch):
        losses = compare(embedded, batch)
        return {k: v * float("nan") for k, v in losses.items()} if now[0] in FAILS_AT else losses

    method.before_step, method.compare = at, broken
    return method


def go(out, *settings, **options):
    recipe = replace(clip.tiny(), build=fragile, steps=6, batch=8)
    words = ["evaluation.every=2", *settings]
    given = {"quiet": True, "device": "cpu", "export": False, "save_every": 1000} | options
    return train(recipe, out=out, data="icons?n=40", overrides=words, **given)


def evaluations(out):
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return Counter(row["step"] for row in rows if "evaluation" in row)


def weights(out):
    return (out / "model.safetensors").read_bytes()


NEVER_BETTER = ("optim.lr=1e-9", "evaluation.patience=1")


def test_a_run_that_stopped_early_is_not_trained_on_by_the_same_command(tmp_path):
    first = go(tmp_path, *NEVER_BETTER)
    before = weights(tmp_path)
    assert first.finished and first.steps == 4 and not first.already
    again = go(tmp_path, *NEVER_BETTER)
    assert again.finished and again.already and again.steps == 4 and weights(tmp_path) == before
    assert again.scores == first.scores
    assert evaluations(tmp_path) == {2: 1, 4: 1}
    patient = go(tmp_path, "optim.lr=1e-9", "evaluation.patience=0")
    assert patient.steps == 6 and evaluations(tmp_path) == {2: 1, 4: 1, 6: 1}


def test_the_evaluation_at_the_checkpoint_stays_exactly_once(tmp_path):
    FAILS_AT[:] = [4]
    with pytest.raises(NonFinite):
        go(tmp_path, save_every=0)
    assert torch.load(tmp_path / "state" / "last.pt", weights_only=True)["step"] == 4
    assert evaluations(tmp_path) == {2: 1, 4: 1}
    FAILS_AT[:] = []
    assert go(tmp_path).finished and evaluations(tmp_path) == {2: 1, 4: 1, 6: 1}
    go(tmp_path)
    assert evaluations(tmp_path) == {2: 1, 4: 1, 6: 1}
    go(tmp_path, "evaluation.samples=5")  # another question: the answer takes the place of the last one
    assert evaluations(tmp_path) == {2: 1, 4: 1, 6: 1}


def test_a_killed_run_gives_the_encoder_of_its_checkpoint(tmp_path):
    FAILS_AT[:] = [3]
    with pytest.raises(NonFinite):
        go(tmp_path, "evaluation.every=0", save_every=0)
    FAILS_AT[:] = []
    assert not (tmp_path / "model.safetensors").exists()
    described = json.loads((tmp_path / "state" / "encoder" / "encoder.json").read_text())
    assert described["unfinished"] == {"step": 3, "of": 6}
    kept = torch.load(tmp_path / "state" / "last.pt", weights_only=True)["method"]
    model = sightline.load(tmp_path).model
    assert torch.equal(model.state_dict()["log_scale"], kept["log_scale"])
    assert go(tmp_path, "evaluation.every=0").finished and not (tmp_path / "state" / "encoder").exists()
    assert "unfinished" not in json.loads((tmp_path / "encoder.json").read_text())


def test_a_run_asked_to_stop_keeps_its_encoder_and_says_so(tmp_path, capsys):
    STOPS_AT[:] = [2]
    done = go(tmp_path, "evaluation.every=0", quiet=False)
    STOPS_AT[:] = []
    assert not done.finished and done.steps == 3
    assert f"Until then {tmp_path} gives the encoder of that step" in capsys.readouterr().err
    assert sightline.load(tmp_path).encode_text(["star"]).shape == (1, 32)


def test_the_best_by_one_metric_is_not_measured_by_another(tmp_path):
    FAILS_AT[:] = [4]
    with pytest.raises(NonFinite):
        go(tmp_path, save_every=0)
    FAILS_AT[:] = []
    best = json.loads((tmp_path / "best" / "best.json").read_text())
    assert best["metric"] == "text_to_image_r10" and 0 < best["value"] <= 1
    go(tmp_path, "evaluation.metric=image_to_text_r1")
    best = json.loads((tmp_path / "best" / "best.json").read_text())
    assert best["metric"] == "image_to_text_r1" and best["step"] == 6


def test_a_finished_run_says_how_to_go_on_and_what_nothing_would_score(tmp_path, capsys):
    go(tmp_path, quiet=False)
    said = capsys.readouterr().err
    assert said.count("before the first update the loss is") == 1
    assert "who tells nothing apart has contrastive = ln(batch) = 2.08" in said
    assert "\u00b1" in said and "chance" in said
    go(tmp_path, quiet=False)
    said = capsys.readouterr().err
    assert "is finished, at step 6: nothing is left to do. To train on from its encoder: sightline train" in said
    assert f"clip.tiny --init {tmp_path} --out {tmp_path}-2 steps=6 optim.lr=0.0003" in said
    assert "before the first update" not in said
