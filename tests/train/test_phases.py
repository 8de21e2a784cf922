"""Phases of one run: what carries over and what starts fresh, killed anywhere and gone on with, refused by name."""

import copy
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.functional import relu

from sightline import dist
from sightline.data.draw import seed_of
from sightline.data.feed.labelled import PK
from sightline.data.masks import RandomMask
from sightline.data.sources.source import open_source
from sightline.losses.pixels import patchify
from sightline.methods.pictures.mae import MAE
from sightline.nn.state.ema import EMA
from sightline.nn.state.teacher import Teacher
from sightline.nn.tag import decayed
from sightline.recipes.pictures import mae
from sightline.train import checkpoint
from sightline.train.feed import Feed
from sightline.train.loop import Learner
from sightline.train.optim.optimizer import SGD, Adam
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.options import Options
from sightline.train.recipe.override import override
from sightline.train.recipe.phase import Phase, in_phase, spans
from sightline.train.recipe.recipe import fitted
from sightline.train.run import fit

CPU, BORDER, TOTAL = torch.device("cpu"), 3, 6


class Judged(MAE):
    """MAE whose guesses a critic judges, with a teacher that starts as the student was when the phase began."""

    optimised = {"critic": ("real", "fake")}

    def __init__(self, image, config):
        super().__init__(image, config)
        self.critic, self.teacher = nn.Linear(3 * self.patch**2, 1), Teacher(image)

    def groups(self):
        return {"critic": ("critic",)}

    def begin_phase(self, previous):
        assert {name for name in previous if name.startswith("image.")}
        self.teacher.update(self.image, 0.0)

    def after_step(self):
        self.teacher.update(self.image, 0.5)

    def forward(self, batch):
        made = self._guessed(batch["image"], batch["masks"][0])[1]
        true = patchify(batch["image"], self.patch)
        with torch.no_grad():
            target = self.teacher(batch["image"]).pooled
        return super().forward(batch) | {
            "fool": -self.critic(made).mean(),
            "follow": (self.image(batch["image"]).pooled - target).square().mean(),
            "real": relu(1 - self.critic(true)).mean(),
            "fake": relu(1 + self.critic(made.detach())).mean(),
        }


def judged(recipe):
    return Judged(recipe.parts.image.build(), recipe.method)


SECOND = Phase(
    build=judged,
    optims={"critic": SGD(lr=0.01)},
    optim={"weight_decay": 0.1},
    data={"masks": RandomMask(ratio=0.5)},
    clip=1.0,
)


def recipe(*phases, **given):
    known = {"steps": TOTAL, "batch": 8, "ema": 0.9, "phases": phases} | given
    return replace(mae.tiny(), **known)


def two(**given):
    return recipe(Phase(steps=0.5), SECOND, **given)


def train(made, out, **given):
    known = {"device": "cpu", "quiet": True, "export": False, "save_every": 0.0, "log_every": 1} | given
    return fit(made, out=out, data="icons?n=24", evaluation="icons:test?n=8", options=Options(**known))


def state_of(out):
    return checkpoint.load(out / "state" / "last.pt")


def same(one, other):
    """Of two nested states: the same keys, numbers and bits."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):  # torch reads a pair of betas as a list
        return len(one) == len(other) and all(map(same, one, other))
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


LEARNT = ("method", "optimizer", "optimizers", "ema")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "run"
    train(two(), out)
    return out


class Killed(Exception):
    pass


def killed(monkeypatch, made, out, at):
    """The run that ends before step `at` is taken, saved after every step as all of them are here."""
    step = Learner.step

    def killing(self, number, batch):
        if number == at:
            raise Killed
        return step(self, number, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", killing)
        with pytest.raises(Killed):
            train(made, out)


@pytest.mark.parametrize("at", [BORDER - 1, BORDER, BORDER + 1])
def test_a_run_killed_around_the_border_goes_on_as_if_nothing_had_happened(whole, tmp_path, monkeypatch, at):
    killed(monkeypatch, two(), tmp_path, at)
    assert state_of(tmp_path)["step"] == at and state_of(tmp_path)["phase"] == int(at > BORDER)
    train(two(), tmp_path)
    ours, theirs = state_of(tmp_path), state_of(whole)
    assert all(same(ours[part], theirs[part]) for part in LEARNT) and ours["phase"] == 1
    assert same(load_file(tmp_path / "model.safetensors"), load_file(whole / "model.safetensors"))


def test_metrics_say_the_phase_and_a_run_without_phases_says_none(whole, tmp_path):
    rows = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    told = [(row["step"], row["phase"]) for row in rows if "loss" in row]
    assert told == [(step, int(step >= BORDER)) for step in range(TOTAL)]
    assert {"real", "lr_critic"} <= rows[BORDER].keys() and "real" not in rows[BORDER - 1]


def by_hand():
    """The same with nothing but learners, weights copied by name and moments by parameter."""
    source = open_source("icons?n=24")
    old, new = (replace(fitted(in_phase(two(), number), None), samples=len(source)) for number in (0, 1))
    old, new = (replace(one, precision="float32") for one in (old, new))
    torch.manual_seed(old.seed)
    first = old.build(old).train()
    one = Learner(old, first, EMA(first, 0.9), CPU, total=TOTAL, decayed=decayed(first), sharded=False)
    run(one, old, source, range(BORDER))
    torch.manual_seed(seed_of(new.seed, "phase", 1))
    second = new.build(new)
    known = first.state_dict()
    second.load_state_dict(known, strict=False)
    second.teacher.module.load_state_dict(first.image.state_dict())
    ema = EMA(second, 0.9)
    ema.average.load_state_dict(one.ema.average.state_dict(), strict=False)
    ema.average.teacher.module.load_state_dict(one.ema.average.image.state_dict())  # begun from the average, too
    second.train()
    other = Learner(new, second, ema, CPU, total=TOTAL, decayed=decayed(second), sharded=False)
    names = dict(second.named_parameters())
    for name, parameter in first.named_parameters():
        if parameter in one.optimizer.state:
            other.optimizer.state[names[name]] = copy.deepcopy(one.optimizer.state[parameter])
    run(other, new, source, range(BORDER, TOTAL))
    return other


def run(learner, made, source, steps):
    feed = Feed(made, source, None, learner.method, Options(quiet=True))
    for step, batch in zip(steps, feed.batches(steps.start, steps.stop), strict=True):
        learner.step(step, feed.augment(batch, step, CPU))


def test_a_change_of_phase_is_weights_and_moments_taken_over_by_name(whole):
    expected, found = by_hand().state(), state_of(whole)
    assert all(same(found[part], expected[part]) for part in ("method", "ema"))
    for name, moments in expected["optimizer"]["state"].items():
        assert same(found["optimizer"]["state"][name], moments)
    assert int(found["optimizer"]["state"]["image.stem.proj.weight"]["step"]) == TOTAL
    assert {int(kept.get("step", 3)) for kept in found["optimizers"]["critic"]["state"].values()} == {3}
    decay = {group["weight_decay"] for group in found["optimizer"]["param_groups"]}
    assert decay == {0.0, 0.1}


def test_phases_of_equal_settings_are_the_recipe_without_phases(tmp_path):
    train(recipe(), tmp_path / "one")
    train(recipe(Phase(steps=2), Phase(steps=0.5), Phase()), tmp_path / "three")
    one, three = state_of(tmp_path / "one"), state_of(tmp_path / "three")
    assert [part for part in ("method", "optimizer", "ema", "scores") if not same(one[part], three[part])] == []
    assert "phases" not in json.loads((tmp_path / "one" / "config.json").read_text())["recipe"]


def test_moments_go_on_where_both_optimisers_keep_the_same_and_start_fresh_where_not(tmp_path):
    for number, (spec, step) in enumerate([(Adam(), TOTAL), (SGD(lr=0.01), None)]):
        train(recipe(Phase(steps=3), Phase(optim=spec)), tmp_path / str(number))
        moments = state_of(tmp_path / str(number))["optimizer"]["state"]["image.stem.proj.weight"]
        assert moments.keys() == ({"step", *spec.moments} if step else set(spec.moments))
        assert step is None or int(moments["step"]) == step


class Grown(MAE):
    """MAE with parts of its own: a matrix, and a scalar, of which FSDP2 makes a row."""

    def __init__(self, image, config):
        super().__init__(image, config)
        self.more, self.scale = nn.Linear(image.dim, 2), nn.Parameter(torch.tensor(0.5))

    def forward(self, batch):
        drawn = self.more(self.image(batch["image"]).pooled) * self.scale
        return super().forward(batch) | {"more": (drawn - 1).square().mean()}


def grown(recipe):
    return Grown(recipe.parts.image.build(), recipe.method)


def on_ranks(out, kind):
    """SGD moves no weight by more than the gradient's own rounding, which differs between ranks."""
    made = replace(two(), optim=SGD(lr=0.05), phases=(Phase(steps=0.5), replace(SECOND, optim={})))
    if kind != "two optimisers":
        made = recipe(Phase(steps=2), Phase(steps=2, build=grown), Phase(build=grown, clip=1.0), optim=SGD(lr=0.05))
    train(made, out, shard=kind == "shards" and dist.world() > 1)


@pytest.mark.parametrize("kind", ["two optimisers", "replicas", "shards"])
def test_phases_on_two_ranks_are_those_of_one(ranks, tmp_path, kind):
    on_ranks(tmp_path / "one", kind)
    ranks.run(__file__, "on_ranks", tmp_path / "two", kind)
    one, other = state_of(tmp_path / "one"), state_of(tmp_path / "two")
    for part in ("method", "ema"):
        assert one[part].keys() == other[part].keys()
        for name, value in one[part].items():
            torch.testing.assert_close(other[part][name].view_as(value), value, rtol=1e-3, atol=1e-5)


def test_the_schedule_goes_on_through_a_phase_and_its_own_begins_with_it(tmp_path):
    own = WarmupCosine(warmup=0)
    made = recipe(Phase(steps=2), Phase(steps=2), Phase(schedule=own), schedule=WarmupCosine(warmup=0))
    train(made, tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    rates = [row["lr"] for row in rows if "loss" in row]
    expected = [own.factor(step, TOTAL) for step in range(4)] + [own.factor(step, 2) for step in range(2)]
    assert rates == pytest.approx([made.optim.lr * factor for factor in expected])


class Frozen(MAE):
    frozen = ("image",)


def frozen(recipe):
    return Frozen(recipe.parts.image.build(), recipe.method)


def test_a_part_that_a_phase_freezes_keeps_its_bits_and_loses_its_moments(tmp_path, monkeypatch):
    made = recipe(Phase(steps=3), Phase(build=frozen), ema=0.0)
    killed(monkeypatch, made, tmp_path, 3)
    border = state_of(tmp_path)
    train(made, tmp_path)
    end = state_of(tmp_path)
    same = {name for name, value in end["method"].items() if torch.equal(value, border["method"][name])}
    assert same >= {name for name in end["method"] if name.startswith("image.")}
    assert same.isdisjoint({name for name in end["method"] if name.startswith("decoder.head")})
    assert any(name.startswith("image.") for name in border["optimizer"]["state"])
    assert not any(name.startswith("image.") for name in end["optimizer"]["state"])


def test_a_run_of_phases_starts_from_an_encoder_and_keeps_it_through_them(whole, tmp_path):
    made = override(two(ema=0.0), ["optim.lr=1e-60", "phases.1.optim.weight_decay=0"])  # 0 in float32
    options = Options(device="cpu", quiet=True, export=False)
    fit(made, out=tmp_path, data="icons?n=24", evaluation="icons:test?n=8", init=str(whole), options=options)
    kept, given = load_file(tmp_path / "model.safetensors"), load_file(whole / "model.safetensors")
    assert {name for name in given if name.startswith("image.")} and same(kept, given)


def test_a_changed_phase_is_refused_by_name(whole):
    with pytest.raises(ValueError, match="phases.1.optim.weight_decay was 0.1 and is 0.2"):
        train(override(two(), ["phases.1.optim.weight_decay=0.2"]), whole)
    with pytest.raises(ValueError, match="phases.0.steps was 0.5 and is 0.75"):
        train(override(two(), ["phases.0.steps=0.75"]), whole)


def test_a_later_phase_that_cannot_learn_is_refused_before_the_first_step(tmp_path):
    made = recipe(Phase(steps=3), Phase(data={"masks": None}))
    with pytest.raises(ValueError, match="data.masks is None"):
        train(made, tmp_path)
    assert not (tmp_path / "metrics.jsonl").exists()
    with pytest.raises(ValueError, match="optims are none, and Judged"):
        train(recipe(Phase(steps=3), Phase(build=judged)), tmp_path)
    with pytest.raises(ValueError, match="makes batches of 21, and batch is"):
        train(recipe(Phase(steps=3), Phase(data={"order": PK(classes=3, samples=7)})), tmp_path)
    assert not (tmp_path / "metrics.jsonl").exists()


def test_a_dry_run_counts_each_phase(tmp_path, capsys):
    done = train(two(), tmp_path / "run", dry_run=True, quiet=False)
    said = capsys.readouterr().err
    assert "phase 1 of 2, steps 0 to 2:" in said and "phase 2 of 2, steps 3 to 5:" in said
    assert done.budget is not None and done.budget.steps == TOTAL
    assert said.count("parameters") == 2 and "all phases" in said


@pytest.mark.parametrize(
    ("steps", "total", "expected"),
    [
        ((), 7, [(0, 7)]),
        ((0.8, None), 10, [(0, 8), (8, 10)]),
        ((0.8, 0.2), 11, [(0, 9), (9, 11)]),
        ((0.25, 0.25, 0.25, 0.25), 6, [(0, 2), (2, 4), (4, 6)]),
        ((None, 3), 10, [(0, 7), (7, 10)]),
        ((2, 0.5, None), 10, [(0, 2), (2, 7), (7, 10)]),
        ((4, 6), 10, [(0, 4), (4, 10)]),
    ],
)
def test_spans_are_numbers_shares_and_what_they_leave(steps, total, expected):
    made = SimpleNamespace(name="toy", phases=tuple(Phase(steps=one) for one in steps))
    if len(expected) < len(steps):
        with pytest.raises(ValueError, match="leave 0 steps for one of them"):
            spans(made, total)
    else:
        assert spans(made, total) == expected


def test_steps_that_do_not_make_the_run_are_refused():
    for steps, words in [
        ((None, None), "only one of them can be what the others leave"),
        ((4, 7), "make 11, and the run has 10"),
        ((0.5, 0.2), "make 7, and the run has 10"),
        ((12, None), "leave -2 steps"),
    ]:
        with pytest.raises(ValueError, match=words):
            spans(SimpleNamespace(name="toy", phases=tuple(Phase(steps=one) for one in steps)), 10)
    with pytest.raises(ValueError, match="a share of the run lies between 0 and 1"):
        Phase(steps=2.0)


def test_what_is_set_of_the_recipe_holds_in_phases_that_do_not_have_it_otherwise():
    made = override(two(), ["optim.lr=0.5", "method.depth=1", "phases.1.optim.lr=0.25", "phases.1.method.flat=0.1"])
    first, second = in_phase(made, 0), in_phase(made, 1)
    assert (first.optim.lr, second.optim.lr, second.optim.weight_decay) == (0.5, 0.25, 0.1)
    assert (first.method.depth, second.method.depth, second.method.flat) == (1, 1, 0.1)
    assert second.data.masks == RandomMask(ratio=0.5) and first.data == made.data
    made = override(made, ["phases.1.image.depth=3", "phases.1.optims.critic.lr=0.3", "phases.1.clip=0.7"])
    second = in_phase(made, 1)
    assert (second.parts.image.depth, second.optims["critic"].lr, second.clip) == (3, 0.3, 0.7)
    assert in_phase(made, 0).parts == made.parts and in_phase(made, 0).optims == {}
    assert override(made, ["phases.0.steps=2"]).phases[0].steps == 2
    assert in_phase(override(made, ["phases.0.optim=Adam"]), 0).optim == Adam(lr=0.5, betas=(0.9, 0.95), eps=1e-6)
    assert override(made, ["phases.1.data.masks.ratio=0.25"]).phases[1].data == {"masks": RandomMask(ratio=0.25)}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("phases.2.optim.lr=1", "has no phase '2' .* there are phases.0, phases.1"),
        ("phases.1.batch=4", "a phase has no 'batch' .*it has steps, build, method"),
        ("phases.1.optim.rl=1", "AdamW has no field 'rl'.*Did you mean phases.0.optim.lr|AdamW has no field 'rl'"),
        ("phases.0.steps=1.5", "a share of the run lies between 0 and 1"),
    ],
)
def test_what_a_phase_has_not_is_refused_from_the_shell(setting, words):
    with pytest.raises(ValueError, match=words):
        override(two(), [setting])


def test_pictures_keep_their_size_through_a_run():
    with pytest.raises(ValueError, match="phases.1.data has size=64 and the recipe 32"):
        in_phase(recipe(Phase(steps=3), Phase(data={"size": 64}), data=replace(mae.tiny().data, size=32)), 1)
    with pytest.raises(ValueError, match="phases.0.data changes mask; Data has source"):
        in_phase(recipe(Phase(data={"mask": None})), 0)
