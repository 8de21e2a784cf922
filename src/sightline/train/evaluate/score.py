"""Scores of an evaluation as they are said: with what a guess would score, the error, and of how many pictures.

An evaluation is flat {name: number}. Beside a score stand `chance_NAME` (what knows nothing scores) and `n_NAME` (how
many pictures it was asked of); of retrieval `chance_rK` and `n_retrieval` are those of both directions.
"""

from collections.abc import Mapping
from math import sqrt

ABOUT = ("chance_", "n_")


def error(share: float, n: float) -> float:
    """The standard error of a share of `n` independent answers, sqrt(p (1 - p) / n)."""
    return sqrt(share * (1 - share) / n) if n else 0.0


def formatted(scores: Mapping[str, float]) -> str:
    """One line: `knn 0.449 ± 0.022 (chance 0.100, n 512)  rankme 12.345`."""
    return "  ".join(_formatted(name, scores) for name in scores if not name.startswith(ABOUT))


def _formatted(name: str, scores: Mapping[str, float]) -> str:
    value = scores[name]
    words, _, k = name.rpartition("_")
    pair = words in ("text_to_image", "image_to_text")
    n = scores.get("n_retrieval" if pair else f"n_{name}")
    chance = scores.get(f"chance_{k}" if pair else f"chance_{name}")
    about = [f"chance {chance:.3f}"] if chance is not None else []
    about += [f"n {n:.0f}"] if n is not None else []
    # what has a chance is a share of right answers, whose error follows from their number
    spread = f" ± {error(value, n):.3f}" if chance is not None and n is not None and 0 <= value <= 1 else ""
    return f"{name} {value:.3f}{spread}" + (f" ({', '.join(about)})" if about else "")
