"""Published layouts, written: an encoder's towers and tensors as the peers' own folders."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from sightline import __version__
from sightline.data.atomic import atomic_write
from sightline.weights.published.family import clip, dinov2, dinov3, open_clip, siglip, siglip2
from sightline.weights.published.family.protocol import Family, Towers
from sightline.weights.published.keymap import write as write_keys
from sightline.weights.published.layouts import out, out_pictures, vit

MARK = "converted_by"
"""what says in a folder that it was converted and not trained on since, so that it may be replaced"""


@dataclass(frozen=True)
class Layout:
    """A family's files and the config that goes with them."""

    family: Family
    config: Callable[[Towers], dict[str, Any]]
    names: tuple[str, str] = ("config.json", "model.safetensors")


LAYOUTS = {
    "clip": Layout(clip, out.clip),
    "siglip": Layout(siglip, out.siglip),
    "siglip2": Layout(siglip2, out.siglip2),
    "vit": Layout(vit, out_pictures.vit),
    "dinov2": Layout(dinov2, out_pictures.dinov2),
    "dinov3": Layout(dinov3, out_pictures.dinov3),
    "open_clip": Layout(open_clip, out.open_clip, ("open_clip_config.json", "open_clip_model.safetensors")),
}


def write(
    folder: str | Path,
    layout: str,
    towers: Towers,
    tensors: Mapping[str, Tensor],
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Config and weights in `layout`, each replaced whole; `extra` joins the config (open_clip's `preprocess_cfg`).

    Raises ValueError, before anything is written, naming what the layout has no place for.
    """
    config, theirs = planned(layout, towers, tensors)
    config |= dict(extra or {})
    chosen = LAYOUTS[layout]
    Path(folder).mkdir(parents=True, exist_ok=True)
    with atomic_write(*(Path(folder) / name for name in chosen.names)) as (at_config, at_weights):
        # transformers reads the metadata: which library's tensors these are. Its own saves drop our mark.
        try:
            save_file(theirs, at_weights, metadata={"format": "pt", MARK: f"sightline {__version__}"})
        except SafetensorError as error:  # how safetensors reports a full disk
            raise OSError(None, str(error)) from error
        at_config.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        at_weights.chmod(at_config.stat().st_mode)


def planned(layout: str, towers: Towers, tensors: Mapping[str, Tensor]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The config and the tensors in `layout`. ValueError naming what it has no place for."""
    if layout not in LAYOUTS:
        raise ValueError(f"unknown layout {layout!r}; known are {', '.join(LAYOUTS)}")
    chosen = LAYOUTS[layout]
    config = chosen.config(towers)
    theirs = write_keys(chosen.family.rules(towers, {}), tensors)
    return config, {name: value.detach().to("cpu").contiguous().clone() for name, value in theirs.items()}
