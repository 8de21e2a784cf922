"""Nobody holds the server: what is half sent, never ended or not taken is given up, and leaves no trace."""

import socket
import threading
from contextlib import ExitStack

import pytest

from sightline.web.limits import Limits

HOST = b"Host: 127.0.0.1\r\n"
UPLOAD = b"POST /api/search HTTP/1.1\r\n" + HOST + b"Content-Length: "
GET = b"GET /api/about HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.fixture
def hasty(serve_few):
    """Waits a fifth of a second at most for anything, holds 100 kB of pictures."""
    return serve_few("hasty", limits=Limits(head=0.2, idle=0.1, rate=10_000, keep=0.2, held=100_000, upload=80_000))


@pytest.fixture(autouse=True)
def silent(capfd):
    yield
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "sent", [b"", b"G", b"GET /api/about HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "]
)
def test_half_a_head_is_given_up(hasty, sent, raw):
    answer = raw.answers(hasty, sent)
    assert raw.status(answer) == 408 and b"not sent in time" in answer


def test_a_head_that_trickles_in_is_given_up_too(hasty, raw):
    with raw.open(hasty) as line:
        ended = threading.Event()

        def trickle():
            while not ended.wait(0.02):
                try:
                    line.sendall(b"X")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        line.sendall(b"GET / HTTP/1.1\r\nX-")
        thread.start()
        answer = raw.rest(line)
        ended.set()
        thread.join()
    assert answer == b"" or raw.status(answer) == 408


def test_a_second_head_on_a_kept_connection_has_its_time_too(hasty, raw):
    with raw.open(hasty) as line:
        line.sendall(GET + b"GET /api/ab")
        answer = raw.rest(line)
    assert raw.status(answer) == 200 and answer.count(b"HTTP/1.1 ") in (1, 2)


def test_a_kept_connection_without_a_request_is_closed(hasty, raw):
    with raw.open(hasty) as line:
        line.sendall(GET)
        answer = raw.rest(line)
    assert answer.count(b"HTTP/1.1 ") == 1 and raw.status(answer) == 200


@pytest.mark.parametrize("sent", [b"", b"<svg ", b"x" * 9000])
def test_a_body_that_stops_is_given_up(hasty, sent, raw):
    answer = raw.answers(hasty, UPLOAD + b"50000\r\n\r\n" + sent)
    assert raw.status(answer) == 408 and b"connection: close" in answer


def test_a_body_that_trickles_in_is_given_up_by_its_rate(serve_few, raw):
    # a byte in time each time, but not 10,000 a second
    slow = serve_few("slow", limits=Limits(idle=0.1, rate=10_000))
    with raw.open(slow) as line:
        line.sendall(UPLOAD + b"50000\r\n\r\n")
        ended = threading.Event()

        def trickle():
            while not ended.wait(0.02):
                try:
                    line.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        answer = raw.rest(line)
        ended.set()
        thread.join()
    assert answer == b"" or raw.status(answer) == 408


def test_a_body_that_nobody_reads_is_not_waited_for(hasty, raw):
    answer = raw.answers(hasty, b"GET /api/about HTTP/1.1\r\n" + HOST + b"Content-Length: 50000\r\n\r\nhalf")
    assert raw.status(answer) == 200 and answer.count(b"HTTP/1.1 ") == 1


def test_pictures_sent_at_once_are_held_up_to_a_sum(serve_few, raw):
    patient = serve_few("patient", limits=Limits(held=100_000, upload=80_000))
    with ExitStack() as lines:
        for _ in range(2):
            line = lines.enter_context(raw.open(patient))
            line.sendall(UPLOAD + b"60000\r\n\r\n" + b"x" * 40_000)
        wait_until(lambda: held(patient) == 80_000)
        third = lines.enter_context(raw.open(patient))
        third.sendall(UPLOAD + b"60000\r\n\r\n" + b"x" * 40_000)
        answer = third.recv(65536)
        assert raw.status(answer) == 503 and b"retry-after: 2" in answer
        # searches go on meanwhile, and so do small pictures
        assert patient.get("/api/search?q=house&k=1").json["count"] == 1
        assert patient.post((patient.folder / "ball.svg").read_bytes()).status == 200
    wait_until(lambda: held(patient) == 0)
    assert patient.post((patient.folder / "ball.svg").read_bytes()).status == 200


def held(served):
    return served.server.app.state.uploads.held


def wait_until(true):
    """Until what the server does by itself is done."""
    pause = threading.Event()
    for _ in range(1000):
        if true():
            return
        pause.wait(0.005)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize("cut", [socket.SHUT_WR, socket.SHUT_RDWR, None])
def test_an_upload_that_is_broken_off_leaves_no_trace(serve_few, cut, raw):
    patient = serve_few("patient", limits=Limits(held=100_000, upload=80_000))
    line = raw.open(patient)
    line.sendall(UPLOAD + b"60000\r\n\r\n" + b"x" * 30_000)
    wait_until(lambda: held(patient) == 30_000)
    if cut is None:
        # cut hard, with a reset
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    else:
        line.shutdown(cut)
    line.close()
    wait_until(lambda: held(patient) == 0)
    assert patient.get("/api/about").status == 200


def test_those_who_wait_make_room_for_a_new_one(serve_few, raw):
    eight = serve_few("eight", limits=Limits(connections=8))
    with ExitStack() as lines:
        for _ in range(20):
            lines.enter_context(raw.open(eight))
        for _ in range(3):
            assert eight.get("/api/about").status == 200
        assert len(eight.server.server_state.connections) <= 8 + 1


def test_where_all_places_are_taken_it_says_so(serve_few, raw):
    patient = serve_few("full", limits=Limits(connections=3))
    with ExitStack() as lines:
        for _ in range(3):
            lines.enter_context(raw.open(patient)).sendall(UPLOAD + b"60000\r\n\r\nx")
        wait_until(lambda: held(patient) == 3)
        answer = raw.answers(patient)
        assert raw.status(answer) == 503 and b'{"error"' in answer
    wait_until(lambda: held(patient) == 0)
    assert patient.get("/api/about").status == 200


def test_an_answer_that_is_not_taken_is_dropped(serve_few, tmp_path, raw):
    hasty = serve_few("untaken", limits=Limits(idle=0.1, keep=0.1))
    # more than the system keeps on its way
    many = b"GET /static/style.css HTTP/1.1\r\n" + HOST + b"\r\n"
    with raw.open(hasty) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(0.05)
        try:
            for _ in range(20_000):
                line.sendall(many)
        except OSError:
            pass
        wait_until(lambda: not hasty.server.server_state.connections)


def test_small_answers_on_a_kept_connection_are_sent_at_once(serve_few, raw):
    patient = serve_few("patient", limits=Limits(held=100_000, upload=80_000))
    with raw.open(patient) as line:
        line.sendall(GET)
        assert line.recv(15) == b"HTTP/1.1 200 OK"
        (connection,) = patient.server.server_state.connections
        ours = connection.transport.get_extra_info("socket")
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
