"""Webdataset tars on disk: any record at random, whole or cut, plain or gz, from any process."""

import gzip
import io
import json
import multiprocessing
import pickle
import tarfile

import numpy as np
import pytest

from sightline.data.decode.picture import decode
from sightline.data.sample import BadSample
from sightline.data.sources import endings
from sightline.data.sources.remote import Remote
from sightline.data.sources.shards import gunzip as gunzip_module
from sightline.data.sources.shards import tar_index as tar_index_module
from sightline.data.sources.shards.shard import Shards, expand


def test_records_are_members_that_share_a_name_to_the_first_dot(tmp_path, tars):
    said = {"keywords": ["Gold", "sky"], "captions": ["two"], "label": 1, "class": "star", "boxes": [[0, 1, 2, 3]]}
    said |= {"family": "stars", "style": "flat"}
    members = [
        ("dir/a.JPG", tars.png()),
        ("dir/a.txt", "one"),
        ("dir/a.json", json.dumps(said)),
        ("dir/a.mask.png", tars.png(1, "L")),
        ("dir/a.depth.png", tars.png(1000, "I;16")),
        ("dir/a.npy", b"ignored"),
        ("b.svg", "<svg/>"),
        ("._b.svg", "macOS"),
        ("only-words.txt", "no picture"),
    ]
    source = Shards([tars.make(tmp_path / "x.tar", members)])
    assert len(source) == 2
    a, b = source
    assert a.key == "dir/a" and a.captions == ("one", "two") and a.terms == ("gold", "sky")
    assert a.label == 1 and source.classes == ("0", "star") and a.name == "stars" and a.extra["style"] == "flat"
    assert a.mask and a.depth and a.boxes.tolist() == [[0, 1, 2, 3]]
    assert b.key == "b" and b.captions == ("b",) and b.label is None and b.image == b"<svg/>"
    assert source.has == {"image", "text", "label", "mask", "depth", "boxes"}


def test_cls_is_the_label_and_objects_are_boxes(tmp_path, tars):
    members = []
    for i, kind in enumerate(["cat", "dog", "cat"]):
        thing = {"class": kind, "objects": [{"category": "x", "box": [i, i, 2, 2]}]}
        members += [(f"{i}.png", tars.png()), (f"{i}.cls", str(7 + (kind == "dog"))), (f"{i}.json", json.dumps(thing))]
    source = Shards([tars.make(tmp_path / "x.tar", members)])
    assert [s.label for s in source] == [7, 8, 7] and source.classes[7:] == ("cat", "dog")
    assert source[2].boxes.tolist() == [[2, 2, 2, 2]]


def test_members_of_a_record_need_not_be_neighbours(tmp_path, tars):
    members = [("a.png", tars.png()), ("b.png", tars.png()), ("b.txt", "bee"), ("a.txt", "ay")]
    assert [s.captions for s in Shards([tars.make(tmp_path / "x.tar", members)])] == [("ay",), ("bee",)]


def test_bad_json_is_a_bad_sample_named_by_its_key(tmp_path, tars):
    members = [
        ("a.png", tars.png()),
        ("a.json", "{"),
        ("b.png", tars.png()),
        ("b.txt", b"\xff\xfe\xfa"),
        ("c.png", tars.png()),
    ]
    source = Shards([tars.make(tmp_path / "x.tar", members)])
    with pytest.raises(BadSample, match="a: malformed json"):
        source[0]
    with pytest.raises(BadSample, match="b: text that is not UTF-8"):
        source[1]
    assert source[2].key == "c"


def test_the_index_is_cached_and_made_again_when_the_tar_changes(tmp_path, monkeypatch, tars):
    path = tars.make(tmp_path / "x.tar", tars.records(3))
    assert len(Shards([path])) == 3
    monkeypatch.setattr(tar_index_module, "scan", lambda *_: pytest.fail("scanned again"))
    assert [s.captions[0] for s in Shards([path])] == ["picture 0", "picture 1", "picture 2"]
    monkeypatch.undo()
    tars.make(path, tars.records(5))
    assert len(Shards([path])) == 5


def test_a_broken_index_is_made_again(tmp_path, tars):
    path = tars.make(tmp_path / "x.tar", tars.records(3))
    Shards([path])
    place = tar_index_module.cache_path(path, "index", f".{tar_index_module.VERSION}.npz")
    for damage in (b"", b"nonsense", place.read_bytes()[:100]):
        place.write_bytes(damage)
        assert len(Shards([path])) == 3


@pytest.mark.parametrize("cut", [1, 400, 515, 600, 2000])
def test_a_cut_tar_gives_the_records_before_the_cut(tmp_path, cut, tars):
    path = tars.make(tmp_path / "x.tar", tars.records(10))
    with tarfile.open(path) as tar:
        place = tar.getmember("0006.txt").offset
    whole = path.read_bytes()
    path.write_bytes(whole[: place + cut])
    source = Shards([path])
    # 600 bytes after its header begins, the last member is whole and only the end mark is missing
    kept = 7 if cut >= 600 else 6
    assert len(source) == kept and [s.captions[0] for s in source] == [f"picture {i}" for i in range(kept)]
    assert len(source.notes) == 1 and "x.tar: cut" in source.notes[0] and f"{kept} records before it" in source.notes[0]


def test_a_tar_of_nothing_readable_is_a_clear_error(tmp_path, tars):
    for data in (b"", b"not a tar at all" * 100):
        (tmp_path / "x.tar").write_bytes(data)
        with pytest.raises(ValueError, match="x.tar holds no pictures: .*cut or damaged"):
            Shards([tmp_path / "x.tar"])
    with pytest.raises(ValueError, match="x.tar holds no pictures .it holds 1 record without"):
        Shards([tars.make(tmp_path / "x.tar", [("a.txt", "words")])])


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tgz"])
def test_gz_is_unpacked_once(tmp_path, monkeypatch, name, tars):
    tars.make(tmp_path / "x.tar", tars.records(5))
    (tmp_path / name).write_bytes(gzip.compress((tmp_path / "x.tar").read_bytes()))
    assert [s.captions[0] for s in Shards([tmp_path / name])] == [f"picture {i}" for i in range(5)]
    monkeypatch.setattr(gunzip_module, "_gunzip", lambda *_: pytest.fail("unpacked again"))
    assert len(Shards([tmp_path / name])) == 5


def test_a_cut_gz_gives_the_records_before_the_cut(tmp_path, tars):
    rng = np.random.default_rng(0)
    members = [pair for i in range(20) for pair in ((f"{i}.png", rng.bytes(3000)), (f"{i}.txt", f"picture {i}"))]
    tars.make(tmp_path / "x.tar", members)
    packed = gzip.compress((tmp_path / "x.tar").read_bytes())
    (tmp_path / "x.tar.gz").write_bytes(packed[: len(packed) // 2])
    source = Shards([tmp_path / "x.tar.gz"])
    assert 5 < len(source) < 15 and "cut" in source.notes[0]
    (tmp_path / "y.tar.gz").write_bytes(b"plain words")
    with pytest.raises(ValueError, match="no gzip file"):
        Shards([tmp_path / "y.tar.gz"])


def test_a_full_disk_while_unpacking_leaves_nothing(tmp_path, monkeypatch, tars):
    tars.make(tmp_path / "x.tar", tars.records(2))
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress((tmp_path / "x.tar").read_bytes()))
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))

    def full(path, target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gunzip_module, "_gunzip", full)
    with pytest.raises(OSError, match="could not write .*No space left"):
        Shards([tmp_path / "x.tar.gz"])
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.suffix in {".tar", ".tmp"}]
    monkeypatch.undo()
    assert len(Shards([tmp_path / "x.tar.gz"])) == 2


def test_keys_of_several_shards_are_unique(tmp_path, tars):
    paths = [tars.make(tmp_path / f"s-{i}.tar", tars.records(3)) for i in range(2)]
    source = Shards(paths)
    assert [s.key for s in source] == [f"s-{i}/{k:04d}" for i in range(2) for k in range(3)]


def test_a_tar_that_shrinks_while_it_is_read_is_a_bad_sample(tmp_path, tars):
    path = tars.make(tmp_path / "x.tar", tars.records(3))
    source = Shards([path])
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(BadSample, match="has changed"):
        source[2]


def _colours(source):
    return [int(decode(source[i].image)[0, 0, 0]) for i in range(len(source))]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_read_the_same_and_do_not_disturb_each_other(tmp_path, method, tars):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    source = Shards([tars.make(tmp_path / "x.tar", tars.records(20))])
    assert _colours(source) == list(range(20))
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(_colours, [source] * 4) == [list(range(20))] * 4
    assert pickle.loads(pickle.dumps(source))[3].captions == ("picture 3",)


def test_braces_count_and_list():
    assert expand("x-{000..002}.tar") == ["x-000.tar", "x-001.tar", "x-002.tar"]
    assert expand("{a,b}-{8..10}") == ["a-8", "a-9", "a-10", "b-8", "b-9", "b-10"]
    assert expand("plain.tar") == ["plain.tar"]
    with pytest.raises(ValueError, match="counts from 5 to 3"):
        expand("{5..3}.tar")


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["IMG v1.2 final.png", "IMG v1.2 final.txt", "ok.png", "ok.txt"], ["IMG v1.2 final", "ok"]),
        (["22.05.png", "22.05.txt", "22.06.png", "22.06.txt"], ["22.05", "22.06"]),
        (["0001.image.png", "0001.caption.txt", "0002.image.png", "0002.caption.txt"], ["0001", "0002"]),
        (["a.jfif", "a.txt", "b.jpe", "b.caption", "c.pnm", "c.text", "d.ICO", "d.TXT"], ["a", "b", "c", "d"]),
        (["v1.png", "v1.txt", "v1.2.png", "v1.2.txt"], ["v1", "v1.2"]),
        (["d.1/a.png", "d.1/a.txt", "./d.1/b.v2.png", "d.1/b.v2.txt"], ["d.1/a", "d.1/b.v2"]),
    ],
)
def test_names_with_dots_are_read_by_the_last_known_ending(tmp_path, tars, names, keys):
    """On disk and streamed alike."""
    members = [(name, f"words of {name}" if "t" in name[-4:].lower() else tars.png()) for name in names]
    members = [(name, tars.png() if isinstance(data, bytes) else data) for name, data in members]
    path = tars.make(tmp_path / "x.tar", members)
    source = Shards([path])
    assert [sample.key for sample in source] == keys and source.notes == ()
    assert all(sample.captions[0].startswith("words of") for sample in source)
    streamed = list(Remote([f"file://{path}"]).epoch(0, 0))
    assert sorted((s.key, s.captions) for s in streamed) == sorted((s.key, s.captions) for s in source)


@pytest.mark.parametrize(
    ("said", "captions"),
    [
        (["a red apple", "an apple"], ("a red apple", "an apple")),
        ({"caption": "one", "captions": ["two"], "TEXT": "three", "title": "four"}, ("one", "two", "three", "four")),
        ([{"caption": "one", "id": 1}, {"caption": "two"}], ("one", "two")),
        ("words alone", ("words alone",)),
        ({"title": "IMG_2.jpg"}, ("key",)),
        (7, ("key",)),
    ],
)
def test_captions_of_a_json_are_found_under_their_usual_names(tmp_path, tars, said, captions):
    members = [("key.png", tars.png()), ("key.json", json.dumps(said))]
    assert Shards([tars.make(tmp_path / "x.tar", members)])[0].captions == captions


def test_members_not_understood_are_counted_with_an_example(tmp_path, tars, monkeypatch):
    monkeypatch.setattr(endings, "find_spec", lambda name: None)
    members = [(f"{n}.{e}", tars.png()) for n in range(3) for e in ("png", "seg.png", "emb")]
    members += [("3.img", tars.png()), ("3.txt", "x"), ("._0.png", b"macOS"), ("README", "x")]
    members += [("4.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), ("5.heic", tars.png())]
    source = Shards([tars.make(tmp_path / "x.tar", members)])
    assert [sample.key for sample in source] == ["0", "1", "2", "5"]
    (note,) = source.notes
    assert f"{tmp_path / 'x.tar'}: 9 members not understood: 3 .emb (0.emb), 3 .seg.png (0.seg.png), 1 .img" in note
    assert "1 without an ending (README)" in note and "1 record without a picture (3)" in note
    assert "1 HEIC picture not read (4.heic)" in note and "pip install pillow-heif" in note
    assert Shards([tmp_path / "x.tar"]).notes == source.notes, "from the cache too"


def test_many_tars_of_one_kind_are_one_note(tmp_path, tars):
    paths = [tars.make(tmp_path / f"{n}.tar", [("a.png", tars.png()), ("a.emb", b"x")]) for n in range(6)]
    assert Shards(paths).notes[3:] == ("and 3 more tars with members not understood",)


@pytest.mark.parametrize(
    ("field", "data"),
    [("txt", b"caf\xe9"), ("txt", b"a\0"), ("json", b'{"caption": "\\ud83d"}'), ("json", b"[" * 100_000)],
)
def test_text_that_cannot_be_stored_is_a_bad_sample(tmp_path, tars, field, data):
    members = [("a.png", tars.png()), (f"a.{field}", data), ("b.png", tars.png())]
    source = Shards([tars.make(tmp_path / "x.tar", members)])
    with pytest.raises(BadSample, match="^a: "):
        source[0]
    assert source[1].key == "b"


def test_a_name_that_is_not_utf8_is_a_bad_sample_in_escaped_form(tmp_path, tars):
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        for name in ("caf\udce9.png", "b.png"):
            info = tarfile.TarInfo(name)
            info.size = len(data := tars.png())
            tar.addfile(info, io.BytesIO(data))
    source = Shards([tmp_path / "x.tar"])
    with pytest.raises(BadSample, match=r"caf\\udce9: its name holds the byte e9"):
        source[0]
    assert source[1].key == "b"


def test_hard_links_are_the_pictures_they_stand_for(tmp_path, tars):
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        info = tarfile.TarInfo("a.png")
        info.size = len(data := tars.png((9, 0, 0)))
        tar.addfile(info, io.BytesIO(data))
        for name, kind in (("b.png", tarfile.LNKTYPE), ("c.png", tarfile.SYMTYPE)):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, "a.png"
            tar.addfile(link)
    source = Shards([tmp_path / "x.tar"])
    assert [sample.key for sample in source] == ["a", "b"] and source[1].image == data
    assert "1 that are links or devices (c.png)" in source.notes[0]


def test_tars_joined_end_to_end_are_read_whole(tmp_path, tars):
    parts = [tars.make(tmp_path / f"{n}.tar", tars.records(3, 3 * n)).read_bytes() for n in range(3)]
    (tmp_path / "x.tar").write_bytes(b"".join(parts))
    source = Shards([tmp_path / "x.tar"])
    assert [s.captions[0] for s in source] == [f"picture {n}" for n in range(9)]
    assert source.notes == () and source.unread == ()


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tgz"])
@pytest.mark.parametrize("damage", ["header", "member", "zeros in a member", "zeros at a header", "crc", "no end"])
def test_an_archive_that_is_not_whole_says_so_in_its_notes(tmp_path, tars, ending, damage):
    path = tars.make(tmp_path / "x.tar", tars.records(12))
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        png, txt = tar.getmember("0006.png"), tar.getmember("0006.txt")
        last = tar.getmember("0011.txt")
    rest = len(whole) - png.offset
    cut = {
        "header": whole[: png.offset + 100],
        "member": whole[: png.offset_data + 20],
        "zeros in a member": whole[: png.offset_data + 20] + bytes(rest - 532),
        "zeros at a header": whole[: png.offset] + bytes(rest),
        "no end": whole[: last.offset_data + 512],
        "crc": whole,
    }[damage]
    assert txt.offset > png.offset
    path.unlink()
    path = tmp_path / f"x.{ending}"
    packed = gzip.compress(cut) if ending != "tar" else cut
    if damage == "crc" and ending != "tar":
        packed = packed[:-8] + bytes(4) + packed[-4:]
    path.write_bytes(packed)
    source = Shards([path])
    kept = {"crc": 12, "no end": 12}.get(damage, 6)
    assert [s.captions[0] for s in source] == [f"picture {n}" for n in range(kept)]
    if damage == "crc" and ending == "tar":
        assert source.notes == () and source.unread == ()
    else:
        assert len(source.notes) == 1 and f"x.{ending}: " in source.notes[0] and source.unread == (str(path),)


def test_what_an_archive_is_its_content_decides(tmp_path, tars):
    whole = tars.make(tmp_path / "a.tar", tars.records(2)).read_bytes()
    (tmp_path / "plain.tar.gz").write_bytes(whole)
    (tmp_path / "packed.tar").write_bytes(gzip.compress(whole))
    (tmp_path / "x.TGZ").write_bytes(gzip.compress(whole))
    for name in ("plain.tar.gz", "packed.tar", "x.TGZ"):
        assert len(Shards([tmp_path / name])) == 2 and Shards([tmp_path / name]).notes == ()


def test_one_tar_of_nothing_costs_the_others_nothing(tmp_path, tars):
    paths = [tars.make(tmp_path / f"{n}.tar", tars.records(2, 2 * n)) for n in range(3)]
    paths[1].write_bytes(b"")
    source = Shards(paths)
    assert [sample.key for sample in source] == ["0/0000", "0/0001", "2/0004", "2/0005"]
    assert source.unread == (str(paths[1]),) and "1.tar holds no pictures: " in source.notes[0]
    for path in paths:
        path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"0.tar holds no pictures.*and so are 2 more"):
        Shards(paths)


@pytest.mark.parametrize("names", [("v1.0-a.tar", "v1.0-b.tar.gz"), ("a/0.tar", "b/0.tar"), ("x/a/0.tar", "x/0.tar")])
def test_keys_are_unique_whatever_the_shards_are_called(tmp_path, tars, names):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        tars.make(tmp_path / name, tars.records(2), "w:gz" if name.endswith("gz") else "w")
    keys = [sample.key for sample in Shards([tmp_path / name for name in names])]
    assert len({*keys}) == 4 and all(key.endswith(("/0000", "/0001")) for key in keys)


def test_names_that_begin_above_the_folder_are_records_like_others(tmp_path, tars):
    members = [("../photos/a.png", tars.png()), ("../photos/a.txt", "one"), ("../.cache/b.png", tars.png())]
    source = Shards([tars.make(tmp_path / "x.tar", members)])
    assert [sample.key for sample in source] == ["../photos/a"] and source[0].captions == ("one",)
    assert "1 of the system (../.cache/b.png)" in source.notes[0]


def test_numbers_of_a_json_are_captions_and_labels(tmp_path, tars):
    said = [{"caption": 12, "label": 1.0}, {"captions": {"en": "hello"}, "label": float("nan")}]
    members = [
        (f"{i}.{kind}", data)
        for i, one in enumerate(said)
        for kind, data in (("png", tars.png()), ("json", json.dumps(one)))
    ]
    first, second = source = Shards([tars.make(tmp_path / "x.tar", members)])
    assert (first.captions, second.captions) == (("12",), ("hello",))
    assert source.classes == ("0", "1") and (first.label, second.label) == (1, None)


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"BZh91AY", "bzip2; unpack"), (b"\xfd7zXZ\0", "xz; unpack"), (b"<html>404</html>", "a web page")],
)
def test_what_is_called_a_tar_and_is_none_is_told(tmp_path, data, said):
    (tmp_path / "x.tar").write_bytes(data.ljust(2000, b" "))
    with pytest.raises(ValueError, match=f"no tar, but .*{said}"):
        Shards([tmp_path / "x.tar"])


def test_a_member_with_holes_is_told_and_is_no_cut(tmp_path, tars):
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        hole = tarfile.TarInfo("hole.png")
        hole.size = 512
        hole.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.map": "1048576,512",
            "GNU.sparse.size": "1049088",
        }
        tar.addfile(hole, io.BytesIO(b"x" * 512))
    with pytest.raises(ValueError, match=r"1 with holes; pack them without --sparse \(hole.png\)"):
        Shards([tmp_path / "x.tar"])


def test_alt_text_is_a_caption_too_and_never_the_first_where_there_is_another(tmp_path, tars):
    members = [("a.png", tars.png()), ("a.txt", "a red star"), ("a.alt.txt", "star png"), ("b.png", tars.png())]
    source = Shards([tars.make(tmp_path / "x.tar", members)])
    assert source.has == {"image", "text", "alt"}
    assert source[0].captions == ("a red star", "star png") and source[0].alt == ("star png",) and source[1].alt == ()
