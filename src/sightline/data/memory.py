"""How much memory is free, with the limit of the container the process is in."""

import sys
from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")


def available() -> int:
    """Bytes that can be taken without swapping: the machine's, or what its container still allows if that is less."""
    return min(psutil.virtual_memory().available, _container())


def _container() -> int:
    """Bytes that control groups, version 2, leave, which psutil does not look at; `sys.maxsize` where none are set."""
    limit, used = CGROUP / "memory.max", CGROUP / "memory.current"
    if not (limit.exists() and used.exists()) or limit.read_text().strip() == "max":
        return sys.maxsize
    return max(0, int(limit.read_text()) - int(used.read_text()))
