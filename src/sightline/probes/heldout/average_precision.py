r"""Average precision of boxes and outlines as COCO counts it (Lin et al. 2014, https://cocodataset.org/#detection-eval).

Found things of a class, the surest first over all pictures, are matched each with the best free true one of its picture
of an IoU of t or more; precision at 101 recalls, its falling bound, averaged over recalls, then over classes, then over
t = .50, .55 ... .95. By pycocotools, COCO's own code, which `sightline[detect]` brings.
"""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

MOST = 100
"""found things of a picture that count"""
EXTRA = "average precision is counted by pycocotools: pip install 'sightline[detect]'"


@dataclass(frozen=True, eq=False)
class Labelled:
    """Things in one picture, true or found."""

    boxes: Float[np.ndarray, "n 4"]
    """x, y, width, height"""
    labels: Int[np.ndarray, " n"]
    scores: Float[np.ndarray, " n"] | None = None
    """of found ones"""
    masks: Bool[np.ndarray, "n y x"] | None = None


@dataclass(frozen=True)
class Precision:
    """Shares from 0 to 1; nan where there is nothing to be found."""

    ap: float
    """mean over IoUs of .50 to .95"""
    ap50: float
    ap75: float
    classes: dict[int, float]
    """`ap` of each class that occurs"""


def there() -> bool:
    """Whether pycocotools is installed."""
    return find_spec("pycocotools") is not None


def average_precision(truth: Sequence[Labelled], found: Sequence[Labelled], *, masks: bool = False) -> Precision:
    """Of `found` against `truth`, picture by picture; by masks instead of boxes if asked. ImportError, saying what to
    install, without pycocotools; ValueError where the pictures are not as many."""
    if len(truth) != len(found):
        raise ValueError(f"{len(truth)} pictures with true things, and {len(found)} with found ones")
    if not there():
        raise ImportError(EXTRA)
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    kind = "segm" if masks else "bbox"
    classes = sorted({int(label) for one in truth for label in one.labels})
    if not classes:
        return Precision(float("nan"), float("nan"), float("nan"), {})
    right, said = (_annotations(rows, masks) for rows in (truth, found))
    shapes = [(0, 0) if one.masks is None else one.masks.shape[1:] for one in truth]
    images = [{"id": number, "height": y, "width": x} for number, (y, x) in enumerate(shapes)]
    with redirect_stdout(io.StringIO()):  # it talks
        one: Any = COCO()
        other: Any = COCO()
        for made, rows in ((one, right), (other, said)):
            made.dataset = {"images": images, "annotations": rows, "categories": [{"id": label} for label in classes]}
            made.createIndex()
        judge = COCOeval(one, other, kind)
        judge.params.catIds = classes
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.params.maxDets = [MOST]
        judge.evaluate()
        judge.accumulate()
    precision: np.ndarray = judge.eval["precision"][..., 0, 0]  # IoUs, recalls, classes
    each = precision.mean(axis=1)
    return Precision(
        float(each.mean()),
        float(each[0].mean()),
        float(each[5].mean()),
        {label: float(each[:, number].mean()) for number, label in enumerate(classes)},
    )


def _annotations(pictures: Sequence[Labelled], masks: bool) -> list[dict[str, Any]]:
    """Things as COCO has them; numbers from 1, since 0 means "matched with nothing" in pycocotools."""
    from pycocotools import mask as coder

    rows: list[dict[str, Any]] = []
    for image, things in enumerate(pictures):
        for number, (box, label) in enumerate(zip(things.boxes.tolist(), things.labels.tolist(), strict=True)):
            row = {"id": len(rows) + 1, "image_id": image, "category_id": label, "bbox": box, "iscrowd": 0}
            row["area"] = box[2] * box[3]
            if masks:
                assert things.masks is not None, "masks are compared where both sides have them"
                row["segmentation"] = coder.encode(np.asfortranarray(things.masks[number].astype(np.uint8)))
                row["area"] = int(things.masks[number].sum())
            if things.scores is not None:
                row["score"] = float(things.scores[number])
            rows.append(row)
    return rows
