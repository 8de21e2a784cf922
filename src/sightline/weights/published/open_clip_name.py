"""`open_clip:NAME/TAG`: a model by open_clip's name, its config read from that package."""

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sightline.weights.published.files import ENDINGS, read_object


def open_clip_source(name: str, download: Callable[[str], Path]) -> tuple[Path, dict[str, Any], Path | None]:
    """(weights, config, folder of the vocabulary) of `NAME/TAG`; TAG is one of open_clip's, or a file of weights.

    The config is what open_clip_config.json would hold. Raises ValueError listing the names or tags that are known.
    """
    model, _, tag = name.partition("/")
    config: dict[str, Any] = {"model_cfg": _model_config(model)}
    if not tag:
        raise ValueError(
            f"open_clip:{name}: expected open_clip:NAME/TAG, such as open_clip:ViT-B-32/{_some_tag(model)}"
        )
    words = _vocabulary(config["model_cfg"], download)
    path = Path(tag)
    if path.suffix in ENDINGS or path.exists():
        if not path.exists():
            raise ValueError(f"open_clip:{name}: there is no file {path}")
        return path, config, words
    tagged = _tag_config(model, tag)
    if tagged.get("quick_gelu"):
        # the weights decide: open_clip only warns where its name for the model says otherwise
        config["model_cfg"] = config["model_cfg"] | {"quick_gelu": True}
    keys = ("mean", "std", "interpolation", "resize_mode")
    config["preprocess_cfg"] = {key: tagged[key] for key in keys if tagged.get(key) is not None}
    repository = str(tagged.get("hf_hub", "")).strip("/")
    if not repository:
        raise ValueError(
            f"open_clip:{name} is published at {tagged.get('url')}, not on the hub: download that file and name it, "
            f"open_clip:{model}/PATH"
        )
    return download(repository), config, words


def _package() -> Path:
    found = importlib.util.find_spec("open_clip")
    if found is None or found.origin is None:
        raise ValueError(
            "open_clip:NAME/TAG reads the model's config from the open_clip package: pip install open_clip_torch. "
            "A folder with open_clip_config.json needs no package: local-dir:PATH"
        )
    return Path(found.origin).parent


def _model_config(model: str) -> dict[str, Any]:
    path = _package() / "model_configs" / f"{model}.json"
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.json"))
        alike = [name for name in known if name.lower()[:6] == model.lower()[:6]] or known
        raise ValueError(f"open_clip has no model {model!r}; it has {', '.join(alike[:20])}")
    return read_object(path)


def _tag_config(model: str, tag: str) -> Mapping[str, Any]:
    from open_clip.pretrained import get_pretrained_cfg

    found = get_pretrained_cfg(model, tag)
    if not found:
        raise ValueError(f"open_clip has no tag {tag!r} of {model}; it has {', '.join(_tags(model)) or 'none'}")
    return found


def _tags(model: str) -> list[str]:
    from open_clip.pretrained import list_pretrained_tags_by_model

    return list(list_pretrained_tags_by_model(model))


def _some_tag(model: str) -> str:
    return next(iter(_tags(model)), "PATH")


def _vocabulary(config: Mapping[str, Any], download: Callable[[str], Path]) -> Path | None:
    repository = config["text_cfg"].get("hf_tokenizer_name")
    return download(repository) if repository else None
