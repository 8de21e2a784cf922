"""The encoder that search uses: the exported one where there is one, else torch."""

import importlib.util
from functools import cache
from pathlib import Path

from sightline.runtime.builtin import ICONS
from sightline.runtime.load import exported
from sightline.runtime.load import load as load_exported
from sightline.search.batcher import Precision
from sightline.search.blind import NONE, Blind
from sightline.search.query import Embedder, reads_text


def encoder_of(db: Path, made_with: str, given: str | None = None, device: str = "auto") -> Embedder:
    """The encoder of an index: `given` where a user names one, else `made_with`, where it was when the index was made.

    Raises ValueError where that is gone; whether it is the same encoder is for `Index.check`.
    """
    if made_with == NONE and given in (None, NONE):
        return Blind()
    if given is None and ":" not in made_with[2:] and not Path(made_with).exists():
        raise ValueError(
            f"{db} was made with the encoder {made_with}, which is not there any more; say where it is with "
            "--encoder ENCODER"
        )
    return open_encoder(given or made_with, device)


def open_indexer(name: str, device: str = "auto") -> Embedder:
    """What an index is filled with: the encoder called `name`, or `Blind` for "none"."""
    return Blind() if name == NONE else open_encoder(name, device)


def words_encoder(encoder: Embedder) -> Embedder | None:
    """What compares words with words in an index of `encoder`: what it reads for that (`OnnxEncoder.reader`), itself
    where it reads text, else the text tower that comes with Sightline; None in an index of names alone, for which no
    encoder was wanted."""
    if reads_text(encoder):
        return getattr(encoder, "reader", None) or encoder
    return _built_in() if encoder.dim else None


@cache
def _built_in() -> Embedder:
    encoder = load_exported(ICONS)
    return encoder.reader or encoder


def open_quick(name: str | Path, device: str = "auto", precision: Precision = "auto") -> Embedder:
    """As `open_encoder`, for very many pictures: by torch where that embeds faster, or where `precision` asks for it.

    In bfloat16, where a CPU has it, torch is several times as fast as an export. In float32 neither is much the faster
    one (one core, torch over the export: ViT-B/32 1.15, ViT-S/16 1.2, ViT of 10 M at 64 px 1.2; a ResNet of 3 M at 48
    px 0.9), and the export starts two seconds sooner.
    """
    exportable = device in ("auto", "cpu") and exported(name)
    if not exportable or precision == "float32" or importlib.util.find_spec("torch") is None:
        return open_encoder(name, device)
    from sightline.weights.batcher import bfloat16_pays
    from sightline.weights.load import load, pick

    if precision == "auto" and not bfloat16_pays(pick(device)):
        return load_exported(name)
    try:
        return load(name, device=device)
    except ValueError:
        if precision == "bfloat16":
            raise
        return load_exported(name)  # a light copy has no weights for torch


def open_encoder(name: str | Path, device: str = "auto") -> Embedder:
    """The encoder called `name`, by onnxruntime where the run is exported and `device` is auto or cpu, else by torch.

    Both give the same vectors and the same identity, so an index made by one is searched by the other. Raises
    ValueError saying how to get what is missing: torch, or an export.
    """
    if device in ("auto", "cpu") and exported(name):
        return load_exported(name)
    try:
        from sightline.weights.load import load
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return load_exported(name, device)  # says what the export lacks
    return load(name, device=device)
