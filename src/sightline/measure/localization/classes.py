"""Which classes the pixels of a suite have: of `scenes` what a ground is made of, of a source its own classes."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sightline.data.regular import read_regular
from sightline.data.sample import Sample
from sightline.data.sources.source import parse
from sightline.measure.places import Board
from sightline.measure.suite.grounds import CLASSES
from sightline.measure.suite.shelf import IGNORED, square_mask
from sightline.measure.suite.suite import SCENE_SIDE, Suite

SCENES = (120, 24), (180, 40)
"""scenes measured on and fitted on, full and quick"""
SHOWN = 3
"""training pictures that must show a class before it is judged"""
MOST = 20
"""classes at most, the most frequent ones"""
VOID = {"void", "ignore", "ignored", "unlabelled", "unlabeled", "unknown"}
"""words in the name of a class that is none"""
NOTHING = {"background", "none", "nothing"}


@dataclass(frozen=True, eq=False)
class Masked:
    """Pictures whose pixels have classes, `names` by number; `IGNORED` is not judged. None: a picture without."""

    names: tuple[str, ...]
    background: int | None
    """the number of what is no thing; None where everything is of a class"""
    named: bool
    """whether the classes have names in words"""
    test: Board
    truth: list[np.ndarray | None]
    train: Board | None
    train_truth: list[np.ndarray | None]

    @property
    def shown(self) -> list[int]:
        """The test pictures that have a mask."""
        return [i for i, plane in enumerate(self.truth) if plane is not None]


def grounds(suite: Suite) -> Masked:
    """Pictures whose pixels are of one of four grounds, or of a thing."""
    shelves = [suite.grounds(suite.n(*count), split) for count, split in zip(SCENES, ("test", "train"), strict=True)]
    test, train = (Board(shelf, shelf.pictures, SCENE_SIDE) for shelf in shelves)
    truth, fitted = (shelf.masks(SCENE_SIDE) for shelf in shelves)
    return Masked(CLASSES, None, True, test, truth, train, fitted)


def masked(test: Board, train: Board | None) -> Masked | str:
    """The classes of a source, or why it has none.

    Objects with a category and a `mask_value` (COCO) make an instance mask one of categories. Else the numbers are
    classes, with the names of a `classes.json` beside the pictures; one called void or unlabelled is not judged.
    Classes that fewer than `SHOWN` training pictures show are not judged either, nor those beyond the `MOST` frequent.
    """
    if not test.shelf.has("mask"):
        return "no picture has a mask"
    planes = test.planes(square_mask, "mask")
    fitted = [] if train is None else train.planes(square_mask, "mask")
    samples = [*test.shelf.samples, *(train.shelf.samples if train else [])]
    if any(_values(sample) for sample in samples):
        return _by_category(test, planes, train, fitted)
    names = class_names(test.shelf.name)
    found = Counter(int(c) for plane in fitted or planes if plane is not None for c in np.unique(plane))
    usable = [c for c in found if c not in (IGNORED, *_void(names)) and c >= 0 and found[c] >= SHOWN]
    kept = sorted(sorted(usable, key=lambda c: (-found[c], c))[:MOST])
    nothing = next((at for at, c in enumerate(kept) if names.get(c, "").lower() in NOTHING), None)
    return _made([names.get(c, str(c)) for c in kept], nothing, set(kept) <= set(names), test, train,
                 [_renumbered(p, kept) for p in planes], [_renumbered(p, kept) for p in fitted])  # fmt: skip


def class_names(src: str) -> dict[int, str]:
    """Names of class numbers from `classes.json` ({"0": "sky"}, or a list) in the folder of a SRC; {} without."""
    for part in parse(src):
        path = Path(part.name).expanduser()
        file = (path if path.is_dir() else path.parent) / "classes.json"
        try:
            told = json.loads(read_regular(file)) if file.is_file() else None
        except (OSError, ValueError):
            continue
        pairs = enumerate(told) if isinstance(told, list) else told.items() if isinstance(told, dict) else ()
        found = {int(number): str(name) for number, name in pairs if str(number).isdecimal()}
        if found:
            return found
    return {}


def _by_category(
    test: Board, planes: Sequence[np.ndarray | None], train: Board | None, fitted: Sequence[np.ndarray | None]
) -> Masked | str:
    seen = (train or test).shelf.samples
    shown = Counter(name for sample in seen for name in set(_values(sample).values()))
    frequent = sorted((name for name in shown if shown[name] >= SHOWN), key=lambda name: (-shown[name], name))
    names = ["background", *frequent[: MOST - 1]]
    both = [
        [_categories(plane, sample, names) for plane, sample in zip(side, board.shelf.samples, strict=True)]
        for board, side in ((test, planes), (train, fitted))
        if board is not None
    ]
    return _made(names, 0, True, test, train, both[0], both[1] if train else [])


def _made(
    names: Sequence[str], background: int | None, named: bool, test: Board, train: Board | None,
    truth: list[np.ndarray | None], fitted: list[np.ndarray | None],
) -> Masked | str:  # fmt: skip
    if len(names) < 2:
        few = f": {names[0]}" if names else ""
        return f"fewer than two classes are in the masks of at least {SHOWN} pictures{few}"
    if not any(plane is not None and (plane != IGNORED).any() for plane in truth):
        return "no pixel of the pictures measured on has a class that was learnt from"
    return Masked(tuple(names), background, named, test, truth, train, fitted)


def _values(sample: Sample) -> dict[int, str]:
    """The category of each number of an instance mask; {} where no object tells both."""
    told = sample.extra.get("objects")
    objects = told if isinstance(told, list) else []
    return {
        int(thing["mask_value"]): str(thing["category"])
        for thing in objects
        if isinstance(thing, dict) and "category" in thing and isinstance(thing.get("mask_value"), int)
    }


def _categories(plane: np.ndarray | None, sample: Sample, names: Sequence[str]) -> np.ndarray | None:
    values = _values(sample)
    if plane is None or not values:
        return None  # nothing is known of it, which is not "nothing there"
    made = np.full(plane.shape, IGNORED, np.int64)
    made[plane == 0] = 0
    for number, name in values.items():
        if name in names:
            made[plane == number] = names.index(name)
    return made


def _void(names: dict[int, str]) -> list[int]:
    clean = {number: name.lower().replace("(", " ").replace(")", " ").split() for number, name in names.items()}
    return [number for number, words in clean.items() if VOID.intersection(words)]


def _renumbered(plane: np.ndarray | None, kept: Sequence[int]) -> np.ndarray | None:
    if plane is None:
        return None
    made = np.full(plane.shape, IGNORED, np.int64)
    for at, number in enumerate(kept):
        made[plane == number] = at
    return made
