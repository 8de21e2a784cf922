"""The generated parts of docs/: the command line's own help and the list of recipes, as cog writes them.

Fixed width and no colour, so that the text is the same on every machine.
"""

from io import StringIO

from rich.console import Console

from sightline.cli.main import VERBS, app
from sightline.cli.recipes import span
from sightline.recipes.catalogue import System, systems

WIDTH = 100


def command_line() -> str:
    """A section a verb with its help."""
    return "\n".join(f"## sightline {verb}\n\n```\n{help_of(verb)}\n```\n" for verb in VERBS)


def help_of(verb: str) -> str:
    """What `sightline VERB --help` prints."""
    out = StringIO()
    app([verb, "--help"], console=Console(file=out, width=WIDTH, color_system=None, force_terminal=False))
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def recipes() -> str:
    """A section a system with the table of its variants."""
    return "\n".join(_section(system) for system in systems())


def _section(system: System) -> str:
    rows = "\n".join(f"| `{v.recipe}` | {v.summary} | {span(v.minutes) or '-'} |" for v in system.variants)
    return (
        f"## {system.name}\n\n{system.paper}: {system.learns}.\n\n"
        f"| recipe | what it is | minutes on two cores |\n| --- | --- | --- |\n{rows}\n"
    )
