"""What recipes there are, read from their files without importing them: listing systems must not need torch.

A recipe module says three things beside its functions: `PAPER` (who and when), `LEARNS` (one line) and `MINUTES`
({variant: minutes on two cores}, only of what was measured). Its variants are its public functions without arguments
that return a `Recipe`; the first line of a docstring is what the list shows.
"""

import ast
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

RECIPES = Path(__file__).parent


@dataclass(frozen=True)
class Variant:
    """One runnable recipe of a system."""

    name: str
    """`icons`"""
    recipe: str
    """what `sightline train` takes: `clip.icons`"""
    summary: str
    minutes: float | None
    """on two cores; None where it was not measured"""


@dataclass(frozen=True)
class System:
    """One recipe module: a published system and its variants, in the order of the file."""

    name: str
    chapter: str
    """the folder of its module: `image_text`"""
    paper: str
    learns: str
    variants: tuple[Variant, ...] = field(default=())


def systems(folder: Path = RECIPES) -> list[System]:
    """Every system in the chapters of `folder`, by name; files without a variant are not systems."""
    found = [_read(file) for file in sorted(folder.glob("*/*.py"), key=lambda file: file.stem)]
    return [system for system in found if system.variants]


def named(name: str) -> tuple[System, str]:
    """(system, variant) of `system.variant`, or of `system`, whose variant is `small`. ValueError listing the known."""
    system, _, variant = name.partition(".")
    known = {s.name: s for s in systems()}
    if system not in known:
        near = get_close_matches(system, known, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(f"there is no recipe {name!r}{meant}; known systems: {', '.join(known)}")
    variant = variant or "small"
    variants = [v.name for v in known[system].variants]
    if variant not in variants:
        raise ValueError(f"{system} has no variant {variant!r}; it has {', '.join(variants)}")
    return known[system], variant


def _read(file: Path) -> System:
    tree = ast.parse(file.read_text(encoding="utf-8"), file.name)
    said = _constants(tree)
    minutes = said.get("MINUTES", {})
    variants = tuple(
        Variant(node.name, f"{file.stem}.{node.name}", _first_line(node), minutes.get(node.name))
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and _makes_recipe(node)
    )
    return System(file.stem, file.parent.name, said.get("PAPER", ""), said.get("LEARNS", ""), variants)


def _constants(tree: ast.Module) -> dict:
    """{name: value} of the module's upper-case literals."""
    pairs = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id in ("PAPER", "LEARNS", "MINUTES"):
            assert isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
            pairs[target.id] = ast.literal_eval(node.value)
    return pairs


def _makes_recipe(node: ast.FunctionDef) -> bool:
    arguments = node.args
    free = not (arguments.posonlyargs or arguments.args or arguments.kwonlyargs)
    return free and not node.name.startswith("_") and isinstance(node.returns, ast.Name) and node.returns.id == "Recipe"


def _first_line(node: ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]
