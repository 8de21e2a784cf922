"""The factors of scenes as a list: name, domain, order, whether one can change it alone, and what then follows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache

from sightline.data.scenes import vocabulary
from sightline.data.scenes.design import LAYOUTS, LEVEL
from sightline.data.scenes.palette import BACKGROUND, BACKGROUND_NAME, BASIC, BASIC_BACKGROUNDS, COLOURS, PALETTES
from sightline.data.scenes.pen import STYLES
from sightline.data.scenes.record import FREE, Value, typed
from sightline.data.scenes.scene import PLACES
from sightline.data.scenes.widgets import WIDGETS


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that may differ between two scenes."""

    name: str
    """as in `record.factors`; "object.*.colour" stands for every object's"""
    domain: tuple[Value, ...]
    """every value it can have, in order where it has one; () for measured numbers and words"""
    order: str = "nominal"
    """nominal, ordinal (more and less), circular (a clock) or measured (a real number)"""
    editable: bool = False
    """whether `edit.edited` can change it alone"""
    follows: tuple[str, ...] = ()
    """patterns of the other factors that may change with it, since they are computed from it"""

    def moves(self, name: str) -> bool:
        """Whether an edit of this factor may change the factor called `name`."""
        return name == self.name or any(fnmatchcase(name, pattern) for pattern in self.follows)


MEASURED = ("style.*",)


@cache
def known(level: int) -> dict[str, Factor]:
    """Every factor of a level by its name; an object's factors once, under "object.*."."""
    designed = level == LEVEL
    grounds = [b for group in BASIC_BACKGROUNDS for b in group] if level == 1 else list(BACKGROUND.values())
    strokes = ("filled", "outlined") if level > 1 else ("filled",)
    widgets = [kind for kind, widget in WIDGETS.items() if designed or (level == 3 and widget.values)]
    kinds = ("shape", "icon", "text", "widget") if level > 2 else ("shape", "icon")
    rows = [
        Factor("level", vocabulary.LEVELS, "ordinal"),
        Factor("count", tuple(range(1, 9)), "ordinal"),
        Factor("layout", tuple(LAYOUTS) if designed else (FREE,)),
        Factor(
            "background", tuple(BACKGROUND_NAME[b] for b in grounds), editable=True, follows=("background.*", *MEASURED)
        ),
        Factor("background.kind", tuple(dict.fromkeys(b.kind for b in grounds))),
        Factor("background.words", tuple(dict.fromkeys(b.words for b in grounds))),
        Factor("palette", tuple(PALETTES) if designed else (FREE,), editable=designed, follows=("object.*.colour",)),
        Factor(
            "style",
            tuple(STYLES) if designed else (*strokes, "mixed")[: 2 * len(strokes) - 1],
            editable=designed,
            follows=("object.*.stroke", *MEASURED),
        ),
        *(Factor(f"style.{n}", (), "measured") for n in ("ink", "cover", "outlines", "inks", "tones")),
        Factor("style.gradient", (False, True)),
        *(Factor(f"style.{n}", (), "measured") for n in ("fill", "lined", "line", "roundness")),
        Factor("style.words", ()),
        *(
            Factor(f"widget.{k}", tuple(typed(k, v) for v in WIDGETS[k].domain), WIDGETS[k].order, True, MEASURED)
            for k in widgets
        ),
        *([Factor("text", vocabulary.WORDS, editable=True, follows=MEASURED)] if level > 2 else []),
        Factor("object.*.kind", kinds),
        Factor("object.*.name", vocabulary.classes(level)[1:], editable=True, follows=MEASURED),
        Factor("object.*.colour", BASIC if level == 1 else tuple(COLOURS), editable=True, follows=MEASURED),
        Factor("object.*.size", ("small", "medium", "large"), "ordinal"),
        Factor("object.*.stroke", strokes, editable=level in (2, 3), follows=("style", *MEASURED)),
        Factor("object.*.place", PLACES),
        Factor("object.*.depth", tuple(range(8)), "ordinal"),
    ]
    return {row.name: row for row in rows}


def factor(level: int, name: str) -> Factor:
    """The factor of this name, "object.3.colour" and "text.2" included; raises ValueError that lists the known ones."""
    found = known(level).get(re.sub(r"^object\.\d+\.", "object.*.", re.sub(r"^text\.\d+$", "text", name)))
    if found is None:
        raise ValueError(f"scenes of level {level} have no factor {name!r}; known: {', '.join(known(level))}")
    return replace(found, name=name)
