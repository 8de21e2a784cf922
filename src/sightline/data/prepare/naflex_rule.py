"""NaFlex's evaluation view as a rule that a file keeps: `Preprocess` for pictures that stay at their aspect ratio."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from sightline.data.prepare.naflex import CutPicture, cut
from sightline.data.prepare.preprocess import Preprocess, opened

KIND = "naflex"


@dataclass(frozen=True)
class NaFlexRule:
    """Resize, composite, normalise, cut into at most `length` patches: see `data.naflex.cut`."""

    patch: int = 16
    length: int = 256
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    background: tuple[int, int, int] = (255, 255, 255)

    channels = 3

    def __post_init__(self) -> None:
        if self.patch < 1 or self.length < 1:
            raise ValueError(f"patch is {self.patch} and length {self.length}; expected at least 1 pixel and 1 patch")

    @property
    def side(self) -> int:
        """Pixels of a side of a square picture."""
        return self.patch * round(self.length**0.5)

    def __call__(self, picture: Any) -> CutPicture:
        """Raises BadSample."""
        # an SVG has no size of its own that matters: drawn so that its square would fill the patches
        return cut(
            opened(picture, self.side),
            patch=self.patch,
            length=self.length,
            mean=self.mean,
            std=self.std,
            background=self.background,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the `kind` that tells it from a `Preprocess`."""
        return {"kind": KIND} | {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


Rule = Preprocess | NaFlexRule


def rule_from_json(values: dict[str, Any]) -> Rule:
    """What `to_json` of either wrote. ValueError for an unknown kind or field."""
    if "kind" not in values:
        return Preprocess.from_json(values)
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k != "kind"}
    known = {field.name for field in fields(NaFlexRule)}
    if values["kind"] != KIND or given.keys() - known:
        raise ValueError(f"preprocess of kind {values['kind']!r} with {', '.join(given)} is not known")
    return NaFlexRule(**given)
