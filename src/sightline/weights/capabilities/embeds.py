"""*embeds*: pictures to vectors. The face does it itself (`encode_image`, `features`, `encode_patches` ...).

The exporter is imported when it is called: its packages take seconds.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.towers.naflex import NaFlex
from sightline.weights.capabilities import Capability, Export
from sightline.weights.encoder import TorchEncoder


def _write(encoder: TorchEncoder, weights: str, at: Mapping[str, Path]) -> tuple[float, dict[str, Any]]:
    from sightline.weights.onnx.image import write

    return write(encoder, weights, at)


def _check(encoder: TorchEncoder) -> None:
    from sightline.weights.onnx.image import check

    check(encoder)


def _beside(encoder: TorchEncoder) -> tuple[str, ...]:
    """NaFlex reads its positions from a table."""
    return ("positions",) if isinstance(encoder.model.image, NaFlex) else ()


CAPABILITY = Capability(needs=("image",), exports=(Export(name="image", write=_write, beside=_beside, check=_check),))
