"""The things on a picture, from its ink: groups of connected parts, each with what tells a line from a body."""

from typing import NamedTuple

import numpy as np

from sightline.data.scenes.measure import perimeter, silhouette

NEAR = 0.02
"""of the picture's shorter side: ink closer than twice this belongs to one thing, as the letters of a word do"""
PEN = 0.19
"""of a thing's side: no line is wider. Of 0.13, 0.16 and 0.19 the one that best tells filled from outlined icons"""
SPREAD = 0.4
"""of the box of all ink, from which on the box of a thing makes the picture an icon: one thing, drawn with one pen"""
LEAST = 0.5
"""of the shorter side of all ink: no pen is meant for a smaller thing"""
SMALLEST = 0.0005
"""of the canvas: ink of a smaller thing is taken for dirt (methods G.5)"""


class Thing(NamedTuple):
    """A group of ink. Lengths are pixels."""

    box: tuple[int, int, int, int]
    """x, y, width, height"""
    area: int
    """of its ink"""
    body: int
    """of its silhouette: the ink with its holes filled"""
    line: float
    """mean width of its strokes (twice the area over the length of its edge) over its shorter side, of a long thing
    half of the longer; in an icon over the shorter side of all ink"""
    solid: float
    """share of its ink that is no line: what an opening by a square leaves, in [0, 1]. The square is `PEN` of what
    `line` is compared with, but at least of `LEAST` of all ink: small things are drawn with the pen of the others"""


def things(ink: np.ndarray) -> list[Thing]:
    """The things of an ink mask, bool (y, x)."""
    reach = max(1, round(NEAR * min(ink.shape)))
    if not ink.any():
        return []
    number = np.where(ink, label(grown(ink, reach)), 0)
    cuts = [cut(number == k) for k in range(1, int(number.max()) + 1)]
    cuts = [(box, part) for box, part in cuts if part.sum() >= max(4, SMALLEST * ink.size)]
    (_, _, w, h), _ = cut(ink)
    icon = any(box[2] * box[3] >= SPREAD * w * h for box, _ in cuts)
    whole = min(w, h)
    found = []
    for box, part in cuts:
        area = int(part.sum())
        side = max(min(box[2:]), max(box[2:]) / 2, whole if icon else 0)
        solid = opened(part, round(PEN * max(side, LEAST * whole))) / area
        found.append(Thing(box, area, int(silhouette(part).sum()), 2 * area / perimeter(part) / side, solid))
    return found


def cut(own: np.ndarray) -> tuple[tuple[int, int, int, int], np.ndarray]:
    """The box of a mask, x, y, width, height, and what is in it with a border of False."""
    rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
    y, x, h, w = int(rows[0]), int(columns[0]), int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    return (x, y, w, h), np.pad(own[y : y + h, x : x + w], 1)


def opened(ink: np.ndarray, side: int) -> int:
    """How many pixels of a mask are in some square of that side which is all ink (a morphological opening)."""
    reach = max(1, (side - 1) // 2)
    padded = np.pad(ink, reach + 1)
    return int((grown(~grown(~padded, reach), reach) & padded).sum())


def label(ink: np.ndarray) -> np.ndarray:
    """A number from 1 for each connected group (8 neighbours) of a bool (y, x) mask; 0 outside."""
    starts = ink.copy()
    starts[:, 1:] &= ~ink[:, :-1]
    # runs along a row are the nodes: far fewer than pixels
    run = np.cumsum(starts).reshape(ink.shape) - 1
    nodes, keys = int(starts.sum()), []
    for above, below in (
        (np.s_[:-1, :], np.s_[1:, :]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    ):
        both = ink[above] & ink[below]
        pairs = run[above][both] * nodes + run[below][both]
        keys.append(pairs[np.flatnonzero(np.diff(pairs, prepend=-1))])
    root = list(range(nodes))

    def end(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for pair in np.unique(np.concatenate(keys)).tolist():
        a, b = end(pair // nodes), end(pair % nodes)
        root[max(a, b)] = min(a, b)
    if not root:
        return np.zeros(ink.shape, np.int64)
    numbers = np.unique([end(node) for node in range(len(root))], return_inverse=True)[1] + 1
    return np.where(ink, numbers[np.clip(run, 0, None)], 0)


def grown(ink: np.ndarray, reach: int) -> np.ndarray:
    """The mask and everything at most `reach` pixels from it along rows and columns."""
    grown = ink.copy()
    for axis in (0, 1):
        padded = np.pad(grown, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)])
        grown = np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=axis).any(-1))
    return grown
