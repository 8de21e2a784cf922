"""`sightline probe`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from sightline.cli.notes import print_notes, print_source_notes
from sightline.cli.progress import print_bad, progress
from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.probes.tasks.labelled import Labels
    from sightline.probes.tasks.parts import Parts
    from sightline.probes.tasks.row import Kind, Result, Score
    from sightline.weights.encoder import TorchEncoder

Task = Literal["knn", "linear", "attentive", "segmentation", "depth", "stages"]
FORMAT = 1
"""of `--json`; docs/measure/probes.md lists its fields"""
LABELLED, DENSE = 2000, 500
"""pictures of each part where `--n` says nothing: vectors are small, tokens are not"""
PIXELS, RANDOM = "raw pixels", "random tower"
MEANING = {
    "accuracy": "accuracy",
    "linear": "linear",
    "knn": "kNN",
    "miou": "mIoU",
    "pixels": "pixel accuracy",
    "rmse": "RMSE in metres, lower is better",
    "abs_rel": "AbsRel, lower is better",
    "delta1": "delta1",
    "order": "nearer of two",
}


def probe(
    encoder: str,
    *,
    data: str,
    task: Task,
    eval: str | None = None,
    k: int = 20,
    ignore: Annotated[list[int] | None, Parameter(consume_multiple=True)] = None,
    n: int = 0,
    seed: int = 0,
    as_json: Annotated[Path | None, Parameter(name="--json")] = None,
    device: str = "auto",
) -> None:
    """Judge what a frozen encoder knows: a small classifier on its vectors or patches, beside chance and raw pixels.

    Fitted on the split `train` of SRC and judged on its split `test`; of a SRC without splits a fifth is held out.

    Examples:
      sightline probe runs/photos --data caltech101 --task knn
      sightline probe runs/photos --data photos/ --task stages --json stages.json
      sightline probe local-dir:dinov2-small --data camvid --task segmentation --ignore 11
      sightline probe runs/photos --data rooms.csv --eval others.csv --task depth

    Parameters
    ----------
    encoder
        ENCODER: a run folder, or published weights.
    data
        SRC to fit on; also judged on where --eval names nothing.
    task
        knn and linear read one vector a picture, attentive its tokens, stages the vectors after every block: all need
        labels. segmentation needs masks, depth needs depth.
    eval
        SRC to judge on.
    k
        Neighbours of knn and stages.
    ignore
        Numbers in the masks that are no class, beside 255 and negative ones.
    n
        Pictures of each part at most; 0 is 2,000, and 500 where the task reads tokens.
    seed
        Of the pictures drawn, of what is held out, and of all that is fitted.
    as_json
        Also write what was found to this file.
    device
        auto, cpu, cuda or mps.
    """
    from sightline.probes.tasks.parts import open_parts
    from sightline.weights.load import load

    if k < 1 or n < 0:
        raise ValueError(f"--k must be at least 1 and --n at least 0; got {k} and {n}")
    if as_json is not None and as_json.suffix.lower() != ".json":
        raise ValueError(f"--json {as_json}: what was found is written as .json; give it such an ending")
    usual = LABELLED if task in ("knn", "linear", "stages") else DENSE
    parts = open_parts(data, eval, n=n or usual, seed=seed)
    for part in (parts.train, parts.test):
        print_source_notes(part)
    labels = _labels(parts, task, k)
    model = load(encoder, device=device)
    if not model.sees:
        raise ValueError(f"{model.name} embeds no pictures, so there is nothing to probe")
    settings = {"k": k, "ignore": sorted(ignore or []), "seed": seed}
    result = _judged(model, parts, task, labels, **settings)
    print_notes(result.notes)
    print(f"{task}: {parts.how}; {result.n_train:,} and {result.n_test:,} pictures, seed {seed}")
    _print_rows(result)
    if as_json is not None:
        _write(as_json, _described(model, encoder, parts, task, settings, result))
        print(f"{as_json}: written")


def _labels(parts: "Parts", task: Task, k: int) -> "Labels | None":
    """The classes of both parts, where the task reads them. What the data lacks is refused here, before all else."""
    from sightline.probes.tasks import dense, labelled

    if task in ("segmentation", "depth"):
        what = "mask" if task == "segmentation" else "depth"
        for part in (parts.train, parts.test):
            dense.must_have(part, what)
        return None
    labels = labelled.Labels(labelled.names_of(parts.train), labelled.names_of(parts.test))
    if task in ("knn", "stages"):
        labelled.neighbours(k, labels)
    return labels


def _judged(
    model: "TorchEncoder", parts: "Parts", task: Task, labels: "Labels | None", *, k: int, ignore: list[int], seed: int
) -> "Result":
    """The rows of a task: every picture is decoded once for the encoder, its random tower and raw pixels."""
    from sightline.measure.subject.random_tower import randomised
    from sightline.probes.tasks import dense, labelled, readers
    from sightline.probes.tasks.gather import depth_in, gather, mask_in

    first, name = _first(model, parts), printable_line(model.name)
    read: dict[str, Any] = {PIXELS: readers.pixel_reader(task, model, first)}
    kinds: dict[str, Kind] = {PIXELS: "pixels"} if read[PIXELS] else {}
    if task != "stages":
        read[RANDOM], kinds[RANDOM] = readers.encoder_reader(task, randomised(model, seed), first), "random"
    read[name], kinds[name] = readers.encoder_reader(task, model, first), "encoder"
    rule: Any = model.rule
    plane = {"segmentation": mask_in, "depth": depth_in}.get(task)
    both = []
    for part, doing in ((parts.train, "reading what is fitted on"), (parts.test, "reading what is judged on")):
        with progress(doing) as tell:
            wanted = {subject: read[subject] for subject in kinds}
            both.append(gather(part, model.preprocess, wanted, plane=plane and plane(rule), tell=tell))
        print_bad(both[-1].bad)
    train, test = both
    print("fitting", file=sys.stderr)
    if labels is None:
        if task == "segmentation":
            return dense.segmented(train, test, kinds, ignore, seed)
        return dense.ranged(train, test, kinds, seed)
    if task == "stages":
        return labelled.staged(k, seed, labels, train, test, name, PIXELS)
    make = {
        "linear": labelled.linear(seed),
        "attentive": labelled.attentive(seed),
        "knn": labelled.neighbours(k, labels),
    }
    return labelled.classified(make[task], labels, train, test, kinds)


def _first(model: "TorchEncoder", parts: "Parts") -> Any:
    """The first usable picture, prepared, as a batch of one. ValueError where there is none."""
    import torch

    from sightline.data.decode.guard import guarded
    from sightline.data.sample import BadSample

    reasons = []
    for number in range(len(parts.train)):
        try:
            with guarded():
                given = model.preprocess(parts.train[number].image)
            return given[None] if isinstance(given, torch.Tensor) else [given]
        except BadSample as error:
            reasons.append(str(error))
    raise ValueError(f"no picture of {parts.train.name} could be used ({'; '.join(reasons[:3])})")


def _print_rows(result: "Result") -> None:
    """The rows as a table: the first column names, the others metrics with their standard errors."""
    metrics = list(dict.fromkeys(metric for row in result.rows for metric in row.scores))
    heads = ["", *(MEANING[metric] for metric in metrics)]
    cells = [[row.name, *(_cell(row.scores.get(metric)) for metric in metrics)] for row in result.rows]
    widths = [max(len(line[column]) for line in [heads, *cells]) for column in range(len(heads))]
    for line in [heads, *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(score: "Score | None") -> str:
    if score is None:
        return ""
    return f"{score.value:.3f}" + ("" if score.error is None else f" ± {score.error:.3f}")


def _described(
    model: "TorchEncoder", encoder: str, parts: "Parts", task: Task, settings: dict[str, Any], result: "Result"
) -> dict[str, Any]:
    """What `--json` holds."""
    from sightline import __version__

    return {
        "format": FORMAT,
        "sightline": __version__,
        "task": task,
        "encoder": {"name": encoder, "identity": model.identity},
        "data": {"how": parts.how, "n_train": result.n_train, "n_test": result.n_test},
        "settings": settings,
        "rows": [row.to_json() for row in result.rows],
        "notes": result.notes,
    }


def _write(out: Path, whole: dict[str, Any]) -> None:
    from sightline.data.atomic import atomic_write

    with atomic_write(out) as [temporary]:
        temporary.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
