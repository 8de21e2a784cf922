"""The table of positions without torch, against `sightline.nn.position.Learned`."""

import threading

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from sightline.nn.position import Learned
from sightline.nn.resample import matrix as torchs
from sightline.runtime.position import KEPT, Positions, matrix

KEPT_FOR = (5, 4)
GRIDS = [(y, x) for y in (1, 2, 3, 5, 7, 16, 40) for x in (1, 2, 4, 9, 33)]


@pytest.fixture
def learned():
    torch.manual_seed(0)
    made = Learned(KEPT_FOR, 6, "bilinear_antialias")
    torch.nn.init.normal_(made.weight)
    return made


@pytest.fixture
def file(learned, tmp_path):
    table = learned.weight.detach().view(*KEPT_FOR, -1).numpy()
    save_file({"positions": np.ascontiguousarray(table)}, tmp_path / "positions.safetensors", metadata={"digest": "w"})
    return tmp_path / "positions.safetensors"


@pytest.mark.parametrize("new", [1, 2, 3, 5, 16, 37])
@pytest.mark.parametrize("old", [1, 2, 5, 16])
def test_a_matrix_is_that_of_torch(old, new):
    np.testing.assert_allclose(matrix(old, new), torchs(old, new, "bilinear_antialias"), rtol=0, atol=1e-15)


def test_every_grid_has_the_positions_it_has_in_torch(learned, file):
    ours = Positions(file, "w")
    for grid in [KEPT_FOR, *GRIDS]:
        with torch.no_grad():
            expected = learned.at(grid).numpy()
        assert ours.at(*grid).dtype == np.float32
        np.testing.assert_allclose(ours.at(*grid), expected, rtol=0, atol=1e-6)


def test_a_batch_of_grids_is_padded_as_in_torch(learned, file):
    grids = np.array([[3, 7], [1, 21], [5, 4], [3, 7], [9, 1]])
    with torch.no_grad():
        expected = learned(torch.zeros(5, 21, 6), torch.from_numpy(grids)).numpy()
    made = Positions(file, "w")(grids, 21)
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-6)
    assert not made[2, 20:].any() and not made[4, 9:].any()
    with pytest.raises(ValueError, match="do not all have between 1 and 20 places"):
        Positions(file, "w")(grids, 20)
    with pytest.raises(ValueError, match="do not all have between 1 and 21 places"):
        Positions(file, "w")(grids * 0, 21)


def test_a_grid_is_resized_once_and_few_are_kept(file):
    ours = Positions(file, "w")
    assert ours.at(2, 3) is ours.at(2, 3)
    with pytest.raises(ValueError, match="read-only"):
        ours.at(2, 3)[0] = 0
    for x in range(1, KEPT + 10):
        ours.at(1, x)
    assert ours.at.cache_info().currsize == KEPT


def test_threads_share_one_table(file):
    ours, found = Positions(file, "w"), {}
    grids = [np.array([[y, x]]) for y, x in GRIDS]

    def ask(row):
        found[row] = ours(grids[row], 40 * 33)

    threads = [threading.Thread(target=ask, args=(row,)) for row in range(len(grids))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for row, grid in enumerate(grids):
        np.testing.assert_allclose(found[row], Positions(file, "w")(grid, 40 * 33), rtol=1e-5, atol=1e-6)


def test_a_table_of_other_weights_or_a_cut_one_is_refused(file):
    with pytest.raises(ValueError, match="was not exported from the weights of this run"):
        Positions(file, "other").table()
    whole = file.read_bytes()
    for content, says in (
        (whole[:-40], "is cut or damaged"),
        (b"\xff" * 40, "positions.safetensors"),
        (b"", "positions.safetensors"),
    ):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=says):
            Positions(file, "w").table()
    save_file({"positions": np.zeros((4, 4))}, file, metadata={"digest": "w"})
    with pytest.raises(ValueError, match=r"holds float64 \(4, 4\) and should hold float32 \(height, width, d\)"):
        Positions(file, "w").table()
    file.unlink()
    with pytest.raises(ValueError, match="is missing"):
        Positions(file, "w").table()
