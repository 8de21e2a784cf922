"""T2: texts find their pictures, and pictures any of their texts (Radford et al. 2021, section 3.1.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.measure.finding import Finding, MeanOf
from sightline.measure.pictures import Pictures
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite
from sightline.measure.text.asked import Said
from sightline.measure.text.credit import meanings
from sightline.measure.text.words import SCENE_CAPTIONS, captions_of
from sightline.probes.retrieval import Ranked, chance, ranked

KS = (1, 5, 10)
WAYS = {"text to image": "text", "image to text": "image"}


def asked(suite: Suite) -> "Retrieval | str":
    """The task on a suite's own pictures, with all captions of a source, the first two of a scene; or why not."""
    told = captions_of(suite.test, SCENE_CAPTIONS if suite.kind == "scenes" else None)
    kept = [at for at, texts in enumerate(told) if texts][: suite.n(1000, 150)]
    different = {text for at in kept for text in told[at]}
    if not kept:
        return "no picture has a caption"
    if len(kept) < 2:
        return "only one picture has a caption"
    if len(different) < 2:
        return f"all captions are alike: {next(iter(different))!r}"
    return Retrieval(suite.test, [(at, told[at]) for at in kept], suite.name)


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Both directions among the pictures of `told`: (place on the shelf, captions true of it).

    An identical caption is right for every picture that has it; ties stand at the middle rank.
    """

    shelf: Shelf
    told: Sequence[tuple[int, Sequence[str]]]
    suite: str

    @cached_property
    def said(self) -> Said:
        said = Said()
        for _, texts in self.told:
            said.all(texts)
        return said

    @cached_property
    def owners(self) -> tuple[np.ndarray, np.ndarray]:
        """Of every (picture, caption) pair the number of the picture in `told`, and the row of the text."""
        pairs = [(k, self.said.add(text)) for k, (_, texts) in enumerate(self.told) for text in texts]
        picture, row = np.array(pairs, np.int64).T
        return picture, row

    @cached_property
    def pictures(self) -> Pictures:
        """All of the shelf, which others ask for too; a perfect encoder sees in one what all its captions say."""
        captions, ideal = list(self.shelf.captions), meanings([f"picture {key}" for key in self.shelf.keys])
        for at, texts in self.told:
            captions[at], ideal[at] = texts[0], meanings(texts).sum(axis=0)
        return self.shelf.pictures.told(captions=captions, vectors=ideal)

    def ranks(self, subject: Subject) -> Ranked:
        picture, row = self.owners
        texts = subject.texts(self.said.texts)
        vectors = subject.vectors(self.pictures)[[at for at, _ in self.told]]
        return ranked(vectors, texts[row], picture, text_group=row)

    def ask(self, subject: Subject) -> list[Finding]:
        """The mean of both directions at 1, scored; each direction at 1, 5 and 10, told."""
        found = self.ranks(subject)
        picture, _ = self.owners
        families = {"text": picture, "image": found.queries}
        right = {
            "text": (found.right_images, found.images),
            "image": (found.right_texts, len(picture)),
        }
        made = [
            self._finding(
                f"{way} R@{k}",
                MeanOf((getattr(found, name) <= k).astype(float)),
                chance(*right[name], k),
                families[name],
                way,
            )
            for k in KS
            for way, name in WAYS.items()
        ]
        both = MeanOf(
            np.concatenate([found.text <= 1, found.image <= 1]).astype(float),
            np.concatenate([np.full(len(x), 0.5 / len(x)) for x in (found.text, found.image)]),
        )
        by_chance = (made[0].chance + made[1].chance) / 2
        whole = self._finding(
            "retrieval R@1, both ways", both, by_chance, np.concatenate([picture, found.queries]), "both", scored=True
        )
        return [whole, *made]

    def _finding(
        self, metric: str, statistic: MeanOf, by_chance: float, family: np.ndarray, way: str, *, scored: bool = False
    ) -> Finding:
        domains = self.shelf.domains
        return Finding(
            metric=metric,
            statistic=statistic,
            chance=by_chance,
            chance_kind="analytic",
            bound=1.0,
            bound_kind="labels",
            scored=scored,
            items=f"retrieval {way} of {self.suite}",
            family=family.tolist(),
            domain=None if domains is None else [domains[self.told[int(k)][0]] for k in family],
            protocol={
                "pictures": len(self.told),
                "texts": len(self.owners[0]),
                "right": "any caption of the picture, and any identical one",
                "ties": "middle rank",
            },
        )
