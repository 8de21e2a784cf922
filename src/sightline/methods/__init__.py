"""One file per published system: `forward(batch)` gives its named loss terms."""

from sightline.methods.clip import CLIP
from sightline.methods.siglip import SigLIP

__all__ = ["CLIP", "SigLIP"]
