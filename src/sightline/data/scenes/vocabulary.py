"""Which things a level may show, and the words it may write."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import NamedTuple

from sightline.data.scenes import glyphs
from sightline.data.scenes.drawings import COMMON, OPEN, SHAPES
from sightline.data.scenes.widgets import BY_NAME, LEVEL_3

LEVELS = (1, 2, 3, 4)


WRITTEN = {3: (*LEVEL_3, "text"), 4: (*BY_NAME, "text")}
"""the names of what means a value or is read, by level"""


class Thing(NamedTuple):
    """A name and its drawings."""

    kind: str
    """icon or shape"""
    name: str
    filled: str
    outlined: str = ""
    """"" where there is no line drawing of it"""


WORDS = tuple(
    "SALE MENU HOME LOGIN SHARE START STOP PLAY NEXT BACK OPEN CLOSE HELP NEWS BLOG SHOP CART PAY FREE NEW HOT TOP VIP "
    "PRO BETA DEMO INFO EDIT SAVE SEND COPY PASTE UNDO FILE VIEW TOOLS USER TEAM CHAT CALL MAIL INBOX EVENT TODAY NOW "
    "LIVE AUDIO VIDEO PHOTO MUSIC MOVIE GAME SPORT TRAVEL HOTEL FOOD CAFE PIZZA DRINK COFFEE BIKE TAXI TRAIN PARK CITY "
    "MAP ROUTE EXIT ENTER PUSH PULL YES NO OK WOW HELLO THANKS LOVE PEACE HAPPY SMILE IDEA PLAN GOAL DATA CODE CLOUD "
    "WIFI APP WEB API KEY LOCK SAFE BANK CASH PRICE DEAL OFFER BONUS GIFT WIN RED BLUE GREEN GOLD 10% 20% 25% 30% 50% "
    "70% 24 365 2024 2025 100 $5 $9 $49 $99 1ST A+ 4K 5G 3D".split()
)
"""what a text element can say: words of interfaces and posters, prices and numbers"""


@cache
def pool(level: int) -> tuple[Thing, ...]:
    """The objects of a level, each name once.

    Level 1: 8 shapes and 40 common icons. Level 2: the shapes and 300 icons, the common ones and others of the training
    side. Level 3: the shapes and all icons of the training side, but for single letters and digits (these are written
    as text) and icons named like a shape. Level 4: the 7 shapes and 32 icons that can be drawn in every style.
    """
    if level in (1, 4):
        return (*shapes(level), *(_icon(name, plain=True) for name in (COMMON if level == 1 else OPEN)))
    taken = {*SHAPES, *LEVEL_3, "text"}
    names = []
    for name in sorted(glyphs.icons()):
        entry = glyphs.icons()[name]
        usable = entry.training or (level == 2 and name in COMMON)
        if usable and len(entry.label) > 1 and entry.label not in taken:
            names.append(name)
            taken.add(entry.label)
    if level == 2:
        short = [name for name in names if name not in COMMON and len(glyphs.icons()[name].label.split()) <= 2]
        short.sort(key=lambda name: hashlib.blake2b(name.encode(), digest_size=8).digest())
        names = [*COMMON, *short[: 300 - len(COMMON)]]
    return (*shapes(level), *map(_icon, names))


@cache
def shapes(level: int) -> tuple[Thing, ...]:
    """The plain shapes of a level; line drawings of them at levels 2 and 3."""
    names = tuple(SHAPES)[:8] if level in (1, 4) else tuple(SHAPES)
    if level == 4:
        names = tuple(name for name in names if name != "plus")  # a thick line fills its arms
    lines = level in (2, 3)
    return tuple(Thing("shape", n, f"shape/{n}/filled", f"shape/{n}/outlined" if lines else "") for n in names)


@cache
def classes(level: int) -> tuple[str, ...]:
    """Names of the numbers in a class mask; 0 is the background."""
    return ("background", *(thing.name for thing in pool(level)), *WRITTEN.get(level, ()))


@cache
def number(level: int) -> dict[str, int]:
    """The inverse of `classes`."""
    return {name: k for k, name in enumerate(classes(level))}


@cache
def things(level: int) -> dict[str, Thing]:
    """The things of a level by name."""
    return {thing.name: thing for thing in pool(level)}


def _icon(name: str, plain: bool = False) -> Thing:
    entry = glyphs.icons()[name]
    outlined = f"icon/{name}/regular" if "regular" in entry.drawings and not plain else ""
    return Thing("icon", entry.label, f"icon/{name}/solid", outlined)
