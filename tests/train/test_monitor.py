import math

import pytest
import torch

from sightline.train.monitor import Monitor, NonFinite, check_finite, check_gradient, mean_cosine


def test_a_non_finite_term_is_named_with_its_step():
    with pytest.raises(NonFinite, match=r"step 12: .*caption = nan"):
        check_finite({"contrastive": torch.tensor(1.0), "caption": torch.tensor(float("nan"))}, 12)
    with pytest.raises(NonFinite, match="step 3: the gradient"):
        check_gradient(torch.tensor(float("inf")), 3)


def test_an_ln_batch_plateau_is_said_once_and_only_when_it_is_one():
    monitor = Monitor(64, patience=100)
    said = [m for step in range(300) for m in monitor.observe(step, {"contrastive": math.log(64) + 0.01}, {})]
    assert len(said) == 1 and "ln(batch) = 4.16" in said[0]
    learning = Monitor(64, patience=100)
    assert not [m for step in range(300) for m in learning.observe(step, {"contrastive": 4.16 - step / 100}, {})]


def test_a_constant_tower_is_named():
    same = torch.ones(8, 4)
    assert "all image embeddings" in Monitor(8).observe(50, {}, {"image": same, "text": torch.randn(8, 4)})[0]


def test_mean_cosine_equals_the_double_loop():
    x = torch.randn(5, 3, dtype=torch.float64)
    pairs = [torch.cosine_similarity(x[i], x[j], dim=0) for i in range(5) for j in range(5) if i != j]
    assert mean_cosine(x) == pytest.approx(float(torch.stack(pairs).mean()), abs=1e-6)
