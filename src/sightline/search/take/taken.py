"""Pictures on their way out of an index, one after the other: 10,000 of them are never in memory together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sightline.search.index import Index
from sightline.search.read import SVG
from sightline.search.take.name import Once, file_name, safe

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture's own bytes, with the name to save them by, which no other of its selection has."""

    id: int
    called: str
    """what the index calls it"""
    name: str
    media: str
    data: bytes

    @property
    def svg(self) -> bool:
        """Whether it is a drawing."""
        return self.media == SVG


@dataclass(frozen=True, slots=True)
class Lost:
    """A picture that cannot be given, and why: its file is gone or changed, or the index has none of this id."""

    id: int
    called: str
    reason: str

    def __str__(self) -> str:
        return f"{self.called}: {self.reason}"


def taken(index: Index, ids: Iterable[int]) -> Iterator[Taken | Lost]:
    """The pictures of these ids, each once, in this order; only bytes that were indexed."""
    once = Once()
    for id in dict.fromkeys(ids):
        called = f"picture {id}"
        try:
            picture = index.picture(id)
            called = picture.path or picture.key
            data, media = index.original(id)
        except (ValueError, OSError) as error:
            yield Lost(id, called, str(error))
            continue
        yield Taken(id, picture.name, once(safe(file_name(picture, media))), media, data)


class Counted(Generic[T]):
    """Passes on what is given and what is lost, and remembers: how many, and which."""

    def __init__(self, found: Iterable[T | Lost]) -> None:
        self._found = found
        self.count, self.lost = 0, list[Lost]()

    def __iter__(self) -> Iterator[T | Lost]:
        for one in self._found:
            if isinstance(one, Lost):
                self.lost.append(one)
            else:
                self.count += 1
            yield one
        if not self.count:
            raise ValueError(f"none of them could be taken: {self.lost[0] if self.lost else 'there are none'}")


def told(lost: Sequence[Lost], of: int) -> str:
    """What could not be given, a line each.

    >>> print(told([Lost(3, "a.svg", "it is gone")], of=2), end="")
    1 of 2 pictures could not be taken:
    a.svg: it is gone
    """
    lines = [f"{len(lost)} of {of} pictures could not be taken:", *(" ".join(str(one).split()) for one in lost)]
    return "\n".join(lines) + "\n"
