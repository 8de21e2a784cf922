"""What a published family says about itself: which files are its own, the towers they mean, and the key map."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from sightline.data.prepare.naflex_rule import Rule as PictureRule
from sightline.text.published import PublishedTokenizer
from sightline.towers.spec import ImageSpec, TextSpec
from sightline.weights.published.keymap import Rule

Head = Literal["none", "linear", "linear_bias"]
"""The projection from a tower to the joint space"""
Config = Mapping[str, Any]
"""The config file of the folder, {} where there is none"""
Shapes = Mapping[str, tuple[int, ...]]
"""The tensors of the weights file, by name"""


@dataclass(frozen=True, kw_only=True)
class Towers:
    """The model that a folder describes; None for a tower that it does not have."""

    image: ImageSpec | None
    text: TextSpec | None
    dim: int
    """of the joint space: of the tower itself where nothing projects"""
    project_image: Head = "none"
    project_text: Head = "none"
    scalars: tuple[Literal["log_scale", "bias"], ...] = ()
    notes: tuple[str, ...] = ()
    """what was taken for granted, because the folder does not say it"""

    def specs(self) -> dict[str, ImageSpec | TextSpec]:
        """Those that there are, by the names of the parts."""
        return {name: spec for name, spec in (("image", self.image), ("text", self.text)) if spec is not None}


@runtime_checkable
class Family(Protocol):
    """A module of `sightline.weights.published.family`."""

    @property
    def NAME(self) -> str: ...
    def matches(self, config: Config, shapes: Shapes) -> bool:
        """Whether these files are of this family."""
        ...

    def spec(self, config: Config, shapes: Shapes) -> Towers:
        """The towers, sizes read from the config (from the tensors where there is none). ValueError names what the
        config asks for and our towers cannot do."""
        ...

    def rules(self, towers: Towers, shapes: Shapes) -> list[Rule]:
        """The key map, for the layout that `shapes` show; {} means the layout that is written today."""
        ...

    def preprocess(self, towers: Towers, folder: Path, config: Config) -> PictureRule | None:
        """How pictures are prepared: the folder's own file, else the family's rule."""
        ...

    def tokenizer(self, towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
        """How texts are, None where there is no text tower or the folder holds no tokenizer."""
        ...
