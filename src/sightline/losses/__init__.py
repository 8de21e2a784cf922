"""One file per loss family: pure functions of tensors that know nothing of ranks ("mine" and "everyone's")."""

from sightline.losses.contrastive import info_nce
from sightline.losses.same import same_caption
from sightline.losses.sigmoid import sigmoid_contrastive

__all__ = ["info_nce", "same_caption", "sigmoid_contrastive"]
