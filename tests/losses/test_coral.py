import numpy as np
import pytest
import torch

from sightline.losses.coral import coral, covariance


def sets(b=7, m=5, d=3):
    rng = torch.Generator().manual_seed(0)
    return (torch.randn(n, d, generator=rng, dtype=torch.float64) for n in (b, m))


def test_the_loss_is_equation_1_of_the_paper_entry_by_entry():
    source, target = sets()
    found = 0.0
    for i in range(3):
        for j in range(3):
            c = []
            for x in (source.numpy(), target.numpy()):
                n = len(x)
                c.append((x[:, i] @ x[:, j] - x[:, i].sum() * x[:, j].sum() / n) / (n - 1))
            found += (c[0] - c[1]) ** 2
    assert float(coral(source, target)) == pytest.approx(found / (4 * 3**2), rel=1e-12)
    np.testing.assert_allclose(covariance(source).numpy(), np.cov(source.numpy().T), rtol=1e-12)


def test_its_gradient_is_that_of_the_paper():
    """Equation 4: 1 / (d^2 (n_S - 1)) (D_S - 1/n_S 1 1^T D_S) (C_S - C_T)."""
    source, target = sets()
    source.requires_grad_()
    coral(source, target).backward()
    apart = covariance(source.detach()) - covariance(target)
    expected = (source.detach() - source.detach().mean(0)) @ apart / (3**2 * (len(source) - 1))
    torch.testing.assert_close(source.grad, expected, rtol=1e-12, atol=0)


def test_moving_a_set_changes_nothing_and_turning_it_does():
    source, _ = sets()
    assert float(coral(source, source + 3)) == pytest.approx(0, abs=1e-24)
    assert float(coral(source, source[:, [1, 0, 2]])) > 1e-3


def test_one_vector_has_no_covariance():
    with pytest.raises(ValueError, match="two vectors or more, and there is 1"):
        covariance(torch.zeros(1, 3))
