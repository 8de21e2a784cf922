"""torchvision's FCN head on a tower's last map: a class for every pixel."""

from collections import OrderedDict
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.segmentation.fcn import FCNHead

from sightline.nn.noise import Dropout


class Segmenter(nn.Module):
    """The last map -> 3x3 convolution to a quarter of the width, BatchNorm, ReLU, dropout, 1x1 convolution -> logits,
    enlarged bilinearly to the picture (Long et al. 2015, https://arxiv.org/abs/1411.4038)."""

    def __init__(
        self,
        width: int,
        *,
        blocks: Sequence[int],
        names: Sequence[str],
        ignore: Sequence[int],
        instances: bool,
        field: str,
    ) -> None:
        """`blocks` of the tower are read, of which there is one; class i is called names[i]. Numbers of a mask in
        `ignore` are no class. With `instances` number k of a mask is box k, whose class `field` says, and class 0 is
        the background."""
        super().__init__()
        self.head = FCNHead(width, len(names))
        # the same rate, drawn for every picture by itself
        self.head[3] = Dropout(self.head[3].p)  # pyright: ignore[reportArgumentType]
        self.blocks, self.names, self.ignore = tuple(blocks), tuple(names), tuple(ignore)
        self.instances, self.field = instances, field

    def forward(self, maps: OrderedDict[str, Tensor], size: tuple[int, int]) -> Float[Tensor, "b k y x"]:
        """Logits of every pixel of pictures `size` high and wide."""
        (last,) = maps.values()
        return F.interpolate(self.head(last), size, mode="bilinear", align_corners=False)
