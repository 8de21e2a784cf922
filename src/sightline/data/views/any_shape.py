"""Pictures that keep their shape, as a recipe's `data.views`, for towers that read patches of any of them (NaFlex)."""

from dataclasses import dataclass

from sightline.data.augment.patches import PatchView
from sightline.data.augment.pipeline import View


@dataclass(frozen=True)
class AnyShape:
    """The whole picture at its own aspect ratio, nothing else done to it: SigLIP 2's NaFlex (Tschannen et al. 2025).

    A batch is cut into at most L patches a picture, L one of `lengths`, equally often. The patch is that of the
    evaluation view, `data.preprocess=NaFlexRule(patch=...)`, which belongs beside it.
    """

    lengths: tuple[int, ...] = (128, 256, 576, 784, 1024)

    def __post_init__(self) -> None:
        if not self.lengths or min(self.lengths) < 1:
            raise ValueError(f"lengths is {self.lengths}; expected numbers of patches, such as (16, 36, 64, 100)")

    def __call__(self, size: int) -> list[View]:
        return [PatchView((), size, self.lengths)]
