"""Selections and drawings as the API hands them out: whole, within limits, and refused in words."""

import http.client
import io
import json
import re
import time
import xml.etree.ElementTree as ET
import zipfile

import pytest

from sightline.web.limits import Limits
from sightline.web.taking import Refused, ids_of, ids_of_body


def opened(answer):
    assert answer.status == 200, answer.body
    return zipfile.ZipFile(io.BytesIO(answer.body))


def posted(served, path, ids):
    return served.ask(path, "POST", json.dumps({"ids": ids}), Content_Type="application/json")


def test_a_selection_is_a_zip_of_the_files_as_they_are(served):
    ids = [served.id(name) for name in ("ball", "größe & maß", "red-dot")]
    for answer in (served.get(f"/api/zip?ids={','.join(map(str, ids))}"), posted(served, "/api/zip", ids)):
        archive = opened(answer)
        assert archive.namelist() == ["ball.svg", "größe & maß.svg", "red-dot.png"]
        assert all(archive.read(name) == (served.folder / name).read_bytes() for name in archive.namelist())
        assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''library.zip"
        assert answer.headers["content-type"] == "application/zip" and "content-length" not in answer.headers


def test_what_is_gone_or_changed_is_listed_in_the_zip(own_served):
    ids = [hit.id for hit in own_served.index.browse(10)]
    (own_served.folder / "ball.svg").unlink()
    (own_served.folder / "house.svg").write_text("<svg/>")
    archive = opened(posted(own_served, "/api/zip", [*ids, 999]))
    assert archive.namelist() == ["größe & maß.svg", "could not be taken.txt"]
    said = archive.read("could not be taken.txt").decode()
    assert said.startswith("3 of 4 pictures could not be taken:\n")
    assert "ball.svg" in said and "house.svg" in said and "picture 999" in said


def test_ten_thousand_pictures_are_one_zip(served):
    archive = opened(posted(served, "/api/zip", list(range(1, 10_001))))
    assert len(archive.namelist()) == 38 and b"9963 of 10000" in archive.read("could not be taken.txt")


def test_a_sprite_has_the_drawings_of_a_selection(served):
    ids = [served.id(name) for name in ("ball", "ring", "scripted", "red-dot")]
    answer = served.get(f"/api/sprite?ids={','.join(map(str, ids))}&color=teal")
    root = ET.fromstring(answer.body)
    assert [one.get("id") for one in root] == ["ball", "ring", "scripted"]
    assert (
        root[0].get("fill") == "#008080"
        and b"script>" not in answer.body
        and b"red-dot.png: it is no SVG" in answer.body
    )
    assert (
        answer.headers["content-type"].startswith("image/svg+xml")
        and "attachment" in answer.headers["content-disposition"]
    )
    assert posted(served, "/api/sprite?color=teal", ids).body == answer.body


def test_a_drawing_is_text_to_paste_in_any_form_and_colour(served):
    place = f"/api/pictures/{served.id('ring')}/svg"
    for form, begins in {"svg": "<svg xmlns", "symbol": '<symbol id="ring"', "jsx": "<svg xmlns"}.items():
        answer = served.get(f"{place}?as={form}&color=%23f06")
        assert answer.status == 200 and answer.body.decode().startswith(begins) and b"#ff0066" in answer.body
        kind = "image/svg+xml" if form == "svg" else "text/plain; charset=utf-8"
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["content-security-policy"].startswith(
            "sandbox" if form == "svg" else "default-src 'none'"
        )
    assert b'strokeWidth="4"' in served.get(f"{place}?as=jsx").body
    scripted = served.get(f"/api/pictures/{served.id('scripted')}/svg")
    assert not re.search(rb"script|onload|elsewhere", scripted.body)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/pictures/{dot}/svg", 415, "no SVG"),
        ("/api/pictures/{card}/svg?color=red", 422, "2 colours"),
        ("/api/pictures/{ball}/svg?color=nope", 422, "no colour"),
        ("/api/pictures/{ball}/svg?as=png", 422, "as"),
        ("/api/pictures/999/svg", 404, "no picture"),
        ("/api/zip", 422, "ids"),
        ("/api/zip?ids=", 422, "numbers and ranges"),
        ("/api/zip?ids=1,,2", 422, "numbers and ranges"),
        ("/api/zip?ids=3-1", 422, "no range"),
        ("/api/zip?ids=1-9999999", 422, "100,000"),
        ("/api/zip?ids=١", 422, "numbers and ranges"),
        ("/api/sprite?ids=1&color=url(%23a)", 422, "no colour"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(served, path, status, says):
    ids = {name: served.id(full) for name, full in {"dot": "red-dot", "card": "credit-card", "ball": "ball"}.items()}
    answer = served.get(path.format(**ids).replace("١", "%D9%A1"))
    assert answer.status == status and says in answer.json["error"], answer.body


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'{"ids": []}', b'{"ids": [true]}', b'{"ids": ["1"]}', b'{"ids": [1.5]}', b"[" * 9999]
)
def test_a_body_that_names_no_pictures_is_refused(served, body):
    answer = served.ask("/api/zip", "POST", body, Content_Type="application/json")
    assert answer.status == 422 and answer.json["error"]


def test_ids_are_numbers_and_ranges_up_to_a_limit():
    assert ids_of("3, 7,20-22", 5) == [3, 7, 20, 21, 22] and ids_of_body(b'{"ids": [3]}', 1) == [3]
    for text in ("1-6", "1,2,3,4,5,6", "9" * 25, "1-", "a"):
        with pytest.raises(Refused):
            ids_of(text, 5)


def test_head_reads_no_file(served, monkeypatch):
    asked = []
    monkeypatch.setattr(served.index, "original", lambda id: asked.append(id))
    answer = served.ask("/api/zip?ids=1-20", "HEAD")
    assert answer.status == 200 and answer.body == b"" and not asked and "zip" in answer.headers["content-type"]


def test_files_are_read_no_faster_than_they_are_taken(served, monkeypatch, raw):
    """Whoever takes nothing has the server read what the line holds, and no more."""
    asked = []
    monkeypatch.setattr(served.index, "original", lambda id: (asked.append(id) or bytes(4 * 2**20), "image/jpeg"))
    with raw.open(served) as line:
        line.sendall(b"GET /api/zip?ids=1-37 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        before = -1
        while not asked or before != len(asked):
            before = len(asked)
            time.sleep(1.0)
        assert before < 20


def test_few_selections_are_sent_at_once_and_their_places_are_given_back(serve_few):
    served = serve_few("selections", limits=Limits(selections=1))
    whole = opened(served.get("/api/zip?ids=1-3"))
    assert len(whole.namelist()) == 3
    for _ in range(3):  # an answer that nobody takes to its end gives its place back too
        line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        line.request("GET", "/api/zip?ids=1-3")
        line.getresponse().read(10)
        line.close()
        while (answer := served.get("/api/zip?ids=1-3")).status == 503:  # until the server has seen that it went
            assert answer.headers["retry-after"] == "5"
        assert len(opened(answer).namelist()) == 3


def test_a_drawing_says_its_own_size_and_its_colours(served):
    said = served.get(f"/api/pictures/{served.id('ring')}").json
    assert said["own_size"] == [24, 24] and said["inks"] == ["#000000"] and said["width"] is None
    card = served.get(f"/api/pictures/{served.id('credit-card')}").json
    assert card["inks"] == ["#000000", "#ffffff"]
    dot = served.get(f"/api/pictures/{served.id('red-dot')}").json
    assert dot["own_size"] is None and dot["inks"] == []
