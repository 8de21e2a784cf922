"""Where things that can be made again are kept."""

import hashlib
import os
import sys
from pathlib import Path


def sightline_cache() -> Path:
    """The cache folder: `$SIGHTLINE_CACHE`, else the platform's place for caches. Not created here."""
    chosen = os.environ.get("SIGHTLINE_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "sightline" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sightline"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sightline"


def cache_path(file: Path, kind: str, ending: str) -> Path:
    """Where the cache keeps what was made from `file`; another path, size or time of change gives another place."""
    stat = file.stat()
    return kept_path(kind, f"{file.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}", ending)


def kept_path(kind: str, words: str, ending: str) -> Path:
    """Where the cache keeps what `words` name."""
    return sightline_cache() / kind / (hashlib.blake2b(words.encode(), digest_size=16).hexdigest() + ending)
