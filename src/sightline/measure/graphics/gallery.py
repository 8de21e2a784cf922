"""A small gallery of the operations, to be looked at: the same pictures before and after each."""

import numpy as np

from sightline.measure.graphics.operation import OPERATIONS
from sightline.measure.graphics.stock import LEAST, Stock
from sightline.measure.suite.suite import Suite

SHOWN = 3
"""pictures of every operation; the k-th has its k-th value"""


def gallery(suite: Suite, severity: float = 1.0) -> list[tuple[str, float, np.ndarray, np.ndarray]]:
    """(operation, severity, before, after) of three pictures for each operation that the suite allows, in the order of
    OPERATIONS; pictures are uint8 (96, 96, 3). Empty where it allows none."""
    stock = Stock.of(suite, max(SHOWN, LEAST))
    return [
        (operation.name, severity, operation.before(original), operation.after(original, value, severity))
        for operation in OPERATIONS
        for value, original in enumerate(stock.fitting.get(operation.needs, [])[:SHOWN])
    ]
