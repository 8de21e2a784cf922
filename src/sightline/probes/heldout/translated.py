"""Whether held-out captions are translated right, as a probe: `exact` and `words_right`."""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject


@dataclass(frozen=True)
class Translated(Probe):
    """`exact`: the share of captions whose translation is right to the last letter, case aside; `words_right`: the
    share of the right translations' words that stand in their place.

    `chance_exact` is what one answer to everything scores at best, `chance_words_right` the commonest word in every
    place.
    """

    name: str = "exact"
    samples: int = 500
    """captions that are translated at most"""

    needs: ClassVar = frozenset({"translates"})
    reads: ClassVar = frozenset({"text", "translation"})
    asks: ClassVar = "translates held-out captions"

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.name, "words_right")

    def reason(self, held: Prepared, memory: Prepared | None) -> str:
        return "" if any(_pairs(held)) else f"no held-out sample in {held.name} has a caption and its translation"

    def score(self, subject: Subject) -> dict[str, float]:
        pairs = _pairs(subject.held)[: self.samples]
        found = [_plain(answer) for answer in _answers(subject.face, [text for text, _ in pairs])]
        truth = [right for _, right in pairs]
        split = [right.split() for right in truth]
        places = [Counter(words[at] for words in split if at < len(words)) for at in range(max(map(len, split)))]
        count = sum(map(len, split))
        right = sum(
            said == word
            for words, answer in zip(split, found, strict=True)
            for word, said in zip(words, answer.split(), strict=False)
        )
        return {
            self.name: sum(map(str.__eq__, found, truth)) / len(truth),
            f"chance_{self.name}": max(Counter(truth).values()) / len(truth),
            f"n_{self.name}": float(len(truth)),
            "words_right": right / count,
            "chance_words_right": sum(max(place.values()) for place in places) / count,
        }


def _answers(face: Any, texts: list[str]) -> list[str]:
    """The translations; none, which is wrong, of a text that is longer than what the model reads."""
    fits = [not cut for cut in face.tokenizer.cut(texts)]
    made = iter(face.translate([text for text, fit in zip(texts, fits, strict=True) if fit]))
    return [next(made) if fit else "" for fit in fits]


def _pairs(held: Prepared) -> list[tuple[str, str]]:
    both = zip(held.captions, map(_plain, held.translations), strict=True)
    return [(text, translation) for text, translation in both if text and translation]


def _plain(text: str) -> str:
    """As a run's tokenizer reads and writes it: NFKC, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())
