"""A .tar.gz as a plain tar in the cache, as far as it can be unpacked."""

import zlib
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock

from sightline.data.atomic import atomic_write
from sightline.data.cache import cache_path

BLOCK = 2**20


def unpacked(path: Path) -> tuple[Path, str]:
    """The plain tar, unpacked once, and what was wrong with the packed one."""
    target = cache_path(path, "tar", ".tar")
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        trouble = target.with_suffix(".note")
        if not target.exists():
            with atomic_write(target) as [temporary]:
                note = _gunzip(path, temporary)
            if note:
                trouble.write_text(note, encoding="utf-8")
        return target, trouble.read_text(encoding="utf-8") if trouble.exists() else ""


def _gunzip(path: Path, target: Path) -> str:
    """Write what can be unpacked of a gzip file of one or more parts; "" or where it is cut."""
    unpack = zlib.decompressobj(wbits=31)
    with open(path, "rb") as packed, open(target, "wb") as plain:
        while chunk := packed.read(BLOCK):
            while chunk:
                before = unpack.copy()
                try:
                    plain.write(unpack.decompress(chunk))
                except zlib.error as error:
                    _until_damage(before, chunk, plain)
                    if plain.tell() == 0:
                        raise ValueError(f"{path} is no gzip file: {error}") from error
                    return f"{path}: damaged near byte {packed.tell():,} ({error})"
                chunk = unpack.unused_data
                if unpack.eof:
                    if not chunk.strip(b"\0"):
                        break
                    unpack = zlib.decompressobj(wbits=31)
        plain.write(unpack.flush())
    return "" if unpack.eof else f"{path}: cut at byte {path.stat().st_size:,}"


def _until_damage(unpack: Any, chunk: bytes, plain: BinaryIO) -> None:
    """Write what a chunk gives before the place where it is damaged."""
    step = max(1, len(chunk) // 64)
    for start in range(0, len(chunk), step):
        piece, before = chunk[start : start + step], unpack.copy()
        try:
            plain.write(unpack.decompress(piece))
        except zlib.error:
            if step > 1:
                _until_damage(before, piece, plain)
            return
