import numpy as np
import pytest

from sightline.probes.nearest import top_k


@pytest.mark.parametrize("k", [0, 1, 4, 11, 12, 99])
def test_top_equals_a_stable_sort_with_ties(k):
    for seed in range(20):
        scores = np.random.default_rng(seed).integers(0, 4, 12).astype(np.float32)
        expected = sorted(range(12), key=lambda i: (-scores[i], i))[:k]
        assert top_k(scores, k).tolist() == expected
