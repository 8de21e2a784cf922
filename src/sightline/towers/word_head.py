"""BERT's head: from what a tower makes of a token to the logits of the words it may be.

Devlin et al. 2018, https://arxiv.org/abs/1810.04805; the released code's layout:

    z = E norm(gelu(W x + c)) + bias        E: the tower's own table of word vectors
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.tag import tag


class WordHead(nn.Module):
    """`dim` is the width of a token, `words` that of a word's vector; `specials` are ids that are no words.

    `cover` is the vector that stands for [MASK], a word of no vocabulary here: nothing but this training ever reads it.
    """

    def __init__(self, vocab: int, dim: int, words: int, *, specials: tuple[int, ...]) -> None:
        super().__init__()
        self.vocab, self.specials = vocab, specials
        self.fc = nn.Linear(dim, words)
        self.norm = nn.LayerNorm(words, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(vocab))
        self.cover = tag(nn.Parameter(torch.empty(words)), "no_decay")
        nn.init.normal_(self.cover, std=0.02)

    def forward(self, x: Float[Tensor, "k d"], table: Float[Tensor, "v w"]) -> Float[Tensor, "k v"]:
        """The logits of each of k tokens; `table` has the vector of every word."""
        return F.linear(self.norm(F.gelu(self.fc(x))), table, self.bias)
