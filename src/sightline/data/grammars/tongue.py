"""A made-up language for scenes, said of the same scene as its English caption and never made from that caption.

    a large red outlined heart left of a blue gear on a striped background
    paguma suviga zudariri shezafa zudafita zufekota tubezota mazemata
    on-striped gear blue(ri) heart red(ta) outlined(ta) large(ta) left-of(ta)

Other words in another order, and agreement, which English has not:

- The place comes first, the verb last; what is on the left of it, above it or inside it comes after what it is beside:
  the relation's object, its subject, the verb (English says subject, relation, object).
- A noun stands before its adjectives: colour, then stroke, then size (English: size, colour, stroke, noun).
- Every noun is of one of three genders. It shows in nothing but the endings of its adjectives, and in that of the verb,
  which agrees with the subject.
- There are no articles. Several clauses are joined by a word.

A word is made from a hash of the English one, so it is the same everywhere, always; no two are alike.
"""

from __future__ import annotations

from functools import cache

from sightline.data.draw import seed_of
from sightline.data.scenes.scene import Element, Scene

CONSONANTS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "sh", "t", "v", "z")
VOWELS = ("a", "e", "i", "o", "u")
GENDERS = ("mo", "ta", "ri")
AND = "je"


def said(scene: Scene) -> str:
    """The sentence of a scene of level 1 or 2: background, then each clause as object, subject, verb."""
    clauses = []
    for clause in scene.clauses:
        subject = scene.elements[clause.subject]
        words = [thing(subject)]
        if clause.relation:
            verb = f"{word(clause.relation)}{gender(subject.name)}"
            words = [thing(scene.elements[clause.object]), *words, verb]
        clauses.append(" ".join(words))
    return f"{word(f'on {scene.background.words}')} {f' {AND} '.join(clauses)}"


def thing(element: Element) -> str:
    """A noun and its adjectives, each with the ending of the noun's gender."""
    adjectives = [element.colour]
    adjectives += ["outlined"] * (element.stroke == "outlined") + [element.size] * (element.size != "medium")
    ending = gender(element.name)
    return " ".join([word(element.name), *(f"{word(each)}{ending}" for each in adjectives)])


@cache
def gender(noun: str) -> str:
    """The ending that adjectives and verbs take beside a noun."""
    return GENDERS[seed_of("gender", noun) % len(GENDERS)]


@cache
def word(english: str) -> str:
    """The word for an English one (or for several that mean one thing): three syllables."""
    key, letters = seed_of("word", english), ""
    for _ in range(3):
        key, sound = divmod(key, len(CONSONANTS) * len(VOWELS))
        letters += CONSONANTS[sound % len(CONSONANTS)] + VOWELS[sound // len(CONSONANTS)]
    return letters
