"""What a peer computes from a converted folder, beside what we compute: the largest differences, before a conversion is
called done.
"""

import importlib.util
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sightline.data.prepare.preprocess import Preprocess
from sightline.towers.naflex import Patches
from sightline.towers.spec import Causal, NaFlexSpec, TransformerTextSpec
from sightline.weights.encoder import TorchEncoder
from sightline.weights.finite import some_of
from sightline.weights.published.family.protocol import Towers

TOLERANCE = 1e-4
"""largest difference of outputs up to 1; of larger ones, that share of the largest"""
TEXTS = ("credit card", "a red star, left of a blue circle", "x", "Shopping cart " * 60)
CLASS_TOKEN = ("ViTModel",)
Outputs = dict[str, Tensor]


def installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def examples(towers: Towers, encoder: TorchEncoder) -> tuple[Any, Tensor | None]:
    """Pictures and token ids that a tower takes, the same every time; None for a tower that is not there."""
    generator = torch.Generator().manual_seed(0)
    image, text = towers.image, towers.text
    pictures: Any = None
    if isinstance(image, NaFlexSpec) and encoder.sees:
        grid = torch.tensor([[2, 3], [3, 2], [1, 4]])
        patches = torch.randn(3, 7, image.patch**2 * image.channels, generator=generator)
        pictures = Patches(patches=patches, mask=torch.arange(7) < grid.prod(1)[:, None], grid=grid)
    elif image is not None and encoder.sees:
        rule = encoder.rule
        assert isinstance(rule, Preprocess), "every tower but NaFlex's has pictures of one size"
        size = rule.size
        pictures = torch.randn(3, getattr(image, "channels", 3), size, size, generator=generator)
    ids = None
    if text is not None and "reads_text" in encoder.capabilities:
        if encoder.tokenizer is not None:
            ids = encoder.tokenize(TEXTS)
        else:
            ids = torch.randint(0, text.vocab, (3, text.length), generator=generator)
            if isinstance(text, TransformerTextSpec) and isinstance(text.reading, Causal):
                ids[ids == text.reading.eot] = 0
                for row in range(3):
                    ids[row, min(row + 2, text.length - 1)] = text.reading.eot
    return pictures, ids


def ours(encoder: TorchEncoder, pictures: Any, ids: Tensor | None) -> Outputs:
    found: Outputs = {}
    with torch.no_grad():
        found |= {} if pictures is None else {"image": encoder.encode_image(pictures)}
        found |= {} if ids is None else {"text": encoder.encode_text(ids)}
    return found


def of_transformers(folder: Path, pictures: Any, ids: Tensor | None) -> Outputs:
    """By AutoModel, AutoImageProcessor and AutoTokenizer read too. ValueError where transformers lacks a tensor."""
    import transformers
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        kind = getattr(transformers, _architecture(folder))
        peer, loads = kind.from_pretrained(folder, output_loading_info=True, local_files_only=True)
    finally:
        logging.set_verbosity(level)
    missing = sorted(name for name in loads["missing_keys"] if not name.startswith("pooler."))
    kinds = {
        "missing": missing,
        "unexpected": loads["unexpected_keys"],
        "of another shape": loads["mismatched_keys"],
    }
    if wrong := [f"{kind}: {some_of([str(name) for name in names])}" for kind, names in kinds.items() if names]:
        raise ValueError(f"transformers read the folder back otherwise: {'; '.join(wrong)}")
    peer = peer.eval()
    found: Outputs = {}
    with torch.no_grad():
        if pictures is not None:
            given: dict[str, Any] = {"pixel_values": pictures}
            if isinstance(pictures, Patches):
                shapes = {"pixel_attention_mask": pictures.mask.int(), "spatial_shapes": pictures.grid}
                given = {"pixel_values": pictures.patches} | shapes
            made = peer.get_image_features(**given) if hasattr(peer, "get_image_features") else peer(**given)
            # ViT's pooler is no part of the encoder: a file without one has it drawn anew
            bare = kind.__name__ in CLASS_TOKEN
            found["image"] = made.last_hidden_state[:, 0] if bare else _vector(made, "image_embeds")
        if ids is not None:
            made = peer.get_text_features(ids) if hasattr(peer, "get_text_features") else peer(ids)
            found["text"] = _vector(made, "text_embeds")
    return found


def of_open_clip(folder: Path, pictures: Any, ids: Tensor | None) -> Outputs:
    """By create_model_and_transforms."""
    import open_clip

    peer = open_clip.create_model_and_transforms(f"local-dir:{folder}")[0].eval()
    with torch.no_grad():
        assert ids is not None, "open_clip's layout holds both towers"
        return {"image": peer.encode_image(pictures), "text": peer.encode_text(ids)}  # pyright: ignore


def compared(mine: Outputs, theirs: Outputs, whose: str) -> dict[str, float]:
    """The largest difference of each output. ValueError where one is above the tolerance or no number."""
    found = {}
    for part, expected in mine.items():
        got = theirs[part]
        found[part] = float((got - expected).abs().max()) if got.shape == expected.shape else math.inf
        if not found[part] <= TOLERANCE * max(1.0, float(expected.abs().max())):
            raise ValueError(
                f"{whose} computes another {part} vector from what was written (difference {found[part]:.1e}), so it "
                "is not kept. --to sightline keeps everything"
            )
    return found


def same_ids(encoder: TorchEncoder, tokenizer: Callable[[list[str]], Any], end: int | None, whose: str) -> None:
    """ValueError where a peer's tokenizer cuts texts otherwise; what follows the token `end` does not count."""
    for text in TEXTS:
        mine = encoder.tokenize([text])[0].tolist()
        got = torch.as_tensor(tokenizer([text]))[0].tolist()
        pair = [row[: row.index(end) + 1] if end in row else row for row in (mine, got)]
        if pair[0] != pair[1]:
            raise ValueError(
                f"{whose} reads the text {text[:40]!r} as other tokens from what was written ({pair[1][:6]}, here "
                f"{pair[0][:6]}), so it is not kept. --to sightline keeps everything"
            )


def _architecture(folder: Path) -> str:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))["architectures"][0]


def _vector(made: Any, name: str) -> Tensor:
    if isinstance(made, Tensor):
        return made
    found = getattr(made, name, None)
    return made.pooler_output if found is None else found
