"""`icons?set=outline`: the stroked icons of the `pytablericons` package (Tabler Icons, MIT), most with tags."""

import re
from dataclasses import dataclass
from functools import lru_cache

from sightline.data.sample import Sample
from sightline.data.sources.icons import names_of_split, package_folder, telling_terms

TAGS = re.compile(r"tags:\s*\[([^\]]*)\]")
CATEGORY = re.compile(r"category:\s*(.+)")


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    terms: tuple[str, ...]
    category: str
    svg: bytes


@lru_cache(maxsize=1)
def _entries() -> tuple[_Entry, ...]:
    folder = (
        package_folder("pytablericons", "icons?set=outline", "pip install 'sightline[outline]'") / "icons" / "outline"
    )
    found = []
    for file in sorted(folder.glob("*.svg")):
        svg = file.read_bytes()
        comment = svg.partition(b"<svg")[0].decode()
        tags = TAGS.search(comment)
        category = CATEGORY.search(comment)
        words = [tag.strip(" \n'\"") for tag in tags[1].split(",")] if tags else []
        label = file.stem.replace("-", " ")
        kind = category[1].strip().lower() if category else ""
        found.append(_Entry(file.stem, telling_terms(label, [word for word in words if word]), kind, svg))
    return tuple(found)


class Outline:
    """`icons:split?set=outline&fold=k`, split by name like the filled set."""

    has = frozenset({"image", "text", "label"})

    def __init__(self, split: str = "all", fold: int = 0) -> None:
        names = names_of_split([entry.name for entry in _entries()], split, fold)
        self.entries = tuple(entry for entry in _entries() if entry.name in names)
        self.classes: tuple[str, ...] = tuple(sorted({entry.category for entry in _entries()} - {""}))
        self.name = f"icons:{split}?set=outline&fold={fold}"

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:
        entry = self.entries[index]
        return Sample(
            key=f"{entry.name}/outline",
            image=entry.svg,
            captions=(entry.name.replace("-", " "),),
            terms=entry.terms,
            label=self.classes.index(entry.category) if entry.category else None,
            name=entry.name,
            extra={"categories": [entry.category] if entry.category else [], "weight": "outline"},
        )
