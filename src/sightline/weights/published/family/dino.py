"""DINO v1, iBOT, MAE and DINOv2 as their authors publish them: a state dict of timm's names and no config.

Sizes are read from the tensors; heads are 64 wide, as in all of theirs. The weights may be nested (`teacher`, `model`,
`state_dict`) and lie behind `module.` and `backbone.`; projection heads, decoders and mask tokens are left out by name.

The pooled vector is the class token after the last norm. On another grid positions are resized to its size, as
transformers does; the authors' code shifts them by 0.1 of a patch (DINO, iBOT and DINOv2 without registers), which
moves tokens in the third decimal.
"""

from pathlib import Path

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.published import PublishedTokenizer
from sightline.towers.spec import Cls, LearnedSpec, ViTSpec
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.keymap import ClassPosition, Rename, Rule
from sightline.weights.published.layouts.layout import depth, hidden, renamed
from sightline.weights.published.layouts.vit_pictures import centre_rule
from sightline.weights.published.layouts.vit_rules import left_out, patches

NAME = "dino"
KEYS = ("cls_token", "pos_embed", "patch_embed.proj.weight", "blocks.0.attn.qkv.weight")
PREFIXES = ("", "backbone.", "module.backbone.", "module.", "student.backbone.", "teacher.backbone.")
HEAD = 64
PICTURE = 224
UNUSED = ("head.", "dino_head.", "ibot_head.", "fc.", "decoder_blocks.", "decoder_embed.", "decoder_norm.")
UNUSED += ("decoder_pred.", "mask_token", "masked_embed", "decoder_pos_embed")
"""What stands beside the tower in a training checkpoint"""


def matches(config: Config, shapes: Shapes) -> bool:
    return not config and _prefix(shapes) is not None


def spec(config: Config, shapes: Shapes) -> Towers:
    they = _prefix(shapes)
    assert they is not None, "refused by matches"
    width, channels, patch, _ = shapes[f"{they}patch_embed.proj.weight"]
    grid = round((shapes[f"{they}pos_embed"][1] - 1) ** 0.5)
    if grid * grid + 1 != shapes[f"{they}pos_embed"][1]:
        raise ValueError(f"pos_embed has {shapes[f'{they}pos_embed'][1]} rows: expected one for the class and a square")
    if width % HEAD:
        raise ValueError(
            f"the tower is {width} wide: expected a multiple of {HEAD}, the width of a head in this family"
        )
    registers = shapes.get(f"{they}register_tokens", (1, 0, width))[1]
    block = f"{they}blocks.0"
    gated = f"{block}.mlp.w12.weight" in shapes
    inner = shapes[f"{block}.mlp.w3.weight"][1] if gated else shapes[f"{block}.mlp.fc1.weight"][0]
    image = ViTSpec(
        size=grid * patch,
        patch=patch,
        dim=width,
        depth=depth(shapes, f"{they}blocks"),
        heads=width // HEAD,
        mlp=hidden(width, inner),
        pool=Cls(registers=registers),
        position=LearnedSpec(resample="bicubic_antialias" if registers else "bicubic"),
        act="swiglu" if gated else "gelu",
        channels=channels,
        layer_scale=1.0 if f"{block}.ls1.gamma" in shapes else 0.0,
    )
    return Towers(image=image, text=None, dim=width)


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    spec = towers.image
    assert isinstance(spec, ViTSpec) and isinstance(spec.pool, Cls)
    they = _prefix(shapes) or ""
    beside = they.removesuffix("backbone.")
    found = left_out(shapes, *(f"{start}{name}" for start in {they, beside} for name in UNUSED))
    registers = f"{they}register_tokens" if spec.pool.registers else None
    found += [
        ClassPosition(
            f"{they}cls_token",
            f"{they}pos_embed",
            "image.prefix",
            "image.position.weight",
            token_lead=2,
            table_lead=1,
            registers=registers,
        ),
        *patches(f"{they}patch_embed.proj", spec),
    ]
    for i in range(spec.depth):
        found += _block(f"{they}blocks.{i}", f"image.stack.blocks.{i}", spec)
    return found + renamed(f"{they}norm", "image.stack.norm")


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    assert isinstance(towers.image, ViTSpec)
    # DINOv2's table is for 518 px, where its authors embed at 224 too
    size = PICTURE if towers.image.layer_scale else towers.image.size
    return centre_rule(size, towers.image.channels)


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    """None: it reads no text."""
    return None


def _prefix(shapes: Shapes) -> str | None:
    return next((p for p in PREFIXES if all(f"{p}{key}" in shapes for key in KEYS)), None)


def _block(theirs: str, ours: str, spec: ViTSpec) -> list[Rule]:
    inner = (("w12", "fc1"), ("w3", "fc2")) if spec.act == "swiglu" else (("fc1", "fc1"), ("fc2", "fc2"))
    found: list[Rule] = []
    for layer in ("norm1", "attn.qkv", "attn.proj", "norm2"):
        found += renamed(f"{theirs}.{layer}", f"{ours}.{layer}")
    for they, we in inner:
        found += renamed(f"{theirs}.mlp.{they}", f"{ours}.mlp.{we}")
    if spec.layer_scale:
        found += [Rename(f"{theirs}.ls{n}.gamma", f"{ours}.scale{n}.gamma") for n in (1, 2)]
    return found
