"""`sightline recipes`."""

import json as jsonlib
from dataclasses import asdict

from sightline.recipes.catalogue import System, systems

VERSION = 1


def recipes(*, json: bool = False) -> None:
    """List every system: name, paper, what it learns, minutes on two cores.

    Parameters
    ----------
    json
        Print the list for programs, as docs/recipes.md describes it.
    """
    if json:
        print(jsonlib.dumps({"version": VERSION, "recipes": [asdict(system) for system in systems()]}, indent=2))
        return
    print("\n\n".join(block(system) for system in systems()))


def block(system: System) -> str:
    """The lines of one system: itself, then a line a variant with its time."""
    width = max(len(variant.recipe) for variant in system.variants)
    lines = [f"{system.name}  ({system.paper})", f"  {system.learns}"]
    for variant in system.variants:
        lines.append(f"  {variant.recipe:{width}}  {span(variant.minutes):>7}  {variant.summary}".rstrip())
    return "\n".join(lines)


def span(minutes: float | None) -> str:
    """A duration for people: `6 s`, `4 min`, `2.5 h`, or nothing where none was measured."""
    if minutes is None:
        return ""
    if minutes < 1:
        return f"{60 * minutes:.0f} s"
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"
