"""Boxes as tokens of a text: four ids, one for each edge, so that a text decoder can read and write places.

A box is `<loc_top> <loc_left> <loc_bottom> <loc_right>` by default: edge v in [0, 1] of the picture's side has the
number floor(v * bins), the last where v is 1; a number stands for the middle of its bin. Pix2Seq (Chen et al. 2021,
https://arxiv.org/abs/2109.10852) writes boxes so, and LocCa (Wan et al. 2024, https://arxiv.org/abs/2403.19596) in
numbers of [0, 500). Each edge moves by half a bin at most, so a box of the sides w and h comes back with an IoU of at
least (1 - 1/(bins w)) (1 - 1/(bins h)), and where an edge falls into the bin of its opposite the whole bin is meant.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

TASKS = 3
"""ids in front of the first edge: those that begin a text which looks for a box, one which describes a box, and the one
that parts words and box"""
BOX = 5
"""tokens of a colon and a box"""


@dataclass(frozen=True, kw_only=True)
class BoxTokens:
    """Where the ids stand in a vocabulary. They follow one another: refer, describe, colon, then `bins` edges."""

    bins: int = 64
    first: int = 2
    """id of `refer`; those of the tokenizers made here (`text/tokenizer.py`)"""
    order: Literal["yxyx", "xyxy"] = "yxyx"
    """of the four edges: top, left, bottom, right; or left, top, right, bottom"""

    def __post_init__(self) -> None:
        if self.bins < 2 or self.first < 0:
            raise ValueError(
                f"boxes need at least 2 bins a side and ids of 0 or more, got {self.bins} and {self.first}"
            )

    @property
    def refer(self) -> int:
        """In front of "words : box", LocCa's "ARef"."""
        return self.first

    @property
    def describe(self) -> int:
        """In front of "box : words", LocCa's "GCap"."""
        return self.first + 1

    @property
    def colon(self) -> int:
        """Between words and box."""
        return self.first + 2

    @property
    def edge(self) -> int:
        """Of the number 0."""
        return self.first + TASKS

    def ids(self, boxes: Float[Tensor, "b 4"]) -> Int[Tensor, "b 4"]:
        """The ids of boxes x, y, width, height in shares of the picture's sides; what lies outside is cut off."""
        x, y, w, h = boxes.double().unbind(1)
        edges = torch.stack([y, x, y + h, x + w], 1)[:, self._places]
        return self.edge + (edges * self.bins).floor().clamp(0, self.bins - 1).long()

    def boxes(self, ids: Int[Tensor, "b 4"]) -> tuple[Float[Tensor, "b 4"], Bool[Tensor, " b"]]:
        """(boxes x, y, width, height in shares of the sides; whether they are ones).

        Four ids are no box where one is no edge, or an edge lies before its opposite; such a box is 0, 0, 0, 0.
        """
        number = (ids - self.edge)[:, self._places]
        low, high = number[:, :2], number[:, 2:]
        valid = ((number >= 0) & (number < self.bins)).all(1) & (low <= high).all(1)
        half = torch.where(low == high, 0.0, 0.5)
        y, x = ((low + half) / self.bins).unbind(1)
        h, w = ((high + 1 - half - low - half) / self.bins).unbind(1)
        return torch.stack([x, y, w, h], 1) * valid[:, None], valid

    def searched(self, words: Int[Tensor, "b n"], boxes: Float[Tensor, "b 4"], end: int) -> Int[Tensor, "b m"]:
        """Rows "words : box" of n + 5 ids, filled with the end token; `words` are rows of a tokenizer, which end."""
        told = (words == end).cumsum(1) == 0
        rows = words.new_full((len(words), words.shape[1] + BOX), end)
        rows[:, : words.shape[1]] = torch.where(told, words, end)
        places = self.colon_at(words, end)[:, None] + torch.arange(BOX, device=words.device)
        return rows.scatter(1, places, self._colon_and_box(boxes))

    def described(self, words: Int[Tensor, "b n"], boxes: Float[Tensor, "b 4"], end: int) -> Int[Tensor, "b m"]:
        """Rows "box : words" of n + 5 ids, filled with the end token."""
        told = (words == end).cumsum(1) == 0
        return torch.cat([self._colon_and_box(boxes).roll(-1, 1), torch.where(told, words, end)], 1)

    def colon_at(self, words: Int[Tensor, "b n"], end: int) -> Int[Tensor, " b"]:
        """Where the colon stands in the rows of `searched`; a row that was cut before its end has room for it still."""
        told = (words == end).cumsum(1) == 0
        return told.sum(1).clamp(max=words.shape[1] - 1)

    def _colon_and_box(self, boxes: Float[Tensor, "b 4"]) -> Int[Tensor, "b 5"]:
        edges = self.ids(boxes)
        return torch.cat([torch.full_like(edges[:, :1], self.colon), edges], 1)

    @property
    def _places(self) -> list[int]:
        """Exchanges each pair of y and x where x comes first; it is its own inverse."""
        return [0, 1, 2, 3] if self.order == "yxyx" else [1, 0, 3, 2]
