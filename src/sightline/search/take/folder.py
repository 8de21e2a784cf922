"""Copies of pictures in a folder: each whole or not there, and never in place of another file."""

from collections.abc import Iterable
from pathlib import Path

from sightline.data.atomic import write_new
from sightline.search.take.name import Once
from sightline.search.take.taken import Lost, Taken


def copy_into(folder: Path, pictures: Iterable[Taken | Lost]) -> None:
    """Writes each picture that is given into `folder`.

    A file that is there with the same bytes stays; a picture whose name another file has gets a number. OSError where
    it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for one in pictures:
        if isinstance(one, Taken):
            once = Once()
            while not _put(folder / once(one.name), one.data):
                pass


def _put(path: Path, data: bytes) -> bool:
    if write_new(path, data):
        return True
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
