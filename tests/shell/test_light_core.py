"""`pip install sightline` without the training part: data, search and the command line work where torch is absent."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "sightline"
LIGHT = ("protocols", "data", "text", "runtime", "search", "web", "cli")
# Batched augmentation and what feeds it work on tensors; everything else in the light folders must do without.
TENSORS = (
    "data.augment",
    "data.feed.loader",
    "data.ahead",
    "data.decode.target",
    "data.masks",
    "data.views",
)
ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("einops", "fontawesomefree", "jaxtyping", "pyarrow", "torch", "torchvision"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def python(code, **environment):
    """Runs code in a fresh interpreter without the training part."""
    return subprocess.run(
        [sys.executable, "-c", ABSENT + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def light_modules():
    for file in sorted(PACKAGE.rglob("*.py")):
        path = file.relative_to(PACKAGE).with_suffix("")
        name = ".".join(part for part in path.parts if part != "__init__")
        if name.partition(".")[0] in LIGHT and not name.startswith(TENSORS):
            yield f"sightline.{name}"


def test_the_light_core_imports_without_torch():
    code = f"""
        import importlib, json
        failed = {{}}
        for name in {list(light_modules())!r}:
            try:
                importlib.import_module(name)
            except ImportError as error:
                failed[name] = str(error)
        print(json.dumps(failed))
    """
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}


def test_importing_the_package_imports_nothing_heavy():
    code = "import sightline, json; print(json.dumps(sorted(set(sys.modules) & {'torch', 'numpy', 'PIL', 'cyclopts'})))"
    done = python(code)
    assert json.loads(done.stdout) == [], done.stderr


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["recipes"], ["recipes", "--json"], ["search", "--help"]])
def test_these_run_without_the_training_part(words):
    done = python(f"from sightline.cli.main import main; sys.exit(main({words!r}))")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_a_verb_that_needs_torch_says_what_to_install():
    done = python("from sightline.cli.main import main; sys.exit(main(['train', 'clip.tiny', '--out', 'unused']))")
    assert done.returncode == 2
    assert "pip install 'sightline[train]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_search_verb_does_not_import_torch_to_refuse_a_bad_query(tmp_path):
    done = python(
        f"from sightline.cli.main import main; sys.exit(main(['search', {str(tmp_path / 'no.db')!r}, 'star']))"
    )
    assert done.returncode == 2
    assert done.stderr.startswith("sightline: error: ")
    assert "Traceback" not in done.stderr
