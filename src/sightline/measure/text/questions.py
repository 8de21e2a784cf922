"""Captions that are right, beside captions one small edit away that are false: what a question of T3 is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product

import numpy as np

from sightline.data.draw import seed_of
from sightline.data.scenes import Scene
from sightline.data.scenes.caption import caption
from sightline.data.scenes.relations import SIDES

FALSE = 4
"""captions in another order beside the true one"""


@dataclass(frozen=True)
class Question:
    """Candidates for the picture in row `picture`; the first is right."""

    kind: str
    picture: int
    candidates: tuple[str, ...]
    family: str
    """what shares its luck: the pair of pictures, or the picture"""


def orders(scene: Scene, key: str) -> tuple[str, ...] | None:
    """The caption and `FALSE` others of the very same words, grammatical and false: colours change hands, and the ends
    of sides change places. None where the scene has not so many.

    ARO's shuffled words (Yuksekgonul et al. 2023) are told from the caption without a picture, being no sentences;
    these are not.
    """
    true, found = caption(scene), set()
    seen = {(e.name, e.colour) for e in scene.elements}
    colours = sorted(set(permutations([e.colour for e in scene.elements])))
    turns = [(False, True) if clause.relation in SIDES else (False,) for clause in scene.clauses]
    for inks, turned in product(colours, product(*turns)):
        elements = tuple(e._replace(colour=ink) for e, ink in zip(scene.elements, inks, strict=True))
        clauses = tuple(
            clause._replace(subject=clause.object, object=clause.subject) if turn else clause
            for clause, turn in zip(scene.clauses, turned, strict=True)
        )
        if all((e.name, e.colour) in seen for e in elements):
            continue  # every thing is there, so it may be true after all
        text = caption(replace(scene, elements=elements, clauses=clauses))
        if bag(text) == bag(true):
            found.add(text)
    if len(found) < FALSE:
        return None
    rng = np.random.default_rng(seed_of("order", key))
    chosen = rng.permutation(len(found))[:FALSE]
    return true, *(sorted(found)[k] for k in chosen)


def shuffled(text: str, key: str) -> tuple[str, ...] | None:
    """The caption and `FALSE` shuffles of its words: all words; within threes; the threes; the long words among
    themselves. None where a caption is too short for four that differ (ARO's order, Yuksekgonul et al. 2023)."""
    words = plain(text).split()
    rng = np.random.default_rng(seed_of("shuffled", key))
    for _ in range(FALSE):
        threes = [words[k : k + 3] for k in range(0, len(words), 3)]
        long = [k for k, word in enumerate(words) if len(word) > 3]
        among = words.copy()
        for k, other in zip(long, rng.permutation(long), strict=True):
            among[k] = words[other]
        made = (
            [words[k] for k in rng.permutation(len(words))],
            [part[k] for part in threes for k in rng.permutation(len(part))],
            [word for k in rng.permutation(len(threes)) for word in threes[k]],
            among,
        )
        said = tuple(" ".join(some) for some in (words, *made))
        if len(set(said)) == FALSE + 1:
            return said
    return None


def plain(text: str) -> str:
    """The text without its full stop: shuffled words have none, and it should not tell them from a sentence."""
    return " ".join(text.rstrip(". ").split())


def bag(text: str) -> Counter[str]:
    """Its words, in no order."""
    return Counter(re.sub(r"[,.]", " ", text.lower()).split())


def blind(questions: Sequence[Question], corpus: Sequence[str]) -> dict[str, float]:
    """How often the words alone give the right one, without any picture; ties by lot.

    `unigram`: the text that is likelier by the counts of words in `corpus`, which are true captions; `longer`: the one
    of more letters; `words`: of more words. Away from chance, a set can be answered by who sees nothing.
    """
    counts = bag(" ".join(corpus))
    total = sum(counts.values()) + len(counts)
    log = lambda text: sum(n * float(np.log((counts[word] + 1) / total)) for word, n in sorted(bag(text).items()))  # noqa: E731
    judges = {"unigram": lambda text: round(log(text), 9), "longer": len, "words": lambda text: len(text.split())}
    made = {}
    for name, judge in judges.items():
        scores = [[judge(text) for text in q.candidates] for q in questions]
        made[name] = float(np.mean([(s[0] == max(s)) / s.count(max(s)) for s in scores]))
    return made
