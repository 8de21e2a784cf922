"""One odd sample is one bad sample, by name: nothing that a source, a file or a library does ends the run."""

import struct
import sys
import zlib

import numpy as np
import pytest

from sightline.data.decode.guard import reason
from sightline.data.sample import BadSample, Sample
from sightline.search.embed import embed
from sightline.search.fill import picture
from sightline.search.fill.samples import samples
from sightline.search.index import Index
from sightline.search.row import LARGEST, number, storable, why_unstorable

ODD = [
    ValueError("embedded null byte"),
    PermissionError(13, "Permission denied"),
    OSError(36, "File name too long"),
    OverflowError("Python int too large to convert to C long"),
    struct.error("unpack requires 4 bytes"),
    zlib.error("Error -3 while decompressing"),
    KeyError("image"),
    RecursionError("maximum recursion depth exceeded"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    MemoryError(),
    SyntaxError("not a TIFF file"),
    BadSample("cut record"),
]


@pytest.fixture
def db(tmp_path):
    with Index(tmp_path / "a.db") as index:
        yield index


class Given:
    """A source over what it is given; an exception is raised where it stands."""

    name, has, classes = "given", frozenset({"image"}), ()

    def __init__(self, *items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        if isinstance(self.items[index], Exception):
            raise self.items[index]
        return self.items[index]


def array(value=0):
    return np.full((4, 5, 3), value, np.uint8)


@pytest.mark.parametrize("error", ODD, ids=lambda error: type(error).__name__)
def test_whatever_a_source_raises_is_one_bad_sample(db, encoder, error):
    source = Given(Sample("a", array(1)), error, Sample("b", array(2)))
    report = db.add(source, encoder)
    assert report.added == 2 and list(report.bad) == ["given#1"] and report.bad["given#1"] == reason(error)
    assert reason(error)


@pytest.mark.parametrize("error", ODD[::3], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("where", ["content", "fingerprint", "preprocess"])
def test_whatever_a_file_makes_a_library_raise_is_one_bad_sample(
    db, folder, encoder, listed, monkeypatch, error, where
):
    odd = (folder / "green-square.png").read_bytes()

    def raising(plain):
        def call(*given):
            if any(
                part is not None and (part == odd or getattr(part, "key", "") == "green-square.png") for part in given
            ):
                raise error
            return plain(*given)

        return call

    if where == "content":
        monkeypatch.setattr(Sample, "content", raising(Sample.content))
    elif where == "fingerprint":
        monkeypatch.setattr("sightline.search.fill.fill.fingerprint", raising(picture.fingerprint))
    else:
        encoder.preprocess = raising(encoder.preprocess)
    report = db.add(listed(folder), encoder)
    assert report.added == 4 and len(report.bad) == 1 and "green-square.png" in next(iter(report.bad))


def test_an_interrupt_is_no_bad_sample(db, folder, encoder, listed, monkeypatch):
    def stopped(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Sample, "content", stopped)
    with pytest.raises(KeyboardInterrupt):
        db.add(listed(folder), encoder)


def test_a_defect_of_a_stream_ends_in_one_line():
    class Stream:
        name, has, classes = "s3://far", frozenset({"image"}), ()

        def epoch(self, seed, epoch, skip=0):
            yield Sample("a", array())
            raise AttributeError("'NoneType' object has no attribute 'read'")

    with pytest.raises(OSError, match="s3://far broke off after 1 samples .AttributeError: 'NoneType'"):
        list(samples(Stream()))


HALF = "\ud83d"


def test_words_that_cannot_be_stored_are_cleaned(db, encoder):
    odd = f"re\0d {HALF} square"
    source = Given(Sample("a", array(1), captions=(odd,), terms=(odd,), name=odd), Sample("b", array(2)))
    for _ in range(2):
        report = db.add(source, encoder)
        assert report.bad == {} and db.about().pictures == 2
    hit = db.search_text("square", encoder, 1)[0]
    assert hit.name == "re\ufffdd \ufffd square" and hit.captions == ("re\ufffdd \ufffd square",)


@pytest.mark.parametrize("key", [f"k{HALF}", "k\0", "\0\0\0\0"])
def test_a_key_that_cannot_be_stored_is_bad_and_named(db, encoder, key):
    report = db.add(Given(Sample(key, array(1)), Sample("b", array(2))), encoder)
    assert report.added == 1 and len(report.bad) == 1
    name, why = next(iter(report.bad.items()))
    assert name.startswith("given#") and why.endswith("rename it") and name.encode()


def test_a_path_that_no_file_can_have_is_bad_and_named(db, tmp_path, encoder):
    source = Given(
        *(Sample(str(i), tmp_path / name) for i, name in enumerate(("a\0.png", "x" * 5000, ".", "gone.png")))
    )
    report = db.add(source, encoder)
    assert len(report.bad) == 4 and report.added == 0


@pytest.mark.parametrize("when", [2**63, 2**80, -(2**70), -1])
def test_a_file_of_any_century_is_indexed(db, folder, encoder, listed, monkeypatch, when):
    class Stat:
        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return when if name == "st_mtime_ns" else getattr(self.inner, name)

    plain = type(folder).stat
    monkeypatch.setattr("sightline.search.fill.picture.Path.stat", lambda self, **named: Stat(plain(self, **named)))
    assert db.add(listed(folder), encoder).added == 5
    assert db.add(listed(folder), encoder).unchanged == 5
    assert number(when) == max(-LARGEST, min(LARGEST, when))


@pytest.mark.parametrize("ending", [".npz", ".parquet"])
def test_embed_names_odd_samples_and_writes_the_others(tmp_path, encoder, ending):
    source = Given(Sample("a", array(1), captions=(f"half {HALF}",)), KeyError("image"), Sample("b\0", array(2)))
    done = embed(encoder, source, tmp_path / f"v{ending}", precision="float32")
    assert done.count == 2 and done.bad == {"given#1": "KeyError: 'image'"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_source_whose_own_name_is_no_text_ends_in_names(db, tmp_path, encoder, listed, painted):
    root = tmp_path / "\udcff"
    painted(root / "a.png", "red")
    report = db.add(listed(root), encoder)
    assert report.added == 0 and next(iter(report.bad.values())) == "its name is not UTF-8; rename it"


def test_storable_keeps_every_character_that_is_one():
    text = "naïve 信用卡 🦊\u200d\x1b[31m\n\u202e"
    assert storable(text) == text and why_unstorable(text) is None
    assert storable(f"{HALF}\0") == "\ufffd\ufffd"
