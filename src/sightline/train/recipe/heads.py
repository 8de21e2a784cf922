"""Heads that stand on a tower's maps, made to fit the tower and the classes of what is trained on (`upon` of a spec).

The source is read once for this, words and boxes without drawing a picture: what its classes are called, and whether
its boxes and masks can be learnt from. What cannot be is refused here, before the first step, by the sample it is in.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from sightline.data.decode.guard import guarded
from sightline.data.decode.target import extent, must_match, read_mask
from sightline.data.feed.things import ANY, classes_of
from sightline.data.sample import BadSample, Sample, Stream, words
from sightline.data.sources.shards.class_names import class_names
from sightline.train.recipe.parts import Parts

MASKS, NUMBERED = 5000, 200
"""masks that are looked at for classes, and for numbers of boxes, spread evenly over the source"""
BACKGROUND = "background"


def headed(parts: Parts, source: Any) -> Parts:
    """The parts, those with `upon` fitted to the image tower and to what `source` calls its classes.

    Raises ValueError for boxes without an area, masks of another shape than their pictures, numbers with gaps, a single
    class of pixels, and a stream, which cannot be read beforehand, where no `names` are set.
    """
    made = {}
    for name, part in parts.items():
        if hasattr(part, "upon") and "image" in parts:
            made[name] = _upon(name, part, parts["image"], source)
    return parts | Parts(**made) if made else parts


def _upon(name: str, part: Any, image: Any, source: Any) -> Any:
    given = tuple(part.names)
    if not {"boxes": {"boxes"}, "instances": {"boxes", "mask"}, "mask": {"mask"}}[part.reads] <= source.has:
        return part.upon(image, given or (ANY,))  # refused with what the method needs (train/stage.py)
    if isinstance(source, Stream):
        if not given:
            raise ValueError(
                f"{source.name} is read in order only, so its classes cannot be looked for: set "
                f'\'{name}.names=("car", "person")\''
            )
        return part.upon(image, given)
    if part.reads == "mask":
        if part.instances is None:
            part = replace(part, instances="boxes" in source.has and bool(_classes(source, part.field)))
        if not part.instances:
            return part.upon(image, given or _pixels(source, part.ignore, name))
        found = given or (BACKGROUND, *_boxes(source, part.field))
    else:
        found = given or _boxes(source, part.field)
    if part.reads != "boxes":
        _instances(source)
    return part.upon(image, found)


def _boxes(source: Any, field: str) -> tuple[str, ...]:
    """The classes of the boxes, sorted, numbers as numbers; every box is checked."""
    said: Counter[str] = Counter()
    boxed = 0
    for index in range(len(source)):
        sample = _read(source, index)
        if sample is None or sample.boxes is None:
            continue
        check_boxes(sample)
        boxed += len(sample.boxes)
        found = classes_of(sample, field)
        if found and len(found) != len(sample.boxes):
            raise ValueError(
                f"{sample.key}: {len(sample.boxes)} boxes, and {len(found)} objects that say what they are"
            )
        said.update(name for name in found if name)
    if not boxed:
        raise ValueError(f"{source.name} has no box in any of its {len(source):,} pictures: there is nothing to find")
    if field and not said:
        raise ValueError(f"no object of {source.name} has a field {field!r} that says its class")
    return tuple(sorted(said, key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name))) or (
        ANY,
    )


def _classes(source: Any, field: str) -> list[str]:
    """The classes of the boxes of the first picture that has some."""
    for index in range(min(len(source), 100)):
        sample = _read(source, index)
        if sample is not None and sample.boxes is not None and len(sample.boxes):
            return classes_of(sample, field)
    return []


def check_boxes(sample: Sample) -> None:
    """ValueError naming the sample and the row of a box without an area, or of numbers that are none."""
    assert sample.boxes is not None
    for row, (x, y, width, height) in enumerate(np.asarray(sample.boxes, np.float64).reshape(-1, 4).tolist()):
        if not np.isfinite([x, y, width, height]).all() or width <= 0 or height <= 0:
            raise ValueError(
                f"{sample.key}: box {row} (the first is 0) is x {x:g}, y {y:g}, width {width:g}, height {height:g}; a "
                "box is x, y, width, height in pixels, the last two above 0. Mend it, or take it out"
            )


def _pixels(source: Any, ignore: tuple[int, ...], name: str) -> tuple[str, ...]:
    """The classes of masks by number, from 0; names where a `classes.json` beside the files has them."""
    counts: Counter[int] = Counter()
    for sample in _masked(source, MASKS):
        plane = _plane(sample)
        counts.update(dict(zip(*(x.tolist() for x in np.unique(plane, return_counts=True)), strict=True)))
    found = sorted(number for number in counts if number >= 0 and number not in ignore)
    if len(found) < 2:
        said = f"only class {found[0]}" if found else "no class"
        raise ValueError(
            f"the masks of {source.name} hold {said} beside what is left out ({', '.join(map(str, ignore))} and "
            "negative numbers): a segmenter learns to tell at least two apart"
        )
    if gaps := sorted({*range(found[-1])} - {*found}):
        some = ", ".join(map(str, gaps[:5])) + (f" and {len(gaps) - 5} more" if len(gaps) > 5 else "")
        raise ValueError(
            f"the masks of {source.name} hold the classes {', '.join(map(str, found[:12]))}"
            f"{' ...' if len(found) > 12 else ''}, and {some} have no pixel: number them without gaps from 0, leave "
            f"numbers out ('{name}.ignore={(*ignore, found[-1])}'), or name every one ('{name}.names=(...)')"
        )
    told = _names(source)
    return tuple(told.get(number, str(number)) for number in found)


def _names(source: Any) -> dict[int, str]:
    while (inner := getattr(source, "source", None)) is not None:
        source = inner
    location = getattr(source, "location", None)
    place = location(0) if location is not None and len(source) else None
    return class_names(place[0].parent) if place else {}


def _instances(source: Any) -> None:
    """ValueError where the numbers of masks are not those of the boxes: 0 nothing, k the box of number k."""
    for sample in _masked(source, NUMBERED):
        count = 0 if sample.boxes is None else len(sample.boxes)
        most = int(_plane(sample).max(initial=0))
        if most > count:
            raise ValueError(
                f"{sample.key}: its mask holds number {most}, and it has {count} boxes. Number k of an instance mask "
                "is what lies in box k, counted from 1; masks of classes teach fcn (segmenter.instances=false)"
            )


def _masked(source: Any, most: int) -> Iterator[Sample]:
    """The samples with a mask of `most` that are looked at."""
    for index in np.unique(np.linspace(0, len(source) - 1, min(len(source), most)).astype(int)):
        try:
            with guarded():
                sample = source[int(index)]
        except BadSample:
            continue  # named and left out by the loader
        if sample.mask is not None:
            yield sample


def _plane(sample: Sample) -> np.ndarray:
    """The numbers of a mask at its own size. ValueError naming the sample where it does not fit its picture."""
    assert sample.mask is not None
    try:
        with guarded():
            must_match(sample.mask, sample.image, "mask")
            return read_mask(sample.mask, extent(sample.mask)).astype(np.int64)
    except BadSample as error:
        raise ValueError(f"{sample.key}: {error}") from error


def _read(source: Any, index: int) -> Sample | None:
    """A record undrawn; None for one that cannot be read, which the loader names."""
    try:
        with guarded():
            return words(source, index)
    except BadSample:
        return None
