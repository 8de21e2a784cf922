"""Whatever lies in a file, no key, name, caption or term that cannot be stored ever leaves a source."""

import json
import tarfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.data.sample import BadSample
from sightline.data.sources.beside import words
from sightline.data.sources.shards.shard import Shards
from sightline.data.sources.table import open_table
from sightline.data.storable import escaped, flaw, flaw_in

ODD = st.text(st.sampled_from("a \\\"',;\n\r\t\0\ud83d\udc00\udce9é\u2028"), max_size=12)
BYTES = st.binary(max_size=40) | st.lists(
    st.sampled_from([b"a", b",", b'"', b"\n", b"\0", b"\xe9", b"\xed\xa0\xbd"])
).map(b"".join)


def check(sample):
    texts = [sample.key, sample.name, *sample.captions, *sample.terms]
    assert not flaw_in(texts) and "\n".join(texts).encode()


def check_all(source):
    """How many samples are bad; the others can be stored."""
    bad = 0
    for index in range(len(source)):
        try:
            check(source[index])
        except BadSample as error:
            bad += 1
            assert not flaw(str(error)), "its reason can be stored too"
    return bad


@settings(max_examples=60, deadline=None)
@given(BYTES)
def test_of_a_csv_of_any_bytes(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(b"image,caption,tags,name\ngood.png,a,b,c\n" + data + b"\ngood.png,d,e,f\n")
    try:
        table = open_table(path)
    except ValueError as error:
        assert "encoding=latin-1" in str(error)
        return
    check_all(table)
    assert table[0].captions == ("a",)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from(["caption", "captions", "tags", "name", "label", "x"]), ODD | st.lists(ODD)))
def test_of_a_jsonl_and_a_tar_of_any_texts(tmp_path_factory, said):
    said = json.loads(json.dumps(said))  # two halves that fit are one letter there
    folder = tmp_path_factory.mktemp("texts")
    (folder / "t.jsonl").write_text(
        "\n".join([json.dumps({"image": "a.png"} | said), '{"image": "a.png", "caption": "b"}'])
    )
    assert check_all(open_table(folder / "t.jsonl")) == bool(flaw_in(said))
    with tarfile.open(folder / "t.tar", "w") as tar:
        for name, data in (("a.png", b"x"), ("a.json", json.dumps(said).encode()), ("b.png", b"x")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, BytesIO(data))
    assert check_all(Shards([folder / "t.tar"])) == bool(flaw_in(said))


@settings(max_examples=60, deadline=None)
@given(BYTES, st.sampled_from(["a.txt", "a.json"]))
def test_of_words_beside_a_picture(tmp_path_factory, data, name):
    path = tmp_path_factory.mktemp("beside") / name
    path.write_bytes(data)
    try:
        said = words(path)
    except BadSample as error:
        assert name in str(error) and not flaw(str(error))
        return
    assert not flaw_in([*said.captions, *said.terms])


@pytest.mark.parametrize("text", ["caf\udce9", "a\0b", "\ud83d", "\udc00\ud800"])
def test_what_cannot_be_stored_is_named_in_escaped_form(text):
    assert flaw(text) and not flaw(escaped(text)) and escaped(text).encode()
