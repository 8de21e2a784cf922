"""What can be told of a picture from its pixels: its ground, its ink, the colours of the ink, the things it makes.

Methods G.5: the ground is the commonest colour of a ring along the border, unless there is transparency; ink is what
differs from it by more than 10 in CIE Lab.
"""

from typing import NamedTuple

import numpy as np

from sightline.data.describe.colour import SAME, ground_name, lab, names
from sightline.data.describe.things import Thing, grown, label, things

RING = 0.02
"""of the shorter side: the width of the ring"""
SURE = 0.6
"""of the ring that is of one colour, from which on it is taken for the ground"""
SEEN = 25
"""alpha of 255 from which on something is ink: a tenth"""
TOLD = 0.04
"""of the ink, from which on a colour is named"""
FAINT = 0.15
"""of the ink, that a faint second tone makes up"""
TOUCHING = 0.9
"""of what is faint, that is connected with something in the full tone"""
UNIFORM = 8
"""colours that a drawing has at most in the middle of its areas, antialiased edges aside"""
FLAT = 0.9
"""of such pixels that they make up"""


class Inked(NamedTuple):
    """A picture taken apart."""

    ground: str
    """name of its colour, "transparent", or "" where it has none"""
    ink: np.ndarray
    """bool (y, x)"""
    colours: tuple[str, ...]
    """of the ink, the commonest first"""
    two_tones: bool
    """a second tone of the ink is the first, faint"""
    flat: bool
    """a few colours make up nearly all of it"""
    things: list[Thing]


def taken_apart(picture: np.ndarray) -> Inked | None:
    """A picture, uint8 (y, x, 3) or (y, x, 4), by ground and ink; None where it has no ground (photographs)."""
    ring = max(1, round(RING * min(picture.shape[:2])))
    paper = (255, 255, 255)
    if picture.shape[2] == 4 and np.mean(picture[..., 3] < 128) > 0.02:
        ground, alpha = "transparent", picture[..., 3]
        ink = alpha > SEEN
        if ink.any() and lab(picture[ink][:, :3])[:, 0].mean() > 90:
            paper = (0, 0, 0)
        share = alpha[..., None] / 255
        flat_picture = np.round(picture[..., :3] * share + np.array(paper) * (1 - share)).astype(np.uint8)
    else:
        flat_picture = np.ascontiguousarray(picture[..., :3])
        border = np.concatenate([
            flat_picture[:ring].reshape(-1, 3), flat_picture[-ring:].reshape(-1, 3),
            flat_picture[ring:-ring, :ring].reshape(-1, 3), flat_picture[ring:-ring, -ring:].reshape(-1, 3),
        ])  # fmt: skip
        codes = (border.astype(np.int64) >> 3) @ np.array([1024, 32, 1])
        found, first, counts = np.unique(codes, return_index=True, return_counts=True)
        most = counts.argmax()
        paper = tuple(int(part) for part in np.median(border[codes == found[most]], axis=0))
        near = ((lab(border) - lab(np.array([paper], np.uint8))) ** 2).sum(1) < SAME**2
        if near.mean() < SURE:
            return None
        ground = ground_name(*paper)
        apart = lab(flat_picture.reshape(-1, 3)) - lab(np.array([paper], np.uint8))
        ink = ((apart**2).sum(1) > SAME**2).reshape(flat_picture.shape[:2])
    if not ink.any():
        return None
    tones = _tones(picture, flat_picture, ink)
    full = ink
    if faint := _faint(tones, np.array(paper, float)):
        # what is faint fills; the lines are in the full tone
        ways = [((flat_picture - tone.shown) ** 2).sum(-1) for tone in faint]
        full = ink & (ways[0] < ways[1])
        number = label(ink)
        if np.isin(number[ink & ~full], number[full]).mean() < TOUCHING:
            faint, full = [], ink  # a gray thing beside a black one
        tones = faint[:1] or tones
    return Inked(ground, ink, _named(tones), bool(faint), _few(flat_picture), things(full))


class _Tone(NamedTuple):
    shown: np.ndarray
    """as it is seen, (3,)"""
    own: np.ndarray
    """without what shines through it, (3,)"""
    share: float


def _tones(picture: np.ndarray, shown: np.ndarray, ink: np.ndarray) -> list[_Tone]:
    """The colours that make up `TOLD` of the ink or more, the commonest first; but for edges, if there is more."""
    inner = ~grown(~ink, 1)
    inside = inner if inner.sum() >= 0.2 * ink.sum() else ink
    seen, own = shown[inside].astype(np.int64), picture[inside][:, :3]
    codes = (seen >> 4) @ np.array([256, 16, 1])
    _, first, which, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    found: list[_Tone] = []
    for k in np.argsort(-counts)[:32]:
        colour = np.median(seen[which == k], axis=0)
        share = float(counts[k] / len(seen))
        near = next((i for i, one in enumerate(found) if _apart(one.shown, colour) < SAME), None)
        if near is None:
            found.append(_Tone(colour, np.median(own[which == k], axis=0), share))
        else:
            found[near] = found[near]._replace(share=found[near].share + share)
    told = [one for one in found if one.share >= TOLD] or found[:1]
    return sorted(told, key=lambda one: -one.share)


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    a, b = lab(np.stack([one, other]).astype(np.uint8))
    return float(np.sqrt(((a - b) ** 2).sum()))


def _named(tones: list[_Tone]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names(np.stack([one.own for one in tones]).astype(np.uint8))))


def _faint(tones: list[_Tone], paper: np.ndarray) -> list[_Tone]:
    """The full and the faint tone, where all lie on the way from the ground to the fullest and the commonest of the
    others at 10 to 60 % of it (what else there is are edges); else none."""
    if len(tones) < 2:
        return []
    full = max(tones, key=lambda one: float(((one.shown - paper) ** 2).sum()))
    faint = next(one for one in tones if one is not full)
    way = full.shown - paper
    places = [float(way @ (one.shown - paper) / (way @ way)) for one in tones]
    off = [float(np.abs(one.shown - paper - at * way).max()) for one, at in zip(tones, places, strict=True)]
    at = float(way @ (faint.shown - paper) / (way @ way))
    return [full, faint] if 0.1 <= at <= 0.6 and faint.share >= FAINT and max(off) < 12 else []


def _few(shown: np.ndarray) -> bool:
    """Whether `UNIFORM` colours make up nearly all pixels that equal their neighbours to the right and below."""
    pixels = shown.astype(np.int64)
    still = (np.abs(np.diff(pixels, axis=0)[:, :-1]).max(-1) <= 2) & (np.abs(np.diff(pixels, axis=1)[:-1]).max(-1) <= 2)
    if still.mean() < 0.3:
        return False
    _, counts = np.unique(pixels[:-1, :-1][still] @ np.array([65536, 256, 1]), return_counts=True)
    return bool(np.sort(counts)[-UNIFORM:].sum() / counts.sum() >= FLAT)
