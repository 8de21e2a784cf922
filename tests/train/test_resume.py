"""Kill -9 at some step, the same command again: the run that was never killed, bit for bit."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import sightline

SETTINGS = ["steps=12", "batch=8", "ema=0.9", "evaluation.every=5"]


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Forty pictures with captions in two tars."""
    folder = tmp_path_factory.mktemp("shards")
    rng = np.random.default_rng(0)
    for shard in range(2):
        with tarfile.open(folder / f"{shard:03d}.tar", "w") as tar:
            for number in range(20):
                pixels = io.BytesIO()
                Image.fromarray(rng.integers(0, 255, (40, 48, 3), dtype=np.uint8)).save(pixels, "png")
                for ending, content in (("png", pixels.getvalue()), ("txt", f"thing {shard} {number}".encode())):
                    info = tarfile.TarInfo(f"{shard}-{number}.{ending}")
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
    return str(folder / "{000..001}.tar")


def command(shards, out, *more):
    words = ["train", "clip.tiny", *SETTINGS, "--data", shards, "--out", str(out), "--device", "cpu"]
    return [sys.executable, "-m", "sightline", *words, "--save-every", "0", "--log-every", "1", "--no-export", *more]


def losses(out):
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [(row["step"], row["loss"]) for row in rows if "loss" in row]


def environment():
    return os.environ | {"OMP_NUM_THREADS": "1"}


def run(words):
    done = subprocess.run(words, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def whole(shards, tmp_path_factory):
    """The run that nothing happens to."""
    out = tmp_path_factory.mktemp("whole") / "run"
    run(command(shards, out))
    return out


@pytest.mark.parametrize(
    ("more", "after"),
    [
        pytest.param(["--memory", "always"], 4, marks=pytest.mark.slow),
        pytest.param(["--memory", "never"], 7, marks=pytest.mark.slow),
        (["--memory", "never", "--workers", "2"], 2),
    ],
    ids=["memory", "tar", "tar with two workers"],
)
def test_a_killed_run_goes_on_as_if_nothing_had_happened(shards, whole, tmp_path, more, after):
    out = tmp_path / "run"
    killed = subprocess.Popen(command(shards, out, *more), stderr=subprocess.DEVNULL, env=environment())
    deadline = time.monotonic() + 120
    while not (out / "metrics.jsonl").exists() or len(losses(out)) < after:
        assert killed.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (out / "model.safetensors").exists(), "killed too late to prove anything"
    run(command(shards, out, *more))
    assert losses(out) == losses(whole)
    ours, theirs = load_file(out / "model.safetensors"), load_file(whole / "model.safetensors")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    states = [torch.load(r / "state" / "last.pt", weights_only=True) for r in (out, whole)]
    assert all(torch.equal(states[0]["method"][k], states[1]["method"][k]) for k in states[0]["method"])


def test_sigterm_saves_and_the_same_command_goes_on(shards, whole, tmp_path):
    out = tmp_path / "run"
    words = command(shards, out)
    words[words.index("--save-every") + 1] = "1000"
    asked = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment())
    while not (out / "metrics.jsonl").exists() or len(losses(out)) < 2:
        assert asked.poll() is None
        time.sleep(0.002)
    asked.send_signal(signal.SIGTERM)
    said = asked.communicate()[1]
    if "stopped at step" in said:  # else the run was over before the signal
        assert (out / "state" / "last.pt").exists() and asked.returncode == 130
        run(words)
    assert losses(out) == losses(whole)


def test_a_run_that_has_no_encoder_yet_is_told_from_a_published_folder(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="was stopped before it kept an encoder: go on with the command that began"):
        sightline.load(tmp_path)
