"""Pictures of several grounds with a thing on them: regions that are told apart by what they are made of, not by ink.

Real pictures are parted into road, sky, leaves and things. Here a canvas is parted into three regions with one edge
between each two, and every region is plain, striped, dotted or checkered; over them lies one large thing. All patterns
have the same pairs of tones, either of the two below, and a plain ground any mixture of a pair: the mean colour of a
patch does not tell its class.
"""

from random import Random

import numpy as np

from sightline.data.draw import seed_of
from sightline.data.sample import Sample
from sightline.data.scenes.layout import Draw, pick
from sightline.data.scenes.palette import BACKGROUNDS, BASIC, Background, inks
from sightline.data.scenes.parts import owners, picture
from sightline.data.scenes.scene import Clause, Scene
from sightline.measure.suite.closeup import KINDS, thing

PATTERNS = ("plain", "striped", "dotted", "checkered")
CLASSES = (*PATTERNS, "thing")
"""by the number in a mask"""
TURNS, CELLS = ("horizontal", "vertical", "diagonal"), (6, 8)
LENGTHS = (0.4, 0.5, 0.6)
"""longer side of the thing, as a share of the canvas"""
TONES = tuple(dict.fromkeys((b.a, b.b) for group in BACKGROUNDS for b in group if b.kind == "striped"))
REGIONS = 3


def ground(side: int, split: str, seed: int, index: int) -> Sample:
    """The picture with this number; its mask has the classes `CLASSES`, uint8 (side, side)."""
    draw = Random(seed_of("grounds", seed, split, index)).random
    key = f"{split}/grounds/seed{seed}/{index:06d}"
    while True:
        grounds = [_ground(pick(PATTERNS, draw), draw) for _ in range(REGIONS)]
        allowed = [ink for ink in BASIC if all(ink in inks(one.a, one.b, BASIC) for one in grounds)]
        if allowed:
            break
    shown = thing(side, pick(KINDS, draw), pick(allowed, draw), LENGTHS, draw)
    scenes = [Scene(1, side, one, (shown,), (Clause(0),)) for one in grounds]
    region = _regions(side, draw)
    whole = np.select([(region == k)[..., None] for k in range(REGIONS)], [picture(scene) for scene in scenes])
    numbers = np.array([PATTERNS.index(one.kind) for one in grounds], np.uint8)
    mask = np.where(owners(scenes[0]) > 0, np.uint8(len(PATTERNS)), numbers[region])
    return Sample(key=key, image=whole.astype(np.uint8), mask=mask, name=key)


def _ground(kind: str, draw: Draw) -> Background:
    one, other = pick(TONES, draw)
    if draw() < 0.5:
        one, other = other, one
    if kind == "plain":
        share = draw()
        red, green, blue = (round(a + share * (b - a)) for a, b in zip(one, other, strict=True))
        return Background(kind, kind, (red, green, blue), (red, green, blue))
    return Background(kind, kind, one, other, pick(TURNS, draw) if kind == "striped" else "", pick(CELLS, draw))


def _regions(side: int, draw: Draw) -> np.ndarray:
    """To which of as many points, drawn anywhere, each pixel is nearest, int (side, side)."""
    points = np.array([(draw(), draw()) for _ in range(REGIONS)]) * side
    middle = np.arange(side) + 0.5
    away = (middle[:, None, None] - points[:, 0]) ** 2 + (middle[None, :, None] - points[:, 1]) ** 2
    return away.argmin(axis=-1)
