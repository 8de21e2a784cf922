"""The two views of a picture that SimCLR and BYOL compare."""

import torch
from jaxtyping import Float
from torch import Tensor

from sightline.protocols import Batch


def pair(batch: Batch) -> tuple[Float[Tensor, "b c y x"], Float[Tensor, "b c y x"]]:
    """`image` and the one further view; ValueError where there are more or none."""
    views = batch["views"]
    if len(views) != 1:
        raise ValueError(
            f"two views of each picture are compared, and this recipe makes {len(views) + 1}: set data.views "
            "to TwoViews or ByolViews"
        )
    return batch["image"], views[0]


def both(batch: Batch) -> Float[Tensor, "two_b c y x"]:
    """One batch of both views, all first ones in front."""
    return torch.cat(pair(batch))
