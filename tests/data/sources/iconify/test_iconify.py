"""Icon sets in Iconify's JSON as a source: which icons, which words, which drawing; and what is refused, with why."""

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from sightline.data.decode.picture import decode
from sightline.data.decode.record import Bad, attempt, fetch
from sightline.data.sample import Sample
from sightline.data.sources.iconify import alike, collection
from sightline.data.sources.iconify.alike import near
from sightline.data.sources.iconify.source import Iconify, drawing
from sightline.data.sources.source import open_source, parse

LINE = '<path fill="none" stroke="currentColor" stroke-width="2" d="M4 12h16"/>'
DISC = '<circle cx="8" cy="8" r="6" fill="currentColor"/>'
RED = '<rect width="10" height="20" fill="#e00"/>'

THIN = {
    "prefix": "thin",
    "info": {"name": "Thin Lines", "license": {"title": "MIT", "spdx": "MIT"}, "category": "UI 24px", "palette": False},
    "icons": {
        "arrow-left": {"body": LINE},
        "arrow-left-filled": {"body": DISC, "width": 16, "height": 16},
        "home-2": {"body": LINE.replace("12", "10")},
        "gone": {"body": LINE, "hidden": True},
        "copy-of-home": {"body": LINE.replace("12", "10")},
        "é-clair": {"body": DISC, "left": -8, "top": -4},
    },
    "aliases": {
        "back": {"parent": "arrow-left"},
        "go-back-outline": {"parent": "back"},
        "arrow-right": {"parent": "arrow-left", "hFlip": True},
        "nowhere": {"parent": "not-there"},
    },
    "categories": {"Arrows": ["arrow-left", "arrow-left-filled", "gone"], "Places": ["home-2"]},
    "width": 24,
    "height": 24,
}
PAINT = {
    "prefix": "paint",
    "info": {"name": "Paint", "license": {"title": "CC BY-SA", "spdx": "CC-BY-SA-4.0"}, "palette": True},
    "icons": {"flag": {"body": RED, "width": 10, "height": 20}, "arrow-left": {"body": RED}},
}
BARE = {"prefix": "bare", "icons": {"dot": {"body": DISC}, "house": {"body": LINE}}}


def write(path: Path, said: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said, ensure_ascii=False, indent="\t"), encoding="utf-8")
    return path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The folder of a package of three sets: one permissive, one of colours, one without a licence."""
    folder = tmp_path / "json-package"
    for said in (THIN, PAINT, BARE):
        write(folder / "json" / f"{said['prefix']}.json", said)
    write(folder / "collections.json", {said["prefix"]: said.get("info", {}) for said in (THIN, PAINT, BARE)})
    return folder


def opened(src: str) -> Iconify:
    source = open_source(src)
    assert isinstance(source, Iconify)
    return source


def samples(source: Iconify) -> dict[str, Sample]:
    return {sample.key: sample for sample in (source[index] for index in range(len(source)))}


def test_a_package_gives_every_icon_that_is_shown_once(package):
    source = opened(f"iconify:{package}")
    assert list(samples(source)) == [
        *("bare/dot", "bare/house", "paint/flag", "paint/arrow-left"),
        *("thin/arrow-left", "thin/arrow-left-filled", "thin/home-2", "thin/copy-of-home", "thin/é-clair"),
    ]
    assert source.has == {"image", "text"} and source.classes == ()


@pytest.mark.parametrize("below", ["json", "json/thin.json", ""])
def test_a_set_a_folder_of_sets_and_the_package_are_read_alike(package, below):
    whole = samples(opened(f"iconify:{package}"))
    assert {key: one for key, one in whole.items() if key.startswith("thin/")} == samples(
        opened(f"iconify:{package / below}?sets=thin")
    )


def test_a_sample_has_words_style_licence_and_categories(package):
    found = samples(opened(f"iconify:{package}"))["thin/arrow-left-filled"]
    assert found.captions == ("arrow left",) and found.name == "arrow-left"
    assert found.extra == {
        **{"set": "thin", "licence": "MIT", "style": ["filled"], "palette": False, "group": "UI 24px"},
        "categories": ["Arrows"],
    }


def test_an_alias_is_a_term_of_its_drawing_and_a_mirrored_one_is_not(package):
    source = opened(f"iconify:{package / 'json/thin.json'}")
    assert samples(source)["thin/arrow-left"].terms == ("back", "go back")
    assert any("other drawings and no words of it: 1" in note for note in source.notes)


def test_the_box_is_the_icons_then_the_sets_then_16_by_16_at_0(package):
    found = {key: one.content().decode() for key, one in samples(opened(f"iconify:{package}")).items()}
    assert 'viewBox="0 0 24 24" width="24" height="24" color="black"' in found["thin/arrow-left"]
    assert 'viewBox="0 0 16 16"' in found["thin/arrow-left-filled"] and 'viewBox="0 0 16 16"' in found["bare/dot"]
    assert 'viewBox="-8 -4 24 24"' in found["thin/é-clair"] and 'viewBox="0 0 10 20"' in found["paint/flag"]


def test_current_colour_is_drawn_black_in_the_shape_of_the_box(package):
    found = samples(opened(f"iconify:{package}"))
    line = decode(found["thin/arrow-left"].image, 24)
    assert line.shape == (24, 24, 4) and line[12, 12].tolist() == [0, 0, 0, 255] and line[4, 12, 3] == 0
    assert decode(found["paint/flag"].image, 10).shape[:2] == (20, 10)


def test_what_is_left_out_or_kept_twice_is_said(package):
    notes = opened(f"iconify:{package}").notes
    assert notes[0] == "1 icon withdrawn by the set (hidden) left out" and "turn or mirror" in notes[1]
    assert notes[2] == "1 icon drawn exactly as another one kept, each with its own words" and len(notes) == 3


def test_a_name_is_on_one_side_whichever_sets_are_opened(tmp_path):
    names = [f"thing{letter}{other}" for letter in "abcdefghij" for other in "abcdefghij"]
    for prefix, some in (("one", names), ("two", names[::2])):
        icons = {f"{name}{style}": {"body": DISC} for name in some for style in ("", "-filled")}
        write(tmp_path / f"{prefix}.json", {"prefix": prefix, "icons": icons})
    train, test = (
        {one.name for one in samples(opened(f"iconify:{tmp_path}:{side}")).values()} for side in ("train", "test")
    )
    assert not train & test and train | test == set(names) and 10 <= len(test) <= 30
    alone = {one.name for one in samples(opened(f"iconify:{tmp_path / 'two.json'}:test")).values()}
    assert alone == test & set(names[::2])
    assert {one.name for one in samples(opened(f"iconify:{tmp_path}:test?fold=1")).values()} != test


def test_sets_are_chosen_by_name_pattern_licence_and_colour(package):
    def chosen(options: str) -> list[str]:
        return [one.about.prefix for one in opened(f"iconify:{package}?{options}").sets]

    assert chosen("sets=thin,b*") == ["bare", "thin"] and chosen("without=p*,bare") == ["thin"]
    assert chosen("licence=permissive") == ["thin"] and chosen("licence=cc-by-sa-4.0,mit") == ["paint", "thin"]
    assert (
        chosen("kind=colour") == ["paint"] and chosen("kind=mono") == ["bare", "thin"] and len(chosen("kind=all")) == 3
    )


def test_sets_are_chosen_by_what_the_package_files_them_under(package):
    assert {sample.extra["set"] for sample in opened(f"iconify:{package}?group=UI*")} == {"thin"}
    with pytest.raises(ValueError, match="group=Emoji: no set here is filed under it; there are UI 24px"):
        opened(f"iconify:{package}?group=Emoji")


def test_at_most_so_many_icons_of_each_set_are_kept_and_they_are_the_same_ones_beside_other_sets(package):
    few = [sample.key for sample in opened(f"iconify:{package}?most=2")]
    assert {key.split("/")[0] for key in few} == {"thin", "paint", "bare"} and len(few) == 6
    assert [key for key in few if key.startswith("thin/")] == [
        s.key for s in opened(f"iconify:{package}?sets=thin&most=2")
    ]
    with pytest.raises(ValueError, match="most=none: expected how many icons of a set"):
        opened(f"iconify:{package}?most=none")


def test_further_words_belong_to_every_icon_of_the_name(package, tmp_path):
    file = write(tmp_path / "words.json", {"arrow-left": ["Back", "previous"], "house": ["home"]})
    terms = {sample.key: sample.terms for sample in opened(f"iconify:{package}?words={file}")}
    assert terms["thin/arrow-left"] == ("back", "go back", "Back", "previous")
    assert terms["thin/arrow-left-filled"] == terms["paint/arrow-left"] == ("Back", "previous")
    assert terms["bare/house"] == ("home",)
    write(file, {"house": "home"})
    with pytest.raises(ValueError, match="house is no list of words; expected"):
        opened(f"iconify:{package}?words={file}")


def test_a_set_without_a_licence_is_left_out_with_a_note_and_refused_alone(package):
    notes = opened(f"iconify:{package}?licence=permissive").notes
    assert "1 set that states no licence left out: bare" in notes
    assert "1 set under other licences left out: 1 CC-BY-SA-4.0" in notes
    with pytest.raises(ValueError, match=r"licence=permissive: .*bare\.json states no licence; without licence="):
        opened(f"iconify:{package / 'json/bare.json'}?licence=permissive")
    with pytest.raises(ValueError, match=r"paint\.json is under CC-BY-SA-4\.0"):
        opened(f"iconify:{package}?sets=paint&licence=permissive")


def test_a_licence_may_stand_in_the_files_of_the_package(package, tmp_path):
    write(tmp_path / "bare" / "icons.json", BARE)
    write(tmp_path / "bare" / "info.json", {"name": "Bare", "license": {"spdx": "ISC"}})
    assert opened(f"iconify:{tmp_path / 'bare'}?licence=permissive").sets[0].about.licence == "ISC"
    write(package / "collections.json", {"bare": {"license": {"spdx": "0BSD"}}})
    assert opened(f"iconify:{package / 'json/bare.json'}").sets[0].about.licence == "0BSD"


def test_sets_that_the_packages_list_has_no_more_are_read_by_name_alone(package):
    write(package / "collections.json", {"thin": {}, "bare": {}})
    source = opened(f"iconify:{package}")
    assert [one.about.prefix for one in source.sets] == ["bare", "thin"]
    assert any("1 set that collections.json no longer lists left out (paint)" in note for note in source.notes)
    assert len(opened(f"iconify:{package}?sets=paint")) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("sets=thim", "sets=thim: no such icon set; did you mean thin"),
        ("without=pant", "without=pant: no such icon set; did you mean paint"),
        ("licence=MTI", r"licence=mti: no set here has it \(did you mean mit\?\); expected permissive, or of 0BSD"),
        ("kind=color", "no kind 'color'; known: all, mono, colour"),
        ("set=thin", "has no option 'set'.*it has .*sets"),
        ("lisence=MIT", "has no option 'lisence'.*licence"),
        ("sets=bare&kind=colour", "none of kind=colour .*: bare"),
        ("sets=thin&without=thin", "leaves no set"),
    ],
)
def test_a_choice_that_is_not_known_or_leaves_nothing_is_refused_with_the_nearest(package, options, said):
    with pytest.raises(ValueError, match=said):
        opened(f"iconify:{package}?{options}")


def test_a_split_that_is_not_known_lists_those_that_are(package):
    with pytest.raises(ValueError, match="iconify has no split 'dev'; known: all, train, test"):
        opened(f"iconify:{package}:dev")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{"prefix": "x", "glyphs": []}', "no icons among 'prefix', 'glyphs'; expected prefix, icons"),
        ('{"icons": {}}', "no prefix among"),
        ('{"prefix": "x", "icons": []}', "no icons among"),
        ("[1, 2]", "no JSON: expected '{' at byte 0"),
        ('{"prefix": "x", "icons": {"a": {"body": "<path', r"is cut: Unterminated string"),
        ('{"prefix": "x", "icons": {"a": {"body": "b"}', r"is cut: expected ','"),
        ('{"prefix": "x", "icons": {"a" {}}}', "no JSON: expected ':' at byte 30"),
        ("", "is cut: expected '{' at byte 0"),
        ("[" * 100_000, "no JSON"),
        ('{"a": ' + "[" * 100_000, "too deep"),
    ],
)
def test_a_file_of_another_format_is_refused_with_what_it_lacks(tmp_path, written, said):
    (tmp_path / "odd.json").write_text(written)
    with pytest.raises(ValueError, match=said):
        opened(f"iconify:{tmp_path / 'odd.json'}")


def test_a_file_that_is_no_set_among_others_is_a_note_and_unread(package):
    (package / "json" / "paint.json").write_text('{"prefix": "paint", "icons": {')
    source = opened(f"iconify:{package}")
    assert [one.about.prefix for one in source.sets] == ["bare", "thin"]
    assert any("1 file could not be read as an icon set: " in note and "is cut" in note for note in source.notes)
    assert source.unread == (str(package / "json" / "paint.json"),)


def test_a_path_without_sets_says_what_was_expected(tmp_path):
    with pytest.raises(ValueError, match="no such file; expected a set's JSON"):
        opened(f"iconify:{tmp_path / 'lucid.json'}")
    with pytest.raises(ValueError, match="holds no icon sets .* @iconify/json"):
        opened(f"iconify:{tmp_path}")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"body": "<path d='M0 0h9v9z'"}, "malformed SVG"),
        ({"body": "no drawing at all"}, "blank: it holds no shape"),
        ({"body": "</svg><script>alert(1)</script>"}, "malformed SVG"),
        ({"body": "<image href='file:///etc/passwd' width='9' height='9'/>"}, "blank: .*another file"),
        ({"width": 24}, "x/bad: an icon without a body"),
        ("M0 0h9", "an icon without a body"),
        ({"body": DISC, "width": "wide"}, 'an icon whose width is "wide"'),
        ({"body": DISC, "height": 0}, "an icon whose height is 0"),
    ],
)
def test_an_icon_that_is_no_drawing_is_one_bad_sample_with_its_reason(tmp_path, entry, said):
    write(tmp_path / "x.json", {"prefix": "x", "icons": {"good": {"body": DISC}, "bad": entry}})
    source = opened(f"iconify:{tmp_path / 'x.json'}")
    assert not isinstance(attempt(fetch(source, 0), 16), Bad)
    found = attempt(fetch(source, 1), 16)
    assert isinstance(found, Bad) and re.search(said, found.reason)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        ({}, lambda plain: plain),
        ({"hFlip": True}, np.fliplr),
        ({"vFlip": True}, np.flipud),
        ({"rotate": 1}, lambda plain: np.rot90(plain, -1)),
        ({"rotate": 7, "hFlip": True}, lambda plain: np.rot90(np.fliplr(plain), 1)),
    ],
)
def test_an_icon_that_says_it_is_turned_is_drawn_turned(turn, expected):
    entry = {"body": "<path d='M2 -3h5v4h-5z'/><path d='M2 8h11v2h-11z'/>", "left": 2, "top": -3} | {"width": 12}
    plain, found = (decode(drawing({**entry, "height": 18, **some}, {}), 36) for some in ({}, turn))
    assert np.abs(found.astype(int) - expected(plain)).max() <= 2


def test_a_file_of_old_says_its_licence_and_colours_in_words(tmp_path):
    info = {"name": "Old", "license": "MIT", "licenseURL": "https://example.org", "palette": "Colorful"}
    write(tmp_path / "old.json", {"prefix": "old", "info": info, "icons": BARE["icons"]})
    (found,) = opened(f"iconify:{tmp_path}?licence=permissive&kind=colour").sets
    assert (found.about.licence, found.about.palette, len(found.names)) == ("MIT", True, 2)


def test_scripts_in_a_body_are_not_drawn():
    image = drawing({"body": f"{DISC}<script>while(1);</script>"}, {})
    assert np.array_equal(decode(image, 16), decode(drawing({"body": DISC}, {}), 16))


def test_a_set_exchanged_while_it_is_open_is_a_bad_sample(tmp_path):
    file = write(tmp_path / "x.json", {"prefix": "x", "icons": {"good": {"body": DISC}}})
    source = opened(f"iconify:{file}")
    file.write_text(" " * file.stat().st_size)
    found = fetch(source, 0)
    assert isinstance(found, Bad) and "has changed since it was opened" in found.reason
    file.write_text("{}")
    assert isinstance(fetch(source, 0), Bad)


def test_places_kept_in_the_cache_give_the_same_samples(package, monkeypatch):
    monkeypatch.setattr(collection, "WORTH", 0)
    first = samples(opened(f"iconify:{package}"))
    monkeypatch.setattr(collection, "_scan", None)
    assert samples(opened(f"iconify:{package}")) == first


def test_a_source_travels_to_another_process_without_the_drawings(package):
    source = opened(f"iconify:{package}")
    packed = pickle.dumps(source)
    assert LINE.encode()[:20] not in packed and samples(pickle.loads(packed)) == samples(source)


def test_escapes_and_any_layout_of_the_json_are_read(tmp_path):
    text = json.dumps({**THIN, "icons": {**THIN["icons"], 'q"{}': {"body": DISC}}}, separators=(",", ":"))
    (tmp_path / "x.json").write_text("\ufeff" + text, encoding="utf-8")
    found = samples(opened(f"iconify:{tmp_path / 'x.json'}"))
    assert {"thin/é-clair", 'thin/q"{}'} < set(found)


def test_a_path_after_iconify_may_have_what_exists_on_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a:b" / "bare.json", BARE)
    write(tmp_path / "train.json", BARE)
    assert parse("iconify:a:b")[0].split is None and len(opened("iconify:a:b")) == 2
    part = parse("iconify:train.json:test?sets=bare")[0]
    assert (part.name, part.split, part.options) == ("iconify:train.json", "test", {"sets": "bare"})
    assert parse(r"iconify:C:icons")[0].split is None
    write(tmp_path / "iconify:train.json" / "bare.json", BARE)
    with pytest.raises(ValueError, match="no pictures"):
        open_source("iconify:train.json")
    assert [part.name for part in parse("iconify:x.json::icons")] == ["iconify:x.json", "icons"]


def test_what_nearly_equals_an_icon_of_other_sets_is_left_out(tmp_path):
    disc, box = DISC, '<path d="M1 1h14v14H1z"/>'
    write(tmp_path / "judge.json", {"prefix": "judge", "icons": {"disc": {"body": disc}, "gap": {"body": ""}}})
    others = {"same": disc, "nearly": disc.replace('"6"', '"5.95"'), "smaller": disc.replace('"6"', '"3"'), "box": box}
    write(tmp_path / "mine.json", {"prefix": "mine", "icons": {name: {"body": body} for name, body in others.items()}})
    source = opened(f"iconify:{tmp_path}?unlike=judge")
    assert list(samples(source)) == ["judge/gap", "mine/smaller", "mine/box"]
    assert source.notes[-1] == "3 icons that nearly equal one of judge left out: 2 of mine, 1 of judge"
    with pytest.raises(ValueError, match="unlike=juge: no such icon set; did you mean judge"):
        opened(f"iconify:{tmp_path}?unlike=juge")


def test_a_drawing_in_colours_judges_what_nearly_equals_it_in_black(tmp_path):
    heart = '<path d="M8 14 2 8a4 4 0 0 1 6-5 4 4 0 0 1 6 5z" fill="#dd2e44"/>'
    face = '<circle cx="8" cy="8" r="7" fill="#ffcc4d"/><circle cx="5" cy="6" r="1.5" fill="#664500"/>'
    judges = {"info": {"palette": True}, "icons": {"heart": {"body": heart}, "face": {"body": face}}}
    write(tmp_path / "emoji.json", {"prefix": "emoji", **judges})
    mine = {"black": heart.replace("#dd2e44", "currentColor"), "red": heart, "disc": face[: face.index("/>") + 2]}
    mine["disc"] = mine["disc"].replace("#ffcc4d", "currentColor")
    write(tmp_path / "mine.json", {"prefix": "mine", "icons": {name: {"body": body} for name, body in mine.items()}})
    # a face is no disc, be it in black
    assert list(samples(opened(f"iconify:{tmp_path}?unlike=emoji"))) == ["mine/disc"]
    write(tmp_path / "emoji.json", {"prefix": "emoji", **judges, "info": {"palette": False}})
    assert list(samples(opened(f"iconify:{tmp_path}?unlike=emoji"))) == ["mine/black", "mine/disc"]


def test_how_far_drawing_has_come_is_said_on_stderr(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sightline.data.progress.QUIET", 0.0)
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    for prefix, bodies in {"a": [DISC, LINE], "b": [RED, '<path d="M1 1h3v14H1z"/>']}.items():
        icons = {f"{place}": {"body": body} for place, body in enumerate(bodies)}
        write(tmp_path / f"{prefix}.json", {"prefix": prefix, "icons": icons})
    opened(f"iconify:{tmp_path}?sets=a&unlike=b")
    said = capsys.readouterr()
    assert not said.out
    assert [line.partition(" (")[0] for line in said.err.splitlines()] == [
        "reading icon sets: 0 of 1",
        *(f"drawing icons to compare: {done} of 4" for done in range(4)),
    ]
    opened(f"iconify:{tmp_path}?sets=a&unlike=b")
    assert "drawing" not in capsys.readouterr().err


def test_near_is_what_comparing_all_pairs_gives():
    rng = np.random.default_rng(0)
    some = rng.integers(0, 256, (40, 24, 24)).astype(np.uint8) * (rng.random((40, 24, 24)) < 0.2)
    others = np.concatenate([some[:10] // 2, some[10:25], rng.integers(0, 256, (9, 24, 24))]).astype(np.uint8)
    others[12:, ::3] = 0
    some[30] = 0
    a, b = some.astype(float)[:, None], others.astype(float)[None]
    apart = ((a - b) ** 2).sum((2, 3)) / ((a**2).sum((2, 3)) + (b**2).sum((2, 3)))
    for limit in (0.05, 0.25, 0.5):
        expected = (apart <= limit).any(1) & (some.reshape(40, -1).sum(1) > 0)
        assert np.array_equal(near(some, others, limit), expected) and 0 < expected.sum() < 40


def test_what_icons_look_like_is_drawn_once(tmp_path, monkeypatch):
    write(tmp_path / "x.json", {"prefix": "x", "icons": {"disc": {"body": DISC}, "line": {"body": LINE}}})
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    source = opened(f"iconify:{tmp_path}/x.json")
    drawn = source.ink(0)
    monkeypatch.setattr(alike, "rasterize", None)
    assert np.array_equal(source.ink(0), drawn) and drawn.shape == (2, 24, 24) and drawn[0].max() == 255
