r"""The average of an encoder with the one it was fine-tuned from.

    theta = (1 - weight) theta_start + weight theta_run

of every tensor that both have (Wortsman et al. 2021, WiSE-FT, https://arxiv.org/abs/2109.01903, eq. 1): where both
lie in one valley of the loss, the line between them often knows more of either task than its ends. Parts that only one
has are kept as they are: the head of the run, the text tower and projections of the start. Departures: statistics of
BatchNorms are averaged like weights, which is no statistic of the average's own maps; the paper's towers have none.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sightline.data.atomic import atomic_folder
from sightline.protocols import CAPABILITIES, Kept
from sightline.weights.convert.source import Opened, opened
from sightline.weights.run_folder.joint import dim_of, kept_of, tensors_of
from sightline.weights.run_folder.run import save

TOWERS = ("image", "text")


@dataclass(frozen=True)
class Averaged:
    """What was written."""

    folder: Path
    tensors: int
    """averaged ones"""
    alone: tuple[str, ...]
    """parts that only one of the two has"""


def average(start: str | Path, run: str | Path, out: str | Path, *, weight: float = 0.5) -> Averaged:
    """Writes the average of the encoders called `start` and `run` into the new folder `out`.

    Raises ValueError for a weight outside 0 to 1, shared parts that differ in more than their weights, or a folder that
    is not empty; OSError where nothing can be written. The folder is whole or not there.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"--weight {weight}: expected the share of {run}, 0 to 1")
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is there and not empty; name a new folder")
    first, second = opened(start), opened(run)
    before, after = _parts(first), _parts(second)
    shared = before.keys() & after.keys()
    _must_fit(first, second, str(start), str(run), shared)
    kept = Kept(
        parts=before | after,
        scalars=dict(kept_of(first.encoder.model).scalars) | dict(kept_of(second.encoder.model).scalars),
        capabilities=_capabilities(first, second),
    )
    count = _mixed(kept, {name: x for name, x in first.tensors.items() if name.partition(".")[0] in shared}, weight)
    with atomic_folder(folder) as made:
        save(
            made,
            kept,
            specs=first.towers.specs() | first.others | second.towers.specs() | second.others,
            preprocess=second.encoder.preparation,
            tokenizer=second.tokenizer or first.tokenizer,
            dim=dim_of(kept),
            extra={"averaged": {"start": str(start), "run": str(run), "weight": weight}},
        )
    return Averaged(folder, count, tuple(sorted(before.keys() ^ after.keys())))


@torch.no_grad()
def _mixed(kept: Kept, start: dict[str, Tensor], weight: float) -> int:
    """The tensors of `kept`, which are the run's, moved towards those of the `start`; how many. Whole numbers (how many
    batches a BatchNorm saw) stay the run's."""
    count = 0
    for name, value in tensors_of(kept).items():
        if name in start and value.is_floating_point():
            value.copy_((1 - weight) * start[name].double() + weight * value.double())
            count += 1
    return count


def _parts(one: Opened) -> dict[str, nn.Module]:
    """Its parts, without those that hold nothing."""
    return {name: part for name, part in one.encoder.parts.items() if not isinstance(part, nn.Identity)}


def _capabilities(first: Opened, second: Opened) -> tuple[str, ...]:
    both = {*first.encoder.capabilities, *second.encoder.capabilities}
    return tuple(name for name in CAPABILITIES if name in both)


def _must_fit(first: Opened, second: Opened, start: str, run: str, shared: Collection[str]) -> None:
    """ValueError where the two have no image tower in common, or one of the `shared` parts in another shape, or of
    other classes."""
    mine, theirs = first.towers.specs() | first.others, second.towers.specs() | second.others
    if "image" not in mine or "image" not in theirs:
        raise ValueError(f"{start if 'image' not in mine else run} has no image tower to average")
    for name in sorted(shared):
        specs: list[Any] = [specs.get(name) for specs in (mine, theirs)]
        shapes = [
            {key: x.shape for key, x in one.tensors.items() if key.startswith(f"{name}.")} for one in (first, second)
        ]
        # a published head has no spec, and a spec of classes says which they are
        kinds = [(type(spec), getattr(spec, "names", ())) for spec in specs if spec is not None]
        if kinds[:1] != kinds[-1:] or shapes[0] != shapes[1]:
            raise ValueError(
                f"the {name}{' towers' if name in TOWERS else ''} of {start} and {run} differ in more than their "
                f"weights, so {run} did not begin from it as it is (another size of pictures, another encoder, other "
                f"classes): {specs[0]} and {specs[1]}"
            )
