"""`sightline serve`: what it says, when it refuses, how it ends."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
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
    words = [sys.executable, "-c", textwrap.dedent(START), *serving(library)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        found = re.fullmatch(r"Serving 37 pictures at http://127\.0\.0\.1:(\d+) \(Ctrl-C ends\)\n", line)
        assert found, line + process.stderr.read()
        # what is said to listen does, at once; an open connection does not hold up the end
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=10) as open_one:
            open_one.sendall(b"GET /api/about HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert open_one.recv(15) == b"HTTP/1.1 200 OK"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert process.returncode in (0, 130) and out == "" and "Traceback" not in err


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent otherwise there")
def test_an_open_host_is_warned_about(library):
    words = [sys.executable, "-c", textwrap.dedent(START), *serving(library), "--host", "0.0.0.0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("Serving 37 pictures at http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert err.splitlines()[0].startswith("warning: whoever reaches this machine")


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
