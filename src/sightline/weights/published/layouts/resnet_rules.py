"""The key map of CLIP's ModifiedResNet: OpenAI's and open_clip's `visual.*` in our ResNet with other parts."""

from sightline.towers.spec import ModifiedResNetSpec
from sightline.weights.published.keymap import Rename, Rule
from sightline.weights.published.layouts.layout import renamed

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def modified_resnet_rules(spec: ModifiedResNetSpec, theirs: str, ours: str) -> list[Rule]:
    """Every tensor of the tower, BatchNorm's running numbers among them."""
    found: list[Rule] = []
    for n in (1, 2, 3):
        found += _conv(f"{theirs}conv{n}", f"{ours}stem.conv{n}") + _norm(f"{theirs}bn{n}", f"{ours}stem.bn{n}")
    for stage, depth in enumerate(spec.depths):
        for i in range(depth):
            they, we = f"{theirs}layer{stage + 1}.{i}", f"{ours}stages.{stage}.{i}"
            for n in (1, 2, 3):
                found += _conv(f"{they}.conv{n}", f"{we}.conv{n}") + _norm(f"{they}.bn{n}", f"{we}.bn{n}")
            if i == 0:
                # the first stage steps nowhere, yet widens: every stage begins with a projecting shortcut
                found += _conv(f"{they}.downsample.0", f"{we}.downsample.0")
                found += _norm(f"{they}.downsample.1", f"{we}.downsample.1")
    found.append(Rename(f"{theirs}attnpool.positional_embedding", f"{ours}pool.position"))
    for their, our in (("q_proj", "q"), ("k_proj", "k"), ("v_proj", "v"), ("c_proj", "proj")):
        found += renamed(f"{theirs}attnpool.{their}", f"{ours}pool.{our}")
    return found


def _conv(theirs: str, ours: str) -> list[Rule]:
    return [Rename(f"{theirs}.weight", f"{ours}.weight")]


def _norm(theirs: str, ours: str) -> list[Rule]:
    return [Rename(f"{theirs}.{value}", f"{ours}.{value}") for value in NORM]
