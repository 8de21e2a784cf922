"""P4: a linear map from tokens to classes, fitted on other pictures: is it readable where what is? No words needed.

Score: mIoU between that of the most frequent class, everywhere or at each place, and that of the masks on the grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.measure.finding import Finding, Summed
from sightline.measure.localization.classes import Masked
from sightline.measure.localization.iou import best_constant, best_prior, class_ious, mean_ious, shared_confusion
from sightline.measure.pictures import Pictures
from sightline.measure.places import Board, View, reachable
from sightline.measure.subject.subject import Subject
from sightline.probes.segmentation import SegmentationProbe, class_shares, confusion, grid_oracle

FINE = (32, 32)
"""cells of the perfect tokens"""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Ready to be asked of any encoder with tokens."""

    masked: Masked

    @cached_property
    def told(self) -> tuple[Pictures, Pictures]:
        assert self.masked.train is not None
        return (
            ideal(self.masked.test, self.masked.truth, len(self.masked.names)),
            ideal(self.masked.train, self.masked.train_truth, len(self.masked.names)),
        )

    def ask(self, subject: Subject) -> list[Finding]:
        masked, k, shown = self.masked, len(self.masked.names), self.masked.shown
        tokens, fitted = (subject.tokens(pictures) for pictures in self.told)
        view = View.of(subject, masked.test.side, tokens)
        learnt = [i for i, plane in enumerate(masked.train_truth) if plane is not None]
        probe = SegmentationProbe().fit(fitted[learnt], [view.cut(_plane(masked.train_truth[i])) for i in learnt])
        logits = np.full((len(shown), *view.grid, k), -1e3, np.float32)
        logits[..., probe.classes_] = probe.logits(tokens[shown])
        truth = [_plane(masked.truth[i]) for i in shown]
        counts = shared_confusion(truth, logits, view)
        found = [
            Finding(
                metric="segmentation probe mIoU",
                statistic=Summed(counts, mean_ious),
                chance=max(
                    best_constant(truth, k), best_prior(truth, [_plane(masked.train_truth[i]) for i in learnt], k)
                ),
                chance_kind="most frequent class, of all or of each place",
                bound=grid_bound(truth, view, k),
                bound_kind="patch grid",
                items=f"places {masked.test.pictures.digest}",
                domain=_domains(masked),
                protocol={"classes": masked.names, "side": masked.test.side},
                notes=(told_of(masked.names, counts), *notes(masked)),
            )
        ]
        return [reachable(finding) for finding in found]


def ideal(board: Board, truth: Sequence[np.ndarray | None], k: int) -> Pictures:
    """The shares of the classes in every cell as tokens; nothing where nothing is judged."""
    nothing = np.zeros((*FINE, k))
    shares = [nothing if plane is None else class_shares(plane, FINE, np.arange(k)) for plane in truth]
    return board.pictures.told(tokens=np.stack(shares).astype(np.float32))


def grid_bound(truth: Sequence[np.ndarray], view: View, k: int) -> float:
    """The mIoU of the masks themselves, brought to the grid by majority and back."""
    back = [view.whole(np.maximum(p, 0)) for p in grid_oracle([view.cut(plane) for plane in truth], view.grid)]
    return float(mean_ious(confusion(truth, back, k=k).sum(axis=0, keepdims=True))[0])


def told_of(names: Sequence[str], counts: np.ndarray) -> str:
    """The IoU of every class in words."""
    found = class_ious(counts.sum(axis=0)[None])[0]
    return "IoU: " + ", ".join(f"{n} {v:.2f}" for n, v in zip(names, found, strict=True) if np.isfinite(v))


def notes(masked: Masked) -> tuple[str, ...]:
    without = len(masked.truth) - len(masked.shown)
    return (f"{without} pictures without a mask that could be read were left out",) if without else ()


def _plane(plane: np.ndarray | None) -> np.ndarray:
    assert plane is not None
    return plane


def _domains(masked: Masked) -> list[str] | None:
    every = masked.test.shelf.domains
    return None if every is None else [every[i] for i in masked.shown]
