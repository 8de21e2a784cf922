"""Close-ups: what a scene shows, seen from near, so that its shape can be read on the coarsest grid.

Scenes that recipes train on hold small things of many kinds: of these most encoders read colour and place alone. What
asks about *the thing* (what is it, which of two lies in front) is asked here: one thing, or two of which one hides a
part of the other, about half a picture long, of few kinds. Ink, place, size, turn and ground are drawn by themselves
and tell nothing of the thing.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np

from sightline.data.draw import seed_of
from sightline.data.sample import Sample
from sightline.data.scenes import vocabulary
from sightline.data.scenes.layout import Draw, extent, pick
from sightline.data.scenes.palette import BASIC, BASIC_BACKGROUNDS, inks
from sightline.data.scenes.parts import owners, picture, shared, visible
from sightline.data.scenes.scene import Clause, Element, Scene
from sightline.data.scenes.source import truth

KINDS = tuple("heart house star bell camera leaf lock flag cloud moon bookmark envelope".split())
"""icons of level 1 with one closed body each, no two alike"""
TURNS = (-10, 0, 10)
"""degrees, clockwise"""
ALONE, PAIRED = (0.5, 0.6, 0.7, 0.8), (0.5, 0.58, 0.66)
"""longer side as a share of the canvas: of one thing, and of each of two"""
COMMON, SEEN = 0.15, 0.4
"""the least share of the smaller of two that both have in common, and of each that is seen"""
TRIES = 200
"""places of two things, before other two are drawn"""


def closeup(side: int, split: str, seed: int, index: int) -> Sample:
    """A close-up of one thing, with everything that is known of it but captions."""
    scene = alone(side, seed_of("closeup", 1, seed, split, index))
    owner, key = owners(scene), f"{split}/closeup/seed{seed}/{index:06d}"
    boxes = np.array([e.box for e in scene.elements], np.float32)
    return Sample(key=key, image=picture(scene), mask=owner, boxes=boxes, name=key, extra=truth(scene, owner))


def alone(side: int, key: int) -> Scene:
    """One thing, anywhere on a canvas of `side` pixels, by the integer `key`."""
    draw = Random(key).random
    background = pick(pick(BASIC_BACKGROUNDS, draw), draw)
    ink = pick(inks(background.a, background.b, BASIC), draw)
    return Scene(1, side, background, (thing(side, pick(KINDS, draw), ink, ALONE, draw),), (Clause(0),))


def pair(side: int, key: int) -> Scene:
    """Two things of different kinds and inks, the second in front of a part of the first; `exchanged` is as sound."""
    draw = Random(key).random
    while True:
        background = pick(pick(BASIC_BACKGROUNDS, draw), draw)
        names, colours = _two(KINDS, draw), _two(inks(background.a, background.b, BASIC), draw)
        for _ in range(TRIES):
            things = tuple(thing(side, *of, PAIRED, draw) for of in zip(names, colours, strict=True))
            scene = Scene(1, side, background, things, (Clause(0), Clause(1)))
            if shared(*things) >= COMMON and min(map(_seen, (scene, exchanged(scene)))) >= SEEN:
                return scene


def exchanged(scene: Scene) -> Scene:
    """The scene of two things with the other one in front."""
    return replace(scene, elements=scene.elements[::-1])


def thing(side: int, name: str, colour: str, lengths: Sequence[float], draw: Draw) -> Element:
    """A thing of one of these lengths, turned a little, anywhere on the canvas."""
    drawing = f"{vocabulary.things(1)[name].filled}~{pick(TURNS, draw)}"
    w, h = extent(drawing, round(pick(lengths, draw) * side))
    box = (1 + int(draw() * (side - 1 - w)), 1 + int(draw() * (side - 1 - h)), w, h)
    return Element("icon", name, drawing, colour, "large", "filled", box)


def _two(choices: Sequence[str], draw: Draw) -> tuple[str, str]:
    first = pick(choices, draw)
    return first, pick([choice for choice in choices if choice != first], draw)


def _seen(scene: Scene) -> float:
    return min(visible(scene, owners(scene)))
