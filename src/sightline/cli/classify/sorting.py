"""The two ways to sort: by the words of labels, and by examples of each class; and how many were right."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sightline.data.sample import Source, Stream
    from sightline.search.classify import Guess
    from sightline.search.fill.fill import Progress
    from sightline.search.query import Embedder


class Score:
    """How many pictures got the label of their own class, of those whose class is one of `judged`."""

    def __init__(self, classes: Sequence[str], judged: Sequence[str]) -> None:
        self.classes = [name.lower() for name in classes]
        self.among = {name.lower() for name in judged}
        self.seen = self.judged = self.right = self.strangers = 0
        self.unknown: set[str] = set()

    def add(self, guess: "Guess") -> None:
        """Counts one picture; where its class is among those judged also whether its first label is its class."""
        self.seen += 1
        if guess.label is None or not 0 <= guess.label < len(self.classes):
            return
        if (name := self.classes[guess.label]) in self.among:
            self.judged += 1
            self.right += name == guess.labels[0].lower()
        else:
            self.strangers += 1
            self.unknown.add(name)

    @property
    def share(self) -> float | None:
        """The share of judged pictures whose first label is their class; None where none could be judged."""
        return self.right / self.judged if self.judged else None


@dataclass(frozen=True)
class Sorting:
    """What sorts, into what, and how well."""

    wanted: list[str]
    score: Score
    guesses: "Callable[[Progress], Iterator[Guess]]"


Sorter = Callable[["Embedder", dict[str, str]], Sorting]
"""an encoder, and where bad pictures go as key -> reason -> what sorts by it"""


def by_words(source: "Source | Stream", labels: list[str] | None, template: list[str] | None) -> Sorter:
    """Sorts by the words of labels, those given or else the classes of the source.

    ValueError where there are none, and as `search.classify`, before an encoder is loaded.
    """
    from sightline.probes.zero_shot import GRAPHIC, check_templates
    from sightline.search.classify import check_labels, classify

    classes = [name.replace("_", " ") for name in source.classes]
    wanted, templates = _labels(labels) or classes, template or GRAPHIC
    if not wanted:
        raise ValueError(
            f"{source.name} has no classes of its own: name some, as in --labels arrow,person,vehicle, or show some "
            "with --shots DIR"
        )
    check_labels(wanted)
    check_templates(templates)
    covered = {name.lower() for name in classes} <= {label.lower() for label in wanted}
    return lambda model, bad: Sorting(
        wanted,
        Score(classes, classes if covered else ()),
        lambda tell: classify(model, source, wanted, templates=templates, bad=bad, progress=tell),
    )


def by_examples(source: "Source | Stream", shots: str, steps: int) -> Sorter:
    """Sorts by the examples of the SRC `shots`, on which the classes are fine-tuned for so many steps.

    ValueError where they have no classes, before an encoder is loaded; later where they are not of two classes.
    """
    from sightline.cli.notes import print_notes, print_source_notes
    from sightline.cli.progress import progress
    from sightline.data.sources.source import open_source
    from sightline.search.gallery.cosine import CosineClassifier, finetuned
    from sightline.search.gallery.enrol import empty_folders
    from sightline.search.gallery.shots import check_shots, classify_by_examples, examples

    opened = open_source(shots)
    print_source_notes(opened)
    check_shots(opened)

    def sorting(model: "Embedder", bad: dict[str, str]) -> Sorting:
        with progress("reading the examples") as tell:
            shown = examples(model, opened, bad, tell)
        if empty := sorted({*empty_folders(opened), *opened.classes} - set(shown.names)):
            print_notes([f"{len(empty):,} classes without a usable example were skipped: {', '.join(empty)}"])
        classifier = finetuned(CosineClassifier(shown.prototypes), shown.vectors, shown.label, steps)
        return Sorting(
            list(shown.names),
            Score(source.classes, shown.names),
            lambda tell: classify_by_examples(model, source, shown, classifier, bad=bad, progress=tell),
        )

    return sorting


def _labels(given: list[str] | None) -> list[str]:
    """Labels as a person gives them: separated by commas, as several words, or as a file of lines."""
    found: list[str] = []
    for item in given or []:
        path = Path(item)
        if path.suffix and path.is_file():
            found += path.read_text(encoding="utf-8-sig").splitlines()
        elif path.suffix.lower() == ".txt":
            raise ValueError(f"--labels {item}: there is no such file")
        else:
            found += item.split(",")
    return [label.strip() for label in found if label.strip()]
