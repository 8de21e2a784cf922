import pytest
import torch

from sightline import dist
from sightline.nn.noise import Dropout, rank_rows, seed_draws
from sightline.nn.transformer import DropPath

CPU = torch.device("cpu")


def draws(b):
    """What a rank of `b` pictures draws: one row a picture, then three views of each, through both layers."""
    seed_draws(7, pictures=b)
    plain = rank_rows(torch.randn, (b, 2), CPU)
    layers = torch.nn.Sequential(DropPath(0.4), Dropout(0.4))
    views = layers(torch.ones(3 * b, 4)).view(3, b, 4)
    seed_draws(7 + dist.rank())
    return plain, views, rank_rows(torch.rand, (b,), CPU)


def test_two_ranks_draw_what_one_would_for_every_picture_and_view(ranks):
    plain, views, _ = draws(6)
    assert len(views.unique()) > 1
    parts = ranks.run(__file__, "draws", 3)
    assert torch.equal(torch.cat([part[0] for part in parts]), plain)
    assert torch.equal(torch.cat([part[1] for part in parts], dim=1), views)
    assert not torch.equal(parts[0][2], parts[1][2])  # parts of a share draw for themselves


def test_dropout_is_torchs_in_the_mean_and_nothing_in_evaluation():
    x = torch.ones(200, 50)
    y = Dropout(0.25)(x)
    assert y.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    assert float(y.mean()) == pytest.approx(1, abs=0.03)
    assert Dropout(0.25).eval()(x) is x and Dropout(0.0)(x) is x
    with pytest.raises(ValueError, match="rate of at least 0 and below 1, got 1"):
        Dropout(1)
