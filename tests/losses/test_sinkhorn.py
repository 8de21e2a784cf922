import pytest
import torch
from lightly.loss.msn_loss import sinkhorn as peer

from sightline.losses.sinkhorn import sinkhorn


def naive(logits, temperature, iterations):
    """The published steps, with every constant, entry by entry."""
    samples, prototypes = logits.shape
    q = [[torch.exp(logits[b, k] / temperature).item() for b in range(samples)] for k in range(prototypes)]
    total = sum(map(sum, q))
    q = [[value / total for value in row] for row in q]
    for _ in range(iterations):
        q = [[value / sum(row) / prototypes for value in row] for row in q]
        columns = [sum(row[b] for row in q) for b in range(samples)]
        q = [[value / columns[b] / samples for b, value in enumerate(row)] for row in q]
    return torch.tensor([[q[k][b] * samples for k in range(prototypes)] for b in range(samples)], dtype=torch.float64)


@pytest.mark.parametrize("iterations", [1, 3, 20])
def test_the_published_steps(iterations):
    logits = torch.randn(9, 5, dtype=torch.float64)
    torch.testing.assert_close(
        sinkhorn(logits, 0.3, iterations=iterations), naive(logits, 0.3, iterations), rtol=1e-9, atol=0
    )


def test_rows_sum_to_one_and_columns_to_samples_over_prototypes():
    q = sinkhorn(torch.randn(40, 8, dtype=torch.float64), 0.5, iterations=50)
    torch.testing.assert_close(q.sum(1), torch.ones(40, dtype=torch.float64))
    torch.testing.assert_close(q.sum(0), torch.full((8,), 5.0, dtype=torch.float64), rtol=1e-3, atol=0)


def test_the_balanced_rows_are_lightlys():
    """lightly's takes probabilities and balances them likewise."""
    probabilities = torch.randn(12, 6).softmax(1)
    mine = sinkhorn(probabilities.log(), 1.0)
    torch.testing.assert_close(mine, peer(probabilities, 3, gather_distributed=False), rtol=1e-5, atol=1e-7)


def test_a_common_shift_changes_nothing_and_large_logits_stay_finite():
    logits = torch.randn(9, 5, dtype=torch.float64)
    torch.testing.assert_close(sinkhorn(logits + 40, 0.04), sinkhorn(logits, 0.04), rtol=1e-9, atol=1e-12)
    assert sinkhorn(torch.randn(9, 5) * 100, 0.04).isfinite().all()


def test_rows_of_all_ranks_are_balanced_together_whatever_each_holds():
    """Ranks take turns: each hears the others' column sums of the iteration from a table."""
    logits = torch.randn(10, 4, dtype=torch.float64)
    whole, parts = sinkhorn(logits, 0.2), [logits[:3], logits[3:], logits[:0]]
    scores = [part / 0.2 for part in parts]
    tables = []
    for _ in range(3):
        tables.append(torch.stack([score.logsumexp(0) for score in scores]))
        scores = [(score - tables[-1].logsumexp(0)).log_softmax(1) for score in scores]
    found = []
    for rank, part in enumerate(parts):
        heard = iter(tables)

        def everyone(mine, heard=heard, rank=rank):
            table = next(heard)
            torch.testing.assert_close(mine[0], table[rank])
            return table

        found.append(sinkhorn(part, 0.2, everyone=everyone))
    torch.testing.assert_close(torch.cat(found), whole)


def test_with_few_samples_each_prototype_falls_to_one_of_them():
    """Why a recipe of more than 8 prototypes a picture is refused: whatever two pictures show, their targets differ."""

    def shared(b):
        q = sinkhorn(torch.randn(b, 128) / 4, 0.04)
        return ((q @ q.T).sum() - (q * q).sum()) / (b * (b - 1)) * 128  # 1 where targets are independent

    assert shared(4) < 0.6 < shared(512)
