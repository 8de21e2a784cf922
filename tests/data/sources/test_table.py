"""Tables of every form give the same samples; what is wrong in one is said by column, line or byte."""

import json

import pytest
from PIL import Image

from sightline.data.decode.picture import decode
from sightline.data.sample import BadSample
from sightline.data.sources.table import open_table


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "img").mkdir()
    for name in ("red-star", "blue-moon"):
        Image.new("RGB", (4, 4)).save(tmp_path / "img" / f"{name}.png")
    return tmp_path


ROWS = [
    {"filepath": "img/red-star.png", "caption": "a red star", "label": "star"},
    {"filepath": "img/blue-moon.png", "caption": "", "label": "moon"},
]


def write(folder, ending):
    path = folder / f"table.{ending}"
    if ending == "jsonl":
        path.write_text("\n".join(map(json.dumps, ROWS)) + "\n\n")
    elif ending == "parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    else:
        mark = {"tsv": "\t", "csv": ","}[ending]
        path.write_text("\n".join([mark.join(ROWS[0]), *(mark.join(row.values()) for row in ROWS)]))
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_every_form_gives_the_same_samples(pictures, ending):
    table = open_table(write(pictures, ending))
    star, moon = table
    assert (star.captions, moon.captions) == (("a red star",), ("blue moon",))
    assert table.classes == ("moon", "star") and (star.label, moon.label) == (1, 0)
    assert table.has == {"image", "text", "label"}
    assert decode(star.image).shape == (4, 4, 3)


def test_parquet_holds_pictures_in_row_groups(pictures):
    import pyarrow
    import pyarrow.parquet

    data = (pictures / "img" / "red-star.png").read_bytes()
    rows = [{"image": {"bytes": data, "path": None}, "captions": [f"star {i}", "a star"]} for i in range(7)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), pictures / "t.parquet", row_group_size=3)
    table = open_table(pictures / "t.parquet")
    assert len(table) == 7 and table[4].captions == ("star 4", "a star") and table[6].image == data


def test_captions_may_be_lists_and_terms_separated(pictures):
    rows = [{"image": "img/red-star.png", "captions": ["one", "two", "one"], "keywords": "gold, night;sky"}]
    (pictures / "t.jsonl").write_text(json.dumps(rows[0]))
    sample = open_table(pictures / "t.jsonl")[0]
    assert sample.captions == ("one", "two") and sample.terms == ("gold", "night", "sky")


def test_whole_numbers_keep_their_number_as_label(pictures):
    (pictures / "t.csv").write_text("file,label\nimg/red-star.png,3\nimg/blue-moon.png,1\nx.png,\n")
    table = open_table(pictures / "t.csv")
    assert table.classes == ("0", "1", "2", "3") and [s.label for s in table] == [3, 1, None]


def test_missing_columns_list_what_was_found_and_expected(pictures):
    (pictures / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"no column of pictures. Found: 'a', 'b'. Expected one of image, filepath"):
        open_table(pictures / "t.csv")
    (pictures / "t.csv").write_text("filepath,sentence\nimg/red-star.png,hello\n")
    with pytest.raises(ValueError, match=r"no column of captions or labels. Found: .*t.csv\?caption=COLUMN"):
        open_table(pictures / "t.csv")
    assert open_table(pictures / "t.csv", caption="sentence")[0].captions == ("hello",)
    with pytest.raises(ValueError, match="no column 'x' for caption; it has filepath, sentence"):
        open_table(pictures / "t.csv", caption="x")
    (pictures / "t.csv").write_text("url,caption\nhttps://example.com/a.png,hello\n")
    with pytest.raises(ValueError, match="pictures are not downloaded"):
        open_table(pictures / "t.csv")
    for nothing in ("", "image,caption\n"):
        (pictures / "t.csv").write_text(nothing)
        with pytest.raises(ValueError, match="is empty|no rows"):
            open_table(pictures / "t.csv")


def test_missing_files_are_bad_samples_not_errors(pictures):
    text = "image,caption\nimg/gone.png,a\n,b\nhttps://example.com/a.png,c\nimg/red-star.png,d\n"
    (pictures / "t.csv").write_text(text)
    table = open_table(pictures / "t.csv")
    with pytest.raises(BadSample, match="No such file"):
        decode(table[0].image)
    with pytest.raises(BadSample, match="row 2: no picture in column 'image'"):
        table[1]
    with pytest.raises(BadSample, match="row 3: .*not downloaded"):
        table[2]
    assert table[3].captions == ("d",)


def test_text_that_is_not_utf8_names_line_and_byte(pictures):
    text = "image,caption\nimg/red-star.png,étoile\n"
    (pictures / "t.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"t.csv, line 2: the byte e9 at offset 31 .*t.csv\?encoding=latin-1"):
        open_table(pictures / "t.csv")
    assert open_table(pictures / "t.csv", encoding="latin-1")[0].captions == ("étoile",)
    with pytest.raises(ValueError, match="unknown encoding 'klingon'"):
        open_table(pictures / "t.csv", encoding="klingon")
    for encoding in ("utf-8-sig", "utf-16"):
        (pictures / "t.csv").write_bytes(text.encode(encoding))
        assert open_table(pictures / "t.csv")[0].captions == ("étoile",)


def test_malformed_tables_name_the_line(pictures):
    (pictures / "t.jsonl").write_text('{"image": "a.png", "caption": "x"}\n\n{"image": \n')
    with pytest.raises(BadSample, match=r"row 2 \(line 3\): Expecting value"):
        open_table(pictures / "t.jsonl")[1]
    (pictures / "t.jsonl").write_text("[1, 2]")
    with pytest.raises(ValueError, match=r"none of its 1 rows can be read; row 1 \(line 1\): expected an object"):
        open_table(pictures / "t.jsonl")
    (pictures / "t.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(ValueError, match="no whole parquet file"):
        open_table(pictures / "t.parquet")


def test_long_captions_quotes_and_semicolons(pictures):
    (pictures / "t.csv").write_text(
        f'image;caption\nimg/red-star.png;"{"word " * 5000}"\nimg/blue-moon.png;"a ""b"";\nc"\n'
    )
    table = open_table(pictures / "t.csv")
    assert len(table[0].captions[0].split()) == 64 and table[1].captions == ('a "b"; c',)


def test_splits_come_from_the_split_column(pictures):
    (pictures / "t.csv").write_text("image,caption,split\na.png,a,train\nb.png,b,test\nc.png,c,train\n")
    assert [s.captions[0] for s in open_table(pictures / "t.csv", split="train")] == ["a", "c"]
    with pytest.raises(ValueError, match="no split 'val'; its column 'split' holds test, train"):
        open_table(pictures / "t.csv", split="val")
    with pytest.raises(ValueError, match="no column 'split'"):
        open_table(write(pictures, "csv"), split="val")


def test_a_csv_with_tabs_as_open_clip_writes_it_is_read(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "pairs.csv").write_text("filepath\ttitle\na.png\ta cat, black\n")
    source = open_table(tmp_path / "pairs.csv", "pairs.csv")
    assert source[0].captions == ("a cat, black",)


GOOD = b"img/red-star.png,a star\n"
BAD_ROWS = [
    (b"\0\0\0\0\0\0\0\0\n", "8 NULs"),
    (b"img/blue-moon.png,mo\0on\n", "1 NUL"),
    (b"img/blue-moon.png,caf\xe9\n", "the byte e9, which is no text"),
    (b"img/blue-moon.png,\xed\xa0\xbd\n", "the byte ed"),
    (b"img/blue-m\n", "1 field where the header names 2"),
    (b"img/blue-moon.png,red, white\n", "3 fields where the header names 2"),
    (b'img/blue-moon.png,"red" and "white"x,"\n', "a quote out of place"),
    (b'img/blue-moon.png,"never closed\n', "a quote out of place"),
]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(("row", "reason"), BAD_ROWS)
def test_a_damaged_row_is_bad_by_its_number_and_the_others_are_read(pictures, row, reason, place):
    rows = [GOOD, GOOD]
    rows.insert(place, row)
    (pictures / "t.csv").write_bytes(b"image,caption\n" + b"".join(rows))
    table = open_table(pictures / "t.csv")
    assert len(table) == 3
    with pytest.raises(BadSample, match=rf"row {place + 1} \(line {place + 2}\): .*{reason}"):
        table[place]
    assert [table[i].captions for i in range(3) if i != place] == [("a star",)] * 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\0" * 16, "16 NULs"),
        (rb'{"image": "img/blue-moon.png", "caption": "x", "name": "\ud83d"}', "half of a surrogate pair"),
        (rb'{"image": "img/blue-moon.png", "caption": "x", "keywords": ["a", "\udc00"]}', "half of a surrogate pair"),
        (rb'{"image": "img/blue-moon.png", "caption": "x\u0000"}', "1 NUL"),
        (b'{"image": "img/blue-moon.png", "caption": "\xff"}', "the byte ff"),
        (b'{"image": "img/blue-moon.png", "cap', "Unterminated string"),
        (b"[" * 100_000, "recursion"),
        (b'["a"]', "expected an object"),
    ],
)
def test_so_is_a_damaged_line_of_jsonl(pictures, line, reason):
    good = b'{"image": "img/red-star.png", "caption": "a \\u2605 \\ud83d\\ude00", "tags": "x"}'
    (pictures / "t.jsonl").write_bytes(b"\n".join([good, line, good]))
    table = open_table(pictures / "t.jsonl")
    with pytest.raises(BadSample, match=rf"row 2 \(line 2\): .*{reason}"):
        table[1]
    assert table[0].captions == table[2].captions == ("a \u2605 \U0001f600",)


def test_a_damaged_row_of_parquet_is_bad_alone(pictures):
    import pyarrow
    import pyarrow.parquet

    captions = pyarrow.array([b"a star", b"caf\xe9", b"a\0b", b"the last"]).cast(pyarrow.binary())
    texts = pyarrow.StringArray.from_buffers(4, *captions.buffers()[1:])
    image = pyarrow.array(["img/red-star.png"] * 4)
    pyarrow.parquet.write_table(pyarrow.table({"image": image, "caption": texts}), pictures / "t.parquet")
    table = open_table(pictures / "t.parquet")
    for number, reason in ((1, "row 2: it holds the byte e9"), (2, "row 3: it holds 1 NUL")):
        with pytest.raises(BadSample, match=reason):
            table[number]
    assert table[0].captions == ("a star",) and table[3].captions == ("the last",)


def test_most_rows_of_another_encoding_are_one_error_a_single_one_is_not(pictures):
    for bad, good in ((2, 1), (1, 1)):
        (pictures / "t.csv").write_bytes(b"image,caption\n" + b"img/red-star.png,caf\xe9\n" * bad + GOOD * good)
        if bad > good:
            with pytest.raises(ValueError, match=r"line 2: the byte e9 .*t.csv\?encoding=latin-1"):
                open_table(pictures / "t.csv")
        else:
            assert open_table(pictures / "t.csv")[1].captions == ("a star",)


def test_a_header_of_nuls_says_what_it_may_be(pictures):
    (pictures / "t.csv").write_bytes("image,caption\nimg/red-star.png,a star\n".encode("utf-16-le"))
    with pytest.raises(ValueError, match=r"line 1: .* NULs; if it is UTF-16: t.csv\?encoding=utf-16-le"):
        open_table(pictures / "t.csv")
    assert open_table(pictures / "t.csv", encoding="utf-16-le")[0].captions == ("a star",)


def test_what_spreadsheets_leave_behind_is_no_damage(pictures):
    text = 'image,caption,,\nimg/red-star.png,"a ""star"",\nbright",,\n\nimg/blue-moon.png,"a" moon,,,\n'
    (pictures / "t.csv").write_text(text)
    assert [sample.captions for sample in open_table(pictures / "t.csv")] == [('a "star", bright',), ("a moon",)]


def test_a_quote_that_closes_rows_later_costs_its_own_row_only(pictures):
    text = (
        'image,caption\nimg/red-star.png,"a star\nimg/blue-moon.png,a moon\nimg/red-star.png,"12"" wide"\na.png,12"\n'
    )
    (pictures / "t.csv").write_text(text)
    table = open_table(pictures / "t.csv")
    with pytest.raises(BadSample, match=r"row 1 \(line 2\): a quote out of place"):
        table[0]
    assert [table[i].captions[0] for i in (1, 2, 3)] == ["a moon", '12" wide', '12"']


def test_damaged_rows_belong_to_no_split_and_odd_labels_to_no_class(pictures):
    rows = [
        '{"image": "a.png", "caption": "a", "split": "train", "label": ["x"]}',
        "{",
        '{"image": "b.png", "label": "y"}',
    ]
    (pictures / "t.jsonl").write_text("\n".join(rows))
    table = open_table(pictures / "t.jsonl")
    assert table.classes == ("y",) and table[0].label is None and table[2].label == 0
    assert len(open_table(pictures / "t.jsonl", split="train")) == 1


@pytest.mark.parametrize(
    ("said", "captions"),
    [
        (12, ("12",)),
        (2.0, ("2",)),
        (1.5, ("1.5",)),
        (float("nan"), ("red star",)),
        ({"en": "hello", "de": "hallo", "id": 7}, ("hello", "hallo")),
        ([{"caption": "one", "id": 3}, "two"], ("one", "two")),
        ([101, 2054], ("red star",)),
    ],
)
def test_captions_that_are_numbers_or_dictionaries_are_read(pictures, said, captions):
    (pictures / "t.jsonl").write_text(json.dumps({"image": "img/red-star.png", "caption": said}))
    assert open_table(pictures / "t.jsonl")[0].captions == captions


def test_captions_of_bytes_are_text_and_one_that_is_none_is_a_bad_sample(pictures):
    import pyarrow
    import pyarrow.parquet

    rows = {"image": ["img/red-star.png"] * 2, "caption": pyarrow.array([b"a red star", b"caf\xe9"], pyarrow.binary())}
    pyarrow.parquet.write_table(pyarrow.table(rows), pictures / "t.parquet")
    table = open_table(pictures / "t.parquet")
    assert table[0].captions == ("a red star",)
    with pytest.raises(BadSample, match="the byte e9"):
        table[1]


def test_whole_labels_of_a_column_with_gaps_keep_their_numbers_and_a_gap_is_no_class(pictures):
    labels = [1.0, float("nan"), 0.0, None]
    rows = [{"image": "img/red-star.png", "label": label} for label in labels]
    (pictures / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    table = open_table(pictures / "t.jsonl")
    assert table.classes == ("0", "1") and [sample.label for sample in table] == [1, None, 0, None]


def test_a_field_of_any_length_is_read_and_an_open_quote_beside_it_costs_its_own_row(pictures):
    long = "w " * 200_000
    lines = [
        "image,caption,ocr",
        f"img/red-star.png,one,{long}",
        'img/red-star.png,"open,x',
        f'img/red-star.png,"t",{long}',
    ]
    (pictures / "t.csv").write_text("\n".join(lines))
    table = open_table(pictures / "t.csv")
    assert table[0].captions == ("one",) and table[2].captions == ("t",)
    with pytest.raises(BadSample, match="row 2"):
        table[1]


@pytest.mark.parametrize("head", ["image,caption,caption", "image,image,caption"])
def test_two_columns_of_one_name_are_refused_where_they_are_read(pictures, head):
    (pictures / "t.csv").write_text(f"{head}\nimg/red-star.png,x,y\n")
    with pytest.raises(ValueError, match="2 columns called '(caption|image)'; give each"):
        open_table(pictures / "t.csv")
    (pictures / "t.csv").write_text("image,caption,note,note\nimg/red-star.png,x,y,z\n")
    assert open_table(pictures / "t.csv")[0].captions == ("x",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x1f\x8b\x08\0\0", "compressed by gzip; unpack"),
        (b"PK\x03\x04....", "a ZIP archive or an office document"),
        (b"PAR1....", "end in .parquet"),
        (b"<!DOCTYPE html><html>", "a web page"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_what_is_no_text_is_called_by_its_name(tmp_path, data, said, ending):
    (tmp_path / f"t.{ending}").write_bytes(data)
    with pytest.raises(ValueError, match=said):
        open_table(tmp_path / f"t.{ending}")


def test_utf_16_without_its_mark_is_recognised(tmp_path):
    (tmp_path / "t.csv").write_bytes("image,caption\na.png,é\n".encode("utf-16-le"))
    with pytest.raises(ValueError, match="encoding=utf-16-le"):
        open_table(tmp_path / "t.csv")


def test_a_number_in_place_of_a_picture_is_told(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"image": 5, "caption": "x"}')
    with pytest.raises(BadSample, match="it holds 5, expected a path or bytes"):
        open_table(tmp_path / "t.jsonl")[0]


def test_paths_as_windows_writes_them_are_found(pictures):
    (pictures / "t.csv").write_text("image,caption\nimg\\red-star.png,x\n")
    assert decode(open_table(pictures / "t.csv")[0].image).shape == (4, 4, 3)


def test_alt_text_has_a_column_of_its_own_unless_it_is_the_caption(pictures):
    rows = [{"image": "img/red-star.png", "caption": "a red star", "alt": "star png download", "alt_text": None}]
    (pictures / "t.jsonl").write_text(json.dumps(rows[0]))
    table = open_table(pictures / "t.jsonl")
    assert table.has == {"image", "text", "alt"}
    assert table[0].captions == ("a red star",) and table[0].alt == ("star png download",)
    chosen = open_table(pictures / "t.jsonl", caption="alt")
    assert chosen[0].captions == ("star png download",) and chosen[0].alt == () and "alt" in chosen.has
