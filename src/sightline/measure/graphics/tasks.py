"""What is asked of an encoder about graphics: how little the drawing matters, and how much the meaning does."""

from sightline.measure.graphics.applied import Applied
from sightline.measure.graphics.dense import Dense, SameCaption
from sightline.measure.graphics.edits import Edits
from sightline.measure.graphics.invariance import Invariance
from sightline.measure.graphics.operation import OPERATIONS, SEVERITIES
from sightline.measure.graphics.order import Order
from sightline.measure.graphics.semantics import Semantics
from sightline.measure.graphics.stock import Stock
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.suite.suite import Suite

DRAWINGS, PATCHES = (22, 6), 8
"""drawings that every operation is applied to, full and quick; and of which patches are compared"""
VALUES = (3, 2)
PAIRS = (16, 2)
"""edits of every kind"""
QUERIES = (26, 4)
"""pictures for which five others are ranked"""


def tasks(suite: Suite) -> list[Measurement | Absent]:
    """The measurements this suite allows, and what it does not, with the reason."""
    return [*_invariance(suite), *_semantics(suite)]


def _invariance(suite: Suite) -> list[Measurement | Absent]:
    stock = Stock.of(suite, suite.n(*DRAWINGS))
    lower, values = suite.n(1, 0) * SEVERITIES[:-1], suite.n(*VALUES)
    found: list[Measurement | Absent] = []
    applied: list[Applied] = []
    for operation in OPERATIONS:
        some = stock.fitting.get(operation.needs)
        if some is None:
            found.append(Absent("invariance", operation.name, suite.name, stock.missing[operation.needs]))
            continue
        made = Applied(operation, some, lower, values)
        applied.append(made)
        found.append(
            Measurement("invariance", operation.name, suite.name, Invariance(made, _items(suite, operation.needs)))
        )
    if applied:
        found.append(_captions(suite, applied))
        found.append(_patches(suite, applied))
    return found


def _captions(suite: Suite, applied: list[Applied]) -> Measurement | Absent:
    same = [made for made in applied if list(made.originals) == list(applied[0].originals)]
    said = [original.caption for original in same[0].originals]
    if len(set(said)) < len(said) or "" in said:
        return Absent("invariance", "captions", suite.name, "its pictures have no captions that tell them apart")
    return Measurement("invariance", "captions", suite.name, SameCaption(same, _items(suite, same[0].operation.needs)))


def _patches(suite: Suite, applied: list[Applied]) -> Measurement | Absent:
    if suite.quick:
        return Absent("invariance", "patches", suite.name, "left out of a quick look")
    still = [made for made in applied if not made.operation.moves]
    if not still:
        return Absent("invariance", "patches", suite.name, "no operation is left that keeps everything in its place")
    first = still[0]
    same = [made.operation for made in still if list(made.originals) == list(first.originals)]
    some = first.originals[:PATCHES]
    items = f"{_items(suite, first.operation.needs)}, first {len(some)}"
    return Measurement("invariance", "patches", suite.name, Dense(same, some, items))


def _items(suite: Suite, needs: str) -> str:
    """The name of the drawings that an operation is applied to: of built-in suites, the same for all."""
    return f"{suite.name} {needs if suite.kind == 'source' else 'drawings'}"


def _semantics(suite: Suite) -> list[Measurement | Absent]:
    if suite.kind != "scenes":
        reason = "what an edit means is known of scenes alone"
        return [Absent("semantics", name, suite.name, reason) for name in ("edits", "order")]
    edits = Edits(suite.designs, suite.n(*PAIRS))
    return [
        Measurement("semantics", "edits", suite.name, Semantics(edits)),
        Measurement("semantics", "order", suite.name, Order(suite.n(*QUERIES))),
    ]
