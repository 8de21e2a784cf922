"""By what an encoder ranks: subject, colour, position, background or style.

For every query five pictures, of which each agrees with it in exactly one factor: they are one and the same other
picture, with that factor taken from the query. Canva's engineers want subject before colour before position before
background (before emotion, in whose place style stands here; canva.dev, "Image replacement in Canva designs using
reverse image search"). No order is right for everyone, so nothing here is scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from sightline.data.draw import uniform
from sightline.data.scenes import parts
from sightline.data.scenes.drawings import OPEN
from sightline.data.scenes.layout import extent
from sightline.data.scenes.palette import BACKGROUND
from sightline.data.scenes.pen import STYLES, stroke
from sightline.data.scenes.scene import PLACES, Element, Scene
from sightline.measure.finding import Finding, MeanOf
from sightline.measure.graphics.cosine import DIGITS, units
from sightline.measure.graphics.original import SIDE
from sightline.measure.pictures import Pictures
from sightline.measure.subject.subject import Subject

SEED = 16_006
LONGER = 0.3
"""longer side of a thing, as a share of the canvas: it fits a ninth of it"""
DOMAINS: dict[str, tuple[str, ...]] = {
    "subject": OPEN,
    "colour": ("red", "green", "blue", "purple", "black", "brown", "teal"),
    "position": PLACES,
    "background": (
        "white",
        "light blue",
        "light green",
        "light yellow",
        "light pink",
        "striped/diagonal/6/1",
        "dotted/6/2",
        "checkered/4/3",
    ),
    "style": tuple(STYLES),
}
"""every ink stands out from every background"""
FACTORS = tuple(DOMAINS)
Values = tuple[int, ...]
"""of every factor, in the order of FACTORS"""


@dataclass(frozen=True, eq=False)
class Order:
    """Mean rank of the picture that shares a factor, and how often one factor comes before another."""

    queries: int

    @cached_property
    def pictures(self) -> Pictures:
        """Each query, then the five that agree with it in one factor, in the order of FACTORS."""
        made: list[Values] = []
        for own, other in drawn(self.queries):
            made += [own, *(other[:k] + (own[k],) + other[k + 1 :] for k in range(len(FACTORS)))]
        return Pictures([parts.picture(scene(values)) for values in made]).told(vectors=ideal(made))

    def __call__(self, subject: Subject) -> Sequence[Finding]:
        rows = units(subject.vectors(self.pictures)).reshape(self.queries, 1 + len(FACTORS), -1)
        near = np.round(np.einsum("qd,qfd->qf", rows[:, 0], rows[:, 1:]), DIGITS)
        wins = (near[:, :, None] > near[:, None]) + 0.5 * (near[:, :, None] == near[:, None])
        ranks = len(FACTORS) + 0.5 - wins.sum(2)
        common = {
            "scored": False,
            "chance_kind": "analytic",
            "items": "queries of one thing",
            "protocol": {"factors": list(FACTORS), "queries": self.queries},
        }
        found = [
            Finding(
                metric=f"order: {factor}",
                statistic=MeanOf(ranks[:, k]),
                chance=(1 + len(FACTORS)) / 2,
                bound=1.0,
                bound_kind="first of five",
                notes=("mean rank, 1 is first: the lower, the more this factor decides",),
                **common,
            )
            for k, factor in enumerate(FACTORS)
        ]
        return found + [
            Finding(
                metric=f"order: {FACTORS[a]} before {FACTORS[b]}",
                statistic=MeanOf(wins[:, a, b]),
                chance=0.5,
                bound=1.0,
                bound_kind="always",
                **common,
            )
            for a, b in combinations(range(len(FACTORS)), 2)
        ]


def drawn(queries: int) -> list[tuple[Values, Values]]:
    """For every query its values and those of another picture, which differ in every factor."""
    sizes = np.array([len(domain) for domain in DOMAINS.values()])
    index = np.arange(queries)
    own = (uniform(SEED, 0, index, "own", len(sizes)) * sizes).astype(int)
    step = 1 + (uniform(SEED, 0, index, "other", len(sizes)) * (sizes - 1)).astype(int)
    other = (own + step) % sizes
    return [(tuple(a.tolist()), tuple(b.tolist())) for a, b in zip(own, other, strict=True)]


def scene(values: Values) -> Scene:
    """One thing in a ninth of the canvas."""
    name, colour, place, background, style = (
        domain[value] for domain, value in zip(DOMAINS.values(), values, strict=True)
    )
    key = f"icon/{name}/solid@{style}"
    width, height = extent(f"icon/{name}/solid", round(LONGER * SIDE))
    row, column = divmod(PLACES.index(place), 3)
    box = (round((column + 0.5) * SIDE / 3 - width / 2), round((row + 0.5) * SIDE / 3 - height / 2), width, height)
    element = Element("icon", name, key, colour, "small", stroke(style), box)
    return Scene(4, SIDE, BACKGROUND[background], (element,), (), style)


def ideal(made: Sequence[Values]) -> np.ndarray:
    """Vectors whose cosines go by the first factor that agrees: each counts for more than all after it."""
    blocks = [
        2.0 ** ((len(FACTORS) - k) / 2) * np.eye(len(domain))[[values[k] for values in made]]
        for k, domain in enumerate(DOMAINS.values())
    ]
    return np.concatenate(blocks, axis=1)
