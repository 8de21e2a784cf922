"""*reads text*: texts to vectors. The face does it itself (`encode_text`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.weights.capabilities import Capability, Export
from sightline.weights.encoder import TorchEncoder


def _write(encoder: TorchEncoder, weights: str, at: Mapping[str, Path]) -> tuple[float, dict[str, Any]]:
    from sightline.weights.onnx.text import write  # takes seconds, as in `embeds`

    return write(encoder, weights, at)


CAPABILITY = Capability(needs=("text",), exports=(Export(name="text", write=_write),))
