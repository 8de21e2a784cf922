"""The pictures that nuisances are measured with: clean candidates, and disturbed queries of some of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.data.draw import seed_of
from sightline.data.sample import Sample
from sightline.data.scenes import edited, values
from sightline.data.scenes.parts import picture
from sightline.measure.density.nuisances import NUISANCES, Nuisance
from sightline.measure.pictures import Pictures
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite

SIDE = 128
"""pixels of a side of the squares that sources are disturbed as; scenes are squares already"""
CANDIDATES = (300, 60)
"""pictures of a source"""
DISTURBED, EACH = (200, 36), (3, 4)
"""candidates that are disturbed, and how many disturbances of all each gets"""
CODE = 64
"""numbers of the vectors that perfect features know each picture by"""


@dataclass(frozen=True, eq=False)
class Queries:
    """q disturbed pictures. `picture` (q,) is the candidate each comes from, `condition` (q,) what was done to it."""

    candidates: Pictures
    """(n), no two equal"""
    disturbed: Pictures
    """(q)"""
    picture: np.ndarray
    condition: np.ndarray
    conditions: tuple[tuple[str, float], ...]
    """nuisance and severity by number"""
    domains: tuple[str, ...] | None
    """(q)"""
    notes: tuple[str, ...] = ()

    @cached_property
    def nuisances(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name, _ in self.conditions))

    @cached_property
    def nuisance(self) -> np.ndarray:
        """(q,) the number of each query's nuisance."""
        return np.array([self.nuisances.index(name) for name, _ in self.conditions])[self.condition]

    @cached_property
    def weights(self) -> np.ndarray:
        """(q,) by which every nuisance counts the same, and within it every severity. They sum to 1."""
        times = np.bincount(self.condition, minlength=len(self.conditions))
        seen = [
            sum(self.conditions[c][0] == name and times[c] > 0 for c in range(len(times))) for name in self.nuisances
        ]
        found = 1.0 / (times[self.condition] * np.array(seen)[self.nuisance])
        return found / found.sum()


@dataclass(frozen=True, eq=False)
class Candidates:
    """Clean pictures of a suite, no two equal, and the samples they are of."""

    shelf: Shelf
    pictures: Pictures
    notes: tuple[str, ...]


def candidates(suite: Suite) -> Candidates:
    """Those of a suite; ValueError with the reason where no two of its pictures differ."""
    if suite.kind == "scenes":
        shelf = suite.whole
        pictures = shelf.pictures
    else:
        shelf = _spread(suite.test, CANDIDATES[suite.quick])
        pictures = shelf.squares(SIDE)
    kept, count = _different(pictures), len(pictures)
    if len(kept) < 2:
        raise ValueError("no two of its pictures differ, so there is nothing to tell a disturbed one from")
    if len(kept) == count:
        return Candidates(shelf, pictures, ())
    pictures = Pictures([pictures.items[i] for i in kept])
    return Candidates(shelf.part(kept), pictures, (f"{count - len(kept)} pictures left out that occur twice",))


def queries(suite: Suite, clean: Candidates) -> Queries:
    """Disturbed pictures of a suite's candidates.

    Candidate i is disturbed in conditions that follow each other in a list which has every nuisance once before any
    comes at its next severity: so all conditions are asked equally often, of pictures that overlap little.
    """
    quick, pictures, domains = suite.quick, clean.pictures, clean.shelf.domains
    known = (*NUISANCES, BACKGROUND) if suite.kind == "scenes" else NUISANCES
    conditions = [
        (nuisance, nuisance.severities[k])
        for k in range(max(len(n.severities) for n in known))
        for nuisance in known
        if k < len(nuisance.severities)
    ]
    disturbed = min(len(pictures), DISTURBED[quick])
    each = min(len(conditions), max(EACH[quick], EACH[quick] * DISTURBED[quick] // disturbed))
    at = np.repeat(np.arange(disturbed), each)
    condition = np.arange(len(at)) % len(conditions)
    items = [
        _made(clean.shelf.samples[i], pictures.items[i], *conditions[c])
        for i, c in zip(at.tolist(), condition.tolist(), strict=True)
    ]
    code = np.random.default_rng(seed_of("density", "code")).standard_normal((len(pictures), CODE)).astype(np.float32)
    return Queries(
        pictures.told(vectors=code),
        Pictures(items).told(vectors=code[at]),
        at,
        condition,
        tuple((nuisance.name, severity) for nuisance, severity in conditions),
        None if domains is None else tuple(domains[i] for i in at.tolist()),
        clean.notes,
    )


def _made(sample: Sample, pixels: object, nuisance: Nuisance, severity: float) -> np.ndarray:
    rng = np.random.default_rng(seed_of("nuisance", nuisance.name, severity, sample.key))
    if nuisance is BACKGROUND:
        return on_another_background(sample, rng)
    return nuisance.apply(np.asarray(pixels), severity, rng)


def on_another_background(sample: Sample, rng: np.random.Generator) -> np.ndarray:
    """The scene of a sample on another of the backgrounds it can have, uint8 (side, side, 3); as it is if it has one.

    What it shows, and where, stays.
    """
    scene = sample.extra["scene"]
    own = sample.extra["design"]["background"]
    fit = [value for value in values(scene, "background") if value != own]
    return picture(edited(scene, "background", fit[int(rng.integers(len(fit)))]) if fit else scene)


def _never(pixels: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    raise AssertionError("another background is drawn from the scene, not from pixels")


BACKGROUND = Nuisance("background", (1,), _never)


def _spread(shelf: Shelf, most: int) -> Shelf:
    """At most so many of a shelf, evenly over it: it may be sorted by class."""
    if len(shelf) <= most:
        return shelf
    return shelf.part(np.arange(most) * len(shelf) // most)


def _different(pictures: Pictures) -> list[int]:
    """The first of every set of equal pictures, in order."""
    first: dict[bytes, int] = {}
    for number, item in enumerate(pictures.items):
        first.setdefault(np.ascontiguousarray(item).tobytes(), number)
    return list(first.values())
