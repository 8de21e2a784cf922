"""The describer of a name: an encoder, `sift`, or `pixels`."""

from sightline.search.match.crops import of_encoder, of_pixels
from sightline.search.match.described import Describer
from sightline.search.match.patches import Patches
from sightline.search.match.sift import Sift

COUNT = 1000
"""places of a picture"""


def open_describer(name: str, count: int = COUNT, device: str = "auto") -> Describer:
    """What describes about `count` places of a picture.

    `sift` are keypoints and descriptors by OpenCV, `pixels` crops as they are; anything else names an encoder, as for
    `sightline.load`: by its patch tokens, or where it has none (an export, `builtin:icons`) by embedding crops.
    """
    if count < 1:
        raise ValueError(f"{count} places of a picture; expected at least 1, and some hundreds to match by")
    if name == "sift":
        return Sift(count)
    if name == "pixels":
        return of_pixels(count)
    import sightline

    encoder = sightline.load(name, device=device)
    _ = encoder.rule  # ValueError for an encoder of texts alone, which crops would not help either
    try:
        return Patches(encoder, count)
    except ValueError:
        return of_encoder(encoder, count)
