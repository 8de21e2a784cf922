"""`classes.json` beside tars names the numbers of labels."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sightline.data.sources.source import open_source


def shard(folder: Path, labels: list[str], told: Any = None) -> str:
    with tarfile.open(folder / "test-000.tar", "w") as tar:
        for number, label in enumerate(labels):
            made = io.BytesIO()
            Image.new("RGB", (8, 8), (number, 0, 0)).save(made, "PNG")
            for ending, said in (("png", made.getvalue()), ("cls", label.encode())):
                member = tarfile.TarInfo(f"{number}.{ending}")
                member.size = len(said)
                tar.addfile(member, io.BytesIO(said))
    if told is not None:
        (folder / "classes.json").write_text(told if isinstance(told, str) else json.dumps(told))
    return str(folder / "test-000.tar")


@pytest.mark.parametrize(
    "told",
    [
        ["airplane", "bird"],
        {"0": "airplane", "1": "bird"},
        [{"label": 1, "name": "bird"}, {"label": 0, "name": "airplane"}],
    ],
)
def test_numbers_are_called_as_the_file_beside_them_says(tmp_path: Path, told: Any) -> None:
    source = open_source(shard(tmp_path, ["0", "1", "1"], told))
    assert source.classes == ("airplane", "bird")
    assert [source[i].label for i in range(3)] == [0, 1, 1]


@pytest.mark.parametrize("told", [None, "no json", ["airplane"], {"0": 3}, [[1], None], {"x": "y"}])
def test_numbers_without_a_name_stay_their_own(tmp_path: Path, told: Any) -> None:
    assert open_source(shard(tmp_path, ["0", "1"], told)).classes[1] == "1"


def test_names_that_the_records_say_win(tmp_path: Path) -> None:
    assert open_source(shard(tmp_path, ["cat", "dog"], ["airplane", "bird"])).classes == ("cat", "dog")
