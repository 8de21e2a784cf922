"""What the docs say is what the program does, and nothing in the repository belongs to one machine."""

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from sightline.recipes.catalogue import systems

ROOT = Path(__file__).parents[2]
WHOLE = ["docs/cli.md", "docs/recipes.md"]
GENERATED = [*WHOLE, "docs/masks.md"]
TEXT = {".cfg", ".css", ".html", ".js", ".json", ".md", ".py", ".toml", ".txt", ".yaml", ".yml", ""}
NOT_OURS = {"__pycache__", "build", "dist", "node_modules", "runs"}
SYSTEMS = {system.name: system for system in systems()}
MINUTES = re.compile(r"^MINUTES\b[^={]*= ({.*?})", re.MULTILINE | re.DOTALL)
"""of what was measured: there may be none"""


@cache
def files():
    """Every text file of the repository, without what tools and runs leave behind (hidden caches, .venv, runs/)."""
    found = []
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if ours(name)]
        found += [Path(folder, name) for name in names if ours(name) and Path(name).suffix in TEXT]
    return sorted(path for path in found if path.is_file())


def ours(name):
    shown = not name.startswith(".") or name in (".ci", ".gitignore", ".pre-commit-config.yaml")
    return shown and name not in NOT_OURS


def test_generated_docs_are_current():
    cog = [sys.executable, "-m", "cogapp", "--check", "-I", "tools", *GENERATED]
    done = subprocess.run(cog, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"run `make fix`:\n{done.stdout}{done.stderr}"


def test_there_are_systems():
    assert {"clip", "siglip"} <= SYSTEMS.keys()


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_is_whole(name):
    system = SYSTEMS[name]
    variants = {variant.name: variant for variant in system.variants}
    assert system.paper and system.learns, f"{system.chapter}/{name}.py lacks PAPER or LEARNS"
    assert {"tiny", "small"} <= variants.keys(), "tiny() is what the tests run, small() what the bare name means"
    assert all(variant.summary for variant in system.variants), "every variant has a docstring"
    stated = set(ast.literal_eval(minutes[1])) if (minutes := MINUTES.search(_source(name))) else set()
    assert stated <= variants.keys(), "MINUTES names a variant that is not there"
    assert f"## {name}\n" in (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8"), "no row in docs/recipes.md"


def _source(name):
    return (ROOT / "src" / "sightline" / "recipes" / SYSTEMS[name].chapter / f"{name}.py").read_text(encoding="utf-8")


PAGES = sorted(path for path in (*ROOT.glob("docs/**/*.md"), ROOT / "README.md") if f"docs/{path.name}" not in WHOLE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_two_commands_of_a_page_write_to_one_place(page):
    # a run folder that holds another run is refused: the second command would not do what the page says
    written = re.findall(r"--out ([^\s`|]+)", page.read_text(encoding="utf-8"))
    assert len(written) == len(set(written)), f"{page.name}: {sorted(x for x in written if written.count(x) > 1)}"


def test_nothing_names_a_machine_or_a_registry():
    # Spelt in pieces, so that this file is not its own finding.
    home = "|".join(("/ho" + "me/[a-z]", "/Us" + "ers/[A-Za-z]", "/ro" + "ot/", r"C:\\Us" + "ers", "/wo" + "rk/"))
    registry = "|".join(
        (r"https?://[^\s)\"']*/sim" + r"ple(?![\w-])", "pypi" + r"\.org", "file" + "s.pythonhosted", "index" + "-url")
    )
    pattern = re.compile(f"{home}|{registry}")
    found = {
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    }
    assert not found


def test_links_between_docs_lead_somewhere():
    lost = {
        f"{path.relative_to(ROOT)}: {target}"
        for path in files()
        if path.suffix == ".md"
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    }
    assert not lost
