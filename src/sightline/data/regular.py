"""Files that are files: a pipe, a socket or a device is refused before it is opened, for reading it may never end."""

import errno
import os
import stat
from pathlib import Path

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def special_kind(path: Path) -> str:
    """What a path leads to, links followed, where it is no regular file; "" where it is one, or nothing can be told."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return "" if stat.S_ISREG(mode) else KINDS.get(stat.S_IFMT(mode), "no file")


def read_regular(path: Path, most: int = -1) -> bytes:
    """The bytes of a regular file, at most `most` of them. OSError for anything else, at once."""
    if kind := special_kind(path):
        raise OSError(errno.EINVAL, f"is {kind}, not a file", str(path))
    # looked at again once it is open: a pipe that took the place of the file meanwhile must not be waited for
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "is no regular file any more", str(path))
        return file.read(most)
