"""Parts, capabilities, phases, optimisers, targets, episodes at once: the toy is trained, killed, resumed, loaded."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import sightline

TOY = Path(__file__).with_name("toy.py")
STEPS = 16


def words(out, ranks=1):
    if ranks == 1:
        return [sys.executable, str(TOY), str(out)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    many = ["-m", "torch.distributed.run", "--nproc-per-node", str(ranks), "--master-port", str(port)]
    return [sys.executable, *many, str(TOY), str(out)]


def environment():
    return os.environ | {"OMP_NUM_THREADS": "1"}


def run(out, ranks=1):
    done = subprocess.run(words(out, ranks), capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr[-4000:]
    return out


def rows(out):
    lines = (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines() if (out / "metrics.jsonl").exists() else []
    return [row for row in map(json.loads, lines) if "loss" in row]


def terms(out):
    timed = ("images_per_second", "wait", "augment", "compute")
    return [{name: value for name, value in row.items() if name not in timed} for row in rows(out)]


def state(out):
    return torch.load(out / "state" / "last.pt", weights_only=True)


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, torch.Tensor):
        yield path, value


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that nothing happens to, on one process."""
    return run(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="module")
def whole_of_two(tmp_path_factory):
    """The same on two."""
    return run(tmp_path_factory.mktemp("two") / "run", ranks=2)


def kill(out, after, ranks=1):
    """Starts a run and kills it, with all its processes, once `after` steps are logged."""
    started = subprocess.Popen(
        words(out, ranks),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    deadline = time.monotonic() + 200
    while len(rows(out)) < after:
        assert started.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    assert not (out / "model.safetensors").exists(), "killed too late to prove anything"


def assert_equal(ours, theirs):
    assert terms(ours) == terms(theirs)
    one, other = (load_file(folder / "model.safetensors") for folder in (ours, theirs))
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    one, other = (dict(leaves(state(folder))) for folder in (ours, theirs))
    assert one.keys() == other.keys() and not [name for name in one if not torch.equal(one[name], other[name])]


def test_it_learns_and_each_phase_has_its_own_terms(whole):
    first, second = terms(whole)[: STEPS // 2], terms(whole)[STEPS // 2 :]
    late = {"box", "centre", "mask", "depth", "episode"}
    assert all(late.isdisjoint(row) for row in first) and all(late <= row.keys() for row in second)
    assert all({"caption", "rebuilt", "fooled", "real", "fake"} <= row.keys() for row in first + second)
    assert first[-1]["caption"] < first[0]["caption"] and first[-1]["rebuilt"] < first[0]["rebuilt"]
    assert second[-1]["mask"] < second[0]["mask"] and second[-1]["depth"] < second[0]["depth"]


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(4, id="in the first phase", marks=SLOW),
        pytest.param(8, id="at the border"),
        pytest.param(12, id="in the second", marks=SLOW),
    ],
)
def test_a_killed_run_goes_on_as_if_nothing_had_happened(whole, tmp_path, after):
    kill(tmp_path / "run", after)
    assert_equal(run(tmp_path / "run"), whole)


def test_two_processes_learn_what_one_does(whole, whole_of_two):
    for ours, theirs in zip(terms(whole_of_two), terms(whole), strict=True):
        shared = {name for name in theirs if not name.startswith("watch")}
        for name in shared:
            assert ours[name] == pytest.approx(theirs[name], rel=2e-3, abs=1e-4), (ours["step"], name)


def test_two_killed_processes_go_on_as_if_nothing_had_happened(whole_of_two, tmp_path):
    kill(tmp_path / "run", 10, ranks=2)
    assert_equal(run(tmp_path / "run", ranks=2), whole_of_two)


@pytest.mark.parametrize("run_of", ["whole", "whole_of_two"])
def test_what_was_kept_embeds_and_captions_and_refuses_the_rest_by_name(run_of, request):
    out = request.getfixturevalue(run_of)
    toy = sightline.load(out, device="cpu")
    assert toy.capabilities == ("embeds", "captions")
    picture = torch.zeros(1, 3, 32, 32)
    assert toy.encode_image(picture).shape == (1, 32)
    (caption,) = toy.caption(picture)
    assert isinstance(caption, str)
    with pytest.raises(ValueError, match="cannot sample"):
        toy.sample()
    with pytest.raises(ValueError, match="text"):
        toy.encode_text(["a red square"])
    described = json.loads((out / "encoder.json").read_text(encoding="utf-8"))
    assert described["format"] == 2 and list(described["parts"]) == ["image", "decoder", "codec"]
