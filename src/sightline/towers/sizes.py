"""Published sizes as functions: the papers' towers, and the small ones that this package's methods share.

ViT: Dosovitskiy et al. 2020, table 1, and Touvron et al. 2021 for Ti and S; So400m: Alabdulmohsin et al. 2023; g: Zhai
et al. 2021. CLIP: Radford et al. 2021, table 20. SigLIP: Zhai et al. 2023; SigLIP 2: Tschannen et al. 2025. DINOv2:
Oquab et al. 2023. DINOv3: Simeoni et al. 2025. TIPS: Maninis et al. 2024. Parameters in M are without a classification
head.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from sightline.towers.spec import (
    Causal,
    Cls,
    ConvStemSpec,
    FlexiViTSpec,
    Full,
    LearnedSpec,
    Map,
    NaFlexSpec,
    Norm,
    ResNetSpec,
    RotarySpec,
    SmallStem,
    TipsTextSpec,
    TransformerTextSpec,
    ViTSpec,
)


@dataclass(frozen=True)
class Size:
    """Width, blocks, heads and the width inside the MLP."""

    dim: int
    depth: int
    heads: int
    mlp: int


SIZES = {
    "ti": Size(192, 12, 3, 768),
    "s": Size(384, 12, 6, 1536),
    "b": Size(768, 12, 12, 3072),
    "l": Size(1024, 24, 16, 4096),
    "h": Size(1280, 32, 16, 5120),
    "so400m": Size(1152, 27, 16, 4304),
    "g": Size(1408, 40, 16, 6144),
    "giant2": Size(1536, 40, 24, 6144),
    "giantopt": Size(1536, 40, 16, 6144),
}
"""The field's transformers. `giant2` is DINOv2's and TIPS's (their image towers gate it), `giantopt` SigLIP 2's."""

DINOV2 = {name: SIZES[name] for name in ("s", "b", "l")} | {"g": Size(1536, 40, 24, 4096)}
TIPS = {name: SIZES[name] for name in ("s", "b", "l", "so400m")} | {"g": SIZES["giant2"]}
DINOV3 = {
    "s": SIZES["s"],
    "splus": SIZES["s"],
    "b": SIZES["b"],
    "l": SIZES["l"],
    "hplus": Size(1280, 32, 20, 5120),
    "7b": Size(4096, 40, 32, 8192),
}


def vit(name: str, patch: int = 16, size: int = 224) -> ViTSpec:
    """A plain ViT of a published size, by its name in `SIZES`; ValueError lists them."""
    return ViTSpec(size=size, patch=patch, **asdict(_size(SIZES, name)))


def vit_ti16(size: int = 224) -> ViTSpec:
    """5.5 M."""
    return vit("ti", 16, size)


def vit_s16(size: int = 224) -> ViTSpec:
    """21.7 M."""
    return vit("s", 16, size)


def vit_b32(size: int = 224) -> ViTSpec:
    """87.5 M."""
    return vit("b", 32, size)


def vit_b16(size: int = 224) -> ViTSpec:
    """85.8 M."""
    return vit("b", 16, size)


def vit_l14(size: int = 224) -> ViTSpec:
    """303 M."""
    return vit("l", 14, size)


def dinov2(name: str, registers: int = 0, size: int = 518) -> ViTSpec:
    """DINOv2's s, b, l (86.6 M, 304 M) and g (1,137 M), patches of 14; published with 0 and with 4 registers."""
    return ViTSpec(
        size=size,
        patch=14,
        **asdict(_size(DINOV2, name)),
        pool=Cls(registers=registers),
        position=LearnedSpec(resample="bicubic"),
        act="swiglu" if name == "g" else "gelu",
        layer_scale=1e-5,
    )


def dinov3(name: str, size: int = 224) -> ViTSpec:
    """DINOv3's s (21.6 M), splus (28.7 M), b (85.7 M), l (303 M), hplus (841 M) and 7b (6,716 M), patches of 16."""
    return ViTSpec(
        size=size,
        patch=16,
        **asdict(_size(DINOV3, name)),
        pool=Cls(registers=4),
        position=RotarySpec(),
        norm=Norm(eps=1e-5),
        act="swiglu" if name in {"splus", "hplus", "7b"} else "gelu",
        layer_scale=1e-5,
    )


def flexivit(name: str, patch: int = 16, size: int = 240) -> FlexiViTSpec:
    """FlexiViT's s, b and l: a kernel of 32 px and a grid of 7 kept, patches of 8 to 48 used."""
    return FlexiViTSpec(size=size, patch=patch, **asdict(_size(SIZES, name)))


def clip_image(spec: ViTSpec) -> ViTSpec:
    """CLIP's change of a ViT: a norm before the first block, epsilon 1e-5, QuickGELU.

    Departure: our stem has a bias, which a load from published weights leaves at zero.
    """
    return replace(spec, entry=Norm(eps=1e-5), norm=Norm(eps=1e-5), act="quick_gelu")


def clip_text(dim: int = 512, vocab: int = 49408, eot: int = 49407, depth: int = 12) -> TransformerTextSpec:
    """CLIP's: heads of 64, 77 tokens; width 512 beside B/32 and B/16 (63 M with the projection), 768 beside L/14, 640
    beside RN50x4; open_clip's H/14 has 1024 and 24 blocks.
    """
    reading = Causal(eot=eot)
    return TransformerTextSpec(
        vocab=vocab,
        length=77,
        dim=dim,
        depth=depth,
        heads=dim // 64,
        reading=reading,
        norm=Norm(eps=1e-5),
        act="quick_gelu",
    )


def siglip_image(spec: ViTSpec) -> ViTSpec:
    """SigLIP's change of a ViT: no class token, attention pooling, tanh GELU."""
    return replace(spec, pool=Map(), act="gelu_tanh")


def siglip_text(image: ViTSpec, vocab: int = 32000) -> TransformerTextSpec:
    """SigLIP's: the image tower's width, depth and heads, 64 tokens read whole, pooled at the last; SigLIP 2 has a
    vocabulary of 256,000, and So400m's text tower beside its giantopt.
    """
    return TransformerTextSpec(
        vocab=vocab,
        length=64,
        dim=image.dim,
        depth=image.depth,
        heads=image.heads,
        mlp=image.mlp,
        reading=Full(),
        norm=Norm(eps=1e-6),
        act="gelu_tanh",
    )


def siglip2_naflex(name: str, length: int = 256) -> NaFlexSpec:
    """SigLIP 2's NaFlex b and so400m, patches of 16."""
    return NaFlexSpec(patch=16, length=length, **asdict(_size(SIZES, name)))


def tips_image(name: str, size: int = 448) -> ViTSpec:
    """TIPS's s, b, l, so400m and g, patches of 14: DINOv2's with one register, which is its second class token."""
    gated = {"mlp": 4096, "act": "swiglu"} if name == "g" else {}
    settings = asdict(_size(TIPS, name)) | gated
    return ViTSpec(size=size, patch=14, **settings, pool=Cls(registers=1), layer_scale=1.0)


def tips_text(name: str) -> TipsTextSpec:
    """TIPS's text tower beside the image tower of that name: its width, 12 blocks (27 in so400m), 64 tokens of 32,000.

    34 M, 110 M, 184 M, 448 M and 389 M.
    """
    size = replace(_size(TIPS, name), depth=27 if name == "so400m" else 12)
    return TipsTextSpec(vocab=32000, length=64, **asdict(size))


def resnet_small(channels: int = 3) -> ResNetSpec:
    """The common small tower of methods that use the pooled vector; for 32-96 px."""
    return ResNetSpec(depths=(1, 2, 3, 1), width=32, stem=SmallStem(), channels=channels)  # ours, 1.9 M


def vit_small(size: int = 64, patch: int = 8, depth: int = 4) -> ViTSpec:
    """The common small tower of methods that use tokens: 192 wide, a stem whose kernels equal its strides."""
    stem = ConvStemSpec(kernels=(4, patch // 4), strides=(4, patch // 4), widths=(96, 192))  # ours
    return ViTSpec(size=size, patch=patch, dim=192, depth=depth, heads=3, stem=stem, pool=Cls())


def common_vit(size: int = 32) -> ViTSpec:
    """The common ViT of self-supervision, 1.8 M: 64 patches of any size of picture, so that methods compare."""
    return ViTSpec(size=size, patch=size // 8, dim=192, depth=4, heads=3, pool=Cls())  # ours


def _size(sizes: Mapping[str, Size], name: str) -> Size:
    if name not in sizes:
        raise ValueError(f"no published size {name!r}; known are {', '.join(sizes)}")
    return sizes[name]
