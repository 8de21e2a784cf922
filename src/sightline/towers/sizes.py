"""Published sizes as functions: the papers' towers, and the small ones that this package's methods share.

ViT: Dosovitskiy et al. 2020, table 1, and Touvron et al. 2021 for Ti and S. CLIP: Radford et al. 2021, table 20.
SigLIP: Zhai et al. 2023. Parameters in M are without a classification head.
"""

from dataclasses import replace

from sightline.towers.spec import (
    Causal,
    Cls,
    ConvStemSpec,
    Full,
    Map,
    Norm,
    ResNetSpec,
    SmallStem,
    StandardStem,
    TransformerTextSpec,
    ViTSpec,
)


def vit_ti16(size: int = 224) -> ViTSpec:
    """5.5 M."""
    return ViTSpec(size=size, patch=16, dim=192, depth=12, heads=3)


def vit_s16(size: int = 224) -> ViTSpec:
    """21.7 M."""
    return ViTSpec(size=size, patch=16, dim=384, depth=12, heads=6)


def vit_b32(size: int = 224) -> ViTSpec:
    """87.5 M."""
    return ViTSpec(size=size, patch=32, dim=768, depth=12, heads=12)


def vit_b16(size: int = 224) -> ViTSpec:
    """85.8 M."""
    return ViTSpec(size=size, patch=16, dim=768, depth=12, heads=12)


def vit_l14(size: int = 224) -> ViTSpec:
    """303 M."""
    return ViTSpec(size=size, patch=14, dim=1024, depth=24, heads=16)


def resnet18() -> ResNetSpec:
    """11.2 M."""
    return ResNetSpec(depths=(2, 2, 2, 2), width=64, stem=StandardStem())


def resnet50() -> ResNetSpec:
    """23.5 M."""
    return ResNetSpec(depths=(3, 4, 6, 3), width=64, block="bottleneck", stem=StandardStem())


def clip_image(spec: ViTSpec) -> ViTSpec:
    """CLIP's change of a ViT: a norm before the first block, epsilon 1e-5, QuickGELU.

    Departure: our stem has a bias, which a load from published weights leaves at zero.
    """
    return replace(spec, entry=Norm(eps=1e-5), norm=Norm(eps=1e-5), act="quick_gelu")


def clip_text(dim: int = 512, vocab: int = 49408, eot: int = 49407) -> TransformerTextSpec:
    """CLIP's: 12 blocks, heads of 64, 77 tokens; width 512 beside B/32 and B/16 (63 M with the projection), 768 beside
    L/14.
    """
    reading = Causal(eot=eot)
    return TransformerTextSpec(
        vocab=vocab,
        length=77,
        dim=dim,
        depth=12,
        heads=dim // 64,
        reading=reading,
        norm=Norm(eps=1e-5),
        act="quick_gelu",
    )


def siglip_image(spec: ViTSpec) -> ViTSpec:
    """SigLIP's change of a ViT: no class token, attention pooling, tanh GELU."""
    return replace(spec, pool=Map(), act="gelu_tanh")


def siglip_text(image: ViTSpec, vocab: int = 32000) -> TransformerTextSpec:
    """SigLIP's: the image tower's width, depth and heads, 64 tokens read whole, pooled at the last."""
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


def resnet_small(channels: int = 3) -> ResNetSpec:
    """The common small tower of methods that use the pooled vector; for 32-96 px."""
    return ResNetSpec(depths=(1, 2, 3, 1), width=32, stem=SmallStem(), channels=channels)  # ours, 1.9 M


def vit_small(size: int = 64, patch: int = 8, depth: int = 4) -> ViTSpec:
    """The common small tower of methods that use tokens: 192 wide, a stem whose kernels equal its strides."""
    stem = ConvStemSpec(kernels=(4, patch // 4), strides=(4, patch // 4), widths=(96, 192))  # ours
    return ViTSpec(size=size, patch=patch, dim=192, depth=depth, heads=3, stem=stem, pool=Cls())
