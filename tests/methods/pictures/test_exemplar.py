import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sightline.methods.pictures.exemplar import Cosine, CosineClasses, ExemplarCNN, Linear, LinearClasses
from sightline.towers.spec import ViTSpec

N = 9


def method(classes):
    torch.manual_seed(1)
    tower = ViTSpec(size=8, patch=4, dim=8, depth=1, heads=2).build()
    return ExemplarCNN(tower, nn.Identity(), classes.build(8, N)).double()


def batch():
    return {"image": torch.randn(4, 3, 8, 8, dtype=torch.float64), "index": torch.tensor([8, 0, 3, 3])}


def test_the_loss_is_the_cross_entropy_over_all_pictures():
    made, now = method(Linear()), batch()
    made.classes.weight.data.normal_()
    x = made.image(now["image"]).pooled
    logits = x @ made.classes.weight.T + made.classes.bias
    expected = -torch.stack([row.log_softmax(0)[i] for row, i in zip(logits, now["index"], strict=True)]).mean()
    loss = made(now)["exemplar"]
    torch.testing.assert_close(loss, expected)
    inputs = list(made.parameters())
    for a, b in zip(torch.autograd.grad(loss, inputs), torch.autograd.grad(expected, inputs), strict=True):
        torch.testing.assert_close(a, b)


def test_cosine_classes_ignore_lengths_and_divide_by_the_temperature():
    classes, x = CosineClasses(8, N, 0.2).double(), torch.randn(3, 8, dtype=torch.float64)
    expected = torch.stack([F.cosine_similarity(x, w[None]) for w in classes.weight], 1) / 0.2
    torch.testing.assert_close(classes(x), expected)
    classes.weight.data *= 7
    torch.testing.assert_close(classes(5 * x), expected)


@pytest.mark.parametrize("classes", [LinearClasses(8, N), CosineClasses(8, N, 0.2)])
def test_logits_are_float32_under_autocast(classes):
    x = torch.randn(3, 8)
    with torch.autocast("cpu", torch.bfloat16):
        logits = classes(x)
    assert torch.equal(logits, classes(x))


def test_a_picture_beyond_the_classes_is_refused():
    now = batch()
    now["index"][1] = N
    with pytest.raises(ValueError, match="train on the data the run began with"):
        method(Cosine())(now)


@pytest.mark.parametrize("classes", [Linear(), Cosine()])
def test_streams_are_refused_with_the_reason(classes):
    with pytest.raises(ValueError, match="a stream does not tell it"):
        classes.build(8, 0)


def test_the_tower_is_what_is_kept():
    assert method(Linear()).kept().parts.keys() == {"image"}
