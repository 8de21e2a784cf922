r"""BERT's masked language model (Devlin et al. 2018, https://arxiv.org/abs/1810.04805, section 3.1, task 1).

    L = -1/|M| sum_{k in M} log p(y_k | the text with M hidden)

Of the words of a text 15 % are chosen at random (M). Of these 80 % are covered by [MASK], 10 % are another word drawn
from the vocabulary, 10 % stay as they are; the tower, which sees both sides of every word, guesses what stood there.
The tower is kept: it embeds texts by its pooling, and is a start for the text tower of `clip` (`--init text=RUN`).
Departures: there is no second task (next sentence) and no segments, as in RoBERTa (Liu et al. 2019,
https://arxiv.org/abs/1907.11692), and what is hidden is drawn anew every time a text is read, as there; [MASK] is a
vector of the head, not a word of the vocabulary, so it is never an answer; no random word is the end or padding; the
tower has no dropout.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sightline import dist
from sightline.losses.words import masked_words
from sightline.nn.noise import rank_rows
from sightline.protocols import Batch, Kept, Losses
from sightline.towers.text import Causal
from sightline.towers.word_head import WordHead


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    chosen: float = 0.15
    """share of the words that are guessed"""
    covered: float = 0.8
    """share of those that [MASK] stands for"""
    random: float = 0.1
    """share of those that another word stands for; the rest stay"""

    def __post_init__(self) -> None:
        if not 0 < self.chosen <= 1:
            raise ValueError(f"chosen={self.chosen}: the share of words that are guessed is above 0 and at most 1")
        if min(self.covered, self.random) < 0 or self.covered + self.random > 1:
            raise ValueError(
                f"covered={self.covered} and random={self.random} are shares of the chosen words: expected 0 or more "
                "of each, at most 1 together"
            )


class MLM(nn.Module):
    """A text tower that sees both sides of a word, and BERT's head. ValueError for a tower that does not."""

    needs = frozenset({"tokens"})
    uses = frozenset[str]()
    needs_whole_batch = "its loss is a mean over all words chosen in it, of which its parts have different numbers"

    def __init__(self, text: nn.Module, head: WordHead, config: Config = Config()) -> None:
        super().__init__()
        if isinstance(getattr(text, "reading", None), Causal) or not hasattr(text, "tokens"):
            raise ValueError(
                f"a covered word is told by the words on both of its sides, and {type(text).__name__} does not show "
                "them: take a BertTextSpec, or a TransformerTextSpec with reading=Full()"
            )
        self.config = config
        self.text: Any = text
        self.head = head

    def forward(self, batch: Batch) -> Losses:
        ids = batch["tokens"]
        draws = rank_rows(torch.rand, (*ids.shape, 3), ids.device)  # of all columns, whichever are computed here
        ids = self.text.crop(ids)
        seen, covered, chosen = hide(ids, draws[:, : ids.shape[1]], self.config, self.head.vocab, self.head.specials)
        table = self.text.embed.weight
        words = torch.where(covered[..., None], self.head.cover, F.embedding(seen, table))
        logits = self.head(self.text.tokens(ids, words)[chosen], table)
        return {"words": masked_words(logits, ids[chosen], dist.mean)}

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing moves beside the weights."""

    def kept(self) -> Kept:
        """The tower; the head is dropped."""
        return Kept(parts={"text": self.text}, capabilities=("reads_text",))


def hide(
    ids: Int[Tensor, "b n"], draws: Float[Tensor, "b n 3"], config: Config, vocab: int, specials: tuple[int, ...]
) -> tuple[Int[Tensor, "b n"], Bool[Tensor, "b n"], Bool[Tensor, "b n"]]:
    """(ids with random words in their places, which of them [MASK] covers, which are guessed).

    `draws` are uniform in [0, 1): whether a word is chosen, what happens to it, which word stands there instead.
    """
    special = torch.zeros_like(ids, dtype=torch.bool)
    for one in set(specials):
        special |= ids == one
    chosen = (draws[..., 0] < config.chosen) & ~special
    covered = chosen & (draws[..., 1] < config.covered)
    exchanged = chosen & ~covered & (draws[..., 1] < config.covered + config.random)
    other = (draws[..., 2].double() * (vocab - len(set(specials)))).long()
    for one in sorted(set(specials)):
        other += other >= one
    return torch.where(exchanged, other, ids), covered, chosen
