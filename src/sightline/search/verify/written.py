"""Pairs as others write them: a table of two paths and whether they show the same, or the pairs.txt of LFW.

left,right,same[,fold]            csv, tsv, jsonl; paths relative to the table's folder, or to `root`
10 300 / Name 1 4 / A 2 B 1       LFW: folds and pairs of each kind a fold; two of one person, two of two
"""

from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.regular import read_regular
from sightline.data.sample import BadSample
from sightline.data.sources.rows import Rows, column_of, read_rows
from sightline.search.verify.pair import Pairs, Pictures

LEFT = ("left", "image1", "path1", "file1", "first", "a")
RIGHT = ("right", "image2", "path2", "file2", "second", "b")
SAME = ("same", "is_same", "match", "label")
FOLD = ("fold",)
YES = frozenset({"1", "1.0", "same", "true", "yes", "y"})
NO = frozenset({"0", "0.0", "-1", "different", "false", "no", "n"})
ENDINGS = frozenset({".csv", ".tsv", ".jsonl", ".txt"})

Row = tuple[str, str, bool, int | None]


def written_pairs(src: str, root: Path | None = None) -> Pairs | None:
    """As `read_pairs`; None where the text names a source: neither a .txt nor a table with two columns of paths."""
    path = Path(src)
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return None
    if path.suffix.lower() == ".txt":
        return read_pairs(path, root)
    table = read_rows(path)
    return None if _columns(table) is None else read_pairs(path, root, table)


def read_pairs(path: Path, root: Path | None = None, table: Rows | None = None) -> Pairs:
    """The pairs of a file; its pictures lie under `root`, else beside it. Those that are not there are named.

    `table` are its rows where they were read already. Raises ValueError for a row that cannot be understood, with its
    number, and where no pair is left.
    """
    base = path.parent if root is None else root
    rows = _lfw(path) if path.suffix.lower() == ".txt" else _table(path, read_rows(path) if table is None else table)
    if not rows:
        raise ValueError(f"{path} holds no pairs")
    files = {named: base / named for row in rows for named in row[:2]}
    missing = tuple(named for named, file in files.items() if not file.is_file())
    away = set(missing)
    kept = [row for row in rows if not away.intersection(row[:2])]
    if not kept:
        raise ValueError(
            f"{path}: no pair is left, {len(missing):,} of {len(files):,} pictures are not there under {base}, such as "
            f"{missing[0]}; say where they are with --root"
        )
    there = {named: file for named, file in files.items() if named not in away}
    number = {named: place for place, named in enumerate(there)}
    folds = [row[3] for row in kept]
    return Pairs(
        Pictures(str(path), there),
        np.array([number[row[0]] for row in kept]),
        np.array([number[row[1]] for row in kept]),
        np.array([row[2] for row in kept]),
        None if None in folds else np.array(folds),
        missing=missing,
        lost=len(rows) - len(kept),
    )


def _columns(rows: Rows) -> tuple[str, str] | None:
    """The columns of the two paths; None where there are none."""
    left, right = column_of(rows.columns, LEFT), column_of(rows.columns, RIGHT)
    return (left, right) if left and right else None


def _table(path: Path, rows: Rows) -> list[Row]:
    columns, same, fold = _columns(rows), column_of(rows.columns, SAME), column_of(rows.columns, FOLD)
    if columns is None or same is None:
        raise ValueError(
            f"{path} has the columns {', '.join(rows.columns)}; expected two of paths and one that says whether they "
            "show the same, such as left, right, same"
        )
    found: list[Row] = []
    for number in range(len(rows)):
        try:
            row = rows[number]
        except BadSample as error:
            raise ValueError(f"{path}: {error}") from error
        names = [str(row.get(column) or "") for column in columns]
        if not all(names):
            raise ValueError(f"{path}, row {number + 1}: a pair needs two paths; got {names[0]!r} and {names[1]!r}")
        dealt = _fold(row.get(fold) if fold else None, path, number)
        found.append((names[0], names[1], _truth(row.get(same), path, number), dealt))
    return found


def _truth(said: Any, path: Path, number: int) -> bool:
    word = str(said).strip().lower()
    if word in YES or word in NO:
        return word in YES
    raise ValueError(f"{path}, row {number + 1}: {said!r} says neither same (1, true) nor different (0, false)")


def _fold(said: Any, path: Path, number: int) -> int | None:
    if said is None or str(said).strip() == "":
        return None
    try:
        return int(said)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{path}, row {number + 1}: fold is {said!r}; expected a whole number") from error


def _lfw(path: Path) -> list[Row]:
    """LFW's list. Its first line has the folds and the pairs of each kind in a fold; of the sets that view 1 is made
    of, the pairs alone, which are one fold."""
    lines = [line.split() for line in read_regular(path).decode("utf-8", "replace").splitlines() if line.strip()]
    head = lines[0] if lines else []
    if not head or len(head) > 2 or not all(word.isdigit() for word in head):
        raise ValueError(f"{path}: the first line of LFW's pairs is '10 300' (folds, pairs of a kind) or '1100'")
    folds, each = (int(head[0]), int(head[1])) if len(head) == 2 else (1, int(head[0]))
    rows = lines[1:]
    if len(rows) != 2 * folds * each:
        raise ValueError(
            f"{path}: {' '.join(head)} announces {2 * folds * each:,} pairs, and there are {len(rows):,} lines"
        )
    found: list[Row] = []
    for number, words in enumerate(rows):
        fold = number // (2 * each) if folds > 1 else None
        try:
            match words:
                case [name, one, other]:
                    found.append((_face(name, one), _face(name, other), True, fold))
                case [name, one, stranger, other]:
                    found.append((_face(name, one), _face(stranger, other), False, fold))
                case _:
                    raise ValueError
        except ValueError as error:
            raise ValueError(
                f"{path}, line {number + 2}: expected 'name n n' or 'name n name n'; got {' '.join(words)!r}"
            ) from error
    return found


def _face(name: str, number: str) -> str:
    return f"{name}/{name}_{int(number):04d}.jpg"
