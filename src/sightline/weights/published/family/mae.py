"""MAE's encoder as transformers writes it (He et al. 2021): ViTMAEModel, and ViTMAEForPreTraining without its decoder.

Nothing is masked here: every patch is seen, in its place. The pooled vector is the class token after the last norm, as
in the authors' linear probe. The fixed sine-cosine positions are stored in the file and read from it.
"""

from pathlib import Path

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.published import PublishedTokenizer
from sightline.towers.spec import ViTSpec
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.keymap import Rule
from sightline.weights.published.layouts import vit
from sightline.weights.published.layouts.layout import is_a, merged
from sightline.weights.published.layouts.vit_pictures import centre_rule, from_folder
from sightline.weights.published.layouts.vit_rules import base_prefix, left_out

NAME = "mae"


def matches(config: Config, shapes: Shapes) -> bool:
    return is_a(config, "vit_mae")


def spec(config: Config, shapes: Shapes) -> Towers:
    c = merged(vit.DEFAULTS, config)
    return Towers(image=vit.image_spec(c), text=None, dim=c["hidden_size"])


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    return [*left_out(shapes, "decoder."), *vit.image_rules(towers, base_prefix(shapes, "vit."), shapes)]


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    assert isinstance(towers.image, ViTSpec)
    size, channels = towers.image.size, towers.image.channels
    return from_folder(folder, centre_rule(size, channels), any_size=False)


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    """None: it reads no text."""
    return None
