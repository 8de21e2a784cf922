import pytest
import torch
from torch import nn

from sightline.nn.state.lock import lock
from sightline.train.optim.gradcache import backward_accumulated, backward_cached, backward_whole, check_gradcache


class Pair(nn.Module):
    """The smallest contrastive method: two linear towers, dropout, a learned scale."""

    needs = frozenset({"image", "tokens"})

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(5, 4), nn.Linear(3, 4)
        self.scale = nn.Parameter(torch.tensor(1.5))
        self.dropout = nn.Dropout(dropout)

    def embed(self, batch):
        unit = nn.functional.normalize
        return unit(self.left(self.dropout(batch["image"])), dim=-1), unit(self.right(batch["tokens"]), dim=-1)

    def compare(self, embedded, batch):
        logits = self.scale * embedded[0] @ embedded[1].T
        target = torch.arange(len(logits))
        return {"contrastive": nn.functional.cross_entropy(logits, target), "other": 0.1 * logits.diagonal().mean()}

    def forward(self, batch):
        return self.compare(self.embed(batch), batch)


@pytest.fixture
def batch():
    return {
        "image": torch.randn(7, 5, dtype=torch.float64),
        "tokens": torch.randn(7, 3, dtype=torch.float64),
        "text": list("abcdefg"),
    }


def grads(method):
    return {name: p.grad.clone() for name, p in method.named_parameters()}


@pytest.mark.parametrize("micro", [1, 2, 3, 7])
def test_gradcache_equals_the_whole_batch(batch, micro):
    method = Pair().double()
    whole = backward_whole(method, batch, lambda x: x)
    expected = grads(method)
    method.zero_grad()
    cached = backward_cached(method, batch, micro, lambda x: x, lambda chunk: None)
    assert cached.keys() == whole.keys()
    for name, value in whole.items():
        torch.testing.assert_close(cached[name], value, rtol=1e-10, atol=1e-12)
    for name, gradient in grads(method).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-10, atol=1e-12)


LOCKED = {"image": ["left"], "text": ["right"], "both": ["left", "right"], "partly": ["left.weight", "right.bias"]}


@pytest.mark.parametrize("names", LOCKED.values(), ids=LOCKED)
def test_parts_that_are_locked_get_no_gradient_and_the_others_the_exact_one(batch, names):
    """LiT (Zhai et al. 2022): a locked tower whose vectors are compared as they are."""
    method = Pair().double()
    for name, parameter in method.named_parameters():
        parameter.requires_grad_(not name.startswith(tuple(names)))
    whole = backward_whole(method, batch, lambda x: x)
    expected = {name: p.grad for name, p in method.named_parameters()}
    method.zero_grad()
    torch.testing.assert_close(backward_cached(method, batch, 3, lambda x: x, lambda chunk: None), whole)
    for name, parameter in method.named_parameters():
        assert (parameter.grad is None) == (expected[name] is None) == (not parameter.requires_grad)
        if parameter.requires_grad:
            torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-10, atol=1e-12)


def test_gradcache_draws_the_same_dropout_in_both_passes(batch):
    """Oracle: one graph over the chunks, each embedded once under its own seed."""
    method = Pair(dropout=0.5).double().train()
    parts = []
    for number, rows in enumerate((slice(0, 4), slice(4, 7))):
        torch.manual_seed(number)
        parts.append(method.embed({k: v[rows] for k, v in batch.items()}))
    losses = method.compare(tuple(torch.cat(p) for p in zip(*parts, strict=True)), batch)
    sum(losses.values()).backward()
    expected = grads(method)
    method.zero_grad()
    backward_cached(method, batch, 4, lambda x: x, torch.manual_seed)
    for name, gradient in grads(method).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-10, atol=1e-12)


def test_accumulation_equals_the_whole_batch_for_a_mean_over_samples(batch):
    method = nn.Linear(5, 1).double()

    def forward(chunk):
        return {"mse": method(chunk["image"]).square().mean()}

    whole = backward_whole(forward, batch, lambda x: x)
    expected = grads(method)
    method.zero_grad()
    seeds = []
    parts = backward_accumulated(forward, batch, 3, lambda x: x, seeds.append)
    assert seeds == [0, 1, 2]
    torch.testing.assert_close(parts["mse"], whole["mse"])
    for name, gradient in grads(method).items():
        torch.testing.assert_close(gradient, expected[name])


def test_batchnorm_in_train_mode_is_refused_by_its_path():
    method = Pair()
    method.norm = nn.BatchNorm1d(4)
    with pytest.raises(ValueError, match="norm is BatchNorm"):
        check_gradcache(method.train(), "clip.test")
    check_gradcache(method.eval(), "clip.test")
    method.train()
    lock(method.norm)
    check_gradcache(method.train(), "clip.test")  # each step puts a locked tower back
