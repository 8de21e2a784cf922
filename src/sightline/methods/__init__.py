"""One file per published system: `forward(batch)` gives its named loss terms."""

from sightline.methods.image_text.clip import CLIP
from sightline.methods.image_text.siglip import SigLIP

__all__ = ["CLIP", "SigLIP"]
