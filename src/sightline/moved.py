"""Where modules of earlier versions are now: their old import paths give the very same modules.

`from sightline.data.source import open_source`, written for 0.1.0, goes on working, and so does a run whose config.json
names a function by the path of that time.
"""

import importlib
import re
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# folder of then, folder of now: modules, or then:now where the name changed too
ROOMS = (
    ("data", "data.decode", "bands decode:picture foreign frame guard icon_file levels npy orientation pixels_only"),
    ("data", "data.decode", "profile raster record target tiff"),
    ("data", "data.decode.svg", "svg:rasterize svg_fonts:fonts svg_safe:safe"),
    ("data", "data.sources", "beside caption endings folder icons mixture outline passed remote rows separated sides"),
    ("data", "data.sources", "source subset table walk"),
    ("data", "data.sources.shards", "gunzip members pread shard tar_index tar_scan"),
    ("data", "data.prepare", "preprocess naflex naflex_rule tile"),
    ("data", "data.views", "views:kinds views_exemplar:exemplar views_instance:instance patch_pairs"),
    ("data", "data.feed", "loader plan store order caption_choice"),
    ("data", "data.show", "report sheet"),
    ("weights", "weights.run_folder", "run joint"),
    ("weights", "weights.published", "files hub keymap names open_clip_name published:checkpoint"),
    ("weights", "weights.peers", "adapter adapter_tower peer_files readback"),
    ("weights", "weights.convert", "convert:conversion source write"),
    ("weights", "weights.onnx", "onnx:export onnx_graph:graph onnx_naflex:naflex"),
    ("methods", "methods.parts", "gram masked numbered pairs targets teaching terms"),
    ("methods", "methods.pictures", "autoencoder byol dino dinov2 exemplar ibot instance_discrimination mae"),
    ("methods", "methods.pictures", "relative_position simclr"),
    ("methods", "methods.image_text", "clip clip_shared siglip"),
    ("recipes", "recipes.pictures", "autoencoder byol dino dinov2 exemplar ibot instance_discrimination mae"),
    ("recipes", "recipes.pictures", "relative_position simclr"),
    ("recipes", "recipes.image_text", "clip clip_shared siglip"),
    ("train", "train.recipe", "recipe override nearest init precision"),
    ("train", "train.optim", "optimizer schedule lars clipping gradcache"),
    ("train", "train.evaluate", "evaluate:evaluator score"),
    ("train", "probes.heldout", "neighbours prepared"),
    ("train", "train.watch", "collapse monitor"),
    ("search", "search.fill", "fill gone picture place samples spent:stopwatch stream"),
    ("search", "search.rank", "feedback fuse matrix near rank judge"),
    ("runtime", "runtime", "meant:suggestion"),
    ("nn", "nn.conv", "convnet conv_decoder:decoder film kernel pool2d resnet sync_norm"),
    ("nn", "nn.state", "bank centering ema lock teacher"),
)
MOVED = {
    f"sightline.{before}.{old}": f"sightline.{after}.{new or old}"
    for before, after, names in ROOMS
    for old, _, new in (name.partition(":") for name in names.split())
}
_NAMES = re.compile("|".join(re.escape(name) for name in sorted(MOVED, key=len, reverse=True)) + r"(?=\.)")


def today(name: str) -> str:
    """A dotted name of version 0.1.0 as it is now; any other text as it is."""
    found = _NAMES.match(name)
    return name if found is None else MOVED[found[0]] + name[found.end() :]


def public(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a folder that took the name of a module: finds the public names of `module`."""

    def find(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(importlib.import_module(module), name)

    return find


class Moved(MetaPathFinder, Loader):
    """Asked last, for modules that are not where they are looked for."""

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> Any:
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(MOVED[spec.name])
        self._own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._own  # the import system has put that of the old name there
