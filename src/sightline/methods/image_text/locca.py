r"""LocCa: a captioner that also tells where things are (Wan et al. 2024, https://arxiv.org/abs/2403.19596).

    L = mean_i [ L(caption_i) + L(words_i : box_i) + L(box'_i : words'_i) ]

Three texts of every picture, written by one decoder that looks at the same tokens: its caption, half of them predicted
all at once (CapPa); the words of a region and then its box (ARef); the box of another and then its words (GCap). All of
each text is learnt, so that the first part, too, has to come from the picture: what is there to be pointed at. Boxes
are four tokens, one an edge (nn/box_tokens.py). The image tower is asked once.
Departures: the prefixes "Cap:", "ARef:", "GCap:" are the one token in front of the text (the end token for a caption),
and the colon is a token of its own; edges are special tokens of 64 places in the small recipes, where the paper spells
numbers up to 500; regions are named by the source, where the paper's come from OWL-ViT on n-grams of the caption
(a source `regions(SRC, ENCODER)` has such); words that several boxes of a picture share are described and never
searched for; a picture without regions counts with its caption alone. Otherwise as `cappa`.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from sightline.methods.parts.captioning import captioned, must_be_share
from sightline.methods.parts.regions import located
from sightline.protocols import Batch, Features, Kept, Losses

NEEDS = frozenset({"image", "tokens", "boxes", "regions", "region_ids"})


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    parallel: float = 0.5
    """share of the captions predicted all at once; places never are"""

    def __post_init__(self) -> None:
        must_be_share(self.parallel)


def told(decoder: nn.Module, picture: Features, batch: Batch, config: Config) -> Losses:
    """{"caption", "refer", "describe"}: LocCa's three terms of pictures seen once, with equal weights."""
    refer, describe = located(decoder, picture, batch)
    caption = captioned(decoder, picture, batch["tokens"], config.parallel)
    return {"caption": caption.mean(), "refer": refer.mean(), "describe": describe.mean()}


class LocCa(nn.Module):
    """An image tower and the decoder that reads its tokens, a `nn.text_decoder.CaptionDecoder` with boxes."""

    needs = NEEDS
    uses = frozenset[str]()

    def __init__(self, image: nn.Module, decoder: Any, config: Config = Config()) -> None:
        super().__init__()
        self.config = config
        self.image, self.decoder = image, with_boxes(decoder)
        self.watched: dict[str, Tensor] = {}

    def forward(self, batch: Batch) -> Losses:
        picture = self.image(batch["image"])
        self.watched = {"image": picture.pooled.detach()}
        return told(self.decoder, picture, batch, self.config)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing moves beside the weights."""

    def kept(self) -> Kept:
        """Both: the tower embeds, with the decoder it captions and locates."""
        parts = {"image": self.image, "decoder": self.decoder}
        return Kept(parts=parts, capabilities=("embeds", "captions", "locates"))


def with_boxes(decoder: Any) -> Any:
    """The decoder; ValueError for one that knows no boxes."""
    if getattr(decoder, "boxes", None) is None:
        raise ValueError(
            "places are written as tokens, and this decoder has none: give it boxes=BoxTokens(bins=64), and the run a "
            "tokenizer BoxBPE(bins=64); without places, train cappa"
        )
    return decoder
