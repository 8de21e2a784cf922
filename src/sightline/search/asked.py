"""A typed query as it is understood: words to look for, and the folders or sets to look in (`in:lucide`)."""

from dataclasses import dataclass

from sightline.search.query import Readers, pieces, single_line, text_vector
from sightline.search.rank.rank import Wanted
from sightline.search.typed.compose import without_folders
from sightline.search.words import telling


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants."""

    words: str
    """what is left of the query without its filters, on one line; "" where there were only filters"""
    folders: tuple[str, ...] = ()
    """as stored words: a picture in any of them will do; () for everywhere"""

    def wholly(self, words: str) -> str:
        """The query again with other `words`, its filters after them."""
        return " ".join([words, *(f'in:"{folder}"' if " " in folder else f"in:{folder}" for folder in self.folders)])


def asked(query: str) -> Asked:
    """Reads a query. Raises ValueError where it has no visible character.

    A filter without a letter or digit is no filter: `in:` and `in:?!` are words as any others.

    >>> asked('heart in:lucide  in:"Nav arrows" outline')
    Asked(words='heart outline', folders=('lucide', 'nav arrows'))
    """
    folders, rest = without_folders(single_line(query))
    return Asked(" ".join(rest.split()), folders)


def wanted(said: Asked, readers: Readers) -> Wanted:
    """What was typed with its vectors: one to compare with pictures, one with words."""
    vector = None if readers.looks is None else text_vector(readers.looks, said.words)
    reader = readers.reads
    speller = readers.looks if reader is None else reader
    spelt = None if speller is None else pieces(speller, [said.words])[0]
    if reader is None or not telling(said.words):  # signs alone say nothing that words could be compared with
        return Wanted(said.words, vector, said.folders, spelt=spelt)
    meant = vector if readers.same else text_vector(reader, said.words)
    return Wanted(said.words, vector, said.folders, meant, reader.identity, spelt)
