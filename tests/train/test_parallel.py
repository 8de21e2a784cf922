"""Two processes are one: FSDP2, GradCache, locked towers, going on from the other's checkpoint; and the command itself.

DDP on every recipe: tests/recipes/test_ranks.py.
"""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from sightline import dist
from sightline.cli import main
from sightline.data.sources.source import open_source
from sightline.nn.conv.sync_norm import across_ranks
from sightline.nn.state.ema import EMA
from sightline.nn.state.lock import lock
from sightline.nn.tag import decayed
from sightline.recipes.find import find
from sightline.train.feed import Feed
from sightline.train.loop import Learner
from sightline.train.optim.gradcache import check_gradcache
from sightline.train.optim.optimizer import SGD
from sightline.train.options import Options
from sightline.train.parallel import shard
from sightline.train.recipe.recipe import fitted
from sightline.train.vocabulary import tokenizer_of

CPU = torch.device("cpu")


def build(name, locked="", micro=0):
    """A learner's parts; of a locked tower nothing is trained, its projection neither (LiT)."""
    recipe, source = find(name), open_source("grammars?n=24" if name == "seq2seq.tiny" else "icons?n=24")
    tokenizer = tokenizer_of(recipe.data.tokenizer, source, recipe.seed, print) if recipe.reads_words else None
    recipe = replace(fitted(recipe, tokenizer), batch=8, micro=micro, optim=SGD(lr=0.05), samples=len(source))
    torch.manual_seed(0)
    method = across_ranks(recipe.build(recipe))
    for tower in ("image", "text"):
        if locked in (tower, "both"):
            lock(getattr(method, tower))
            lock(getattr(method, f"project_{tower}"))
        elif locked == "partly":
            next(getattr(method, tower).parameters()).requires_grad_(False)
    return recipe, source, tokenizer, method.train()


def learn(name, locked="", micro=0, sharded=False, start=0, stop=3, state=None):
    """Steps start .. stop: (what was logged of each, the state, which the first rank alone has)."""
    recipe, source, tokenizer, method = build(name, locked, micro)
    if micro:
        check_gradcache(method, name)
    names, ema = decayed(method), EMA(method, 0.9)
    if sharded:
        shard(method), shard(ema.average)
    made = Learner(recipe, method, ema, CPU, total=9, decayed=names, sharded=sharded)
    if state is not None:
        made.load_state(state)
    feed = Feed(recipe, source, tokenizer, method, Options(quiet=True))
    batches = enumerate(feed.batches(start, stop), start)
    rows = [made.step(step, feed.augment(batch, step, CPU)) for step, batch in batches]
    return rows, made.state()


def assert_same(found, expected):
    """Losses and weights in float32: SGD moves no weight by more than the gradient's own rounding."""
    (rows, state), (alone, whole) = found, expected
    assert rows == [pytest.approx(row, rel=1e-4, abs=1e-6) for row in alone]
    for part in ("method", "ema") if state["method"] else ():
        assert state[part].keys() == whole[part].keys()
        for path, value in state[part].items():
            said = f"{part} {path}: {{}}".format
            torch.testing.assert_close(value, whole[part][path].view_as(value), rtol=1e-4, atol=1e-6, msg=said)


@pytest.mark.parametrize("name", ["siglip.tiny", "simclr.tiny", "cappa.tiny", "seq2seq.tiny"])
def test_two_ranks_that_share_the_weights_equal_one(ranks, name):
    alone = learn(name)
    for found in ranks.run(__file__, "learn", name, "", 0, True):
        assert_same(found, alone)


@pytest.mark.parametrize("locked", ["image", "text", "both", "partly"])
def test_chunks_of_a_locked_model_learn_what_the_whole_batch_does_on_one_rank_and_two(ranks, locked):
    name = "siglip.tiny" if locked == "image" else "clip.tiny"
    alone = learn(name, locked)
    assert_same(learn(name, locked, 3), alone)
    for sharded in (False, True) if locked in ("image", "both") else (False,):
        for found in ranks.run(__file__, "learn", name, locked, 3, sharded):
            assert_same(found, alone)
    began = build(name, locked)[-1].state_dict()
    for tower in ("image", "text"):
        kept = [
            torch.equal(began[path], value) for path, value in alone[1]["method"].items() if f"{tower}." in path[:6]
        ]
        assert all(kept) == (locked in (tower, "both"))


@pytest.mark.parametrize("sharded", [False, True], ids=["ddp", "fsdp2"])
def test_a_run_goes_on_with_another_number_of_ranks(ranks, sharded):
    name = "simclr.tiny"
    whole = learn(name, stop=4)
    (rows, state), _ = ranks.run(__file__, "learn", name, "", 0, sharded, 0, 2)
    assert_same(learn(name, start=2, stop=4, state=state), (whole[0][2:], whole[1]))
    _, state = learn(name, stop=2)
    for found in ranks.run(__file__, "learn", name, "", 0, sharded, 2, 4, state):
        assert_same(found, (whole[0][2:], whole[1]))


def torchrun(*words):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    many = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(port), "-m", "sightline"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, *many, *words], capture_output=True, text=True, env=environment)


def test_the_command_runs_on_two_processes_and_the_first_alone_speaks(tmp_path):
    """A method with BatchNorms, which torch's own kernels refuse on a CPU."""
    settings = ["--data", "icons?n=40", "--eval", "icons:test?n=8", "--device", "cpu", "--no-export", "steps=3"]
    done = torchrun("train", "simclr.tiny", "--out", str(tmp_path / "run"), *settings)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("3 steps in") == 1 and done.stderr.count("step 3/3") == 1
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 2, 3] and (tmp_path / "run" / "encoder.json").exists()


def test_what_every_process_refuses_is_said_once(tmp_path):
    done = torchrun("train", "simclr.tny", "--out", str(tmp_path / "run"))
    assert done.returncode != 0
    assert done.stderr.count("sightline: error: simclr has no variant 'tny'") == 1


@pytest.mark.parametrize(
    ("rank", "error", "waits"),
    [("0", ValueError("no"), []), ("1", ValueError("no"), [5.0]), ("0", ConnectionError("gone"), [10.0])],
)
def test_a_process_lets_those_speak_first_who_may_know_better(monkeypatch, capsys, rank, error, waits):
    waited = []
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setattr(main.time, "sleep", waited.append)

    def fail(words):
        raise error

    monkeypatch.setattr(main, "app", fail)
    assert main.main(["train"]) == 2 and waited == waits
    assert capsys.readouterr().err == f"sightline: error: {error}\n"
    assert dist.world() == 1
