"""Imports go down only; ranks are known to three files; nothing undeclared is imported."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
COLLECTIVES = {"dist.py", "train/parallel.py", "train/checkpoint.py"}


def imported(file):
    """Names of the modules a file imports, at the top or inside functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*groups):
    """Canonical names of what pyproject.toml asks for: the package's own parts and the given dependency groups."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = list(said["project"]["dependencies"])
    for part in said["project"]["optional-dependencies"].values():
        lines += part
    for group in groups:
        lines += [line for line in said["dependency-groups"][group] if isinstance(line, str)]
    return {canonical(re.match(r"[\w.-]+", line)[0]) for line in lines}


def test_imports_go_down_only():
    tool = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([tool, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_three_files_know_about_ranks():
    package = ROOT / "src" / "sightline"
    found = {
        file.relative_to(package).as_posix()
        for file in SOURCES
        if any(name.startswith("torch.distributed") for name in imported(file))
    }
    assert found <= COLLECTIVES


@pytest.mark.parametrize(
    ("folder", "groups"),
    [
        ("src", ["peers"]),
        ("tests", ["peers", "test"]),
        ("benchmarks", ["benchmarks", "peers", "test"]),
        ("examples", []),
    ],
)
def test_every_import_is_declared(folder, groups):
    homes = packages_distributions()
    allowed = declared(*groups) | {"sightline"}
    strangers = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        for name in {name.partition(".")[0] for name in imported(file)}
        if name not in sys.stdlib_module_names
        and name in homes  # the rest are files beside the test or the script
        and not allowed & {canonical(home) for home in homes[name]}
    }
    assert not strangers


def test_files_stay_readable():
    long = {
        str(file.relative_to(ROOT)): n for file in SOURCES if (n := len(file.read_text("utf-8").splitlines())) > 400
    }
    assert not long, "one idea a file: split these"


def test_folders_stay_readable():
    def full(folder):
        return [file for file in folder.iterdir() if file.is_file() and file.suffix != ".pyc"]

    folders = [f for top in ("src", "tests", "docs", "benchmarks") for f in [ROOT / top, *(ROOT / top).rglob("*/")]]
    crowded = {str(f.relative_to(ROOT)): len(full(f)) for f in folders if f.is_dir() and len(full(f)) > 20}
    assert not crowded, "no more than twenty files at one level: make rooms"


def test_shapes_are_checked_wherever_there_are_any(pytestconfig):
    said = next(word for word in pytestconfig.getini("addopts") if word.startswith("--jaxtyping-packages="))
    packages = said.partition("=")[2].split(",")
    modules = {
        ".".join(file.relative_to(ROOT / "src").with_suffix("").parts)
        for file in SOURCES
        if "jaxtyping" in imported(file)
    }
    assert len(modules) > 90
    assert not {module for module in modules if not any(f"{module}.".startswith(f"{name}.") for name in packages)}
