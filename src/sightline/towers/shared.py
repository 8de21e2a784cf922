"""One Transformer for pictures and words: two embedders in front of the same blocks (You et al. 2022, MS-CLIP,
https://arxiv.org/abs/2207.12661).

Departure: everything between the embedders and the readings is shared, the last norm too, and nothing is added per
modality.
"""

from sightline.towers.text import TransformerText
from sightline.towers.vit import ViT


def share(image: ViT, text: TransformerText) -> tuple[ViT, TransformerText]:
    """Gives the text tower the blocks of the image tower, in place: patches and positions, ids and positions stay two.

    ValueError where the blocks are not of the same shapes.
    """
    ours, theirs = ({name: tuple(x.shape) for name, x in tower.stack.state_dict().items()} for tower in (image, text))
    if ours != theirs:
        which = next(name for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name))
        raise ValueError(
            f"towers that share their blocks need the same width, depth, heads and MLP: {which} is "
            f"{ours.get(which, 'missing')} in the image tower and {theirs.get(which, 'missing')} in the text tower"
        )
    text.stack = image.stack
    return image, text
