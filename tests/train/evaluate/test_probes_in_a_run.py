"""A recipe's own probes: they decide what is kept, and are refused before the first step where they cannot be asked."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch
from torch import nn

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sources.source import open_source
from sightline.methods.pictures.autoencoder import Autoencoder
from sightline.probes.heldout.loss import HeldOutLoss
from sightline.probes.heldout.neighbours import KNNProbe
from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.spread import RankMe
from sightline.probes.heldout.usual import USUAL
from sightline.protocols import Kept
from sightline.recipes.find import find, train
from sightline.train.checks import check_metric, check_probe
from sightline.train.evaluate.evaluator import Evaluator
from sightline.train.evaluate.losses import HeldOutTerms
from sightline.train.recipe.override import override
from sightline.train.recipe.recipe import Evaluation, fitted
from sightline.weights.encoder import TorchEncoder

CPU = torch.device("cpu")
SAID: list[float] = []
"""what `Foretold` scores next"""


@dataclass(frozen=True)
class Foretold(Probe):
    name: str = "foretold"

    def score(self, subject):
        assert len(subject.pictures) == len(subject.held)
        return {self.name: SAID.pop(0)}


@dataclass(frozen=True)
class Unhappy(Foretold):
    """The same, as a loss."""

    name: str = "unhappy"

    @property
    def lower(self):
        return frozenset({self.name})


@dataclass(frozen=True)
class OfMasks(Probe):
    name: str = "overlap"
    reads: ClassVar = frozenset({"mask"})
    asks: ClassVar = "compares regions with masks"

    def score(self, subject):
        raise AssertionError("no sample has a mask")


@dataclass(frozen=True)
class OfCaptions(Foretold):
    name: str = "wording"
    needs: ClassVar = frozenset({"captions"})


def recipe(**rules):
    return replace(find("autoencoder.tiny"), steps=3, evaluation=Evaluation(**{"every": 1, **rules}))


def go(made, out):
    data = {"data": "icons?n=40", "evaluation": "icons:test?n=12"}
    return train(made, out=out, quiet=True, device="cpu", export=False, **data)


@pytest.mark.parametrize(("probe", "scores"), [(Foretold(), [0.1, 0.9, 0.5]), (Unhappy(), [0.9, 0.2, 0.5])])
def test_a_users_own_probe_decides_which_weights_are_kept(tmp_path, probe, scores):
    SAID[:] = scores
    done = go(recipe(metric=probe.name, keep="best", probes=(probe, RankMe())), tmp_path)
    assert done.scores.keys() == {probe.name, "rankme"} and done.scores[probe.name] == 0.5
    best = json.loads((tmp_path / "best" / "best.json").read_text())
    assert best == {"value": scores[1], "step": 2, "metric": probe.name}
    kept, last = ((tmp_path / part / "model.safetensors").read_bytes() for part in (".", "best"))
    assert kept == last
    assert json.loads((tmp_path / "config.json").read_text())["recipe"]["evaluation"]["probes"][0] == {
        "kind": type(probe).__name__,
        "name": probe.name,
    }


def test_patience_waits_for_a_loss_to_fall(tmp_path, capsys):
    SAID[:] = [0.2, 0.5, 0.4]
    made = recipe(metric="unhappy", patience=1, probes=(Unhappy(),))
    train(made, out=tmp_path, data="icons?n=40", evaluation="icons:test?n=12", device="cpu", export=False)
    assert "stopped early at step 2: unhappy has not fallen for 1 rounds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"metric": "overlap", "probes": (OfMasks(),)}, "overlap compares regions with masks, and the evaluation data"),
        ({"metric": "wording", "keep": "best", "probes": (OfCaptions(), RankMe())}, "wording cannot decide.*captions"),
        ({"metric": "knn", "probes": (RankMe(),)}, "evaluation.metric is 'knn'; expected one of rankme"),
    ],
)
def test_a_probe_that_cannot_be_asked_is_refused_before_the_first_step(tmp_path, rules, words):
    with pytest.raises(ValueError, match=words):
        go(recipe(**rules), tmp_path)
    assert not (tmp_path / "metrics.jsonl").exists() and not (tmp_path / "state" / "last.pt").exists()


def test_a_refusal_names_what_can_be_measured_instead():
    source = open_source("icons?n=8")
    made = recipe(metric="overlap", probes=(OfMasks(), RankMe()))
    with pytest.raises(ValueError, match="has no masks. Set evaluation.metric=rankme, which needs none, or give masks"):
        check_metric(made, source, source)
    check_metric(made, source, None)


def test_the_metric_is_one_of_those_that_the_probes_offer():
    made = override(recipe(probes=(*USUAL, KNNProbe(k=5, name="knn5"))), ["evaluation.metric=knn5"])
    assert made.evaluation.deciding == KNNProbe(k=5, name="knn5") and not made.evaluation.lower
    with pytest.raises(ValueError, match="two probes that score knn"):
        Evaluation(probes=(KNNProbe(), KNNProbe(k=5)))
    for strangers in (RankMe, "rankme", Foretold.score):
        with pytest.raises(ValueError, match="a probe is an instance of a frozen dataclass"):
            Evaluation(probes=(strangers,))
    with pytest.raises(ValueError, match=r"evaluation\.probes is empty"):
        Evaluation(probes=())


def setup(**rules):
    """A recipe, its method, and 12 held-out samples."""
    held = open_source("icons:test?n=12")
    made = fitted(replace(recipe(**rules), samples=40, batch=4), None)
    torch.manual_seed(0)
    return made, made.build(made), held


def test_the_loss_on_held_out_samples_is_the_mean_over_the_same_batches_each_time():
    made, method, held = setup(probes=(HeldOutLoss(),))
    terms = HeldOutTerms(made, held, None, method, CPU)
    method.train()
    found = terms(method)
    means = {}
    with torch.no_grad():
        for step, batch in enumerate(terms.feed.batches(0, 3)):
            for name, value in method(terms.feed.augment(batch, step, CPU)).items():
                means[name] = means.get(name, 0) + float(value) / 3
    assert found == pytest.approx(means) and found == terms(method)


def test_samples_that_fill_no_batch_make_a_smaller_one():
    made, method, held = setup(probes=(HeldOutLoss(),), samples=3)
    assert HeldOutTerms(made, held, None, method, CPU).recipe.batch == 3


class Queue(nn.Module):
    """A method whose queue moves in `forward`, whatever the mode."""

    needs = frozenset({"image"})
    uses = frozenset[str]()

    def __init__(self):
        super().__init__()
        self.register_buffer("queue", torch.zeros(2))

    def forward(self, batch):
        self.queue += 1
        return {"moved": batch["image"].mean() + self.queue.sum()}

    def kept(self):
        return Kept(parts={})


def test_measuring_a_loss_leaves_queues_and_mode_as_they_were():
    made, _, held = setup(probes=(HeldOutLoss(),))
    method = Queue().train()
    terms = HeldOutTerms(made, held, None, method, CPU)
    evaluator = evaluator_of(made, method, held, losses=terms)
    assert evaluator(method) == evaluator(method)
    assert method.training and not method.queue.any()


def test_a_run_that_measures_its_loss_learns_what_it_would_without(tmp_path):
    with_loss = go(recipe(metric="heldout_loss", probes=(HeldOutLoss(), RankMe())), tmp_path / "a")
    go(recipe(metric="rankme"), tmp_path / "b")
    one, other = ((tmp_path / run / "model.safetensors").read_bytes() for run in "ab")
    assert one == other
    assert {"heldout_loss", "rankme"} <= with_loss.scores.keys()
    rows = [json.loads(line) for line in (tmp_path / "a" / "metrics.jsonl").read_text().splitlines()]
    losses = [row["evaluation"]["heldout_loss"] for row in rows if "evaluation" in row]
    best = json.loads((tmp_path / "a" / "best" / "best.json").read_text())
    assert len(losses) == 3 and best["value"] == min(losses)


def evaluator_of(made, method, held, losses=None):
    prepared = Prepared(held, Preprocess(size=made.data.size), samples=8, seed=0)
    return Evaluator(
        prepared,
        None,
        view=made.data.evaluation_view(),
        tokenizer=None,
        device=CPU,
        precision="float32",
        probes=made.evaluation.probes,
        capabilities=frozenset(method.kept().capabilities),
        losses=losses,
    )


def test_a_method_that_embeds_nothing_is_evaluated_without_an_encoder():
    made, _, held = setup()
    codec = Queue()
    usual = evaluator_of(made, codec, held)
    assert usual(codec) == {} and usual.nothing.startswith("nothing is measured: none of the recipe's probes")
    assert usual.notes == ["this method keeps nothing that embeds; on held-out samples is measured: nothing"]
    made = replace(
        made,
        evaluation=Evaluation(
            metric="heldout_loss",
            keep="best",
            probes=(HeldOutLoss(), RankMe(())),
        ),
    )
    own = evaluator_of(made, codec, held, losses=HeldOutTerms(made, held, None, codec, CPU))
    assert own(codec).keys() == {"heldout_loss", "heldout_loss_moved"}
    assert own.notes == [
        "no rankme score: it is asked of what embeds, and this method learns",
        "this method keeps nothing that embeds; on held-out samples is measured: heldout_loss",
    ]
    check_probe(made, own)


def test_the_encoder_sees_each_picture_once_however_many_probes_ask(monkeypatch):
    made, method, held = setup(probes=(*USUAL, Foretold(), RankMe(name="again")))
    assert isinstance(method, Autoencoder)
    seen = []
    encode = TorchEncoder.encode_image
    monkeypatch.setattr(TorchEncoder, "encode_image", lambda self, x: seen.append(len(x)) or encode(self, x))
    SAID[:] = [1.0]
    scores = evaluator_of(made, method, held)(method)
    assert seen == [8] and scores["rankme"] == scores["again"] and scores["foretold"] == 1.0
