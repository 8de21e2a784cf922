"""Pictures recognised by a gallery, and how often that is right where their source says who they are."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sightline.data.sample import Source, Stream, class_name
from sightline.search.embed import rows
from sightline.search.fill.fill import Progress
from sightline.search.gallery.gallery import Gallery
from sightline.search.query import Embedder


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture."""

    key: str
    path: str
    """"" for a picture inside an archive"""
    name: str | None
    """who it is; None where it was rejected"""
    nearest: str
    """the identity with the greatest score, accepted or not; the first of equals"""
    score: float
    """its cosine"""
    truth: str | None
    """the class its source gives it"""


@dataclass
class Score:
    """Counts over pictures whose truth is known."""

    known: int = 0
    """pictures of somebody who is enrolled"""
    right: int = 0
    """of those: accepted as who they are"""
    mistaken: int = 0
    """of those: accepted as somebody else"""
    strangers: int = 0
    """pictures of somebody who is not enrolled"""
    accepted: int = 0
    """of those: accepted as somebody"""
    unknown: set[str] = field(default_factory=set)
    """the classes of the strangers"""

    def add(self, seen: Seen, names: frozenset[str]) -> None:
        """Counts one picture; nothing where its source does not say what it shows."""
        if seen.truth is None:
            return
        if seen.truth in names:
            self.known += 1
            self.right += seen.name == seen.truth
            self.mistaken += seen.name not in (None, seen.truth)
        else:
            self.strangers += 1
            self.accepted += seen.name is not None
            self.unknown.add(seen.truth)


def recognise(
    gallery: Gallery,
    encoder: Embedder,
    source: Source | Stream,
    threshold: float,
    *,
    bad: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> Iterator[Seen]:
    """An answer for every usable picture, in the order of the source; the others go into `bad` as key -> reason."""
    for some in rows(encoder, source, bad=bad, progress=progress):
        for number, scores in enumerate(gallery.scores(some.vector)):
            best = int(scores.argmax())
            score, nearest = float(scores[best]), gallery.names[best]
            yield Seen(
                some.key[number],
                some.path[number],
                nearest if score >= threshold else None,
                nearest,
                score,
                class_name(some.label[number], source.classes),
            )
