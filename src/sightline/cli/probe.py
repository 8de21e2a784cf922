"""`sightline probe`."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast, get_args

from cyclopts import Parameter

from sightline.cli.notes import print_notes, print_source_notes
from sightline.cli.progress import print_bad, progress
from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.probes.tasks.gather import Gathered, Reader
    from sightline.probes.tasks.labelled import Labels
    from sightline.probes.tasks.parts import Parts
    from sightline.probes.tasks.row import Kind, Result, Score
    from sightline.weights.encoder import TorchEncoder

Task = Literal["knn", "linear", "attentive", "segmentation", "depth", "stages"]
FORMAT = 1
"""of `--json`; docs/measure/probes.md lists its fields"""
Moved = Literal["knn", "linear", "attentive"]
"""tasks of one accuracy, which two domains can be compared by"""
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
    "own": "source on source",
    "moved": "source on target",
    "oracle": "target on target",
}


def probe(
    encoder: str,
    *,
    task: Task,
    data: str | None = None,
    eval: str | None = None,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    k: int = 20,
    ignore: Annotated[list[int] | None, Parameter(consume_multiple=True)] = None,
    n: int = 0,
    seed: int = 0,
    as_json: Annotated[Path | None, Parameter(name="--json")] = None,
    device: str = "auto",
) -> None:
    """Judge what a frozen encoder knows: a small classifier on its vectors or patches, beside chance and raw pixels.

    Fitted on the split `train` of SRC and judged on its split `test`; of a SRC without splits a fifth is held out.

    With --from and --to instead of --data: what another domain costs. Fitted on the one and judged on the other, beside
    the same within the first, and within the second as the oracle.

    Examples:
      sightline probe runs/photos --data caltech101 --task knn
      sightline probe runs/photos --data photos/ --task stages --json stages.json
      sightline probe local-dir:dinov2-small --data camvid --task segmentation --ignore 11
      sightline probe runs/photos --data rooms.csv --eval others.csv --task depth
      sightline probe runs/photos --from photos/ --to sketches/ --task linear

    Parameters
    ----------
    encoder
        ENCODER: a run folder, or published weights.
    task
        knn and linear read one vector a picture, attentive its tokens, stages the vectors after every block: all need
        labels. segmentation needs masks, depth needs depth.
    data
        SRC to fit on; also judged on where --eval names nothing.
    eval
        SRC to judge on.
    from_
        SRC to fit on, whose classes are those of --to (knn, linear and attentive).
    to
        SRC of another domain, to judge on.
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
    if data is None or from_ is not None or to is not None:
        if data is not None or eval is not None or from_ is None or to is None:
            raise ValueError(
                "give --data SRC, with --eval SRC or without, or --from SRC and --to SRC of another domain"
            )
        settings = {"n": n or usual, "k": k, "seed": seed}
        return _probe_domains(encoder, from_, to, task, as_json=as_json, device=device, **settings)
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


def _probe_domains(
    encoder: str, source: str, target: str, task: Task, *, n: int, k: int, seed: int, as_json: Path | None, device: str
) -> None:
    """What another domain costs."""
    from sightline.probes.tasks import labelled, shift
    from sightline.probes.tasks.parts import open_parts
    from sightline.weights.load import load

    if task not in get_args(Moved):
        raise ValueError(f"--from and --to compare accuracies: --task knn, linear or attentive; got {task}")
    both = [open_parts(one, n=n, seed=seed) for one in (source, target)]
    names = [(labelled.names_of(parts.train), labelled.names_of(parts.test)) for parts in both]
    for parts in both:
        for part in (parts.train, parts.test):
            print_source_notes(part)
    domains = shift.Domains(names[0], names[1])
    fewest = min(int((numbers[0] >= 0).sum()) for numbers in (domains.source, domains.target))
    make = _classifier(task, k, seed, fewest)
    model = load(encoder, device=device)
    if not model.sees:
        raise ValueError(f"{model.name} embeds no pictures, so there is nothing to probe")
    read, kinds = _readers(model, both[0], task, seed)
    gathered = [
        (
            _gathered(model, parts.train, f"reading what is fitted on of {which}", read),
            _gathered(model, parts.test, f"reading what is judged on of {which}", read),
        )
        for which, parts in (("--from", both[0]), ("--to", both[1]))
    ]
    print("fitting", file=sys.stderr)
    result = shift.shifted(make, domains, gathered[0], gathered[1], kinds)
    print_notes(result.notes)
    print(f"{task}: from {both[0].how}; to {both[1].how}")
    print(f"{len(domains.classes)} classes; {result.n_train:,} and {result.n_test:,} pictures, seed {seed}")
    _print_rows(result)
    if as_json is not None:
        how = replace(both[0], how=f"from {both[0].how}; to {both[1].how}")
        _write(as_json, _described(model, encoder, how, task, {"k": k, "seed": seed}, result))
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
    from sightline.probes.tasks import dense, labelled
    from sightline.probes.tasks.gather import depth_in, mask_in

    name, rule = printable_line(model.name), cast(Any, model.rule)
    read, kinds = _readers(model, parts, task, seed)
    plane = {"segmentation": mask_in, "depth": depth_in}.get(task)
    train, test = (
        _gathered(model, part, doing, read, plane and plane(rule))
        for part, doing in ((parts.train, "reading what is fitted on"), (parts.test, "reading what is judged on"))
    )
    print("fitting", file=sys.stderr)
    if labels is None:
        if task == "segmentation":
            return dense.segmented(train, test, kinds, ignore, seed)
        return dense.ranged(train, test, kinds, seed)
    if task == "stages":
        return labelled.staged(k, seed, labels, train, test, name, PIXELS)
    make = _classifier(task, k, seed, int((labels.train >= 0).sum()))
    return labelled.classified(make, labels, train, test, kinds)


def _classifier(task: Task, k: int, seed: int, count: int) -> Callable[[], Any]:
    """What makes the classifier of a task of one accuracy. ValueError where kNN has fewer than `k` of the `count`
    labelled training pictures."""
    from sightline.probes.tasks import labelled

    if task == "linear":
        return labelled.linear(seed)
    return labelled.attentive(seed) if task == "attentive" else labelled.voters(k, count)


def _readers(
    model: "TorchEncoder", parts: "Parts", task: Task, seed: int
) -> "tuple[dict[str, Reader], dict[str, Kind]]":
    """What the task reads of every subject, and what each is: raw pixels, a random tower, the encoder."""
    from sightline.measure.subject.random_tower import randomised
    from sightline.probes.tasks import readers

    first, name = _first(model, parts), printable_line(model.name)
    pixels = readers.pixel_reader(task, model, first)
    read: dict[str, Reader] = {} if pixels is None else {PIXELS: pixels}
    kinds: dict[str, Kind] = {} if pixels is None else {PIXELS: "pixels"}
    if task != "stages":
        read[RANDOM], kinds[RANDOM] = readers.encoder_reader(task, randomised(model, seed), first), "random"
    read[name], kinds[name] = readers.encoder_reader(task, model, first), "encoder"
    return read, kinds


def _gathered(model: "TorchEncoder", part: Any, doing: str, read: "dict[str, Reader]", plane: Any = None) -> "Gathered":
    """Every usable picture of a part, read once for all subjects; those that are not are said."""
    from sightline.probes.tasks.gather import gather

    with progress(doing) as tell:
        found = gather(part, model.preprocess, read, plane=plane, tell=tell)
    print_bad(found.bad)
    return found


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
