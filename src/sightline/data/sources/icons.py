"""The built-in set `icons`: the non-brand icons of the `fontawesomefree` package with their words.

1,395 names, 1,558 drawings (solid, some also regular), each with a label, search terms and categories.
Icons: CC BY 4.0, Fonticons, Inc.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from sightline.data.sample import Sample

WEIGHTS = ("all", "solid", "regular")
SPLITS = ("all", "train", "test")
HIDES = ("nothing", "term")
TEST_SHARE = 0.2
LEAST_TERMS = 3
"""an icon with fewer terms keeps them all"""
JUNK = frozenset({"uer"})
"""a piece of "user" cut wrong, on 122 names"""
COMMONEST = 0.05
"""share of all names above which a term tells icons apart too little to be kept; today only "uer" is above it"""


@dataclass(frozen=True, slots=True)
class IconEntry:
    """One drawing of one icon."""

    name: str
    """"credit-card"; the drawings of one name are kept on one side of a split"""
    weight: str
    label: str
    """"credit card" """
    terms: tuple[str, ...]
    """lower case, without those that only repeat the label"""
    categories: tuple[str, ...]
    svg: bytes


@lru_cache(maxsize=4)
def icon_entries(weight: str = "all") -> tuple[IconEntry, ...]:
    """Every drawing in order of name, then solid before regular. ValueError where the package is not installed."""
    if weight not in WEIGHTS:
        raise ValueError(f"icons have no weight {weight!r}; known: {', '.join(WEIGHTS)}")
    folder = (
        package_folder("fontawesomefree", "icons", "pip install 'sightline[train]'") / "static/fontawesomefree/metadata"
    )
    families = json.loads((folder / "icon-families.json").read_text(encoding="utf-8"))
    categories = _categories((folder / "categories.yml").read_text(encoding="utf-8"))
    drawn = {name: entry for name, entry in sorted(families.items()) if _weights(entry)}
    standing = Counter(_word(term) for entry in drawn.values() for term in set(entry["search"]["terms"]))
    junk = JUNK | {term for term, count in standing.items() if count > COMMONEST * len(drawn)}
    return tuple(
        IconEntry(
            name,
            kind,
            _word(entry["label"]),
            telling_terms(entry["label"], entry["search"]["terms"], junk),
            categories.get(name, ()),
            drawing.encode(),
        )
        for name, entry in drawn.items()
        for kind, drawing in _weights(entry).items()
        if weight in {"all", kind}
    )


class Icons:
    """`icons:split?set=weight&fold=k&hide=term`. Split 80/20 by icon name; each fold is another split, 0 the usual one.

    `hide="term"` leaves out one search term of every icon that has three or more: a word a person would type for it and
    that nothing was told (`hidden_term`).
    """

    has = frozenset({"image", "text", "label"})

    def __init__(self, weight: str = "all", split: str = "all", fold: int = 0, hide: str = "nothing") -> None:
        if hide not in HIDES:
            raise ValueError(f"icons cannot hide {hide!r}; known: {', '.join(HIDES)}")
        entries = icon_entries(weight)
        names = names_of_split([entry.name for entry in icon_entries()], split, fold)
        self.entries = tuple(entry for entry in entries if entry.name in names)
        self.classes: tuple[str, ...] = tuple(sorted({kind for entry in icon_entries() for kind in entry.categories}))
        self.hide = hide
        self.name = f"icons:{split}?set={weight}&fold={fold}" + (f"&hide={hide}" if hide != "nothing" else "")

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:
        entry = self.entries[index]
        hidden = hidden_term(entry) if self.hide == "term" else None
        return Sample(
            key=f"{entry.name}/{entry.weight}",
            image=entry.svg,
            captions=(entry.label,),
            terms=tuple(term for term in entry.terms if term != hidden),
            label=self.classes.index(entry.categories[0]) if entry.categories else None,
            name=entry.name,
            extra={"categories": list(entry.categories), "weight": entry.weight},
        )


def hidden_term(entry: IconEntry) -> str | None:
    """The term that `hide="term"` leaves out of an icon, None where it has fewer than three or none is free.

    Chosen by hash among its terms that share no word with its name or label, so that only knowing what the picture
    shows leads from the one to the other.
    """
    if len(entry.terms) < LEAST_TERMS:
        return None
    said = set(re.findall(r"[^\W_]+", f"{entry.name} {entry.label}"))
    free = [term for term in entry.terms if (own := set(re.findall(r"[^\W_]+", term))) and not own & said]
    return min(free, key=lambda term: hashlib.blake2b(f"{entry.name}/{term}".encode()).digest(), default=None)


def names_of_split(names: Sequence[str], split: str, fold: int = 0) -> frozenset[str]:
    """The names on one side of an 80/20 split: the fifth with the smallest hash of (fold, name) is the test side."""
    if split not in SPLITS:
        raise ValueError(f"icons have no split {split!r}; known: {', '.join(SPLITS)}")
    unique = sorted(set(names))
    order = sorted(unique, key=lambda name: hashlib.blake2b(f"{fold}/{name}".encode(), digest_size=8).digest())
    count = round(TEST_SHARE * len(order))
    return frozenset({"all": order, "test": order[:count], "train": order[count:]}[split])


def telling_terms(label: str, terms: Sequence[str], junk: frozenset[str] = JUNK) -> tuple[str, ...]:
    """Terms lower-cased, each once, in their order, without junk and without those that only repeat the label."""
    said = _bare(label)
    return tuple(dict.fromkeys(word for term in terms if (word := _word(term)) not in junk and _bare(word) != said))


def _word(text: str) -> str:
    return " ".join(text.lower().split())


def _bare(text: str) -> str:
    """Without case, spaces and marks, so that "Credit-card" repeats "credit card"; a bare sign stays itself."""
    return re.sub(r"[\W_]+", "", text.lower()) or text


def _weights(entry: dict) -> dict[str, str]:
    """weight -> SVG text of the drawings that are no brand."""
    classic = entry["svgs"].get("classic", {})
    return {kind: classic[kind]["raw"] for kind in ("solid", "regular") if kind in classic}


def _categories(text: str) -> dict[str, tuple[str, ...]]:
    """icon name -> category labels, from the package's categories.yml (two levels, one value a line)."""
    found: dict[str, list[str]] = {}
    members: list[str] = []
    for line in text.splitlines():
        value = line.strip()
        if value.startswith("- "):
            members.append(value[2:].strip("'\""))
        elif value.startswith("label:"):
            for name in members:
                found.setdefault(name, []).append(value[6:].strip(" '\"").lower())
            members = []
    return {name: tuple(kinds) for name, kinds in found.items()}


def package_folder(module: str, what: str, fix: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ValueError(f"{what} needs the {module} package: {fix}")
    return Path(spec.origin).parent
