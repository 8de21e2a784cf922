from math import exp, log

import numpy as np
import pytest
import torch
from torch import nn

from sightline.data.numbers import Column
from sightline.methods.tasks.heads import NamesClasses, ReadsDepth, ReadsNumbers, log_depth
from sightline.methods.tasks.multitask import Config, MultiTask, Uncertainty, conflicts
from sightline.protocols import Features

COLUMNS = (Column("price", 10.0, 2.0), Column("weight", 1.0, 0.5))
NAN = float("nan")


class Trunk(nn.Module):
    """Four patches of a picture of 4 x 4, each mapped alike."""

    def __init__(self):
        super().__init__()
        self.map, self.dim = nn.Linear(12, 5), 5

    def forward(self, image):
        patches = image.unfold(2, 2, 2).unfold(3, 2, 2).permute(0, 2, 3, 1, 4, 5).reshape(len(image), 4, 12)
        tokens = self.map(patches)
        return Features(pooled=tokens.mean(1), tokens=tokens, prefix=tokens[:, :0], grid=(2, 2))


def method(**config):
    torch.manual_seed(0)
    heads = {"classes": NamesClasses(nn.Linear(5, 3)), "depth": ReadsDepth(5), "numbers": ReadsNumbers(5, COLUMNS)}
    return MultiTask(Trunk(), heads, Config(**config)).train()


def batch():
    rng = torch.Generator().manual_seed(1)
    depth = torch.rand(4, 4, 4, generator=rng) + 0.5
    depth[0] = 0
    depth[1, :2] = 0
    return {
        "image": torch.randn(4, 3, 4, 4, generator=rng),
        "label": torch.tensor([2, -1, 0, -1]),
        "depth": depth,
        "values": torch.tensor([[NAN, 1.5], [8.0, NAN], [NAN, NAN], [13.0, 0.2]]),
    }


def without(task):
    """The batch without any answer of a task."""
    some = batch()
    match task:
        case "classes":
            some["label"] = torch.full((4,), -1)
        case "depth":
            some["depth"] = torch.zeros(4, 4, 4)
        case _:
            some["values"] = torch.full((4, 2), NAN)
    return some


def test_each_term_is_the_mean_over_the_answers_that_are_known():
    learner, some = method(), batch()
    found = {task: value.item() for task, value in learner(some).items()}
    with torch.no_grad():
        features = learner.image(some["image"])
        logits = learner.heads["classes"].linear(features.pooled).log_softmax(1).numpy()
        numbers = learner.heads["numbers"].linear(features.pooled).numpy()
        depths = learner.heads["depth"].linear(features.tokens)[..., 0].numpy()
    classes = [-logits[i, label] for i, label in enumerate(some["label"].tolist()) if label >= 0]
    values, cells = [], []
    for i in range(4):
        for j, column in enumerate(COLUMNS):
            truth = some["values"][i, j].item()
            if truth == truth:
                values.append((numbers[i, j] - (truth - column.mean) / column.deviation) ** 2)
        for cell in range(4):
            y, x = 2 * (cell // 2), 2 * (cell % 2)
            known = [log(d) for d in some["depth"][i, y : y + 2, x : x + 2].flatten().tolist() if d > 0]
            if known:
                cells.append((depths[i, cell] - np.mean(known)) ** 2)
    assert len(classes) == 2 and len(values) == 4 and len(cells) == 10
    assert found == pytest.approx(
        {"classes": np.mean(classes), "depth": np.mean(cells), "numbers": np.mean(values)}, rel=1e-5
    )


@pytest.mark.parametrize("weights", [{}, {"weighting": Uncertainty()}])
@pytest.mark.parametrize("task", ["classes", "depth", "numbers"])
def test_a_batch_without_an_answer_of_a_task_gives_it_a_gradient_of_exactly_0(task, weights):
    learner, some = method(**weights), without(task)
    losses = learner(some)
    assert losses[task].item() == 0
    trunk = torch.autograd.grad(losses[task], learner.image.map.weight, retain_graph=True)[0]
    assert torch.equal(trunk, torch.zeros_like(trunk))
    sum(losses.values()).backward()
    for parameter in learner.heads[task].parameters():
        assert torch.equal(parameter.grad, torch.zeros_like(parameter))
    assert all(p.grad.abs().max() > 0 for other in set(losses) - {task} for p in learner.heads[other].parameters())
    if weights:
        assert learner.weighting.log_variance[task].grad.item() == 0


def test_uncertainty_weights_are_kendalls():
    learner, some = method(weighting=Uncertainty(), classes=2.0), batch()
    plain = {task: value.item() for task, value in method()(some).items()}
    with torch.no_grad():
        for task, s in (("classes", 0.3), ("depth", -0.2), ("numbers", 0.7)):
            learner.weighting.log_variance[task].fill_(s)
    found = {task: value.item() for task, value in learner(some).items()}
    assert found["classes"] == pytest.approx(2 * (exp(-0.3) * plain["classes"] + 0.15), rel=1e-5)
    assert found["depth"] == pytest.approx(0.5 * exp(0.2) * plain["depth"] - 0.1, rel=1e-5)
    assert found["numbers"] == pytest.approx(0.5 * exp(-0.7) * plain["numbers"] + 0.35, rel=1e-5)


def test_gradients_of_the_trunk_are_compared_every_fifty_steps():
    learner, some = method(), batch()
    learner.before_step(0, 100)
    learner(some)
    cosines = {name: value.item() for name, value in learner.watched.items() if name.startswith("cosine")}
    rows = {}
    for task in ("classes", "depth"):
        other = method()
        other(some)[task].backward()
        rows[task] = torch.cat([p.grad.flatten() for p in other.image.parameters()])
    assert cosines["cosine_classes_depth"] == pytest.approx(
        torch.cosine_similarity(rows["classes"], rows["depth"], dim=0).item(), rel=1e-4
    )
    assert set(cosines) == {"cosine_classes_depth", "cosine_classes_numbers", "cosine_depth_numbers"}
    learner.before_step(1, 100)
    learner(some)
    assert not [name for name in learner.watched if name.startswith("cosine")]


def test_a_loss_and_its_opposite_conflict_and_a_frozen_trunk_has_no_conflicts():
    weight = nn.Parameter(torch.ones(3))
    up = (weight * torch.tensor([1.0, 2.0, 3.0])).sum()
    assert conflicts({"a": up, "b": -2 * up}, [weight])["cosine_a_b"].item() == pytest.approx(-1)
    assert conflicts({"a": up, "b": up}, []) == {}


def test_looking_changes_no_gradient():
    grads = []
    for step in (0, 1):
        learner = method()
        learner.before_step(step, 100)
        sum(learner(batch()).values()).backward()
        grads.append(learner.image.map.weight.grad)
    assert torch.equal(*grads)


def test_log_depth_of_a_cell_is_the_mean_of_what_is_known_there():
    depth = torch.tensor([[[1.0, 4.0], [0.0, 2.0]]])
    found, known = log_depth(depth, (1, 1))
    assert known.all() and found.item() == pytest.approx((log(1) + log(4) + log(2)) / 3)
    found, known = log_depth(torch.zeros(1, 2, 2), (2, 2))
    assert not known.any() and torch.equal(found, torch.zeros(1, 4))


def test_a_task_of_which_nothing_is_ever_told_is_refused_by_name():
    learner = method()
    learner(without("depth"))
    with pytest.raises(ValueError, match="anything to learn depth from.* method.depth=0"):
        learner.before_step(50, 100)
    learner(batch())
    learner.before_step(50, 100)


def test_tasks_without_classes_columns_or_weight_are_refused():
    with pytest.raises(ValueError, match="the data has 1.* method.classes=0"):
        NamesClasses(nn.Linear(5, 1))
    with pytest.raises(ValueError, match="values=COLUMN.* method.numbers=0"):
        ReadsNumbers(5, ())
    with pytest.raises(ValueError, match="one of them above 0"):
        Config(classes=0, depth=0, numbers=0)
