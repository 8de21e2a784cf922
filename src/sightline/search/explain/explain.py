"""Where in a picture a query is seen: a heat map over its view, by what the encoder can give.

Two ways. `occlusion` covers parts and sees what is lost (occlusion.py); every encoder of pictures of one size has it.
`patches` is cos(patch, query), of encoders in torch whose tower has patches: one pass whatever the size. By occlusion
the hottest place lies more often on what the words say (benchmarks/search/explain.py), so small views are explained by
it; of large ones, where its passes take seconds on a CPU, the patches are taken where there are any.
"""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sightline.data.array import to_numpy, unit
from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.prepare.seen import Part, inside, onto_picture, seen_part
from sightline.search.explain.occlusion import SQUARES, covered
from sightline.search.query import Embedder

Way = Literal["occlusion", "patches"]
WAYS: tuple[Way, ...] = ("occlusion", "patches")
SMALL = 96
"""pixels a side of a view that is covered part by part though it has patches"""
FLAT = 1e-6
"""values no further apart than this tell nothing"""


@dataclass(frozen=True, eq=False)
class Explanation:
    """A heat map of one picture for one query."""

    by: Way
    score: float
    """cosine of the query and the whole picture"""
    heat: np.ndarray
    """float32 (rows, columns) over the view: by occlusion the cosine that a part takes with it, by patches its own"""
    part: Part
    """where the view lies on the picture, in shares of its sides; what is padding lies outside"""
    passes: int
    """pictures that the encoder embedded for it"""
    seconds: float

    @property
    def scaled(self) -> np.ndarray:
        """float32 (rows, columns) from 0, what speaks for the query least or not at all, to 1, what does most; all 0
        where nothing stands out."""
        here = inside(self.part, self.heat.shape)
        if not here.any():
            return np.zeros_like(self.heat)
        low = 0.0 if self.by == "occlusion" else float(self.heat[here].min())
        most = float(self.heat[here].max()) - low
        if most <= FLAT:
            return np.zeros_like(self.heat)
        return np.where(here, ((self.heat - low) / most).clip(0, 1), 0).astype(np.float32)

    @property
    def best(self) -> tuple[float, float, float, float] | None:
        """x, y, width, height in shares of the picture's sides of the cell that speaks most for the query; None where
        nothing stands out."""
        found = self.scaled
        if not found.any():
            return None
        (rows, columns), at = found.shape, int(found.argmax())
        y, x = divmod(at, columns)
        box = np.array([[x / columns, y / rows, 1 / columns, 1 / rows]])
        left, top, width, height = onto_picture(box, self.part)[0].tolist()
        return left, top, width, height


def explain(
    encoder: Embedder,
    picture: Any,
    vector: np.ndarray,
    *,
    shape: tuple[int, int] | None = None,
    by: Way | None = None,
    squares: int = SQUARES,
    turn: AbstractContextManager[Any] | None = None,
    against: np.ndarray | None = None,
) -> Explanation:
    """Which parts of a picture (a path, bytes, PIL image) speak for a query, given as a vector (e,).

    With `against` (e,) they speak for the query rather than for that: the heat is that of query - against.

    `shape` is the picture's height and width as it is seen, None of a square or unknown one. `by` asks for one way,
    else it is chosen. `turn` is entered around each call of the encoder, where several threads share it. ValueError for
    an encoder that has no such way, and for a way that is none.
    """
    start = time.perf_counter()
    turn = turn or nullcontext()
    if not encoder.dim:
        raise ValueError("this library was indexed by names alone; nothing was seen that could be shown")
    rule = getattr(encoder, "rule", None)
    by = way_of(encoder, by)
    prepared = encoder.preprocess(picture)
    query = unit(np.asarray(vector, np.float32).reshape(1, -1))[0]
    asked = query if against is None else query - against
    with turn:
        batch = [prepared] if isinstance(prepared, tuple) else to_numpy(prepared)[None]
        whole = unit(to_numpy(encoder.encode_image(batch)))[0]
    if by == "patches":
        with turn:
            heat, passes = _patches(encoder, batch) @ asked, 2
    else:
        seen, lost = to_numpy(prepared).astype(np.float32), []
        for some in covered(seen, squares):
            with turn:
                lost.append((whole - unit(to_numpy(encoder.encode_image(some)))) @ asked)
        heat, passes = np.concatenate(lost).reshape(squares, squares), 1 + squares * squares
    whole_view: Part = (0.0, 0.0, 1.0, 1.0)
    part = seen_part(rule, shape) if shape and isinstance(rule, Preprocess) else whole_view
    took = time.perf_counter() - start
    return Explanation(by, float(whole @ query), heat.astype(np.float32), part, passes, took)


def way_of(encoder: Embedder, by: str | None = None) -> Way:
    """The way that is asked for, or the better of those the encoder has. ValueError where it has none, or not that."""
    rule, patches = getattr(encoder, "rule", None), _has_patches(encoder)
    cut = isinstance(rule, NaFlexRule)
    if by is None:
        small = not isinstance(rule, Preprocess) or rule.size <= SMALL
        by = "occlusion" if not cut and (small or not patches) else "patches"
    if by not in WAYS:
        raise ValueError(f"pictures are explained by {' or '.join(WAYS)}; got {by!r}")
    if by == "patches" and not patches:
        raise ValueError(
            f"{encoder.name} gives vectors of whole pictures and none of their patches: its tower has none, or it runs "
            f"without torch{'' if cut else '; it can be explained by occlusion'}"
        )
    if by == "occlusion" and cut:
        raise ValueError(f"{encoder.name} sees pictures cut into patches of any shape; explain by patches")
    return by


def _has_patches(encoder: Any) -> bool:
    """Whether it runs in torch and its tower can tell what its pooling makes of each patch."""
    return hasattr(encoder, "patches_of") and hasattr(getattr(encoder.model, "image", None), "each")


def _patches(encoder: Any, batch: Any) -> np.ndarray:
    """Unit vectors (rows, columns, e) of the patches of one prepared picture."""
    import torch

    seen = encoder.features(batch if isinstance(batch, list) else torch.from_numpy(batch))
    found = to_numpy(encoder.patches_of(seen, normalize=True))[0]
    rows, columns = to_numpy(seen.grid).reshape(-1)[:2].astype(int).tolist()
    return found[: rows * columns].reshape(rows, columns, -1)
