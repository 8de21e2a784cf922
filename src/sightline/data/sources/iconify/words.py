"""What an icon's name says: the words of the thing, and the style words around them.

`calendar-check-outline-24` names a calendar with a check, drawn as an outline for 24 pixels. Style words stand at the
end, in a few sets at the start; which they are, a set may declare (`suffixes`, `prefixes`), else its names tell.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

SURE = frozenset("outline outlined filled duotone twotone rounded linear".split())
"""style wherever they end a name"""
MAYBE = frozenset("line stroke fill solid bold thin light regular sharp round flat duo broken bulk o f".split())
"""style in some sets, and in others the thing ("traffic-light", "chart-line", "sun-solid")"""
DOUBTFUL = frozenset("light line flat square round fill".split())
"""of these, a set that declares them may still have the thing"""
VARIANT = frozenset("alt alternate variant one two three four five".split())
"""another drawing of the thing, where the set has the name without it or uses the word throughout"""
NUMBER = re.compile(r"\d+(px)?")
SIZES = frozenset(
    f"{size}{unit}" for size in (8, 10, 11, 12, 14, 15, 16, 20, 24, 28, 32, 48, 64, 96) for unit in ("", "px")
)
NUMBERED = frozenset(
    "number numeric dice filter looks heading battery signal brightness beaufort forward replay back rewind timer "
    "clock circle square hexagon octagon diamond plus minus exposure f h level".split()
)
"""words whose number can be seen in the drawing; after others it counts variants ("home-2")"""
USUAL, LEAST = 0.02, 5
"""share and number of a set's names that end with a word of MAYBE from which on it is a style of that set"""
TRUSTED = 0.05, 0.2
"""share from which on a VARIANT, and a style, need no name without them"""


class Style:
    """The style words of one set: which it declares, and which its names show.

    A word that may be the thing is dropped only from a name that the set also has without it, or in another style: in a
    set with `sun-light` and `sun-bold`, "traffic-light" stays. A word that ends a fifth of all names is style.
    """

    def __init__(self, names: Collection[str], suffixes: Iterable[str] = (), prefixes: Iterable[str] = ()) -> None:
        unnumbered = [_unnumbered(name) for name in names]
        self.names = frozenset(names).union(unnumbered)
        self.suffixes = _split(suffixes)
        self.prefixes = _split(prefixes)
        last = Counter(name.rpartition("-")[2] for name in unnumbered)
        variant, style = (share * len(names) for share in TRUSTED)
        self.usual = {word for word in MAYBE if last[word] >= max(LEAST, USUAL * len(names))}
        self.trusted = SURE | {word for word in MAYBE if last[word] >= max(LEAST, style)}
        self.trusted |= {word for word in VARIANT if last[word] >= max(LEAST, variant)}
        self.styles = SURE | self.usual | {"-".join(one) for one in self.suffixes}

    def parted(self, name: str) -> tuple[int, int]:
        """The place of the thing's words in the name: `name[start:end]`, never empty.

        >>> style = Style(["home", "home-24", "home-outline"], suffixes=["outline"])
        >>> ["home-outline-24"[slice(*style.parted("home-outline-24"))], "outline"[slice(*style.parted("outline"))]]
        ['home', 'outline']
        """
        words = name.split("-")
        first, last = 0, len(words)
        for one in self.prefixes:
            if tuple(words[: len(one)]) == one and len(one) < last:
                first = len(one)
                break
        while count := self._styled(words[:last], first):
            last -= count
        start = len("-".join(words[:first])) + (first > 0)
        return start, len("-".join(words[:last]))

    def _styled(self, words: Sequence[str], first: int) -> int:
        """How many words at the end are one style word, or number one variant; 0 where the last word is the thing's."""
        room = len(words) - first
        for one in self.suffixes:
            if len(one) < room and tuple(words[-len(one) :]) == one and self._is_style(words, len(one)):
                return len(one)
        if room > 2 and tuple(words[-2:]) == ("two", "tone"):
            return 2
        if room < 2:
            return 0
        word, before = words[-1], words[-2]
        if NUMBER.fullmatch(word):
            return int(before not in NUMBERED or (word[0] == "0" and len(word) > 1))
        if word in VARIANT and before in NUMBERED:
            return 0
        known = word in self.trusted or word in self.usual or word in VARIANT
        return int(known and (word in self.trusted or self._beside(words, 1)))

    def _is_style(self, words: Sequence[str], count: int) -> bool:
        """Whether a suffix that the set declares is meant: a doubtful one may be the thing."""
        return words[-1] not in DOUBTFUL or words[-1] in self.trusted or self._beside(words, count)

    def _beside(self, words: Sequence[str], count: int) -> bool:
        """Whether the set has the name without its last `count` words, or in another style."""
        bare, own = "-".join(words[:-count]), "-".join(words[-count:])
        return bare in self.names or any(f"{bare}-{other}" in self.names for other in self.styles if other != own)


def _split(words: Iterable[str]) -> list[tuple[str, ...]]:
    """Each as its words, the longest first."""
    return sorted((tuple(one.split("-")) for one in words if one), key=len, reverse=True)


def _unnumbered(name: str) -> str:
    """Without a number at the end, so that "car-fill-16" is beside "car-stroke-12"."""
    bare, _, last = name.rpartition("-")
    return bare if bare and NUMBER.fullmatch(last) else name


def style_words(name: str, start: int, end: int) -> tuple[str, ...]:
    """The words around `name[start:end]` that say a style or a size in pixels, in their order.

    >>> style_words("home-2-outline-24", 0, 4)
    ('outline', '24')
    """
    around = f"{name[:start]}-{name[end:]}".split("-")
    return tuple(
        word for word in around if word and word not in VARIANT and (word in SIZES or not NUMBER.fullmatch(word))
    )
