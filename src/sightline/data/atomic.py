"""Files and folders that are whole or not there: written beside the target, then renamed over it."""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STALE = 3600.0
"""seconds after which the temporary file of a killed process is removed by the next save of the same file"""


@contextmanager
def atomic_write(*targets: Path) -> Iterator[list[Path]]:
    """Gives a temporary path for each of `targets`; when the block ends they are renamed in the order given.

    All temporaries are complete on disk before the first rename, so a full disk or an exception leaves every target as
    it was. A kill between two renames can leave the first of them new and the last old, never a half-written one.
    Raises OSError naming the targets when writing fails.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with atomic_write(target) as [temporary]:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f".{target.name}.*.tmp"):
            if time.time() - left.stat().st_mtime > STALE:
                left.unlink(missing_ok=True)
    temporaries = [target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp") for target in targets]
    try:
        yield temporaries
        for temporary in temporaries:
            _flush(temporary)
        for temporary, target in zip(temporaries, targets, strict=True):
            os.replace(temporary, target)
    except OSError as error:
        names = ", ".join(str(target) for target in targets)
        raise OSError(
            error.errno, f"could not write {names}: {error.strerror or error}; what was there before is unchanged"
        ) from error
    finally:
        for temporary in temporaries:
            # a writer that works through a temporary of its own may have left that beside ours
            for left in temporary.parent.glob(temporary.name + "*"):
                left.unlink(missing_ok=True)


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Gives a new folder on the same disk, renamed to `target` when the block ends well and removed when not; what was
    there before goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
    try:
        made.chmod(0o777 & ~_umask())
        yield made
        old = None
        if target.exists():
            old = made.with_name(made.name + ".old")
            os.replace(target, old)
        os.replace(made, target)
        if old is not None:
            shutil.rmtree(old)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _umask() -> int:
    # the only way to read it; mkdtemp's folder is its owner's alone, which a run's is not
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_new(target: Path, data: bytes) -> bool:
    """Writes a file that is not there yet, whole or not at all. False, with nothing touched, where something is there.

    Raises OSError naming the target when writing fails.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_bytes(data)
        _flush(temporary)
        try:
            os.link(temporary, target)  # unlike a rename, it never takes the place of another file
        except FileExistsError:
            return False
        except OSError:
            if os.path.lexists(target):
                return False
            os.replace(temporary, target)  # a disk that knows no links
        return True
    except OSError as error:
        raise OSError(error.errno, f"could not write {target}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    # "r+b": Windows flushes only files opened for writing
    with path.open("r+b") as file:
        os.fsync(file.fileno())
