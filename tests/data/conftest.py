"""Small tars for the tests of shards and streams."""

import io
import tarfile

import pytest
from PIL import Image


class Tars:
    """Members and tars, in the form of webdataset."""

    def png(self, colour=0, mode="RGB"):
        file = io.BytesIO()
        Image.new(mode, (4, 4), colour).save(file, "PNG")
        return file.getvalue()

    def records(self, n, start=0):
        """Members of `n` records: a picture whose red is its number, and its words."""
        for i in range(start, start + n):
            yield f"{i:04d}.png", self.png((i, 0, 0))
            yield f"{i:04d}.txt", f"picture {i}"

    def make(self, path, members, mode="w"):
        with tarfile.open(path, mode) as tar:
            for name, data in members:
                data = data.encode() if isinstance(data, str) else data
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return path


@pytest.fixture
def tars():
    return Tars()
