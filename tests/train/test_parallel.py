"""Two processes are one: DDP, FSDP2 and GradCache give the losses and weights of a single process."""

import json
import os
import socket
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

WORDS = ["train", "siglip.tiny", "--data", "icons?n=40", "--eval", "icons:test?n=8", "steps=5", "ema=0.9"]


def losses(out):
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return torch.tensor([row["loss"] for row in rows if "loss" in row])


def run(out, *more, processes=1):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    many = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--master-port", str(port)]
    done = subprocess.run(
        [sys.executable, *(many if processes > 1 else []), "-m", "sightline", *WORDS]
        + ["--out", str(out), "--device", "cpu", "--log-every", "1", "--quiet", "--no-export", *more],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return losses(out), load_file(out / "model.safetensors")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return run(tmp_path_factory.mktemp("alone") / "run")


@pytest.mark.parametrize("more", [[], ["--shard"], ["micro=4"]], ids=["ddp", "fsdp2", "gradcache"])
def test_two_ranks_equal_one(alone, tmp_path, more):
    values, weights = run(tmp_path / "run", *more, processes=2)
    torch.testing.assert_close(values, alone[0], rtol=1e-5, atol=1e-5)
    for name, value in alone[1].items():
        torch.testing.assert_close(weights[name], value, rtol=1e-4, atol=3e-5, msg=lambda m, n=name: f"{n}: {m}")
