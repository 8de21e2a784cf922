"""Which columns of token ids a text tower can do without: a query of three words need not cost 256 places.

`onnx.json` names the kind: what follows the last token that is not padding (a bag), what follows the end token (a
causal transformer), or nothing (a tower that reads its padding too).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np


def crop_of(described: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The function that crops token ids (b, n) to the columns a tower needs.

    `described` is `{"kind": "padding" | "end", "id": token}` or None, which crops nothing. ValueError for another kind.
    """
    if described is None:
        return np.asarray
    kinds: dict[str, Callable[[int, np.ndarray], np.ndarray]] = {"padding": without_padding, "end": to_the_end}
    kind, token = (described.get("kind"), described.get("id")) if isinstance(described, dict) else (None, None)
    if not isinstance(kind, str) or kind not in kinds or not isinstance(token, int):
        raise ValueError(
            f"a crop of token ids is null or has a kind of {', '.join(kinds)} and an id; got {described!r}"
        )
    return partial(kinds[kind], token)


def without_padding(pad: int, ids: np.ndarray) -> np.ndarray:
    """Columns up to the last that holds anything but `pad`; one column where there is nothing else."""
    used = np.flatnonzero((ids != pad).any(axis=0))
    return ids[:, : used[-1] + 1 if len(used) else 1]


def to_the_end(eot: int, ids: np.ndarray) -> np.ndarray:
    """Columns up to the last first end token. ValueError for a row without one."""
    found = ids == eot
    if not found.any(axis=1).all():
        raise ValueError(
            f"a caption without the end token {eot}: tokenize with the tokenizer saved beside this encoder"
        )
    return ids[:, : found.argmax(axis=1).max() + 1]
