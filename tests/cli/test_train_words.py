"""The words of `sightline train`: settings written as options, and what is said after a run."""

from pathlib import Path

import pytest

from sightline.cli.main import main
from sightline.cli.train import next_commands, settings_meant


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["clip", "--batch", "32", "--out", "x"], "batch=32"),
        (["clip", "--lr", "0.1"], "optim.lr=0.1"),
        (["clip", "--lr=0.1"], "optim.lr=0.1"),
        (["--batch", "32", "clip"], "batch=32"),
        (["clip", "--learning-rate", "3e-4", "--batch_size", "8"], "optim.lr=3e-4 batch=8"),
        (["clip", "--optim.lr", "1e-3"], "optim.lr=1e-3"),
        (["dino", "--epochs", "3"], "epochs=3"),
        (["clip", "--seed"], "seed=VALUE"),
        (["clip.icons", "--positives", "caption"], "method.pair.positives=caption"),
    ],
)
def test_a_setting_written_as_an_option_is_answered_with_the_setting(words, meant):
    assert settings_meant(["train", *words]) == f"settings are words without dashes: write {meant}."


@pytest.mark.parametrize("words", [["clip", "--out", "x", "--no-export"], ["clip", "--dat", "x"], ["clip", "lr=1"], []])
def test_options_and_their_misspellings_are_no_settings(words):
    assert settings_meant(["train", *words]) == ""


def test_the_command_line_says_it_and_ends_with_2(capsys):
    assert main(["train", "clip", "--batch", "32", "--out", "x"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("sightline: error: settings are words without dashes: write batch=32. See `sightline train")
    assert main(["train", "clip", "optim.lr=nan", "--out", "x"]) == 2
    assert "optim.lr is nan; it must be finite and positive" in capsys.readouterr().err
    assert main(["search", "x.db", "word", "--batch", "32"]) == 2 and "batch=32" not in capsys.readouterr().err


def test_after_a_run_come_the_commands_that_index_and_search_it():
    assert next_commands("clip", Path("runs/my run"), "my pictures/", ["embeds", "reads_text"]) == [
        "sightline index 'runs/my run/index.db' 'my pictures/' --encoder 'runs/my run'",
        "sightline search 'runs/my run/index.db' \"a few words\"  # or: sightline serve 'runs/my run/index.db'",
    ]
    own = next_commands("dino.tiny", Path("runs/d"), None, ["embeds"])
    assert own == [
        "sightline index runs/d/index.db 'icons?n=64' --encoder runs/d",
        "sightline search runs/d/index.db --image PICTURE  # or: sightline serve runs/d/index.db",
    ]


def test_a_finished_run_prints_them_and_the_same_command_says_it_is_finished(tmp_path, capsys):
    words = ["train", "clip.tiny", "steps=2", "batch=8", "--data", "icons?n=30", "--out", str(tmp_path), "--no-export"]
    assert main([*words, "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert f"sightline index {tmp_path}/index.db 'icons?n=30' --encoder {tmp_path}\n" in said and "chance" in said
    assert main([*words, "--device", "cpu"]) == 0
    again = capsys.readouterr()
    assert again.out.startswith(f"{tmp_path}: finished before, at step 2")
    assert f"--init {tmp_path} --out {tmp_path}-2" in again.err
