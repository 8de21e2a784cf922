"""Where an encoder sees what: its tokens as colours, and how near each patch is to words."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sightline.data.array import unit
from sightline.data.sample import Sample
from sightline.measure.exhibit.album import Album
from sightline.measure.look.pca import token_maps
from sightline.measure.look.picture import heat
from sightline.measure.pictures import Texts
from sightline.measure.subject.subject import Lacks, Subject
from sightline.measure.suite.shelf import Shelf

SHOWN = 4
SIDE = 224
"""pixels of the squares that are shown to the encoders"""
WORDS = 2
"""of a picture"""


@dataclass
class Places:
    """Pictures of one suite, the words asked of each, and by encoder a map for each picture (and word)."""

    suite: str
    pictures: list[int]
    words: list[list[str]]
    windows: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    """top, left, height, width: the part of the picture that an encoder's maps lie over"""
    tokens: dict[str, list[int]] = field(default_factory=dict)
    heats: dict[str, list[list[int]]] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    """why an encoder has no map: of tokens, by its name; of words, by "name, words" """


def collect_places(subject: Subject, shelf: Shelf, album: Album, places: Places) -> None:
    """Adds the maps of one encoder. `shelf` has the pictures of `places`, in order."""
    squares = shelf.squares(SIDE)
    places.windows[subject.name] = tuple(subject.window)  # type: ignore[assignment]
    try:
        tokens = np.nan_to_num(subject.tokens(squares))
        grid = (tokens.shape[1], tokens.shape[2])
        maps = token_maps([rows.reshape(-1, rows.shape[-1]) for rows in tokens], [grid] * len(tokens))
        places.tokens[subject.name] = [
            album.drawn(np.rint(colours * 255).astype(np.uint8), f"tokens of {subject.name}")
            for colours in maps.colours
        ]
    except Lacks as error:
        places.lacking[subject.name] = str(error)
    words = sorted({word for own in places.words for word in own})
    if not words or subject.kind == "pixels":
        return
    try:
        texts = dict(zip(words, unit(np.nan_to_num(subject.texts(Texts(words)))), strict=True))
        patches = np.nan_to_num(subject.patches(squares))
    except Lacks as error:
        places.lacking[f"{subject.name}, words"] = str(error)
        return
    places.heats[subject.name] = [
        [_heat(rows, texts[word], album, f"{word}, by {subject.name}") for word in own]
        for rows, own in zip(patches, places.words, strict=True)
    ]


def words_of(sample: Sample, named: str | None) -> list[str]:
    """What to look for in a picture: the phrases its source has of its parts, else its class, else its caption."""
    phrases: list[Any] = list(sample.extra.get("phrases") or [])
    found = [str(phrase[0]) for phrase in phrases if isinstance(phrase, tuple | list) and phrase]
    if found:
        return list(dict.fromkeys(found))[:WORDS]
    if named:
        return [named]
    return [sample.captions[0].strip()] if sample.captions and sample.captions[0].strip() else []


def _heat(patches: np.ndarray, text: np.ndarray, album: Album, name: str) -> int:
    cosines = unit(patches.reshape(-1, patches.shape[-1])) @ text
    low, high = float(cosines.min()), float(cosines.max())
    return album.drawn(heat(cosines.reshape(patches.shape[:2]), low, high), name)
