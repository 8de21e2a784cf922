"""`make parity`: every family with towers of ours against its peer's own class, same random weights, as a table.

The cases are those of the tests (tests/weights/published/family/peers*.py): the peer is saved in its published layout,
loaded by `sightline.load`, and compared at its own resolution and, where the peer can, at another. Ends in 1 where a
difference is above the tolerance.
"""

import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

CASES = Path(__file__).parents[1] / "tests" / "weights" / "published" / "family"
COLUMNS = ("image", "text", "tokens", "logits")


def main() -> int:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    sys.path.insert(0, str(CASES))
    wanted = [word.lower() for word in sys.argv[1:]]
    # importing a file adds its cases to the list that the first one holds
    modules = {path.stem: importlib.import_module(path.stem) for path in sorted(CASES.glob("peers*.py"))}
    chosen = [
        case for case in modules["peers"].CASES if not wanted or any(word in case.family.lower() for word in wanted)
    ]
    print(row("family", "peer", *COLUMNS, "at most"))
    return max([run(case) for case in chosen], default=0)


def run(case: Any) -> int:
    """Prints the case's row; 1 where a difference is too large."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        found = case.run(Path(folder))
    worst = {column: largest(found, column) for column in COLUMNS}
    print(row(case.family, case.peer, *worst.values(), f"{case.tolerance:.0e}"), flush=True)
    return int(max(found.values()) > case.tolerance)


def largest(found: dict[str, float], column: str) -> str:
    """The largest of a column and of its values at other resolutions (`image@`)."""
    values = [value for name, value in found.items() if name.split("@")[0] == column]
    return f"{max(values):.1e}" if values else "-"


def row(family: str, peer: str, *values: str) -> str:
    return f"{family:<16} {peer:<64} " + " ".join(f"{value:>8}" for value in values)


if __name__ == "__main__":
    sys.exit(main())
