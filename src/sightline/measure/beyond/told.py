"""What every finding of this room has in common: nothing here is scored."""

from typing import Any

import numpy as np

from sightline.measure.finding import Finding, MeanOf


def share(metric: str, right: np.ndarray, chance: float, items: str, **more: Any) -> Finding:
    """How often something is so, of items (n,) in [0, 1]; `more` goes to the finding."""
    given = {"chance_kind": "analytic", "bound": 1.0, "bound_kind": "always"} | more
    return Finding(
        metric=metric,
        statistic=MeanOf(right, given.pop("weights", None)),
        chance=chance,
        items=items,
        scored=False,
        **given,
    )
