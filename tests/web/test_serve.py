"""`sightline serve`: what it says, when it refuses, how it ends."""

import http.client
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sightline.cli.main import main
from sightline.search.index import Index

START = f"""
    import sys
    sys.path.insert(0, {str(Path(__file__).parent)!r})
    from conftest import Mosaic
    import sightline.search.encoder
    sightline.search.encoder.open_encoder = lambda name, device="auto": Mosaic()
    from sightline.cli.main import main
    sys.exit(main(sys.argv[1:]))
"""


BLOCKED = f"""
    import sys, threading
    sys.path.insert(0, {str(Path(__file__).parent)!r})
    import sightline.web.library

    def blocked(picture):
        print("decoding", flush=True)
        threading.Event().wait()

    sightline.web.library.measure = blocked
"""


@contextmanager
def started(script, *words):
    """A process of its own, which never outlives the test."""
    command = [sys.executable, "-c", script, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def serving(library):
    return ["serve", str(library), "--encoder", "mosaic", "--port", "0"]


@pytest.fixture
def library(tmp_path, mosaic, listed, painted, monkeypatch):
    monkeypatch.setattr("sightline.search.encoder.open_encoder", lambda name, device="auto": mosaic())
    with Index(tmp_path / "a.db") as index:
        index.add(listed(painted(tmp_path / "pictures")), mosaic())
    return tmp_path / "a.db"


@pytest.fixture
def no_port(monkeypatch):
    """Fails the test if a port is opened."""

    def opened(host, port):
        raise AssertionError("the port was opened before the library was looked at")

    monkeypatch.setattr("sightline.web.server.listen", opened)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent otherwise there")
def test_it_says_where_it_listens_and_ends_by_ctrl_c(library):
    own = ["--root-path", "photos/", "--allow-host", "Photos.example.org", "--allow-host", "nas"]
    with started(textwrap.dedent(START), *serving(library), *own) as process:
        line = process.stdout.readline()
        found = re.fullmatch(r"Serving 3 pictures at http://127\.0\.0\.1:(\d+)/photos/ \(Ctrl-C ends\)\n", line)
        assert found, line + process.stderr.read()
        for host, status in {"photos.example.org": 200, "nas:80": 200, "evil.example": 403}.items():
            asked = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=10)
            asked.request("GET", "/photos/api/about", headers={"Host": host})
            assert asked.getresponse().status == status
            asked.close()
        # what is said to listen does, at once; an open connection does not hold up the end
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=10) as open_one:
            open_one.sendall(b"GET /api/about HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert open_one.recv(15) == b"HTTP/1.1 200 OK"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "" and err == "stopped\n"


def test_an_open_host_is_warned_about(library, capsys, monkeypatch):
    monkeypatch.setattr("sightline.web.server.Server.run", lambda self, sockets: self.ready())
    assert main([*serving(library), "--host", "0.0.0.0", "--no-token"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("Serving 3 pictures at http://127.0.0.1:")
    assert said.err.splitlines()[0].startswith("warning: whoever reaches this machine")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent otherwise there")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_while_pictures_are_decoded_and_others_arrive(library, sent):
    with started(textwrap.dedent(BLOCKED) + textwrap.dedent(START), *serving(library)) as process:
        port = int(re.search(r":(\d+) ", process.stdout.readline())[1])
        post = b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: "
        with ExitStack() as lines:
            opened = [lines.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(6)]
            for line in opened[:4]:
                line.sendall(post + b"5\r\n\r\n<svg>")
            assert process.stdout.readline() == process.stdout.readline() == "decoding\n"
            opened[4].sendall(post + b"50000\r\n\r\n<svg>")
            opened[5].sendall(b"GET / HT")
            process.send_signal(sent)
            out, err = process.communicate(timeout=60)
            answers = [line.recv(12) for line in opened[:4]]
    assert answers == [b"HTTP/1.1 503"] * 4
    assert out == "" and err == ("stopped\n" if sent == signal.SIGINT else "")
    assert process.returncode == (130 if sent == signal.SIGINT else -signal.SIGTERM)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--root-path", "/a//b"], "--root-path takes the path"),
        (["--root-path", "/api"], "a path of the page itself"),
        (["--allow-host", "https://photos.example.org"], "--allow-host takes a whole name"),
        (["--allow-host", "ok.example", "--allow-host", "*"], "got '*'"),
    ],
)
def test_a_name_or_prefix_that_cannot_be_is_refused_before_the_port_is_opened(library, no_port, capsys, words, says):
    assert main(["serve", str(library), "--encoder", "mosaic", *words]) == 2
    said = capsys.readouterr()
    assert says in said.err and said.out == "" and said.err.count("\n") == 1


def test_a_port_in_use_is_said_with_a_free_one(library, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", str(library), "--encoder", "mosaic", "--port", str(port)]) == 2
    said = capsys.readouterr()
    free = re.search(rf"port {port} is in use; another one is free: --port (\d+)", said.err)
    assert free and said.out == ""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", int(free[1])))


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--port", "70000"], "from 1 to 65535"),
        (["--port=-1"], "from 1 to 65535"),
        (["--host", "not an address"], "--host 127.0.0.1"),
        (["--host", "192.0.2.1"], "--host 127.0.0.1"),
    ],
)
def test_an_address_that_cannot_be_is_said(library, capsys, words, says):
    assert main(["serve", str(library), "--encoder", "mosaic", *words]) == 2
    said = capsys.readouterr()
    assert says in said.err and said.out == ""


def test_a_library_that_cannot_be_served_is_refused_first(library, no_port, capsys, mosaic, monkeypatch):
    def refusal(db):
        assert main(["serve", str(db), "--encoder", "mosaic"]) == 2
        said = capsys.readouterr()
        assert said.out == "" and "Traceback" not in said.err
        return said.err

    folder = library.parent
    assert "there is no index at" in refusal(folder / "none.db") and not (folder / "none.db").exists()
    (folder / "cut.db").write_bytes(library.read_bytes()[:5000])
    assert "damaged" in refusal(folder / "cut.db")
    (folder / "text.db").write_text("this is no database" * 100)
    assert "not an index" in refusal(folder / "text.db")
    newer = folder / "newer.db"
    newer.write_bytes(library.read_bytes())
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "pip install --upgrade sightline" in refusal(newer)
    monkeypatch.setattr("sightline.search.encoder.open_encoder", lambda name, device="auto": mosaic("another"))
    assert "--rebuild" in refusal(library)


def test_an_encoder_that_is_not_there_any_more_is_said(library, no_port, capsys, monkeypatch):
    monkeypatch.undo()
    assert main(["serve", str(library)]) == 2
    assert "not there any more; say where it is with --encoder ENCODER" in capsys.readouterr().err


def test_serving_needs_no_torch():
    script = "import sys; sys.modules['torch'] = None; import sightline.web.server, sightline.cli.serve"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_verb_imports_the_server_only_when_it_serves():
    script = "import sys, sightline.cli.serve; print(sorted(set(sys.modules) & {'fastapi', 'uvicorn', 'numpy'}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
