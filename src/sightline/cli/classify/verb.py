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
    shots: str | None = None,
    finetune: int = 0,
    episodes: int = 0,
    ways: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (5, 20),
    shots_per_class: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (1, 5),
    queries: int = 15,
    seed: int = 0,
    top: int = 1,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    out: Path | None = None,
    device: str = "auto",
) -> None:
    """Sort pictures into labels you name, or classes you show, without training: each gets the nearest one.

    Labels are compared by their words. Where SRC has classes of its own (a folder per class), they are the labels
    unless you name others, and how many were right is said at the end. With --shots a class is the mean of a few
    examples instead, so that an encoder of pictures alone will do; --finetune trains such classes further on the same
    examples, and --episodes measures how well all this sorts.

    Examples:
      sightline classify runs/icons my-icons/ --labels arrow,person,vehicle,weather
      sightline classify runs/icons my-icons/ --labels labels.txt --top 3 --out guesses.csv
      sightline classify runs/photos photos/ --template "a photo of a {}." --json
      sightline classify runs/photos photos/ --shots examples/
      sightline classify runs/photos photos/ --shots examples/ --finetune 50
      sightline classify runs/characters characters:test --episodes 1000 --ways 5 20 --shots-per-class 1 5

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
    shots
        SRC with a few examples of each class, such as a folder of folders. Pictures that stand in it are not sorted.
    finetune
        With --shots or --episodes: train the classes on their examples, this many steps from their means on. 50 is
        usual; the encoder stays as it is.
    episodes
        Instead of sorting, measure on that many episodes drawn of SRC: some classes, a few examples of each, and others
        of their pictures to sort.
    ways
        Classes an episode.
    shots_per_class
        Examples a class.
    queries
        Pictures of each class that are sorted in an episode.
    seed
        Of the episodes.
    top
        How many labels a picture gets, the most probable first.
    as_json
        Print JSON.
    out
        Write this .csv instead of printing: path, then label and probability as often as --top says.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    """
    from sightline.cli.classify.episodes import Asked, check_labelled, print_episodes
    from sightline.cli.classify.sorting import by_examples, by_words
    from sightline.cli.notes import print_source_notes
    from sightline.cli.progress import print_bad, progress
    from sightline.data.sources.source import open_source
    from sightline.search.encoder import open_encoder
    from sightline.search.gallery.unseen import without_examples

    if top < 1:
        raise ValueError(f"--top must be at least 1; got {top}")
    if out is not None and out.suffix.lower() != ".csv":
        raise ValueError(f"--out {out}: guesses are written as .csv; give it such an ending, or use --json")
    if (shots is not None or episodes) and (labels or template):
        raise ValueError("--labels and --template are words, and --shots and --episodes go by pictures; give one kind")
    if shots is not None and episodes:
        raise ValueError("--episodes draws its examples from SRC itself; leave --shots out")
    if finetune < 0 or (finetune and shots is None and not episodes):
        raise ValueError(f"--finetune {finetune}: expected steps on the examples of --shots or --episodes")
    # what cannot be done is refused before the encoder is loaded
    asked = Asked(episodes, ways, shots_per_class, queries, seed, finetune) if episodes else None
    source = open_source(src)
    print_source_notes(source)
    if asked:
        check_labelled(source, asked)
        return print_episodes(open_encoder(encoder, device=device), source, asked, as_json=as_json)
    sorter = by_words(source, labels, template) if shots is None else by_examples(source, shots, finetune)
    model = open_encoder(encoder, device=device)
    bad: dict[str, str] = {}
    sorting = sorter(model, bad)
    score = sorting.score

    def guessed() -> "Iterator[Guess]":
        with progress("classifying") as tell:
            for guess in sorting.guesses(tell):
                score.add(guess)
                yield guess

    if as_json:
        results = [
            {"key": g.key, "path": g.path or None, "labels": g.labels[:top], "probabilities": g.probabilities[:top]}
            for g in guessed()
        ]
        whole = {"format": FORMAT, "encoder": model.name, "labels": sorting.wanted}
        whole |= {"accuracy": score.share, "results": results}
        if shots is not None:
            whole |= {"finetune": finetune, "strangers": score.strangers}
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
    examples = without_examples(bad)
    print_bad(bad)
    if examples:
        print(f"{examples:,} pictures are among the examples themselves and were not sorted", file=sys.stderr)
    if not score.seen:
        raise ValueError(f"no picture of {src} could be used")
    if score.share is not None:
        print(f"{score.share:.1%} of {score.judged:,} pictures got the label of their class", file=sys.stderr)
    if shots is not None and score.strangers:
        kinds = f"{len(score.unknown):,} classes that no example shows"
        print(f"{score.strangers:,} pictures of {kinds} were sorted all the same, and not judged", file=sys.stderr)


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
