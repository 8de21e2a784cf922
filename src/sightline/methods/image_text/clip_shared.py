"""CLIP with one Transformer for pictures and words: MS-CLIP (You et al. 2022, https://arxiv.org/abs/2207.12661).

    v = P_v pool(T(patches)),   u = P_u end(T(tokens)),   one T; the loss is CLIP's (`methods.clip`)

Two embedders, two projections, one stack of blocks, which pictures see whole and captions causally.
Departures: the paper's best model keeps LayerNorms of each modality and adds a small convolutional branch and early
specialisation; here every block is shared, its norms and the last norm too (`towers.shared`).
"""

from sightline.methods.image_text.clip import CLIP, Config
from sightline.towers.shared import share
from sightline.towers.text import TransformerText
from sightline.towers.vit import ViT

__all__ = ["Config", "clip_shared"]

PAPER = Config()


def clip_shared(image: ViT, text: TransformerText, dim: int, config: Config = PAPER) -> CLIP:
    """CLIP whose text tower runs the image tower's blocks. ValueError where the towers' blocks differ in shape."""
    return CLIP(*share(image, text), dim, config)
