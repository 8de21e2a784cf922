"""Vectors as numpy arrays, whoever made them: the probes and the index never need to know about torch."""

from typing import Any

import numpy as np


def to_numpy(vectors: Any) -> np.ndarray:
    """Any array-like or torch tensor (any device or float width, with or without gradient) as a numpy array."""
    if isinstance(vectors, np.ndarray):
        return vectors
    if type(vectors).__module__.startswith("torch"):
        vectors = vectors.detach().cpu()
        # numpy has no bfloat16, and halves lose digits in every product
        return (vectors.float() if vectors.is_floating_point() and vectors.itemsize < 4 else vectors).numpy()
    return np.asarray(vectors)


def unit(vectors: Any) -> np.ndarray:
    """Rows (n, d) scaled to length 1, float32; a zero row stays zero.

    Raises ValueError where a value is not finite: a product with such a row would silently rank everything last.
    """
    rows = to_numpy(vectors).astype(np.float32, copy=False)
    if not np.isfinite(rows).all():
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=-1))
        raise ValueError(f"{len(bad)} of {len(rows)} vectors are not finite, the first is row {bad[0]}")
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
