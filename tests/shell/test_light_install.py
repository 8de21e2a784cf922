"""What `pip install sightline` gives, in an environment of its own that `make test` makes: small, without torch, whole.

The environment is `.venv-light` beside `.venv`, or the one that SIGHTLINE_LIGHT names.
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
LIMIT = 250e6
"""bytes of everything that is installed, bytecode included"""
PICTURES = 1500
WITH_EVERY_VENV = re.compile(r"pip|setuptools|pkg_resources|_distutils_hack|distutils-precedence|wheel")


@pytest.fixture(scope="module")
def light():
    folder = Path(os.environ.get("SIGHTLINE_LIGHT", ROOT / ".venv-light"))
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    assert python.exists(), f"{folder} is not there: `make test` makes it"
    return python


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
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    home = Path(subprocess.run([light, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    own = [entry for entry in home.iterdir() if not WITH_EVERY_VENV.match(entry.name)]
    assert {"onnxruntime", "numpy"} <= {entry.name for entry in own}
    assert not {"torch", "torchvision", "jaxtyping"} & {entry.name for entry in own}
    files = [f for entry in own for f in ([entry] if entry.is_file() else entry.rglob("*")) if f.is_file()]
    size = sum(file.lstat().st_size for file in files)
    assert 100e6 < size < LIMIT, f"{size / 1e6:.0f} MB"


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
