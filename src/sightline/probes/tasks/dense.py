"""Tasks that read masks or depth: the segmentation probe and the depth probe, with their chances and bounds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sightline.data.sample import Source
from sightline.probes import depth as depths
from sightline.probes import segmentation as masks
from sightline.probes.depth import DepthProbe, PositionMean, TrainingMean
from sightline.probes.depth_order import VerticalOrder, depth_pairs, order_hits
from sightline.probes.segmentation import Majority, SegmentationProbe
from sightline.probes.tasks.gather import Gathered
from sightline.probes.tasks.labelled import Subjects
from sightline.probes.tasks.row import Kind, Result, Row, drawn_again


def must_have(source: Source, what: str) -> None:
    """ValueError for a source without masks or depth."""
    if what not in source.has:
        raise ValueError(
            f"{source.name} has no {what} (it has {', '.join(sorted(source.has))}), and this task reads one a picture: "
            "see docs/data.md for where it may stand"
        )


def segmented(train: Gathered, test: Gathered, subjects: Subjects, ignore: Sequence[int], seed: int) -> Result:
    """mIoU and pixel accuracy: majority class, every subject, the patch grid's bound."""
    left_out, encoder = (*masks.VOID, *ignore), next(n for n, kind in subjects.items() if kind == "encoder")
    truth, sizes = test.planes, [plane.shape for plane in test.planes]
    majority = Majority(ignore=left_out).fit(train.planes)
    found: dict[str, tuple[Kind, Any]] = {f"chance (class {majority.class_})": ("chance", majority.predict(sizes))}
    for name, kind in subjects.items():
        probe = SegmentationProbe(ignore=left_out).fit(train.features[name]["tokens"], train.planes)
        found[name] = kind, probe.predict(test.features[name]["tokens"], sizes)
    grid = test.features[encoder]["tokens"].shape[1:3]
    found["upper bound (patch grid)"] = "bound", masks.grid_oracle(truth, grid, left_out)
    classes = masks.classes_in([*train.planes, *truth], left_out)
    rows = []
    for name, (kind, predicted) in found.items():
        counts = masks.confusion(truth, predicted, left_out, k=int(classes.max()) + 1)
        scores = drawn_again(len(counts), lambda some, counts=counts: _segmentation(counts[some]), seed)
        each = masks.class_iou(counts)[classes]
        iou = {str(c): None if np.isnan(one) else float(one) for c, one in zip(classes, each, strict=True)}
        rows.append(Row(name, kind, scores, {"class_iou": iou}))
    return Result(rows, len(train.planes), len(truth))


def ranged(train: Gathered, test: Gathered, subjects: Subjects, seed: int) -> Result:
    """RMSE, AbsRel, delta1 and the order of pairs: means, height alone, every subject, the patch grid's bound."""
    encoder = next(name for name, kind in subjects.items() if kind == "encoder")
    truth, sizes = test.planes, [plane.shape for plane in test.planes]
    pairs, height = depth_pairs(truth, seed=seed), VerticalOrder().fit(depth_pairs(train.planes, seed=seed))
    found: dict[str, tuple[Kind, Any]] = {
        "mean of training": ("chance", TrainingMean().fit(train.planes).predict(sizes)),
        "mean of each place": ("chance", PositionMean().fit(train.planes).predict(sizes)),
    }
    for name, kind in subjects.items():
        probe = DepthProbe(seed=seed).fit(train.features[name]["tokens"], train.planes)
        found[name] = kind, probe.predict(test.features[name]["tokens"], sizes)
    bound = depths.grid_oracle(truth, test.features[encoder]["tokens"].shape[1:3])
    found["upper bound (patch grid)"] = "bound", bound
    rows, alone = [], drawn_again(len(truth), lambda some: _order(height.hits(pairs), pairs, some), seed)
    for name, (kind, predicted) in found.items():
        sums, hits = depths.error_sums(truth, predicted), order_hits(predicted, pairs)
        scores = drawn_again(len(truth), lambda some, s=sums, h=hits: _errors(s[some]) | _order(h, pairs, some), seed)
        rows.append(Row(name, kind, scores))
    notes = ["all places are of one depth: nothing can be ordered"] if not len(pairs) else []
    if len(pairs):
        rows.insert(2, Row("height alone", "chance", alone))
        own = next(row for row in rows if row.kind == "encoder").scores["order"].value
        floor = alone["order"].value
        notes.append(
            f"order beyond height alone: {own - floor:+.3f} ({own:.3f} - {floor:.3f}, of {len(pairs):,} pairs)"
        )
    return Result(rows, len(train.planes), len(truth), notes)


def _segmentation(counts: np.ndarray) -> Mapping[str, float]:
    whole = counts.sum(axis=0)
    return {"miou": masks.mean_iou(counts), "pixels": float(np.trace(whole) / max(1, whole.sum()))}


def _errors(sums: np.ndarray) -> dict[str, float]:
    errors = depths.pooled(sums)
    return {"rmse": errors.rmse, "abs_rel": errors.abs_rel, "delta1": errors.delta1}


def _order(hits: np.ndarray, pairs: np.ndarray, some: np.ndarray) -> dict[str, float]:
    """The share of pairs in the pictures `some`, each as often as it was drawn."""
    if not len(pairs):
        return {}
    times = np.bincount(some, minlength=int(pairs[:, 0].max()) + 1)[pairs[:, 0]]
    return {"order": float((times * hits).sum() / max(1, times.sum()))}
