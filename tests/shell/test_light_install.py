"""What `pip install sightline` gives: the wheel, built here and installed alone, is small, without torch, whole.

What it depends on lies in `.venv-light` beside `.venv`, which `make test` makes, or where SIGHTLINE_LIGHT says.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import torch

from sightline.data.sources.icons import Icons
from sightline.recipes.image_text.clip import icons
from sightline.weights.onnx.export import export_onnx
from sightline.weights.run_folder.run import save

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "sightline"
LIMIT = 262e6
"""bytes of everything that is installed, bytecode and the built-in encoder included"""
PICTURES = 1500
WITH_EVERY_VENV = re.compile(r"pip|setuptools|pkg_resources|_distutils_hack|distutils-precedence|wheel")


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    """A clean environment with the wheel in it, beside what the wheel asks for."""
    needed = Path(os.environ.get("SIGHTLINE_LIGHT", ROOT / ".venv-light"))
    assert python_of(needed).exists(), f"{needed} is not there: `make test` makes it"
    home = tmp_path_factory.mktemp("installed")
    offline = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    build = [sys.executable, "-m", "pip", "wheel", *offline, "--no-build-isolation", "-w", home, ROOT]
    subprocess.run(build, check=True, timeout=120)
    (wheel,) = home.glob("sightline-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "env"], check=True)
    python = python_of(home / "env")
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *offline, wheel], check=True)
    # what is named there is on the path; its own .pth files, of this checkout among them, are not followed
    (purelib(python) / "needed.pth").write_text(f"{purelib(python_of(needed))}\n")
    return python


def python_of(environment):
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def purelib(python):
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    return Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of 1,500 SVGs, and a light copy of a run with the demo's encoder as it is before training."""
    home = tmp_path_factory.mktemp("light")
    for sample in [sample for sample in Icons()][:PICTURES]:
        name, weight = sample.key.split("/")
        (home / "pictures" / weight).mkdir(parents=True, exist_ok=True)
        (home / "pictures" / weight / f"{name}.svg").write_bytes(sample.image)
    recipe = icons()
    torch.manual_seed(0)
    tokenizer = recipe.data.tokenizer.train([])
    save(
        home / "run",
        recipe.build(recipe).eval().kept(),
        specs=recipe.parts,
        preprocess=recipe.data.evaluation_view(),
        tokenizer=tokenizer,
        dim=recipe.dim,
    )
    export_onnx(home / "run")
    (home / "run" / "model.safetensors").unlink()
    return home


def sightline(light, place, *words):
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "OMP_NUM_THREADS")}
    return subprocess.run(
        [light, "-m", "sightline", *words], cwd=place, env=environment, capture_output=True, text=True, timeout=120
    )


def test_it_is_small_and_has_no_torch(light):
    needed = Path((purelib(light) / "needed.pth").read_text().strip())
    own = [entry for home in (needed, purelib(light)) for entry in home.iterdir()]
    own = [entry for entry in own if not WITH_EVERY_VENV.match(entry.name)]
    assert {"onnxruntime", "numpy", "sightline"} <= {entry.name for entry in own}
    assert not {"torch", "torchvision", "jaxtyping"} & {entry.name for entry in own}
    files = [f for entry in own for f in ([entry] if entry.is_file() else entry.rglob("*")) if f.is_file()]
    size = sum(file.lstat().st_size for file in files)
    assert 100e6 < size < LIMIT, f"{size / 1e6:.0f} MB"


def test_the_wheel_is_what_runs_with_its_encoder_its_page_and_the_pages_icons(light, place):
    code = "import sightline; print(sightline.__file__)"
    home = Path(subprocess.run([light, "-c", code], cwd=place, capture_output=True, text=True).stdout.strip()).parent
    assert home.parent == purelib(light)
    assert (home / "builtin" / "icons" / "onnx" / "image.onnx").is_file()
    shipped = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*") if file.is_file()}
    shipped = {name for name in shipped if "__pycache__" not in name}
    there = {file.relative_to(home).as_posix() for file in home.rglob("*") if file.is_file()}
    assert shipped - there == set()


def test_a_folder_is_searched_without_training_or_naming_an_encoder(light, place):
    made = sightline(light, place, "index", "own.db", "pictures")
    assert made.returncode == 0 and "builtin:icons" in made.stderr, made.stderr
    found = sightline(light, place, "search", "own.db", "payment", "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["encoder"] == "builtin:icons"


def test_it_indexes_searches_and_classifies(light, place):
    made = sightline(light, place, "index", "library.db", "pictures", "--encoder", "run")
    assert made.returncode == 0, made.stderr
    assert f"{PICTURES:,} pictures ({PICTURES:,} new)" in made.stdout
    found = sightline(light, place, "search", "library.db", "credit card", "-k", "3", "--json", "--timing")
    assert found.returncode == 0, found.stderr
    results = json.loads(found.stdout)["results"]
    assert results[0]["name"] == "credit-card" and results[0]["match"] == "name" and len(results) == 3
    assert re.search(r"timing: import \d+ ms, index \d+ ms, encoder \d+ ms, query \d+ ms; \d+ ms", found.stderr)
    picture = sightline(light, place, "search", "library.db", "--image", "pictures/solid/anchor.svg", "--json")
    assert json.loads(picture.stdout)["results"][0]["name"] == "anchor", picture.stderr
    labels = sightline(light, place, "classify", "run", "pictures/regular", "--labels", "arrow,person,heart", "--json")
    assert labels.returncode == 0, labels.stderr
    assert all(len(row["labels"]) == 1 for row in json.loads(labels.stdout)["results"])


def test_it_serves(light, place):
    if not (place / "library.db").exists():
        assert sightline(light, place, "index", "library.db", "pictures", "--encoder", "run").returncode == 0
    with subprocess.Popen(
        [light, "-m", "sightline", "serve", "library.db", "--port", "0"],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            said = server.stdout.readline()
            at = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert at, said + server.stderr.read()
            with urllib.request.urlopen(f"{at[0]}/api/search?q=credit%20card&k=3", timeout=30) as answer:
                assert json.load(answer)["results"][0]["name"] == "credit-card"
            with urllib.request.urlopen(at[0], timeout=30) as answer:
                assert b"<title>" in answer.read()
        finally:
            server.send_signal(signal.SIGINT)
            errors = server.communicate(timeout=30)[1]
    assert server.returncode in (0, 130) and "Traceback" not in errors, errors


def test_training_says_what_it_needs(light, place):
    refused = sightline(light, place, "train", "clip.tiny", "--out", "unused")
    assert refused.returncode == 2 and "pip install 'sightline[train]'" in refused.stderr
