"""torchvision's ResNet-18 to -152, AlexNet and VGG-11 to -19: a bare state dict, whose sizes are read from its tensors.

timm's plain ResNets have the same names and the same function. The class head (`fc`, `classifier.6`) is left out: an
encoder ends at what it reads. Converting writes zeros for it, so that torchvision loads the file.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.published import PublishedTokenizer
from sightline.towers.spec import AlexNetOneTowerSpec, ResNetSpec, StandardStem, VGGSpec
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.keymap import Blank, Rename, Rule
from sightline.weights.published.layouts.pictures import IMAGENET_MEAN, IMAGENET_STD
from sightline.weights.published.layouts.vit_pictures import timm_rule

NAME = "torchvision"
TIMM = frozenset({"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"})
"""timm's names of the same networks"""
IDLE = frozenset("img_size in_chans num_classes global_pool drop_rate drop_path_rate pretrained zero_init_last".split())
"""timm's `model_args` that change nothing, that the tensors show, or that are looked at here"""
CLASSES = 1000
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
CONVOLUTIONS = {"features.0": "conv1", "features.3": "conv2", "features.6": "conv3"} | {
    "features.8": "conv4",
    "features.10": "conv5",
}
FULL = {"classifier.1": "fc6", "classifier.4": "fc7"}
FULL_VGG = {"classifier.0": "fc6", "classifier.3": "fc7"}


def matches(config: Config, shapes: Shapes) -> bool:
    """By the names of the tensors: there is no config, or timm's, which says that it is one of these."""
    if config and not _plain(config):
        return False
    return {"conv1.weight", "layer1.0.conv2.weight"} <= shapes.keys() or _is_alexnet(shapes) or _is_vgg(shapes)


def spec(config: Config, shapes: Shapes) -> Towers:
    """The sizes, counted in the tensors. ValueError for a wide ResNet or ResNeXt, and where a layer that every one has
    is missing."""
    try:
        image = _alexnet(shapes) if _is_alexnet(shapes) else _vgg(shapes) if _is_vgg(shapes) else _resnet(shapes)
    except KeyError as error:
        raise ValueError(f"these weights lack {error}, which every such network of torchvision has") from None
    return Towers(image=image, text=None, dim=_dim(image))


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    """Names only; the same layout in every version of torchvision."""
    match towers.image:
        case AlexNetOneTowerSpec() as image:
            found = list(_alexnet_names())
            head = {"classifier.6.weight": (CLASSES, image.dim), "classifier.6.bias": (CLASSES,)}
        case VGGSpec() as image:
            found = list(_vgg_names(image))
            head = {"classifier.6.weight": (CLASSES, image.dim), "classifier.6.bias": (CLASSES,)}
        case ResNetSpec() as image:
            found = list(_resnet_names(image))
            head = {"fc.weight": (CLASSES, _dim(image)), "fc.bias": (CLASSES,)}
        case other:
            raise ValueError(
                f"torchvision's layout holds a ResNet, an AlexNet of one tower or a VGG, not {type(other).__name__}"
            )
    named: list[Rule] = [Rename(theirs, f"image.{ours}") for theirs, ours in found]
    # a file may have any number of classes, or have been stripped of them
    heads = [name for name in head if not shapes or name in shapes]
    return named + [Blank(name, shapes.get(name, head[name])) for name in heads]


def preprocess(towers: Towers, folder: Path, config: Config) -> Preprocess | None:
    """ImageNet's: the shorter side to 256 and the centre of 224, or what timm's config says.

    None for other bands than red, green, blue of which the config says nothing: nobody published the rule of those.
    """
    given = config.get("pretrained_cfg")
    given = given if isinstance(given, Mapping) else {}
    size = (given.get("input_size") or (3, 224, 224))[-1]
    if towers.image is None:
        return None
    if towers.image.channels != 3:
        return timm_rule(given, size, towers.image.channels) if given else None
    return Preprocess(
        size=size,
        mean=tuple(given.get("mean", IMAGENET_MEAN)),
        std=tuple(given.get("std", IMAGENET_STD)),
        resize="crop",
        interpolation=given.get("interpolation", "bilinear"),
        short=int(size / given.get("crop_pct", 224 / 256)),
    )


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    """None: they read no text."""
    return None


def _plain(config: Config) -> bool:
    """Whether timm's config says that it is one of these, read by its mean, with nothing changed."""
    args = config.get("model_args") or {}
    pools = {args.get("global_pool"), config.get("global_pool")}
    return config.get("architecture") in TIMM and not set(args) - IDLE and pools <= {None, "", "avg"}


def _is_alexnet(shapes: Shapes) -> bool:
    return {"features.0.weight", "features.10.weight", "classifier.4.weight"} <= shapes.keys()


def _alexnet(shapes: Shapes) -> AlexNetOneTowerSpec:
    kernels = [shapes[f"{name}.weight"] for name in CONVOLUTIONS]
    dim, inner = shapes["classifier.1.weight"]
    return AlexNetOneTowerSpec(
        widths=tuple(shape[0] for shape in kernels),
        kernels=tuple(shape[2] for shape in kernels),
        grid=round((inner / kernels[-1][0]) ** 0.5),
        dim=dim,
        channels=kernels[0][1],
    )


def _is_vgg(shapes: Shapes) -> bool:
    return {"features.0.weight", "classifier.0.weight", "classifier.3.weight"} <= shapes.keys()


def _vgg(shapes: Shapes) -> VGGSpec:
    """Its stages, by the numbers of the convolutions: a pooling leaves one out."""
    found = {int(name.split(".")[1]): shape for name, shape in shapes.items() if _is_kernel(name, shape)}
    norm = "batch" if "features.1.running_mean" in shapes else "none"
    step = 3 if norm == "batch" else 2  # convolution, ReLU, and perhaps a norm between
    ends = [one for one, other in pairwise(sorted(found)) if other - one > step] + [max(found)]
    depths = [sum(before < number <= end for number in found) for before, end in pairwise([-1, *ends])]
    dim, inner = shapes["classifier.0.weight"]
    widths = tuple(found[end][0] for end in ends)
    return VGGSpec(
        depths=tuple(depths),
        widths=widths,
        norm=norm,
        grid=round((inner / widths[-1]) ** 0.5),
        dim=dim,
        channels=found[0][1],
    )


def _is_kernel(name: str, shape: tuple[int, ...]) -> bool:
    return name.startswith("features.") and len(shape) == 4


def _resnet(shapes: Shapes) -> ResNetSpec:
    width, channels, *_ = shapes["conv1.weight"]
    blocks = {tuple(map(int, name[5:].split(".")[:2])) for name in shapes if name.startswith("layer")}
    if shapes["layer1.0.conv2.weight"][:2] != (width, width):
        raise ValueError(
            f"the 3x3 convolutions of its first stage are {shapes['layer1.0.conv2.weight'][:2]}, of a ResNet of width "
            f"{width} ({width}, {width}): a wide ResNet or a ResNeXt, which comes through the adapter, timm:NAME"
        )
    stages = max(stage for stage, _ in blocks)
    return ResNetSpec(
        depths=tuple(sum(stage == number for stage, _ in blocks) for number in range(1, stages + 1)),
        width=width,
        block="bottleneck" if "layer1.0.conv3.weight" in shapes else "basic",
        stem=StandardStem(),
        channels=channels,
    )


def _dim(image: ResNetSpec | AlexNetOneTowerSpec | VGGSpec) -> int:
    if not isinstance(image, ResNetSpec):
        return image.dim
    return image.width * 2 ** (len(image.depths) - 1) * (4 if image.block == "bottleneck" else 1)


def _alexnet_names() -> Iterator[tuple[str, str]]:
    for names, part in ((CONVOLUTIONS, "maps"), (FULL, "head")):
        for theirs, ours in names.items():
            for tensor in ("weight", "bias"):
                yield f"{theirs}.{tensor}", f"{part}.{ours}.{tensor}"


def _vgg_names(image: VGGSpec) -> Iterator[tuple[str, str]]:
    at, number = 0, 0
    for depth in image.depths:
        for _ in range(depth):
            number += 1
            yield from ((f"features.{at}.{tensor}", f"maps.conv{number}.{tensor}") for tensor in ("weight", "bias"))
            if image.norm == "batch":
                yield from ((f"features.{at + 1}.{tensor}", f"maps.norm{number}.{tensor}") for tensor in NORM)
            at += 3 if image.norm == "batch" else 2
        at += 1  # the pooling
    for theirs, ours in FULL_VGG.items():
        yield from ((f"{theirs}.{tensor}", f"head.{ours}.{tensor}") for tensor in ("weight", "bias"))


def _resnet_names(image: ResNetSpec) -> Iterator[tuple[str, str]]:
    expansion, convolutions = (4, 3) if image.block == "bottleneck" else (1, 2)
    yield "conv1.weight", "stem.0.weight"
    yield from ((f"bn1.{tensor}", f"stem.1.{tensor}") for tensor in NORM)
    inner = image.width
    for stage, depth in enumerate(image.depths):
        outer = image.width * 2**stage * expansion
        for block in range(depth):
            theirs, ours = f"layer{stage + 1}.{block}", f"stages.{stage}.{block}"
            for number in range(1, convolutions + 1):
                yield f"{theirs}.conv{number}.weight", f"{ours}.conv{number}.weight"
                yield from ((f"{theirs}.bn{number}.{tensor}", f"{ours}.bn{number}.{tensor}") for tensor in NORM)
            if inner != outer or (stage and not block):
                yield f"{theirs}.downsample.0.weight", f"{ours}.downsample.0.weight"
                yield from ((f"{theirs}.downsample.1.{tensor}", f"{ours}.downsample.1.{tensor}") for tensor in NORM)
            inner = outer
