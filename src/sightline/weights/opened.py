"""`sightline.load`: an encoder in torch where there are weights for it, else by its export."""

from pathlib import Path

from sightline.runtime.builtin import is_builtin
from sightline.runtime.description import run_folder
from sightline.runtime.encoder import OnnxEncoder
from sightline.runtime.load import exported
from sightline.runtime.load import load as load_exported
from sightline.weights.encoder import Precision, TorchEncoder
from sightline.weights.load import load as load_torch


def load(
    name: str | Path, device: str = "auto", precision: Precision = "float32", channels: int | None = None
) -> TorchEncoder | OnnxEncoder:
    """The encoder called `name`: what comes with Sightline, a run, or a published checkpoint.

    `builtin:icons`; a folder (also written `local-dir:PATH`) or a file of weights; `hf-hub:ORG/NAME`,
    `open_clip:NAME/TAG`; through adapters `timm:NAME`, `transformers:PATH` and folders of any image model that those
    two packages can build. A built-in encoder and a light copy of a run have no weights for torch: they answer by
    onnxruntime, with numpy arrays, and have no `features`.

    `device`: auto, cpu, cuda, cuda:1, mps. `precision` "bfloat16" runs the towers under autocast; on a CPU without bf16
    instructions that is slower, so it is never chosen by itself. `channels` adapts the first kernel to pictures of
    another number of bands: grey exactly where the channels were normalised alike, others as a start to train from.
    Raises ValueError saying what is wrong and what this version loads.

    >>> import sightline
    >>> encoder = sightline.load("builtin:icons")
    >>> encoder.encode_text(["credit card"], normalize=True).shape
    (1, 256)
    """
    if precision == "float32" and channels is None and _light(name):
        return load_exported(name, device)
    return load_torch(name, device, precision, channels)


def _light(name: str | Path) -> bool:
    """Whether it is an export that lies without its weights, as built-in encoders do."""
    try:
        bare = not (run_folder(name) / "model.safetensors").exists()
    except ValueError:  # of what is no run torch knows more
        return is_builtin(name)
    return bare and exported(name)
