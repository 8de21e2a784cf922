"""*classifies*: the likeliest of the classes that the run was trained on, by the head `classes`."""

from typing import Any

from sightline.weights.capabilities import Capability
from sightline.weights.encoder import TorchEncoder


def classify(encoder: TorchEncoder, images: Any, *, top: int = 1) -> list[list[tuple[str, float]]]:
    """For each of `images`, given as for `encode_image`, the `top` likeliest classes, (name, share of the softmax),
    the likeliest first. ValueError for a `top` that is not between 1 and the number of classes."""
    head: Any = encoder.parts["classes"]
    if not 1 <= top <= len(head.names):
        raise ValueError(f"top is {top}; {encoder.name} has {len(head.names)} classes: expected 1 to {len(head.names)}")
    found = []
    for features in encoder.each_features(images):
        shares = encoder.run(head, features.pooled).float().softmax(-1).topk(top)
        pairs = zip(shares.values.tolist(), shares.indices.tolist(), strict=True)
        found += [[(head.names[k], p) for p, k in zip(*pair, strict=True)] for pair in pairs]
    return found


CAPABILITY = Capability(needs=("image", "classes"), do=classify)
