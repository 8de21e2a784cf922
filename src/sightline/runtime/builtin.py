"""Encoders that come with the package: `builtin:icons`.

They are light copies, exported and without weights for torch, and lie in the package itself, so that the light core
has something to search with before anything was trained or fetched.
"""

from pathlib import Path

SCHEME = "builtin:"
ICONS = "builtin:icons"
"""icons, logos and signs beside words, in 48 px; docs/systems/builtin-icons.md is its card"""
HOME = Path(__file__).parents[1] / "builtin"


def builtin_names() -> list[str]:
    """Every encoder that came with this installation, as it is asked for."""
    return sorted(f"{SCHEME}{folder.name}" for folder in HOME.glob("*") if (folder / "encoder.json").is_file())


def is_builtin(name: str | Path) -> bool:
    """Whether an encoder is asked for by this scheme, known or not."""
    return str(name).startswith(SCHEME)


def builtin_folder(name: str) -> Path:
    """Where the encoder of this name lies. ValueError, with those there are, for another name."""
    if name not in (known := builtin_names()):
        there = f"this installation has {', '.join(known)}" if known else f"this installation has none; {reinstall()}"
        raise ValueError(f"{name!r}: no encoder of that name comes with Sightline; {there}")
    return HOME / name.removeprefix(SCHEME)


def is_inside(path: str | Path) -> bool:
    """Whether a file or folder is part of a built-in encoder."""
    return Path(path).is_relative_to(HOME)


def reinstall() -> str:
    """A sentence that says how a damaged built-in encoder is mended."""
    return "install Sightline again: pip install --force-reinstall --no-deps sightline"
