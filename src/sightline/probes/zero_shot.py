"""Zero-shot classification: class names become weights through the text tower (Radford et al. 2021, section 3.1.4).

w_c = unit(mean_t unit(text(template_t(name_c)))),   prediction = argmax_c  unit(v) . w_c

Vectors are averaged over templates, not logits.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sightline.data.array import to_numpy, unit

BARE = ("{}",)
PHOTO = ("a photo of a {}.", "a close photo of a {}.", "a bright photo of the {}.", "many {} in a photo.", "{}")
GRAPHIC = ("{}", "an icon of a {}", "a line drawing of a {}", "a flat illustration of {}", "{} logo", "{} symbol")


def classifier(encoder: Any, names: Sequence[str], templates: Sequence[str] = GRAPHIC) -> np.ndarray:
    """Unit weights, float32 (classes, e), of class `names`; every template has one `{}` for the name."""
    if not names:
        raise ValueError("zero-shot classification needs at least one class name")
    check_templates(templates)
    spoken = [name.replace("_", " ").strip() for name in names]
    texts = [template.replace("{}", name) for name in spoken for template in templates]
    vectors = unit(encoder.encode_text(texts)).reshape(len(names), len(templates), -1)
    return unit(vectors.mean(axis=1))


def check_templates(templates: Sequence[str]) -> None:
    """Raises ValueError where there are none, or one has no `{}`."""
    for template in templates:
        if "{}" not in template:
            raise ValueError(f"the template {template!r} has no {{}} where the class name goes")
    if not templates:
        raise ValueError(f"zero-shot classification needs at least one template, such as {BARE[0]!r}")


def accuracy(image_vectors: Any, weights: np.ndarray, labels: Any) -> dict[str, float]:
    """`{"top1", "top5", "mean_per_class", "chance", "n"}` of vectors (n, e) against weights (classes, e).

    Labels (n,) below 0 are left out. A class that ties with the right one counts half a place above it, as in
    retrieval. `mean_per_class` averages top-1 over the classes that occur: it is what to read on uneven sets.
    """
    truth = to_numpy(labels).astype(np.int64)
    known = truth >= 0
    if not known.any():
        raise ValueError("no picture has a label, so there is no accuracy")
    truth = truth[known]
    if truth.max() >= len(weights):
        raise ValueError(f"label {truth.max()} has no class: there are {len(weights)} class names")
    logits = unit(image_vectors)[known] @ weights.T
    right = logits[np.arange(len(truth)), truth][:, None]
    rank = 1 + (logits > right).sum(axis=1) + 0.5 * ((logits == right).sum(axis=1) - 1)
    first = rank <= 1
    return {
        "top1": float(first.mean()),
        "top5": float((rank <= 5).mean()),
        "mean_per_class": float(np.mean([first[truth == c].mean() for c in np.unique(truth)])),
        "chance": 1.0 / len(weights),
        "n": float(len(truth)),
    }
