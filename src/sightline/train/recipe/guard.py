"""What must not be forgotten while a run goes on from an encoder: settings of the forgetting guard.

What it does stands in `train/watch/guard.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Zero-shot, retrieval or kNN on a source of its own, measured at the start and at every evaluation.

    Works in runs that begin from an encoder (`--init`), where there is something to forget.
    """

    source: str = ""
    """the SRC; "" is what the encoder was measured on while it was trained, where it is a run whose data is still
    there, else the icons that come with the package"""
    fall: float = 0.25
    """the share of the score above chance that may be lost; when more is, the run is stopped"""
    samples: int = 500
    """at most so many pictures"""

    def __post_init__(self) -> None:
        if not 0 < self.fall < 1:
            raise ValueError(
                f"evaluation.guard.fall is {self.fall}; expected the share that may be lost, between 0 and 1. "
                "evaluation.guard=none guards nothing"
            )
        if self.samples < 20:
            raise ValueError(f"evaluation.guard.samples is {self.samples}; fewer than 20 pictures measure nothing")
