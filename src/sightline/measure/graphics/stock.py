"""Which pictures of a suite the operations are applied to, by what an operation needs to know of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sightline.data.scenes import edited
from sightline.data.scenes.caption import caption
from sightline.data.scenes.palette import RGB, contrast
from sightline.measure.graphics.edits import KINDS, changed
from sightline.measure.graphics.manner import Manner, Pen
from sightline.measure.graphics.operation import GROUNDS
from sightline.measure.graphics.original import DYES, Design, Icon, Original
from sightline.measure.graphics.pixels import Pixels
from sightline.measure.suite.suite import Suite

DRAWN = (300, 50)
"""designs that are looked through, full and quick: those every room may use"""
SEEN = 400
"""pictures of a source that are looked through at most"""
LEAST = 6
"""pictures below which nothing is told from another"""
OPEN = 0.8
"""an icon as a line has at most this share of the ink it has when filled"""
LEGIBLE = 1.5
"""least WCAG contrast of what is drawn with a new ground"""
SCENES = "this is known of the built-in suites scenes and icons, not of pixels"


@dataclass(frozen=True)
class Stock:
    """The first pictures that fit each need, as many as were asked for; where too few do, why."""

    fitting: dict[str, list[Original]]
    missing: dict[str, str]

    @classmethod
    def of(cls, suite: Suite, count: int) -> "Stock":
        if suite.kind == "scenes":
            found = _first(_designs(suite), count)
            return cls(dict.fromkeys(("outlines", "ground", "pixels", "colour"), found), {})
        if suite.kind == "icons":
            icons = _first(_icons(suite), count)
            if len(icons) >= LEAST:
                return cls(dict.fromkeys(("outlines", "ground", "pixels", "colour"), icons), {})
        return cls._of_pixels(suite, count)

    @classmethod
    def _of_pixels(cls, suite: Suite, count: int) -> "Stock":
        seen: list[Pixels] = list(_distinct(suite))
        grounded = [made for made in seen if made.parted and _legible(made)]
        enough = len(grounded) >= min(count, len(seen))
        groups = {
            "ground": grounded,
            "pixels": grounded if enough else seen,
            "colour": [made for made in (grounded if enough else seen) if made.coloured],
        }
        said = {
            "ground": "transparent or bordered by one colour, and legible on other grounds",
            "pixels": "different",
            "colour": "coloured",
        }
        fitting, missing = {}, {"outlines": f"lines need outlines: {SCENES}"}
        for need, some in groups.items():
            if len(some) < LEAST:
                missing[need] = f"{len(some)} of {len(seen)} pictures are {said[need]}; at least {LEAST} are needed"
            else:
                fitting[need] = some[:count]
        return cls(fitting, missing)


def _first(some: Iterator[Original], count: int) -> list[Original]:
    return [made for _, made in zip(range(count), some, strict=False)]


def _designs(suite: Suite) -> Iterator[Original]:
    """Designs on plain white, in a palette that nothing is recoloured to, each followed by one of another meaning: what
    must not be taken for it."""
    for number, sample in enumerate(suite.drawn(4, suite.n(*DRAWN)).samples):
        scene = sample.extra["scene"]
        if scene.palette in DYES:
            continue
        try:
            plain = edited(scene, "background", "white")
        except ValueError:
            continue  # an ink that white would swallow
        kinds = list(KINDS)[number % len(KINDS) :] + list(KINDS)[: number % len(KINDS)]
        twin = next((after for kind in kinds if (after := changed(plain, kind)) is not None), None)
        if twin is not None:
            yield from (Design(one, caption(one)) for one in (plain, twin))


def _icons(suite: Suite) -> Iterator[Original]:
    named: set[str] = set()
    for sample in suite.test.samples:
        if not isinstance(sample.image, bytes) or not sample.captions or str(sample.name) in named:
            continue
        icon = Icon.of(sample.image, sample.captions[0])
        if icon is not None and _opens(icon):
            named.add(str(sample.name))
            yield icon


def _opens(icon: Icon) -> bool:
    """Whether a line inside its edge leaves an opening, so that lines can be thicker and thinner."""
    lines, whole = (icon.layers(manner).cover.sum() for manner in (Manner(Pen()), Manner()))
    return bool(lines <= OPEN * whole)


def _distinct(suite: Suite) -> Iterator[Pixels]:
    """One picture of every name, and none twice."""
    known: set[bytes] = set()
    named: set[str] = set()
    for sample, said in zip(suite.test.samples[:SEEN], suite.test.captions, strict=False):
        if sample.name and sample.name in named:
            continue
        made = Pixels.of(sample.image, said)
        content = made.layers().picture().tobytes()
        if content not in known:
            known.add(content)
            named.add(sample.name or "")
            yield made


def _legible(made: Pixels) -> bool:
    """Whether the mean of what is drawn stands out from every ground it may be laid on."""
    layers = made.layers()
    mean = (layers.ink * layers.cover[..., None]).sum((0, 1)) / layers.cover.sum()
    ink: RGB = tuple(int(c) for c in np.rint(mean))  # pyright: ignore[reportAssignmentType]
    return all(contrast(ink, tone) >= LEGIBLE for tone in GROUNDS.values())
