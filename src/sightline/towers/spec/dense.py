"""Specs of heads that stand on a tower's maps: detectors and segmenters, by torchvision.

`upon` makes them fit a tower and the classes of a source: which blocks are read, how wide and fine their maps are. It
is called once for a run, so a recipe leaves these fields empty and any tower will do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

if TYPE_CHECKING:
    from sightline.towers.dense.detector import Detector
    from sightline.towers.dense.segmenter import Segmenter

FILL = "it is filled in by the run, or by `upon(tower spec, names)`"


@dataclass(frozen=True, kw_only=True)
class DetectorSpec:
    """Faster R-CNN (torchvision's) of maps `out` wide. The numbers are torchvision's, but for those said to be ours."""

    names: tuple[str, ...] = ()
    """classes in order; filled in from the data"""
    field: str = ""
    """of the source's objects that says a box's class; "" is the first of data/feed/things.py: FIELDS"""
    blocks: tuple[int, ...] = ()
    """whose maps are read; filled in from the tower: the last of every size of map"""
    widths: tuple[int, ...] = ()
    """of those maps"""
    strides: tuple[int, ...] = ()
    """of those maps"""
    finest: int = 4
    """the smallest stride of a map that is looked at, in pixels"""
    anchor: float = 8.0
    """side of a level's anchors, as a multiple of its stride"""
    out: int = 256
    hidden: int = 1024
    """of the two layers that tell what a region shows"""
    proposals: int = 1000
    """of each picture, at most"""
    anchors_learnt: int = 256
    """anchors of a picture that a step learns from"""
    regions_learnt: int = 512
    """proposals of a picture that a step learns from"""

    reads: ClassVar[str] = "boxes"

    def upon(self, image: Any, names: Sequence[str]) -> "DetectorSpec":
        """For the tower of spec `image` and classes called `names`."""
        from sightline.towers.dense.feature_map import last_of_each

        chosen = last_of_each(_levels(image), self.finest)
        blocks, widths, strides = ([getattr(x, name) for x in chosen] for name in ("block", "width", "stride"))
        return replace(self, names=tuple(names), blocks=tuple(blocks), widths=tuple(widths), strides=tuple(strides))

    def build(self) -> "Detector":
        """ValueError where the tower or the classes were not filled in."""
        return _built(self, {})


@dataclass(frozen=True, kw_only=True)
class MaskDetectorSpec(DetectorSpec):
    """Mask R-CNN (torchvision's): the same, and `layers` convolutions that outline what is in a box."""

    layers: tuple[int, ...] = (256, 256, 256, 256)

    reads: ClassVar[str] = "instances"

    def build(self) -> "Detector":
        """As of `DetectorSpec`."""
        from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
        from torchvision.ops import MultiScaleRoIAlign

        inner = self.layers[-1]
        outlining = {
            "mask_roi_pool": MultiScaleRoIAlign(_levels_named(self), output_size=14, sampling_ratio=2),
            "mask_head": MaskRCNNHeads(self.out, self.layers, 1),
            "mask_predictor": MaskRCNNPredictor(inner, inner, len(self.names) + 1),
        }
        return _built(self, outlining)


@dataclass(frozen=True, kw_only=True)
class SegmenterSpec:
    """torchvision's FCN head. Fields that `DetectorSpec` has too mean the same; the coarsest of the tower's maps that
    are at most `coarsest` pixels a place is read."""

    names: tuple[str, ...] = ()
    field: str = ""
    blocks: tuple[int, ...] = ()
    width: int = 0
    coarsest: int = 16
    ignore: tuple[int, ...] = (255,)
    """numbers of a mask that are no class"""
    instances: bool | None = None
    """whether the numbers of a mask are those of the boxes, whose classes are then learnt, with 0 the background;
    None: where the source says the class of its boxes"""

    reads: ClassVar[str] = "mask"

    def upon(self, image: Any, names: Sequence[str]) -> "SegmenterSpec":
        """For the tower of spec `image` and classes called `names`."""
        from sightline.towers.dense.feature_map import last_of_each

        levels = last_of_each(_levels(image))
        chosen = [level for level in levels if level.stride <= self.coarsest] or levels[:1]
        return replace(self, names=tuple(names), blocks=(chosen[-1].block,), width=chosen[-1].width)

    def build(self) -> "Segmenter":
        """As of `DetectorSpec`."""
        from sightline.towers.dense.segmenter import Segmenter

        _check(self)
        return Segmenter(
            self.width,
            blocks=self.blocks,
            names=self.names,
            ignore=self.ignore,
            instances=bool(self.instances),
            field=self.field,
        )


SYSTEM: dict[str, type] = {
    "detector": DetectorSpec,
    "mask_detector": MaskDetectorSpec,
    "segmenter": SegmenterSpec,
}
"""The names written in files: a class may be renamed, its family not."""


def _levels(image: Any) -> Any:
    """The maps of a tower of that spec; it is built for this, and leaves the caller's generator where it was."""
    from sightline.towers.dense.feature_map import levels_of, tower_of

    with torch.random.fork_rng(devices=[]):
        tower = tower_of(image.build())
    return levels_of(tower, getattr(image, "size", 0), image.channels)


def _check(spec: DetectorSpec | SegmenterSpec) -> None:
    if not spec.names or not spec.blocks:
        what = "names" if not spec.names else "blocks"
        raise ValueError(f"{type(spec).__name__} has no {what}: {FILL}")


def _scales(spec: DetectorSpec) -> tuple[float, ...]:
    """Of a plain tower: the sizes of its one map that are not finer than asked."""
    (stride,) = spec.strides
    return tuple(scale for scale in (4, 2, 1, 0.5) if stride / scale >= spec.finest or scale <= 1)


def _strides(spec: DetectorSpec) -> list[float]:
    """Of the pyramid's levels, one more than the tower's maps where there are several."""
    if len(spec.strides) == 1:
        return [spec.strides[0] / scale for scale in _scales(spec)]
    return [*spec.strides, 2 * spec.strides[-1]]


def _levels_named(spec: DetectorSpec) -> list[str]:
    """The levels from which regions are cut: all but the one that is there for the largest anchors alone."""
    count = len(_scales(spec)) if len(spec.strides) == 1 else len(spec.strides)
    return [str(number) for number in range(count)]


def _neck(spec: DetectorSpec) -> nn.Module:
    from torchvision.ops import FeaturePyramidNetwork
    from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

    from sightline.towers.dense.pyramid import SimplePyramid

    if len(spec.strides) == 1:
        return SimplePyramid(spec.widths[0], spec.out, _scales(spec))
    return FeaturePyramidNetwork(list(spec.widths), spec.out, LastLevelMaxPool())


class _Bare(nn.Module):
    """In the place of the backbone, which torchvision asks for its width alone."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self.out_channels = out


def _built(spec: DetectorSpec, outlining: dict[str, Any]) -> "Detector":
    from torchvision.models.detection import FasterRCNN
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
    from torchvision.models.detection.rpn import AnchorGenerator
    from torchvision.ops import MultiScaleRoIAlign

    from sightline.towers.dense.detector import Detector

    _check(spec)
    sides = tuple((round(spec.anchor * stride, 3),) for stride in _strides(spec))
    made = FasterRCNN(
        _Bare(spec.out),
        rpn_anchor_generator=AnchorGenerator(sides, ((0.5, 1.0, 2.0),) * len(sides)),
        rpn_pre_nms_top_n_train=2 * spec.proposals,
        rpn_post_nms_top_n_train=2 * spec.proposals,
        rpn_pre_nms_top_n_test=spec.proposals,
        rpn_post_nms_top_n_test=spec.proposals,
        rpn_batch_size_per_image=spec.anchors_learnt,
        box_roi_pool=MultiScaleRoIAlign(_levels_named(spec), output_size=7, sampling_ratio=2),
        box_head=TwoMLPHead(spec.out * 7**2, spec.hidden),
        box_predictor=FastRCNNPredictor(spec.hidden, len(spec.names) + 1),
        box_batch_size_per_image=spec.regions_learnt,
    )
    for name, part in outlining.items():
        setattr(made.roi_heads, name, part)
    neck = _neck(spec)
    proposing: Any = made.rpn
    judging: Any = made.roi_heads
    return Detector(neck, proposing, judging, blocks=spec.blocks, names=spec.names, field=spec.field)
