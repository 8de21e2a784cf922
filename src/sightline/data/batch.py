"""The keys of a batch in one table: what a source must have for each, who makes it, how rows are joined and cut.

Whatever handles batches reads `KEYS`: the loader which samples can serve a method, `collate` how samples are put
together, gradient accumulation how a batch is cut. A new key is a line here and one in `Batch`, which says its type,
and the code that makes it. numpy only.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast

import numpy as np

from sightline.protocols import Batch

Row = np.ndarray | None
"""what a sample has of a key; None where it has nothing"""
Join = Callable[[Sequence[Row], tuple[int, int]], np.ndarray | list[np.ndarray]]
"""(rows, height and width of the batch) -> the value of the key"""


@dataclass(frozen=True, kw_only=True)
class Key:
    """What there is to know of one key."""

    needs: str = ""
    """what a source must have for it (`Source.has`), "" where every source serves"""
    of: Literal["row", "batch", "view"] = "row"
    """row: the b-th entry is the b-th sample's; batch: one value of all samples together; view: a list, a view an
    entry, of which each is of rows, or a batch of targets itself"""
    maker: Literal["record", "loader", "feed"] = "record"
    """record: decoded with each sample and joined; loader: made of the samples of the batch (words, tokens, numbers);
    feed: made on the device by augmentation and masks"""
    asked: bool = False
    """whether it is made only for a method that names it, as it costs time or memory"""
    spoken: bool = False
    """whether it is made of a record's words and number alone, so that nobody has to draw its picture for it"""
    join: Join | None = None
    """of what is decoded with each sample: how the rows become one value"""


def stacked(rows: Sequence[Row], extents: tuple[int, int], empty: np.generic | None = None) -> np.ndarray:
    """Rows of one shape as (b, ...); `empty` for those that have nothing."""
    return np.array([empty if row is None else row for row in rows])


def listed(rows: Sequence[Row], extents: tuple[int, int], empty: np.ndarray) -> list[np.ndarray]:
    """Rows of any length as a list; `empty` for those that have nothing."""
    return [empty if row is None else row for row in rows]


def planes(rows: Sequence[Row], extents: tuple[int, int], empty: np.generic) -> np.ndarray:
    """Values per pixel (b, y, x), each in the upper left corner; `empty` beside it."""
    padded = np.full((len(rows), *extents), empty)
    for row, plane in zip(padded, rows, strict=True):
        if plane is not None:
            row[: plane.shape[0], : plane.shape[1]] = plane
    return padded


def pictures(rows: Sequence[Row], extents: tuple[int, int]) -> np.ndarray:
    """Pictures uint8 (b, c, y, x), of bands float32, each in the upper left corner, 0 beside it; of four channels as
    soon as one has alpha, the others being opaque."""
    images = [row for row in rows if row is not None]
    if len({image.shape for image in images}) == 1:
        return np.stack(images)
    padded = np.zeros((len(images), max(len(image) for image in images), *extents), images[0].dtype)
    for row, image in zip(padded, images, strict=True):
        y, x = image.shape[1:]
        row[: len(image), :y, :x] = image
        row[len(image) :, :y, :x] = 255
    return padded


NO_BOXES = np.zeros((0, 4), np.float32)
NO_POINTS = np.zeros((0, 3), np.float32)
KEYS: dict[str, Key] = {
    "image": Key(join=pictures),
    "size": Key(join=stacked),
    "views": Key(of="view", maker="feed"),
    "masks": Key(of="view", maker="feed"),
    "tokens": Key(needs="text", maker="loader", spoken=True),
    "alt": Key(needs="alt", maker="loader", asked=True, spoken=True),
    "translation": Key(needs="translation", maker="loader", asked=True, spoken=True),
    "negatives": Key(needs="negatives", maker="loader", asked=True),
    "has_negative": Key(needs="negatives", maker="loader", asked=True),
    "terms": Key(needs="text", of="batch", maker="loader", asked=True, spoken=True),
    "has_term": Key(needs="text", maker="loader", asked=True, spoken=True),
    "text": Key(needs="text", maker="loader", spoken=True),
    "label": Key(needs="label", join=partial(stacked, empty=np.int64(-1))),
    "domain": Key(needs="domain", asked=True, join=partial(stacked, empty=np.int64(0))),
    "values": Key(needs="values", asked=True, join=stacked),
    "mask": Key(needs="mask", asked=True, join=partial(planes, empty=np.int64(-1))),
    "depth": Key(needs="depth", asked=True, join=partial(planes, empty=np.float32(0))),
    "boxes": Key(needs="boxes", asked=True, join=partial(listed, empty=NO_BOXES)),
    "box_ids": Key(needs="boxes", maker="feed"),
    "box_labels": Key(needs="boxes", maker="loader", asked=True),
    "regions": Key(needs="boxes", maker="loader", asked=True),
    "region_ids": Key(needs="boxes", maker="loader", asked=True),
    "keypoints": Key(needs="keypoints", asked=True, join=partial(listed, empty=NO_POINTS)),
    "view_targets": Key(of="view", maker="feed"),
    "index": Key(maker="loader", spoken=True),
}
"""The keys of `Batch`, in its order."""


def check_known(keys: Iterable[str], who: str) -> None:
    """Raises ValueError for keys that no batch has, with those it may have; `who` asks for them."""
    if unknown := sorted(set(keys) - KEYS.keys()):
        raise ValueError(f"{who} asks for {', '.join(unknown)}, which no batch has; it may have {', '.join(KEYS)}")


def missing(keys: Iterable[str], has: Iterable[str]) -> list[str]:
    """Those of `keys` that cannot be made of a source that has only `has`, sorted."""
    return sorted(key for key in keys if KEYS[key].needs not in {"", *has})


def lacking(keys: Iterable[str], has: Iterable[str]) -> list[str]:
    """What a source that has only `has` lacks for `keys`, sorted."""
    return sorted({KEYS[key].needs for key in keys} - {"", *has})


def loaded(needs: Iterable[str], uses: Iterable[str], has: Iterable[str]) -> frozenset[str]:
    """The keys a loader is asked for: all that a method `needs`, and of what it `uses` what the source can give."""
    uses = set(uses)
    wanted = {*needs, *uses.difference(missing(uses, has))}
    if wanted & {"box_ids", "box_labels", "regions", "region_ids"}:  # the numbers of boxes that are followed
        wanted.add("boxes")
    return frozenset(key for key in wanted if KEYS[key].maker != "feed")


def made_of_records(fields: Iterable[str]) -> list[str]:
    """The keys joined from decoded samples where `fields` are asked for, in the order of the table."""
    asked = set(fields)
    return [key for key, rule in KEYS.items() if rule.maker == "record" and (not rule.asked or key in asked)]


def samples_in(batch: Batch) -> int:
    """The number of samples in a batch. Raises ValueError for one without a key that has a row a sample."""
    check_known(batch, "a batch of this kind")
    for key, value in batch.items():
        if KEYS[key].of == "row":
            return len(cast(Any, value))
    raise ValueError(f"a batch of {', '.join(batch) or 'nothing'} has no rows to count; give it its image or index")


def rows_of(batch: Batch, rows: slice) -> Batch:
    """The samples `rows` of a batch: entries of rows cut, each view's too, what is of the whole batch kept whole."""
    made: dict[str, Any] = {}
    for key, value in cast(dict[str, Any], batch).items():
        match KEYS[key].of:
            case "batch":
                made[key] = value
            case "view":
                made[key] = [
                    rows_of(cast(Batch, view), rows) if isinstance(view, dict) else view[rows] for view in value
                ]
            case "row":
                made[key] = value[rows]
    return cast(Batch, made)


def chunks_of(batch: Batch, size: int) -> Iterator[tuple[Batch, int]]:
    """The batch in parts of up to `size` samples, in order, each with its number of samples."""
    whole = samples_in(batch)
    for start in range(0, whole, size):
        stop = min(start + size, whole)
        yield rows_of(batch, slice(start, stop)), stop - start
