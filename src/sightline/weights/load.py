"""`load(name)`: the encoder of that name in torch."""

from pathlib import Path

import torch

from sightline.runtime.builtin import is_builtin
from sightline.runtime.description import run_folder
from sightline.weights.encoder import Precision, TorchEncoder
from sightline.weights.peers.adapter import adapter, of_folder
from sightline.weights.published.checkpoint import UnknownFamily, published
from sightline.weights.published.names import published_source
from sightline.weights.run_folder.run import load_encoder


def load(
    name: str | Path, device: str = "auto", precision: Precision = "float32", channels: int | None = None
) -> TorchEncoder:
    """The encoder called `name`: a run, or a published checkpoint of a family in `sightline.weights.published.family`.

    A folder (also written `local-dir:PATH`), a file of weights, `hf-hub:ORG/NAME`, `open_clip:NAME/TAG`; and through
    adapters `timm:NAME`, `transformers:PATH` and folders of any image model that those two packages can build.

    `device`: auto, cpu, cuda, cuda:1, mps. `precision` "bfloat16" runs the towers under autocast; on a CPU without bf16
    instructions that is slower, so it is never chosen by itself. `channels` adapts the first kernel to pictures of
    another number of bands: grey exactly where the channels were normalised alike, others as a start to train from.
    Raises ValueError saying what is wrong and what this version loads.
    """
    if is_builtin(name):
        raise ValueError(
            f"{name} comes without weights for torch, so it cannot be trained on or looked into; sightline.load, "
            "index, search, serve, embed and measure take it"
        )
    chosen = pick(device)
    if adapted := adapter(str(name), chosen, precision):
        if channels is not None:
            raise ValueError(f"channels={channels}: {name} runs by another package's code, whose kernels stay theirs")
        return adapted
    if source := published_source(name):
        try:
            return published(
                source.where,
                name=str(name),
                config=source.config,
                words=source.words,
                device=chosen,
                precision=precision,
                channels=channels,
            )
        except UnknownFamily:
            if adapted := of_folder(source.where, str(name), chosen, precision):
                return adapted
            raise
    return load_encoder(run_folder(name), device=chosen, precision=precision, channels=channels)


def pick(device: str) -> torch.device:
    """`auto` is the first of cuda, mps, cpu that is there. Raises ValueError for an unknown or absent device."""
    if device == "auto":
        best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device(best)
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"unknown device {device!r}; use auto, cpu, cuda, cuda:N or mps") from error
    absent = {"cuda": not torch.cuda.is_available(), "mps": not torch.backends.mps.is_available()}
    if absent.get(chosen.type, False):
        raise ValueError(f"device {device!r} is not available on this machine; use auto or cpu")
    return chosen
