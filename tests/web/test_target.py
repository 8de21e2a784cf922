"""The page below a prefix, and requests in every form that HTTP has."""

import re
import socket

import pytest

from sightline.web.page import below
from sightline.web.target import prefix_of

GET = "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@pytest.fixture
def plain(serve_few):
    return serve_few("plain")


@pytest.fixture(params=["/photos", "home/my photos/"], ids=["one", "nested"])
def prefixed(request, serve_few):
    served = serve_few(request.param.strip("/").replace("/", "-"), root_path=request.param)
    served.prefix = "/" + request.param.strip("/").replace(" ", "%20")
    return served


def test_the_page_names_nothing_by_a_whole_address(plain):
    html = plain.get("/").body.decode()
    addresses = re.findall(r'(?:href|src)="([^"#]+)"', html)
    assert {"./", "static/app.js", "static/icon.svg", "static/style.css"} <= set(addresses)
    assert not [address for address in addresses if re.match(r"/|\w+:", address)]
    for name in ("app.js", "api.js", "ask.js", "grid.js", "detail.js", "tile.js", "style.css"):
        # these would lead out of the prefix
        assert not re.search(r"""["'`(]/(?:static|api|\?)""", plain.get(f"/static/{name}").body.decode()), name


@pytest.mark.parametrize("taken_off", [True, False], ids=["taken off", "left on"])
def test_it_answers_below_its_prefix_whether_the_proxy_takes_that_off_or_not(prefixed, taken_off):
    at = "" if taken_off else prefixed.prefix
    html = prefixed.get(f"{at}/").body.decode()
    assert f'src="{prefixed.prefix}/static/app.js"' in html and f'id="home" href="{prefixed.prefix}/"' in html
    assert prefixed.get(f"{at}/static/app.js").status == 200
    assert prefixed.get(f"{at}/api/about").json["pictures"] == 3
    assert prefixed.get(f"{at}/api/search?q=house&k=1").json["results"][0]["name"] == "house"
    id = prefixed.id("größe & maß")
    assert prefixed.get(f"{at}/api/pictures/{id}/file").status == 200
    answer = prefixed.get(f"{at}/api/nothing")
    assert answer.status == 404 and "/api/nothing" in answer.json["error"]


def test_without_a_slash_at_the_end_it_leads_to_the_page(prefixed):
    answer = prefixed.get(f"{prefixed.prefix}?q=a+b")
    last = prefixed.prefix.rpartition("/")[2]
    # relative, so whatever name and scheme the proxy has
    assert (answer.status, answer.headers["location"]) == (307, f"{last}/?q=a+b")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_only_begins_like_the_prefix_is_not_below_it(prefixed):
    assert prefixed.get(f"{prefixed.prefix}2/api/about").status == 404
    assert prefixed.get(f"{prefixed.prefix}/{prefixed.prefix}/api/about").status == 404


def test_the_description_names_the_prefix(prefixed, plain):
    assert prefixed.get("/api/openapi.json").json["servers"] == [{"url": prefixed.prefix.replace("%20", " ")}]
    assert "servers" not in plain.get("/api/openapi.json").json


def test_a_prefix_is_read_in_any_spelling():
    assert {prefix_of(said) for said in ("photos", "/photos", "/photos/", "photos//")} == {"/photos"}
    assert prefix_of("") == prefix_of("/") == "" and prefix_of("/a/b/") == "/a/b"


@pytest.mark.parametrize(
    "said", ["/a//b", "/../x", "/a/./b", "/a?b", "/a#b", 'a"b', "/a%20b", "a\nb", "http://x/", "/api", "static/x"]
)
def test_a_prefix_that_cannot_be_is_refused(said):
    with pytest.raises(ValueError, match="--root-path"):
        prefix_of(said)


def test_without_a_prefix_the_page_stays_as_it_is():
    html = b'<a href="./"></a><a href="#x"></a><a href="https://a.example/"></a>'
    assert below(html, "") == html
    assert below(html, "/p") == b'<a href="/p/"></a><a href="#x"></a><a href="https://a.example/"></a>'


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/static/app.js",
        "/api/about",
        "/api/search?q=a",
        "/api/pictures/1",
        "/api/pictures/1/thumb",
        "/api/pictures/1/file",
        "/api/pictures",
        "/api/openapi.json",
        "/api/nothing",
        "/api/pictures/77",
    ],
)
def test_head_is_get_without_its_body(plain, path):
    got, head = plain.get(path), plain.ask(path, "HEAD")
    assert head.status == got.status and head.body == b"" and got.body != b""
    changing = {"date"} if "search" not in path and "pictures" not in path else {"date", "content-length"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in got.headers.items() if k not in changing
    }


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/", "GET, HEAD, OPTIONS"),
        ("/api/search", "GET, HEAD, OPTIONS, POST"),
        ("/api/pictures/1/file", "GET, HEAD, OPTIONS"),
        ("/static/app.js", "GET, HEAD, OPTIONS"),
    ],
)
def test_what_may_be_done_is_said(plain, path, allow):
    said = plain.ask(path, "OPTIONS")
    assert (said.status, said.headers["allow"], said.body) == (204, allow, b"")
    for method in ("DELETE", "PUT", "PATCH", "BREW"):
        refused = plain.ask(path, method)
        assert (refused.status, refused.headers["allow"]) == (405, allow) and "does not take" in refused.json["error"]
    assert plain.ask("/api/nothing", "OPTIONS").status == 404


def test_options_of_the_whole_server_and_forms_of_proxies(plain, raw):
    def asked(target, method="GET", version="1.1", host="Host: 127.0.0.1\r\n"):
        return raw.answers(plain, f"{method} {target} HTTP/{version}\r\n{host}Connection: close\r\n\r\n".encode())

    assert raw.status(asked("*", "OPTIONS")) == 204
    assert raw.status(asked("http://127.0.0.1/api/about")) == 200
    assert raw.status(asked("http://evil.example/api/about")) == 400
    assert raw.status(asked("http://127.0.0.1", host="Host: 127.0.0.1\r\n")) == 200
    for target, method in (("*", "GET"), ("127.0.0.1:443", "CONNECT"), ("about", "GET"), ("file:///etc/passwd", "GET")):
        assert raw.status(asked(target, method)) == 400
    assert raw.status(asked("/api/about", version="1.0")) == 200
    assert raw.status(asked("/api/about", version="1.0", host="")) == 403
    assert raw.status(asked("/api/about", host="")) == 400
    assert raw.status(asked("/api/about", host="Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n")) == 400


WRONG = [b"\r\n\r\n", b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 40, b"GET /\r\n\r\n"]
WRONG += [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 50_000]
WRONG += [b"GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n folded\r\n: x\r\n\r\n"]
WRONG += [
    b"GET /\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
]
WRONG += [b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]
WRONG += [b"POST /api/search HTTP/1.1\r\nHost: evil\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]
WRONG += [b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_http_is_refused_and_leaves_no_trace(plain, wrong, capfd, raw):
    with socket.create_connection(("127.0.0.1", plain.port), timeout=10) as line:
        line.sendall(wrong)
        line.shutdown(socket.SHUT_WR)
        answer = raw.rest(line)
    assert answer == b"" or raw.status(answer) in (400, 403, 431)
    assert plain.get("/api/about").status == 200
    assert capfd.readouterr().err == ""


def test_a_head_that_is_too_long_is_refused_as_such(plain, capfd, raw):
    answer = raw.answers(plain, b"GET /?q=" + b"x" * 300_000)
    assert raw.status(answer) == 431 and b"too long" in answer
    assert b"x-content-type-options: nosniff" in answer and capfd.readouterr().err == ""


def test_requests_sent_in_one_go_are_answered_in_their_order(plain, raw):
    three = "".join(f"GET /api/pictures?k={k} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" for k in (1, 2))
    got = raw.answers(plain, (three + GET.format("/api/pictures?k=3")).encode())
    assert re.findall(rb'"count":(\d)', got) == [b"1", b"2", b"3"]


QUESTIONS = ["k=0", "k=-1", "k=NaN", "k=1e3", "k=", "k=501", "k=" + "9" * 5000, "k=%00", "k=inf"]


@pytest.mark.parametrize("asked", QUESTIONS)
def test_a_number_that_cannot_be_is_refused(plain, asked):
    for path in ("/api/search?q=a&", "/api/pictures/1/similar?", "/api/pictures?"):
        answer = plain.get(path + asked)
        assert answer.status == 422 and answer.json["error"], path


@pytest.mark.parametrize(
    "q",
    ["%00", "a%00b", "%ED%A0%80", "a%FF%FE", "%F0%9F%92", "%", "a%0d%0ab", "x" * 10_000, "%E2%80%AE", "+" * 50 + "a"],
)
def test_any_letters_are_answered_or_refused_in_words(plain, q, capfd):
    answer = plain.get(f"/api/search?q={q}&k=1")
    assert answer.status in (200, 422) and ("error" in answer.json or answer.json["count"] == 1)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("id", [2**63 - 1, 2**63, 2**64, -1, 0, "1e1", "%31%00", "١", "0x1"])
def test_a_picture_that_cannot_be_is_refused(plain, id):
    for part in ("", "/file", "/thumb", "/similar"):
        answer = plain.ask(f"/api/pictures/{id}{part}".replace("١", "%D9%A1"))
        assert answer.status in (404, 422), (id, part, answer.status)
