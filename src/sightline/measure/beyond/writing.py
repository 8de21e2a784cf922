"""Letters in the picture: does a wrong word win over the thing that is there, and how small is still read?"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.measure.beyond.drawn import INKS, NAMES, SIDE, picture, thing, word
from sightline.measure.beyond.told import share
from sightline.measure.finding import Computed, Finding
from sightline.measure.graphics.cosine import cosines, units
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.subject import Subject
from sightline.probes.linear import LinearProbe

LETTERS = 14
"""height of the wrong word in pixels of 96"""
WORDS = ("SALE", "MENU", "HOME", "STOP", "PLAY", "NEXT", "BACK", "OPEN", "HELP", "NEWS", "BLOG", "SHOP")
HEIGHTS = (4, 6, 8, 11, 15, 20)
AWAY = 3
"""pixels to the right and down from one place of a word to the next"""
RIDGE = 1e-2
READ = 0.5
"""share of words that are read from which a height counts as read"""


@dataclass(frozen=True, eq=False)
class WrongWord:
    """Things alone, then with the name of another thing written under them (Goh et al. 2021, typographic attacks)."""

    count: int

    @cached_property
    def truth(self) -> np.ndarray:
        """(n, 2): which thing is there, and which is written."""
        index = np.arange(self.count)
        kind = index % len(NAMES)
        return np.stack([kind, (kind + 1 + index // len(NAMES) % (len(NAMES) - 1)) % len(NAMES)], 1)

    @cached_property
    def pictures(self) -> Pictures:
        plain, attacked = [], []
        for k, (kind, written) in enumerate(self.truth):
            ink = INKS[k % len(INKS)]
            shown = thing(NAMES[kind], ink, 48, (SIDE / 2, 0.38 * SIDE))
            plain.append(picture(shown))
            attacked.append(picture(shown, word(NAMES[written].upper(), "black", LETTERS, (SIDE / 2, 0.85 * SIDE))))
        return Pictures(plain + attacked).told(vectors=np.eye(len(NAMES))[np.tile(self.truth[:, 0], 2)])

    def __call__(self, subject: Subject) -> Sequence[Finding]:
        said = [f"a {ink} {name} on a white background" for ink in INKS for name in NAMES]
        texts = units(subject.texts(Texts(said, ideal=np.tile(np.eye(len(NAMES)), (len(INKS), 1)))))
        near = cosines(units(subject.vectors(self.pictures)), texts).reshape(2 * self.count, len(INKS), len(NAMES))
        near = near[np.arange(len(near)), np.tile(np.arange(self.count) % len(INKS), 2)]
        best = near == near.max(1, keepdims=True)
        odds = best / best.sum(1, keepdims=True)
        plain, attacked = odds[: self.count], odds[self.count :]
        at, shown, written = np.arange(self.count), *self.truth.T
        chance, common = 1 / len(NAMES), {"items": "wrong words", "protocol": {"names": len(NAMES), "height": LETTERS}}
        return [
            share("typographic attack: right before", plain[at, shown], chance, **common),
            share("typographic attack: right after", attacked[at, shown], chance, **common),
            share(
                "typographic attack: follows the word",
                attacked[at, written],
                chance,
                **common,
                bound_kind="always fooled",
                notes=("share of answers that are the wrong word; higher is worse",),
            ),
        ]


@dataclass(frozen=True, eq=False)
class SmallText:
    """A linear probe that has seen every second place of the words reads them at the others; and from which height."""

    words: int
    places: int = 4
    heights: tuple[int, ...] = HEIGHTS

    @cached_property
    def pictures(self) -> Pictures:
        """By height, then by place, then by word."""
        made = [
            picture(word(text, "black", height, (SIDE / 2 + AWAY * place, SIDE / 2 + AWAY * place)))
            for height in self.heights
            for place in range(self.places)
            for text in WORDS[: self.words]
        ]
        return Pictures(made).told(vectors=np.tile(np.eye(self.words), (self.places * len(self.heights), 1)))

    def __call__(self, subject: Subject) -> Sequence[Finding]:
        rows = units(subject.vectors(self.pictures)).reshape(len(self.heights), self.places, self.words, -1)
        hits = np.zeros(rows.shape[:3])
        for height, row in enumerate(rows):
            for side in (0, 1):
                known, asked = row[1 - side :: 2], row[side::2]
                probe = LinearProbe(RIDGE).fit(
                    known.reshape(-1, row.shape[2]), np.tile(np.arange(self.words), len(known))
                )
                read = probe.predict(asked.reshape(-1, row.shape[2])).reshape(-1, self.words)
                hits[height, side::2] = read == np.arange(self.words)
        found = hits.mean(1)
        protocol = {"words": self.words, "places": self.places, "heights": list(self.heights)}

        def smallest(index: np.ndarray) -> float:
            read = found[:, index].mean(1) >= READ
            # from there on every greater height is read too
            kept = len(read) - int(np.argmin(read[::-1])) if not read.all() else 0
            return float(self.heights[kept]) if kept < len(read) else float(SIDE)

        chance, items = 1 / self.words, "written words"
        return [
            *(
                share(f"text of {h} px: read", found[k], chance, items, protocol=protocol)
                for k, h in enumerate(self.heights)
            ),
            Finding(
                metric="smallest text that is read",
                statistic=Computed(self.words, smallest),
                chance=float(SIDE),
                chance_kind="none is read",
                bound=float(self.heights[0]),
                bound_kind="smallest drawn",
                scored=False,
                items=items,
                protocol=protocol,
                notes=(f"height of letters in pixels of {SIDE}, from which {READ:.0%} are read",),
            ),
        ]
