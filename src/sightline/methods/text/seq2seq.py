r"""The Transformer that translates (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762).

    L = mean_i -1/n_i sum_k sum_v q_ikv log p(v | target_i before k, source_i)
    q_ikv = (1 - e) [v = y_ik] + e / vocabulary                    label smoothing, e = 0.1

An encoder reads the caption, a decoder that looks at all of it writes the same in another language, token after token.
Departures: each text counts alike however long it is, where the released code takes the mean over all tokens of a
batch; texts are decoded greedily, where the paper has a beam of four; the rate is the recipe's times a factor
(`InverseRoot`), which is their schedule.
"""

from dataclasses import dataclass

from torch import nn

from sightline.losses.caption import caption_loss, up_to_end
from sightline.protocols import Batch, Kept, Losses
from sightline.towers.encoder_decoder import EncoderDecoder


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    smoothing: float = 0.1
    """share of a token's target that all of the vocabulary has alike"""

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing={self.smoothing}: expected a share of at least 0 and below 1")


class Seq2Seq(nn.Module):
    """The caption in, its translation out."""

    needs = frozenset({"tokens", "translation"})
    uses = frozenset[str]()

    def __init__(self, translator: EncoderDecoder, config: Config = Config()) -> None:
        super().__init__()
        self.config, self.translator = config, translator

    def forward(self, batch: Batch) -> Losses:
        target = batch["translation"]
        logits = self.translator(batch["tokens"], target)
        told = up_to_end(target, self.translator.end)
        return {"translation": caption_loss(logits, target, told, self.config.smoothing).mean()}

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing moves beside the weights."""

    def kept(self) -> Kept:
        """All of it: it translates."""
        return Kept(parts={"translator": self.translator}, capabilities=("translates",))
