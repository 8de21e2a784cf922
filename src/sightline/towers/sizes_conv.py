"""Published sizes of convolutional towers as functions, and the small ones of this package.

ResNet: He et al. 2015, table 1. CLIP's: Radford et al. 2021, table 20. AlexNet: Krizhevsky et al. 2012, figure 2.
VGG: Simonyan & Zisserman 2014, table 1.
Parameters in M are without a classification head.
"""

from sightline.towers.spec import (
    AlexNetOneTowerSpec,
    AlexNetSpec,
    ConvNetSpec,
    ModifiedResNetSpec,
    ResNetSpec,
    SmallStem,
    StandardStem,
    VGGSpec,
)


def alexnet() -> AlexNetSpec:
    """56.9 M, 61.0 with its 1000 classes."""
    return AlexNetSpec()


def alexnet_one_tower() -> AlexNetOneTowerSpec:
    """57.0 M, 61.1 with its 1000 classes; torchvision's `alexnet`."""
    return AlexNetOneTowerSpec()


def alexnet_small(channels: int = 3) -> AlexNetOneTowerSpec:
    """For 32 px, 0.4 M: a step of 1 and small kernels leave 3 x 3 places, read by layers of 256."""
    return AlexNetOneTowerSpec(
        widths=(32, 64, 96, 64, 64), kernels=(5, 3, 3, 3, 3), stride=1, grid=3, dim=256, channels=channels
    )


def vgg11() -> VGGSpec:
    """128.8 M, 132.9 with its 1000 classes; configuration A."""
    return VGGSpec(depths=(1, 1, 2, 2, 2))


def vgg16() -> VGGSpec:
    """134.3 M, 138.4 with its 1000 classes; configuration D."""
    return VGGSpec(depths=(2, 2, 3, 3, 3))


def vgg19() -> VGGSpec:
    """139.6 M, 143.7 with its 1000 classes; configuration E."""
    return VGGSpec(depths=(2, 2, 4, 4, 4))


def vgg_small(channels: int = 3) -> VGGSpec:
    """For 32 px, 0.4 M: three stages with BatchNorm leave 4 x 4 places, read by layers of 256."""
    widths, depths = (32, 64, 64), (1, 1, 2)  # ours
    return VGGSpec(depths=depths, widths=widths, norm="batch", grid=4, dim=256, dropout=0.0, channels=channels)


def conv4(size: int = 28) -> ConvNetSpec:
    """0.1 M, 64 wide at 28 px: few-shot learning's network. Grey pictures come in three equal channels, of which the
    first kernel makes what it would of one."""
    return ConvNetSpec(size=size)


def common_resnet() -> ResNetSpec:
    """The common ResNet of self-supervision, 0.7 M, 128 wide: half an 18 without its last stage, for 32 px.

    Width and stem are chosen for what is learnt in a quarter of an hour on a laptop: after as many minutes BYOL's kNN
    is 3 points higher than with a width of 64, which takes two and a half times as long a picture.
    """
    return ResNetSpec(depths=(2, 2, 2), width=32, stem=SmallStem(stride=2))  # ours


def resnet18() -> ResNetSpec:
    """11.2 M."""
    return ResNetSpec(depths=(2, 2, 2, 2), width=64, stem=StandardStem())


def resnet34() -> ResNetSpec:
    """21.3 M."""
    return ResNetSpec(depths=(3, 4, 6, 3), width=64, stem=StandardStem())


def resnet50() -> ResNetSpec:
    """23.5 M."""
    return ResNetSpec(depths=(3, 4, 6, 3), width=64, block="bottleneck", stem=StandardStem())


def resnet101() -> ResNetSpec:
    """42.5 M."""
    return ResNetSpec(depths=(3, 4, 23, 3), width=64, block="bottleneck", stem=StandardStem())


def resnet152() -> ResNetSpec:
    """58.1 M."""
    return ResNetSpec(depths=(3, 8, 36, 3), width=64, block="bottleneck", stem=StandardStem())


def clip_rn50() -> ModifiedResNetSpec:
    """38.3 M."""
    return _clip((3, 4, 6, 3), 64, 1024, 224)


def clip_rn101() -> ModifiedResNetSpec:
    """56.3 M."""
    return _clip((3, 4, 23, 3), 64, 512, 224)


def clip_rn50x4() -> ModifiedResNetSpec:
    """87.1 M."""
    return _clip((4, 6, 10, 6), 80, 640, 288)


def clip_rn50x16() -> ModifiedResNetSpec:
    """167.3 M."""
    return _clip((6, 8, 18, 8), 96, 768, 384)


def clip_rn50x64() -> ModifiedResNetSpec:
    """420.4 M."""
    return _clip((3, 15, 36, 10), 128, 1024, 448)


def _clip(depths: tuple[int, ...], width: int, out: int, size: int) -> ModifiedResNetSpec:
    return ModifiedResNetSpec(depths=depths, width=width, heads=width // 2, out=out, size=size)
