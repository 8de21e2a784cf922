"""What kept parts can do: a file for each capability that has something to say, called by its name.

A file has a `CAPABILITY`: the parts it needs, how its verb is done, the graphs it exports. To add one, add its file;
nothing else knows of it. A capability without a file is done by the part that has its verb as a method
(`decoder.sample(...)`), and exports nothing.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.protocols import Kept
from sightline.runtime.able import VERBS

if TYPE_CHECKING:
    from sightline.weights.encoder import TorchEncoder

Writer = Callable[["TorchEncoder", str, Mapping[str, Path]], tuple[float, dict[str, Any]]]
"""(encoder, digest of its weights, files by name) -> how far the engines are apart, what `onnx.json` says of it"""


@dataclass(frozen=True, kw_only=True)
class Export:
    """A graph: `onnx/NAME.onnx`, and the files beside it."""

    name: str
    write: Writer
    beside: Callable[["TorchEncoder"], tuple[str, ...]] = lambda encoder: ()
    """names of further files that this encoder's graph needs"""
    check: Callable[["TorchEncoder"], None] = lambda encoder: None
    """ValueError for an encoder of which there is no graph"""


@dataclass(frozen=True, kw_only=True)
class Capability:
    """One of `protocols.CAPABILITIES`."""

    needs: tuple[str, ...] = ()
    """parts without which it is not"""
    do: Callable[..., Any] | None = None
    """(encoder, what the verb was given) -> what it returns; None where the face does it or a part"""
    exports: tuple[Export, ...] = ()


def capability(name: str) -> Capability:
    """The capability of that name, a plain one where it has no file."""
    where = f"{__name__}.{name}"
    try:
        return importlib.import_module(where).CAPABILITY
    except ModuleNotFoundError as error:
        if error.name != where:
            raise
        return Capability()


def must_have_parts(kept: Kept) -> None:
    """ValueError where what is kept lacks the parts for a capability that it names."""
    for name in kept.capabilities:
        if lacking := [part for part in capability(name).needs if part not in kept.parts]:
            raise ValueError(
                f"it {name.replace('_', ' ')} only with {', '.join(lacking)}, and kept are {', '.join(kept.parts)}"
            )


def doing(encoder: "TorchEncoder", name: str) -> Callable[..., Any]:
    """How `encoder` does the verb of a capability it has. ValueError where no part of it has that verb."""
    if (do := capability(name).do) is not None:
        return lambda *given, **options: do(encoder, *given, **options)
    for part in encoder.parts.values():
        if (method := getattr(part, VERBS[name], None)) is not None:
            return lambda *given, **options: encoder.run(method, *given, **options)
    raise ValueError(
        f"{encoder.name} says that it {name.replace('_', ' ')}, and none of {', '.join(encoder.parts)} has "
        f"{VERBS[name]}(): it was made by a newer version"
    )


def exportable(names: Iterable[str]) -> bool:
    """Whether any of the capabilities has a graph."""
    return any(capability(name).exports for name in names)


def exports(encoder: "TorchEncoder") -> list[Export]:
    """The graphs of all that it can do; there may be none."""
    return [export for name in encoder.capabilities for export in capability(name).exports]
