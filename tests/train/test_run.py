"""A run as its user sees it: what is kept, what is said, what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import sightline
from sightline.recipes.find import train
from sightline.recipes.image_text import clip
from sightline.train.watch.monitor import NonFinite

QUICK = ["steps=6", "batch=8"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A designer's folder: drawings with telling names, and three files that are broken."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for i in range(24):
        Image.fromarray(rng.integers(0, 255, (30, 40, 3), dtype=np.uint8)).save(
            folder / f"red-thing_{'abcdefgh'[i % 8]}{i}.png"
        )
    (folder / "empty-file.png").write_bytes(b"")
    (folder / "cut-file.png").write_bytes((folder / "red-thing_a0.png").read_bytes()[:200])
    return str(folder)


def rows(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def run(out, data, *more, **options):
    return train("clip.tiny", out=out, data=data, overrides=[*QUICK, *more], device="cpu", export=False, **options)


def test_a_folder_of_named_files_trains_and_loads_and_bad_files_are_named(pictures, tmp_path, capsys):
    done = run(tmp_path / "run", pictures)
    assert done.finished and done.steps == 6
    assert {key for key in done.bad} <= {"empty-file.png", "cut-file.png"} and done.bad
    assert "could not be read and were left out" in capsys.readouterr().err
    encoder = sightline.load(tmp_path / "run")
    assert encoder.encode_text(["a red thing"]).shape == (1, 32)
    written = json.loads((tmp_path / "run" / "config.json").read_text())
    assert written["recipe"]["batch"] == 8 and written["overrides"] == QUICK


def test_a_finished_run_is_not_trained_again(pictures, tmp_path):
    run(tmp_path, pictures, quiet=True)
    before = (tmp_path / "model.safetensors").read_bytes()
    again = run(tmp_path, pictures, quiet=True)
    assert again.finished and (tmp_path / "model.safetensors").read_bytes() == before


def test_changed_settings_and_changed_data_are_refused_by_name(pictures, tmp_path):
    run(tmp_path, pictures, quiet=True)
    with pytest.raises(ValueError, match="seed was 0 and is 1"):
        run(tmp_path, pictures, "seed=1", quiet=True)
    with pytest.raises(ValueError, match="data.train was"):
        run(tmp_path, "icons?n=30", quiet=True)


def test_a_dry_run_prints_the_cost_and_leaves_nothing(pictures, tmp_path, capsys):
    done = run(tmp_path / "run", pictures, dry_run=True)
    said = capsys.readouterr().err
    assert all(word in said for word in ("parameters", "memory", "GFLOP a step", "hours"))
    assert done.budget is not None and done.budget.flops > 0 and done.budget.steps == 6
    assert not (tmp_path / "run").exists()


def test_early_stop_ends_the_run_and_the_best_weights_are_kept(tmp_path):
    done = train(
        "clip.tiny",
        out=tmp_path,
        data="icons?n=40",
        overrides=["steps=40", "batch=8", "optim.lr=1e-9", "evaluation.every=2", "evaluation.patience=2"]
        + ["evaluation.keep=best"],
        quiet=True,
        device="cpu",
        export=False,
    )
    assert done.finished and done.steps < 40
    kept, best = (sightline.load(p).encode_text("star") for p in (tmp_path, tmp_path / "best"))
    torch.testing.assert_close(kept, best, rtol=1e-5, atol=1e-6)
    assert [row["step"] for row in rows(tmp_path) if "evaluation" in row][:2] == [2, 4]


def test_a_loss_that_is_no_number_stops_before_the_update_and_names_term_and_step(tmp_path):
    def poisoned(recipe):
        method = clip.build(recipe)
        compare, calls = method.compare, []

        def broken(embedded, batch):
            calls.append(1)
            losses = compare(embedded, batch)
            return {k: v * float("nan") for k, v in losses.items()} if len(calls) == 4 else losses

        method.compare = broken
        return method

    recipe = replace(clip.tiny(), build=poisoned, steps=10, batch=8)
    with pytest.raises(NonFinite, match="step 3: .*contrastive = nan.*last checkpoint is intact"):
        train(recipe, out=tmp_path, data="icons?n=40", quiet=True, device="cpu", save_every=0)
    assert torch.load(tmp_path / "state" / "last.pt", weights_only=True)["step"] == 3


def test_a_source_without_captions_is_refused_before_the_first_step(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "IMG_1234.png")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "IMG_1235.png")
    with pytest.raises(ValueError, match="captions"):
        run(tmp_path / "run", str(tmp_path), quiet=True)


def test_an_empty_folder_is_one_clear_error(tmp_path):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ValueError, match="nothing"):
        run(tmp_path / "run", str(tmp_path / "nothing"), quiet=True)


def test_python_and_shell_take_the_same_words(pictures, tmp_path, capsys):
    from sightline.cli.main import main

    words = [
        "train",
        "clip.tiny",
        *QUICK,
        "--data",
        pictures,
        "--out",
        str(tmp_path / "a"),
        "--quiet",
        "--device",
        "cpu",
        "--no-export",
    ]
    assert main(words) == 0
    assert "6 steps" in capsys.readouterr().out and not (tmp_path / "a" / "onnx").exists()
    run(tmp_path / "b", pictures, quiet=True)
    shell, python = (load_file(tmp_path / name / "model.safetensors") for name in "ab")
    assert all(torch.equal(shell[name], python[name]) for name in shell | python)


def test_tensorboard_files_are_written_on_request(pictures, tmp_path):
    run(tmp_path, pictures, quiet=True, tensorboard=True)
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_a_collapsed_tower_is_reported_while_it_happens(tmp_path, capsys):
    def constant(recipe):
        method = clip.build(recipe)
        for parameter in method.project_image.parameters():
            parameter.requires_grad_(False).zero_()
        forward = method.encode_image
        method.encode_image = lambda image: forward(image) + torch.ones(1)
        return method

    recipe = replace(clip.tiny(), build=constant, steps=51, batch=8)  # one look, at the end
    train(recipe, out=tmp_path, data="icons?n=40", device="cpu", export=False)
    assert "the image tower has collapsed" in capsys.readouterr().err
