"""`sightline classify`."""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.search.classify import Guess

FORMAT = 1
"""of `--json`; docs/classify.md lists its fields"""


def classify(
    encoder: str,
    src: str,
    *,
    labels: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    template: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    top: int = 1,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    out: Path | None = None,
    device: str = "auto",
) -> None:
    """Sort pictures into labels you name, without training: each picture gets the label whose words are nearest.

    Where SRC has classes of its own (a folder per class), they are the labels unless you name others, and how many were
    right is said at the end.

    Examples:
      sightline classify runs/icons my-icons/ --labels arrow,person,vehicle,weather
      sightline classify runs/icons my-icons/ --labels labels.txt --top 3 --out guesses.csv
      sightline classify runs/photos photos/ --template "a photo of a {}." --json

    Parameters
    ----------
    encoder
        ENCODER: a run folder.
    src
        SRC: a folder, a table, tars, `icons`, `scenes`, `iconify:PATH`.
    labels
        Two or more, separated by commas or spaces, or a text file with one a line. One that begins with - is written
        --labels=-5,+5.
    template
        A sentence with {} where the label goes; several are averaged. Left out: six that suit graphics.
    top
        How many labels a picture gets, the most probable first.
    as_json
        Print JSON.
    out
        Write this .csv instead of printing: path, then label and probability as often as --top says.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    """
    from sightline.cli.notes import print_source_notes
    from sightline.cli.progress import print_bad, progress
    from sightline.data.sources.source import open_source
    from sightline.probes.zero_shot import GRAPHIC
    from sightline.search.classify import classify as sort
    from sightline.search.encoder import open_encoder

    if top < 1:
        raise ValueError(f"--top must be at least 1; got {top}")
    if out is not None and out.suffix.lower() != ".csv":
        raise ValueError(f"--out {out}: guesses are written as .csv; give it such an ending, or use --json")
    source = open_source(src)
    print_source_notes(source)
    wanted = _labels(labels) or [name.replace("_", " ") for name in source.classes]
    if not wanted:
        raise ValueError(f"{src} has no classes of its own: name some, as in --labels arrow,person,vehicle")
    model = open_encoder(encoder, device=device)
    bad: dict[str, str] = {}
    score = _Score([name.replace("_", " ") for name in source.classes], wanted)

    def guessed() -> "Iterator[Guess]":
        with progress("classifying") as tell:
            for guess in sort(model, source, wanted, templates=template or GRAPHIC, bad=bad, progress=tell):
                score.add(guess)
                yield guess

    if as_json:
        results = [
            {"key": g.key, "path": g.path or None, "labels": g.labels[:top], "probabilities": g.probabilities[:top]}
            for g in guessed()
        ]
        whole = {"format": FORMAT, "encoder": model.name, "labels": wanted, "accuracy": score.share, "results": results}
        print(json.dumps(whole, indent=2, ensure_ascii=False))
    elif out is not None:
        _write(out, guessed(), top)
        print(f"{out}: {score.seen:,} pictures")
    else:
        for guess in guessed():
            best = "  ".join(
                f"{share:.3f} {printable_line(label)}"
                for label, share in zip(guess.labels[:top], guess.probabilities[:top], strict=True)
            )
            print(f"{best}  {printable_line(guess.path or guess.key)}")
    print_bad(bad)
    if not score.seen:
        raise ValueError(f"no picture of {src} could be used")
    if score.share is not None:
        print(f"{score.share:.1%} of {score.judged:,} pictures got the label of their class", file=sys.stderr)


class _Score:
    """How many pictures got the label of their own class, where the labels cover the classes."""

    def __init__(self, classes: list[str], labels: list[str]) -> None:
        self.classes = [name.lower() for name in classes]
        self.covered = bool(classes) and set(self.classes) <= {label.lower() for label in labels}
        self.seen = self.judged = self.right = 0

    def add(self, guess: "Guess") -> None:
        """Counts one picture; with labels that cover the classes also whether its first label is its class."""
        self.seen += 1
        if self.covered and guess.label is not None:
            self.judged += 1
            self.right += self.classes[guess.label] == guess.labels[0].lower()

    @property
    def share(self) -> float | None:
        """The share of judged pictures whose first label is their class; None where none could be judged."""
        return self.right / self.judged if self.judged else None


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


def _write(out: Path, guesses: "Iterator[Guess]", top: int) -> None:
    """Writes the guesses as a csv file, `top` labels each, atomically."""
    from sightline.data.atomic import atomic_write

    columns = ["path"] + [name for n in range(1, top + 1) for name in (f"label{n}", f"probability{n}")]
    with atomic_write(out) as [temporary], temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for g in guesses:
            pairs = zip(g.labels[:top], g.probabilities[:top], strict=True)
            writer.writerow([g.path or g.key, *(cell for pair in pairs for cell in pair)])
