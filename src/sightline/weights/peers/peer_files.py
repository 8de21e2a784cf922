"""What lies beside published weights: how pictures and texts are prepared, in the files of transformers and open_clip.

Each function gives {file name: contents} before anything is written, and raises ValueError naming what those files have
no word for.
"""

import json
import string
from pathlib import Path
from typing import Any

from sightline.data.prepare.naflex_rule import NaFlexRule, Rule
from sightline.data.prepare.preprocess import Preprocess
from sightline.text.load import AnyTokenizer
from sightline.text.ngram import NGrams
from sightline.text.published import PublishedTokenizer

PILLOW = {"bilinear": 2, "bicubic": 3}
"""Pillow's numbers, which transformers writes down"""
WORDS = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
)
KEEP = "--to sightline keeps everything"
Files = dict[str, bytes]


def transformers_pictures(rule: Rule, layout: str) -> Files:
    """preprocessor_config.json."""
    numbers: dict[str, Any] = {
        "do_resize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(rule.mean),
        "image_std": list(rule.std),
    }
    if isinstance(rule, NaFlexRule):
        kind = "Siglip2ImageProcessor"
        config = {"patch_size": rule.patch, "max_num_patches": rule.length, "resample": PILLOW["bilinear"]}
    else:
        _colours(rule, "transformers")
        config = {"resample": PILLOW[rule.interpolation], "do_convert_rgb": True}
        match rule.resize:
            case "crop":
                kind = "CLIPImageProcessor"
                cut = {"height": rule.size, "width": rule.size}
                config |= {
                    "size": {"shortest_edge": rule.short or rule.size},
                    "do_center_crop": True,
                    "crop_size": cut,
                }
            case "squash":
                kind = "SiglipImageProcessor" if layout == "siglip" else "ViTImageProcessor"
                config |= {"size": {"height": rule.size, "width": rule.size}}
            case _:
                raise ValueError(
                    "this encoder pads pictures to a square (preprocess resize=pad), which preprocessor_config.json "
                    f"has no word for: train with data.preprocess.resize=crop or squash, or --to open_clip; {KEEP}"
                )
    return {"preprocessor_config.json": _json(numbers | config | {"image_processor_type": kind})}


def open_clip_pictures(rule: Rule) -> dict[str, Any]:
    """open_clip's `preprocess_cfg`."""
    if isinstance(rule, NaFlexRule):
        raise ValueError(f"open_clip's layout has no pictures of any aspect ratio (NaFlex); {KEEP}")
    _colours(rule, "open_clip")
    if rule.short:
        raise ValueError(f"open_clip's transform resizes to the side that it cuts, not to {rule.short} before; {KEEP}")
    config: dict[str, Any] = {
        "size": rule.size,
        "mode": "RGB",
        "mean": list(rule.mean),
        "std": list(rule.std),
        "interpolation": rule.interpolation,
        "resize_mode": {"crop": "shortest", "squash": "squash", "pad": "longest"}[rule.resize],
    }
    if rule.resize != "pad":
        return config
    if len(set(rule.background)) > 1:
        raise ValueError(f"open_clip pads with one grey, this encoder with {rule.background}; {KEEP}")
    return config | {"fill_color": rule.background[0]}


def words(tokenizer: AnyTokenizer | None, folder: Path | None) -> Files:
    """The tokenizer's files as transformers' AutoTokenizer reads them: those of `folder` where it has them."""
    if tokenizer is None:
        return {}
    names = [name for name in WORDS if folder is not None and (folder / name).is_file()]
    if folder is not None and {"tokenizer.json", "tokenizer_config.json"} <= set(names):
        pieces = [path.name for path in folder.glob("*.model")]
        return {name: (folder / name).read_bytes() for name in [*names, *pieces]}
    if isinstance(tokenizer, NGrams):
        raise ValueError(f"hashed words and n-grams have no place in a tokenizer file of transformers; {KEEP}")
    return _fast(tokenizer)


def _fast(tokenizer: Any) -> Files:
    """Our own settings: the `tokenizers` file, and the few words that make transformers pad as we do."""
    published = isinstance(tokenizer, PublishedTokenizer)
    saved = tokenizer.to_bytes() if published else None
    inner = json.loads(saved)["tokenizer"] if saved else json.loads(tokenizer.inner_json())
    clean = tokenizer.clean if published else "none"
    if clean in ("canonical", "repaired_canonical"):
        inner["normalizer"] = {
            "type": "Sequence",
            "normalizers": [
                {"type": "Lowercase"},
                {"type": "Replace", "pattern": {"Regex": f"[{_escaped(string.punctuation)}]"}, "content": ""},
                {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
                {"type": "Strip", "strip_left": True, "strip_right": True},
                *([inner["normalizer"]] if inner.get("normalizer") else []),
            ],
        }
    names = {id_: token for token, id_ in _vocabulary(inner).items()}
    end = names[tokenizer.eot]
    special = {token["content"] for token in inner.get("added_tokens") or () if token.get("special")}
    pad = names.get(tokenizer.pad, end)
    # OpenAI's padding 0 is the letter "!": named as padding it would never be read as a letter again. What follows the
    # end token of such a text reaches nothing.
    pad = pad if pad in special else end
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": tokenizer.length,
        "eos_token": end,
        "pad_token": pad,
        "padding_side": "right",
        "truncation_side": "right",
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
    }
    whole = json.dumps(inner, ensure_ascii=False).encode()
    return {"tokenizer.json": whole, "tokenizer_config.json": _json(config)}


def _vocabulary(inner: dict[str, Any]) -> dict[str, int]:
    given = inner["model"]["vocab"]
    # a unigram model lists (piece, score)
    found = dict(given) if isinstance(given, dict) else {piece: i for i, (piece, _) in enumerate(given)}
    return found | {token["content"]: token["id"] for token in inner.get("added_tokens") or ()}


def _escaped(letters: str) -> str:
    return "".join(f"\\{letter}" for letter in letters)


def _colours(rule: Preprocess, whose: str) -> None:
    if rule.channels != 3:
        raise ValueError(f"pictures of {rule.channels} channels have no place in {whose}' preprocessing; {KEEP}")


def _json(values: Any) -> bytes:
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()
