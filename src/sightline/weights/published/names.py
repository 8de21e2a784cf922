"""Names of published encoders: hf-hub:ORG/NAME, open_clip:NAME/TAG, and folders or files of weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.weights.published.files import ENDINGS, PAIRS
from sightline.weights.published.hub import download
from sightline.weights.published.layouts.sentence import transformer_folder
from sightline.weights.published.open_clip_name import open_clip_source

HUB = ("hf-hub:", "hf_hub:")
OPEN_CLIP = "open_clip:"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a published encoder lies; `config` and `words` where they do not lie beside its weights."""

    where: Path
    config: Mapping[str, Any] | None = None
    words: Path | None = None


def published_source(name: str | Path) -> Source | None:
    """What a name means if it means a published encoder, fetched where it has to be; None for a run and the rest."""
    text = str(name)
    for scheme in HUB:
        if text.startswith(scheme):
            return Source(where=download(text.removeprefix(scheme)))
    if text.startswith(OPEN_CLIP):
        where, config, words = open_clip_source(text.removeprefix(OPEN_CLIP), download)
        return Source(where=where, config=config, words=words)
    path = Path(text.removeprefix("local-dir:"))
    if path.is_file() and path.suffix in ENDINGS:
        return Source(where=path)
    runs = (path / "encoder.json", path / "best" / "encoder.json")
    if not path.is_dir() or any(run.is_file() for run in runs):
        return None
    # the config beside a `state` is that of a run which has no encoder yet
    config = not (path / "state").is_dir() and any((path / name).is_file() for name, _ in PAIRS)
    if config or any(file.suffix in ENDINGS for file in path.iterdir()):
        return Source(where=path)
    inner = transformer_folder(path)
    return None if inner == path else Source(where=inner)
