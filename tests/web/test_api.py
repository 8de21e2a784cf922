"""What every route answers."""

import http.client
import io
import socket
import threading
import time
from urllib.parse import quote

import pytest
from PIL import Image

FIELDS = {
    *("rank", "score", "id", "key", "path", "name", "captions", "width", "height", "match", "box", "said", "line"),
    *("named", "relevant", "folders", "own", "folded"),
}
FTS = ['"', "a OR b", "NEAR(a b)", "name:x", "a*", "(((", "-", "^a", "a AND", "' OR 1=1 --", "\\", "{a b}: c", "a\x00b"]


def names(answer):
    return [row["name"] for row in answer.json["results"]]


def test_about_says_what_is_served(served):
    about = served.get("/api/about").json
    assert about["pictures"] == 37 and about["name"] == "library" and about["words"] is True
    assert about["upload_bytes"] == 32 * 2**20 and about["encoder"] == "mosaic"


def test_words_find_the_picture_of_that_name_first(served):
    answer = served.get("/api/search?q=credit+card&k=5")
    said = answer.json
    assert answer.status == 200 and names(answer)[0] == "credit-card"
    assert (said["format"], said["query"], said["image"], said["count"], said["total"]) == (
        2,
        "credit card",
        None,
        5,
        37,
    )
    assert all(set(row) == FIELDS for row in said["results"])
    assert served.get("/api/search?q=house&k=5").json["relevant"] == 1  # "credit" has "red" in it
    assert (
        said["results"][0]["relevant"] and said["results"][0]["named"] and said["results"][0]["folders"] == ["pictures"]
    )
    assert said["results"][0]["match"] == "name" and [row["rank"] for row in said["results"]] == [1, 2, 3, 4, 5]


def test_nothing_relevant_is_an_answer_and_only_words_are_judged(served):
    nothing = served.get("/api/search?q=xqzv&k=5").json
    assert nothing["relevant"] == 0 and nothing["count"] == 5
    assert {row["relevant"] for row in nothing["results"]} == {False}
    like = f"/api/pictures/{served.id('house')}/similar?k=6"
    for answer in (
        served.get(like),
        served.get("/api/pictures"),
        served.post((served.folder / "house.svg").read_bytes()),
    ):
        assert answer.json["relevant"] is None and {row["relevant"] for row in answer.json["results"]} == {None}


def test_a_picture_sent_finds_itself(served):
    for name in ("house.svg", "teal-dot.png", "blue-evening.jpg", "fog.webp"):
        best = served.post((served.folder / name).read_bytes()).json["results"][0]
        assert best["path"].endswith(name) and best["score"] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("photo.jpg", "photo.jpg"),
        ("größe & maß.png", "größe & maß.png"),
        ("写真 🦊.webp", "写真 🦊.webp"),
        ("", None),
        ("\x00\x1b\r\n\u202e", None),
        ("a\x1b[31mb\u202ec\n.png", "a[31mbc.png"),
        ("x" * 5000 + ".png", "x" * 255),
        ("<b>&amp;", "<b>&amp;"),
    ],
)
def test_a_picture_sent_is_called_by_its_name(served, sent, said):
    answer = served.post((served.folder / "house.svg").read_bytes(), f"&name={quote(sent)}")
    assert answer.status == 200 and answer.json["image"] == said and answer.json["query"] is None
    assert served.get("/api/search?q=house&k=1").json["image"] is None


def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(served):
    answer = served.post((served.folder / "house.svg").read_bytes(), "&name=a%ED%A0%80%FFb.png")
    assert answer.status == 200 and answer.json["image"].startswith("a") and answer.json["image"].endswith("b.png")


def test_browsing_shows_every_picture_once(served):
    seen, after = [], 0
    while rows := served.get(f"/api/pictures?k=10&after={after}").json["results"]:
        seen += [row["id"] for row in rows]
        after = rows[-1]["id"]
    assert len(seen) == len(set(seen)) == 37 and seen == sorted(seen)


def test_neighbours_leave_the_picture_itself_out(served):
    id = served.id("red-evening")
    near = served.get(f"/api/pictures/{id}/similar?k=6").json["results"]
    assert len(near) == 6 and id not in [row["id"] for row in near]
    assert "orange-evening" in [row["name"] for row in near]


def test_a_picture_is_described(served):
    said = served.get(f"/api/pictures/{served.id('wide-sea')}").json
    assert (said["width"], said["height"], said["svg"], said["media"]) == (1600, 500, False, "image/png")
    assert said["bytes"] == (served.folder / "wide-sea.png").stat().st_size and said["unavailable"] is None
    drawing = served.get(f"/api/pictures/{served.id('ball')}").json
    assert drawing["svg"] and drawing["media"] == "image/svg+xml" and drawing["width"] is None


def test_a_file_is_given_as_it_is_with_its_name(served):
    answer = served.get(f"/api/pictures/{served.id('größe & maß')}/file")
    assert answer.body == (served.folder / "größe & maß.svg").read_bytes()
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-disposition"] == f"inline; filename*=UTF-8''{quote('größe & maß.svg', safe='')}"


def test_a_thumbnail_is_small_and_keeps_transparency(served):
    answer = served.get(f"/api/pictures/{served.id('red-dot')}/thumb")
    with Image.open(io.BytesIO(answer.body)) as thumb:
        assert max(thumb.size) <= 256 and thumb.convert("RGBA").getpixel((1, 1))[3] == 0


@pytest.mark.parametrize("part", ["file", "thumb"])
def test_what_the_browser_has_is_not_sent_again(served, part):
    path = f"/api/pictures/{served.id('ball')}/{part}"
    first = served.get(path)
    again = served.get(path, If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"") and again.headers["etag"] == first.headers["etag"]
    assert served.get(path, If_None_Match='"other"').status == 200


def test_the_api_is_described_and_no_page_of_others_is_loaded(served):
    paths = served.get("/api/openapi.json").json["paths"]
    assert {"/api/about", "/api/search", "/api/pictures", "/api/pictures/{id}/file"} <= set(paths)
    assert served.get("/docs").status == served.get("/redoc").status == 404
    for name in ("", "static/app.js", "static/style.css", "static/icon.svg"):
        answer = served.get(f"/{name}")
        assert answer.status == 200 and b"//cdn" not in answer.body and b"https://" not in answer.body
        assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_the_description_has_every_answer_of_every_route(served):
    api = served.get("/api/openapi.json").json
    fault = {"$ref": "#/components/schemas/Fault"}
    for path, methods in api["paths"].items():
        for method, route in methods.items():
            said = {status: answer for status, answer in route["responses"].items() if status > "399"}
            assert {"401", "403", "503"} <= set(said), path
            assert all(answer["content"] == {"application/json": {"schema": fault}} for answer in said.values())
            assert ("422" in said) == bool(route.get("parameters") or route.get("requestBody")), (method, path)
    assert api["components"]["schemas"]["Fault"]["required"] == ["error"]
    assert "HTTPValidationError" not in api["components"]["schemas"]
    binary = {"schema": {"type": "string", "format": "binary"}}
    for part, statuses in {"file": "200 304 401 403 404 409 422 503", "thumb": "200 304 401 403 404 422 503"}.items():
        answers = api["paths"]["/api/pictures/{id}/" + part]["get"]["responses"]
        assert sorted(answers) == statuses.split() and answers["200"]["content"] == {"image/*": binary}
        assert "content" not in answers["304"]
    dropped = api["paths"]["/api/search"]["post"]
    assert dropped["requestBody"]["required"] and dropped["requestBody"]["content"]["image/*"] == binary
    assert sorted(dropped["responses"]) == "200 400 401 403 408 409 413 415 422 503".split()
    assert {parameter["name"] for parameter in dropped["parameters"]} == {
        *("k", "name", "q", "weight", "region", "where", "fold")
    }


@pytest.mark.parametrize("query", [*FTS, "🔴", "🔴 round", "ß" * 50, "credit card " * 833, "🦊" * 10_000])
def test_any_query_is_answered(served, query):
    answer = served.get(f"/api/search?q={quote(query)}&k=3")
    assert answer.status == 200 and answer.json["count"] == 3


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/search", 422),
        ("/api/search?q=", 422),
        ("/api/search?q=%20%20", 422),
        ("/api/search?q=a&k=0", 422),
        ("/api/search?q=a&k=501", 422),
        ("/api/search?q=a&k=many", 422),
        ("/api/pictures?after=-1", 422),
        ("/api/pictures/999999", 404),
        ("/api/pictures/999999/file", 404),
        ("/api/pictures/999999/thumb", 404),
        ("/api/pictures/999999/similar", 404),
        ("/api/pictures/99999999999999999999999", 422),
        ("/api/pictures/ball", 422),
        ("/api/nothing", 404),
        ("/static/nothing.js", 404),
    ],
)
def test_a_bad_question_is_refused_in_words(served, path, status):
    answer = served.get(path)
    assert answer.status == status
    assert list(answer.json) == ["error"] and len(answer.json["error"]) > 5
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_another_method_is_refused_in_words(served):
    assert served.ask("/api/about", "DELETE").json == {"error": "/api/about does not take DELETE"}


def test_many_may_ask_at_once(served):
    expected = {q: names(served.get(f"/api/search?q={q}&k=8")) for q in ("house", "red", "ring")}
    wrong = []

    def ask(q):
        for _ in range(6):
            if names(served.get(f"/api/search?q={q}&k=8")) != expected[q]:
                wrong.append(q)

    threads = [threading.Thread(target=ask, args=(q,)) for q in expected for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_answer_on_a_kept_connection_does_not_wait_for_the_last_one_to_be_acknowledged(served):
    """Else each takes some 40 ms: the other side acknowledges late, and what is small waits for that (Nagle)."""
    kept = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    for _ in range(2):
        kept.request("GET", "/api/search?q=house&k=48")
        assert kept.getresponse().read()
    own = kept.sock.getsockname()
    (line,) = (
        other.transport.get_extra_info("socket")
        for other in list(served.server.server_state.connections)
        if other.transport.get_extra_info("peername") == own
    )
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    kept.close()


def test_the_library_grows_while_it_is_served(own_served, mosaic, listed):
    from sightline.search.index import Index

    assert own_served.get("/api/search?q=lighthouse&k=1").json["results"][0]["name"] != "lighthouse"
    Image.new("RGB", (50, 90), (200, 30, 60)).save(own_served.folder / "lighthouse.png")
    with Index(own_served.index.path) as another:
        another.add(listed(own_served.folder), mosaic())
    assert own_served.get("/api/search?q=lighthouse&k=1").json["results"][0]["name"] == "lighthouse"
    deadline = time.monotonic() + 5
    while own_served.get("/api/about").json["pictures"] != 4:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_an_index_made_anew_with_another_encoder_is_said(own_served, mosaic, listed):
    from sightline.search.index import Index

    with Index(own_served.index.path) as another:
        another.rebuild(listed(own_served.folder), mosaic(identity="another"))
    answer = own_served.get("/api/search?q=house")
    assert answer.status == 409 and "was made with the encoder" in answer.json["error"]


def test_parts_filters_and_folding_are_asked_by_parameters(served):
    heart, house = served.id("red-heart"), served.id("house")
    assert names(served.get(f"/api/search?q=id:{heart}&k=1")) == ["red-heart"]
    both = served.get(f"/api/search?q={quote(f'2: id:{house} + red - id:{heart}')}&k=37").json
    assert both["results"][0]["name"] != "red-heart" and both["relevant"] is None and both["count"] == 37
    only = served.get(f"/api/search?q=dot&where={quote('type=png and width>=300 and not colour=red')}&k=37").json
    dots = {f"{colour}-dot" for colour in ("orange", "yellow", "green", "teal", "blue", "violet")}
    assert {row["name"] for row in only["results"]} == dots | {"wide-sea"}
    assert only["where"] == "type=png and width>=300 and not colour=red" and only["unmeasured"] == 0
    assert served.get("/api/search?where=type%3Dsvg&k=99").json["count"] == 14
    assert served.get("/api/pictures?where=type%3Dsvg&k=99").json["count"] == 14
    assert set(names(served.get(f"/api/pictures/{heart}/similar?where=type%3Dpng&k=99"))) <= set(
        names(served.get("/api/pictures?where=type%3Dpng&k=99"))
    )
    folded = served.get("/api/search?q=tile&fold=true&k=37").json["results"]
    assert sum(1 + len(row["folded"]) for row in folded) <= 37
    assert all(set(one) == {"id", "key", "path", "name", "same"} for row in folded for one in row["folded"])


def test_a_picture_sent_is_one_part_of_a_question(served):
    sent = (served.folder / "wide-sea.png").read_bytes()
    first = served.post(sent, f"&q={quote('- violet')}&weight=3&region=0,0,500,500&where=type!%3Dsvg").json
    assert first["query"] == "- violet" and first["results"] and all(row["own"] is None for row in first["results"])
    assert (
        served.post(sent, "&region=0,0,1601,500").json["error"].startswith("the region 0,0,1601,500 leaves the picture")
    )
    assert "a region is x,y,w,h" in served.post(sent, "&region=all").json["error"]
    for bad in ("&weight=0", "&weight=nan", "&weight=1e9", "&weight=x"):
        assert served.post(sent, bad).status == 422


@pytest.mark.parametrize(
    ("path", "why", "at"),
    [
        ("q=red%20%2B%20-%20blue", "nothing stands between two signs", 5),
        ("q=-%20blue", "only takes away", 1),
        ("q=x:%20a%20%2B%20b", "x is no weight", 1),
        ("q=red%20%2B%20/etc/passwd", "not opened by its path here", 7),
        ("q=red%20%2B%20./house.svg", "not opened by its path here", 7),
        ("q=red%20%2B%20id:99999", "has no picture 99999", 7),
        ("q=id:1%5B0,0,9999,1%5D", "leaves the picture", 1),
        ("q=red&where=wodth%3E5", "no field 'wodth'", 1),
        ("where=width%3E5%20and", "a field is missing", 12),
    ],
)
def test_what_cannot_be_read_is_said_with_its_column(served, path, why, at):
    answer = served.get(f"/api/search?{path}")
    assert answer.status == 422 and why in answer.json["error"] and answer.json["at"] == at
