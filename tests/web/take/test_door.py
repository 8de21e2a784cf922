"""A token: who has it comes in, who has none is told how, and it stands in no log."""

import http.client
import re
import socket

import pytest

from sightline.cli.main import main
from sightline.search.index import Index
from sightline.web.door import Door, checked_token, new_token
from sightline.web.limits import Limits

TOKEN = "open-sesame_1"


@pytest.fixture(scope="module")
def closed(serve_few):
    return serve_few("closed", token=TOKEN)


def cookie_of(answer):
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize(
    "path", ["/api/about", "/api/search?q=ball", "/api/pictures/1/file", "/api/zip?ids=1", "/x", "/api/openapi.json"]
)
def test_nothing_is_told_without_it(closed, path):
    for headers in (
        {},
        {"Authorization": "Bearer wrong-one"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": f"sightline={TOKEN}"},
    ):
        answer = closed.get(path, **headers)
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
        assert "token" in answer.json["error"] and answer.headers["x-content-type-options"] == "nosniff"
    assert closed.post(b"<svg/>").status == 401


def test_a_header_opens_it(closed):
    assert closed.get("/api/about", Authorization=f"Bearer {TOKEN}").json["pictures"] == 3
    assert closed.get("/api/about", Authorization=f"bearer  {TOKEN}").status == 200


def test_the_page_asks_for_it_and_a_cookie_opens_it(closed):
    page = closed.get("/")
    assert page.status == 401 and b"asks for its token" in page.body and b"ball" not in page.body
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert closed.ask("/api/enter", "POST", "wrong").status == 401
    entered = closed.ask("/api/enter", "POST", TOKEN)
    said = entered.headers["set-cookie"]
    assert entered.status == 204 and "HttpOnly" in said and "SameSite=Lax" in said and TOKEN not in said
    assert closed.get("/", Cookie=cookie_of(entered)).status == 200
    assert closed.get("/api/about", Cookie=f"a=b; {cookie_of(entered)}; c=d").status == 200
    assert closed.get("/api/about", Cookie=cookie_of(entered)[:-1] + "0").status == 401


def test_a_token_in_an_address_opens_nothing(closed):
    """It would stand in the logs of a proxy."""
    assert closed.get(f"/?token={TOKEN}").status == 401 and closed.get(f"/api/about?token={TOKEN}").status == 401


def test_another_site_cannot_enter(closed):
    assert closed.ask("/api/enter", "POST", TOKEN, Origin="http://evil.example").status == 403
    assert closed.ask("/api/enter", "POST", TOKEN, Host="evil.example").status == 403


def test_a_long_body_is_not_read_to_its_end(closed):
    with socket.create_connection(("127.0.0.1", closed.port), timeout=20) as line:
        line.sendall(b"POST /api/enter HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 4000)
        assert line.recv(12) == b"HTTP/1.1 401"


def test_a_body_that_never_comes_is_given_up(serve_few, raw):
    """Else whoever has no token could hold every connection of the server."""
    hasty = serve_few("hasty", token=TOKEN, limits=Limits(idle=0.2))
    said = raw.answers(hasty, b"POST /api/enter HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nopen")
    assert raw.status(said) == 408 and b"not sent in time" in said


def test_the_scripts_of_the_page_are_everybodys_and_heads_are_guarded_too(closed):
    assert closed.get("/static/enter/enter.js").status == closed.get("/static/style.css").status == 200
    assert closed.get("/static/../api/about").status == 404
    assert closed.ask("/api/about", "HEAD").status == 401


def test_tokens_are_compared_in_constant_time(monkeypatch):
    import hmac

    seen = []
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: seen.append((len(one), len(other))) or False)
    door = Door(None, TOKEN, "")
    assert not door._may([(b"authorization", b"Bearer x"), (b"cookie", f"{door._cookie}=y".encode())])
    assert seen[0] == (32, 32) and len(seen) == 2


def test_it_works_below_a_prefix(serve_few):
    served = serve_few("closed below", token=TOKEN, root_path="/photos")
    page = served.get("/photos/")
    assert page.status == 401 and b'src="/photos/static/enter/enter.js"' in page.body
    entered = served.ask("/photos/api/enter", "POST", TOKEN)
    assert entered.status == 204 and served.get("/photos/", Cookie=cookie_of(entered)).status == 200


def test_random_tokens_are_long_and_differ():
    made = {new_token() for _ in range(50)}
    assert len(made) == 50 and all(len(checked_token(token)) == 32 for token in made)


@pytest.mark.parametrize(
    "token", ["short", "with space", "x" * 201, "hash#hash", "tö-ken-long", 'quo"te-long', "a;b;c;d;e"]
)
def test_a_token_that_cannot_be_is_refused(token):
    with pytest.raises(ValueError, match="--token takes"):
        checked_token(token)


@pytest.fixture
def library(tmp_path, mosaic, listed, painted, monkeypatch):
    monkeypatch.setattr("sightline.search.encoder.open_encoder", lambda name, device="auto": mosaic())
    monkeypatch.setattr("sightline.web.server.Server.run", lambda self, sockets: self.ready())
    with Index(tmp_path / "a.db") as index:
        index.add(listed(painted(tmp_path / "pictures")), mosaic())
    return ["serve", str(tmp_path / "a.db"), "--encoder", "mosaic", "--port", "0"]


def printed(capsys):
    said = capsys.readouterr()
    return re.search(r" at (\S+) ", said.out)[1], said.err


def test_beyond_this_machine_the_printed_address_has_a_random_token(library, capsys):
    assert main([*library, "--host", "0.0.0.0"]) == 0
    address, err = printed(capsys)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/#token=[\w-]{32}", address) and err == ""
    assert main([*library, "--host", "0.0.0.0", "--root-path", "/p"]) == 0
    assert re.search(r"\d/p/#token=[\w-]{32}$", printed(capsys)[0])


def test_a_token_can_be_given_or_done_without(library, capsys, monkeypatch):
    assert main(library) == 0
    assert "#" not in printed(capsys)[0]
    assert main([*library, "--token", "my+own&token"]) == 0
    assert printed(capsys)[0].endswith("/#token=my%2Bown%26token")
    assert main([*library, "--host", "0.0.0.0", "--no-token"]) == 0
    address, err = printed(capsys)
    assert "#" not in address and err.startswith("warning: whoever reaches this machine")
    monkeypatch.setenv("SIGHTLINE_TOKEN", "from-the-environment")
    assert main(library) == 0
    assert printed(capsys)[0].endswith("#token=from-the-environment")
    assert main([*library, "--no-token"]) == 2
    assert "cannot both be" in capsys.readouterr().err
    monkeypatch.delenv("SIGHTLINE_TOKEN")
    assert main([*library, "--token", "short"]) == 2
    assert "--token takes" in capsys.readouterr().err


def test_an_own_token_is_in_no_answer(closed):
    """Not even where it was sent."""
    for answer in (closed.get("/"), closed.get(f"/api/x?token={TOKEN}"), closed.ask("/api/enter", "POST", TOKEN + "x")):
        assert TOKEN.encode() not in answer.body
    line = http.client.HTTPConnection("127.0.0.1", closed.port, timeout=20)
    line.request("GET", f"/api/nothing?{TOKEN}", headers={"Authorization": f"Bearer {TOKEN}"})
    answer = line.getresponse()
    assert answer.status == 404 and TOKEN.encode() not in answer.read()
    line.close()
