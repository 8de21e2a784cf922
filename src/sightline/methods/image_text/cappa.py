r"""CapPa: a captioner as a teacher of vision (Tschannen et al. 2023, https://arxiv.org/abs/2306.07915).

    L = mean_i -1/n_i sum_k log p(y_ik | picture_i, seen_ik)

A decoder writes a picture's caption, looking at all tokens of the image tower; what it has to say of colour, number and
place must be in them. For a share `parallel` of the captions `seen` is nothing: all tokens are predicted at once from
mask tokens, so that the language alone helps nowhere. For the others it is the text so far (Cap).
Departures: which captions are parallel is drawn caption by caption, where the code takes a fixed share of every batch;
padding is not learnt, where the code's end token is repeated and learnt; the decoder has biases, starts at a standard
deviation of 0.02, and its logits are not zero at first.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from sightline.methods.parts.captioning import captioned, must_be_share
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    parallel: float = 0.75
    """share of the captions predicted all at once; 0 is the paper's Cap"""

    def __post_init__(self) -> None:
        must_be_share(self.parallel)


class CapPa(nn.Module):
    """An image tower and the decoder that reads its tokens."""

    needs = frozenset({"image", "tokens"})
    uses = frozenset[str]()

    def __init__(self, image: nn.Module, decoder: nn.Module, config: Config = Config()) -> None:
        super().__init__()
        self.config = config
        self.image, self.decoder = image, decoder
        self.watched: dict[str, Tensor] = {}

    def forward(self, batch: Batch) -> Losses:
        picture = self.image(batch["image"])
        self.watched = {"image": picture.pooled.detach()}
        return {"caption": captioned(self.decoder, picture, batch["tokens"], self.config.parallel).mean()}

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing moves beside the weights."""

    def kept(self) -> Kept:
        """Both: the tower embeds, with the decoder it captions."""
        return Kept(parts={"image": self.image, "decoder": self.decoder}, capabilities=("embeds", "captions"))
