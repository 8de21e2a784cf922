import numpy as np
import pytest
import torch

from sightline.data.array import to_numpy, unit


def test_tensors_of_any_kind_become_arrays():
    x = torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16, requires_grad=True)
    assert to_numpy(x).tolist() == [[1.0, 2.0]] and to_numpy(x).dtype == np.float32
    assert to_numpy(torch.tensor([3])).dtype == np.int64
    assert to_numpy([1, 2]).tolist() == [1, 2]


def test_unit_rows_have_length_one_and_zero_stays_zero():
    rows = unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)
    with pytest.raises(ValueError, match="1 of 2 vectors are not finite, the first is row 1"):
        unit(np.array([[1.0], [np.inf]]))
