"""Captions in other words, and captions of other things that change as many words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sightline.data.scenes.palette import BASIC
from sightline.data.scenes.vocabulary import pool

SYNONYMS: dict[str, str] = {
    word: other
    for word, _, other in (
        pair.partition(":")
        for pair in (
            "gray:grey grey:gray purple:violet car:automobile automobile:car bicycle:bike bike:bicycle "
            "phone:telephone plane:aeroplane airplane:aeroplane truck:lorry house:home gift:present bug:insect "
            "ghost:spirit trophy:prize cup:mug small:little little:small large:big big:large above:over "
            "below:under beneath:under background:backdrop striped:stripy checkered:chequered dotted:spotted "
            "street:road road:street sofa:couch couch:sofa tv:television kid:child child:kid kids:children "
            "children:kids woman:lady lady:woman man:gentleman person:human people:persons photo:photograph "
            "picture:image image:picture smiling:grinning grinning:smiling happy:glad sad:unhappy rabbit:bunny "
            "dog:hound cat:feline ship:vessel boat:vessel forest:woods near:beside beside:near holding:gripping "
            "sitting:seated box:crate exactly:precisely least:minimum"
        ).split()
    )
}
"""words that may stand for another in most captions"""


def case(caption: str) -> str:
    """In capitals."""
    return caption.upper()


def register(caption: str) -> str:
    """As a report would put it."""
    return f"the present image depicts {caption[:1].lower()}{caption[1:]}"


def synonym(caption: str) -> str | None:
    """Every word that has one by a synonym; None where none has."""
    words = caption.split()
    made = [SYNONYMS.get(word, word) for word in words]
    return None if made == words else " ".join(_articled(made, [k for k in range(len(made)) if made[k] != words[k]]))


def turned(caption: str) -> str | None:
    """A scene's caption from its background on: "on a gray background, a green car"; None where it has none."""
    found = re.fullmatch(r"(.*?),? (on an? .* background)", caption)
    return None if found is None else f"{found[2]}, {found[1]}"


FORMS: Mapping[str, Callable[[str], str | None]] = {"case": case, "register": register, "synonym": synonym}
"""what says the same; `paraphrase` comes from the picture's other captions"""

SCENE_WORDS: tuple[tuple[str, ...], ...] = (
    BASIC,
    tuple(thing.name for thing in pool(1)),
    ("left", "right"),
    ("above", "below"),
    ("gray", "striped", "dotted", "gradient", "checkered"),
)
"""words of level-1 captions that may stand for each other and then say something else"""


def content(caption: str, count: int, groups: Sequence[Sequence[str]], rng: np.random.Generator) -> str | None:
    """The caption with `count` of its words (as many as can be) replaced by others of the same group, so that it says
    something else. None where no word of it is in a group."""
    words = caption.split()
    known = {word: group for group in reversed(groups) for word in group}
    places = [k for k, word in enumerate(words) if word in known]
    if not places:
        return None
    chosen = sorted(rng.permutation(places)[:count].tolist())
    for k in chosen:
        others = [word for word in known[words[k]] if word != words[k]]
        words[k] = others[rng.integers(len(others))]
    return " ".join(_articled(words, chosen))


def distance(one: str, other: str) -> int:
    """How many words must be put in, left out or replaced to make one caption of the other (Levenshtein 1966)."""
    a, b = one.split(), other.split()
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, start=1):
        above, row[0] = row[0], i
        for j, against in enumerate(b, start=1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (word != against))
    return row[-1]


def _articled(words: list[str], replaced: Sequence[int]) -> list[str]:
    """ "a" or "an" before every word that was replaced, as it needs."""
    made = words.copy()
    for k in replaced:
        if k and made[k - 1] in ("a", "an"):
            made[k - 1] = "an" if made[k][0] in "aeiou" else "a"
    return made
