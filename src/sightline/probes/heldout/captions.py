"""Retrieval by captions, both ways, as a probe: `text_to_image_r1`, `_r5`, `_r10` and `image_to_text_*`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject
from sightline.probes.retrieval import chance, retrieval

WAYS = ("text_to_image", "image_to_text")
KS = (1, 5, 10)


@dataclass(frozen=True)
class Retrieval(Probe):
    """The main caption of a held-out picture against all of them (`probes/retrieval.py`), and the other way round.

    Pictures of the same caption are right for each other. `chance_r1`, `_r5`, `_r10` and `n_retrieval` are of both.
    """

    name: str = "retrieval"

    needs: ClassVar = frozenset({"embeds", "reads_text"})
    reads: ClassVar = frozenset({"text"})
    asks: ClassVar = "looks for pictures by their captions"

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(f"{way}_r{k}" for way in WAYS for k in KS)

    def reason(self, held: Prepared, memory: Prepared | None) -> str:
        return "" if any(held.captions) else f"no held-out picture in {held.name} has a caption"

    def notes(self, held: Prepared, memory: Prepared | None) -> list[str]:
        silent = held.captions.count("")
        if not silent:
            return []
        return [f"{silent} of {len(held)} held-out pictures in {held.name} have no caption: never asked for"]

    def score(self, subject: Subject) -> dict[str, float]:
        captions = [subject.held.captions[number] for number in subject.captioned]
        found = retrieval(subject.pictures, subject.captions, subject.captioned, text_group=captions)
        scores: dict[str, float] = {f"{way}_{k}": value for way in WAYS for k, value in found[way].items()}
        _, group, alike = np.unique(captions, return_inverse=True, return_counts=True)
        scores |= {f"chance_r{k}": chance(alike[group], len(subject.pictures), k) for k in KS}
        return scores | {"n_retrieval": float(len(captions))}
