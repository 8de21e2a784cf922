"""Dropped pictures are decoded apart: what fails is said of the picture, and whoever searches meanwhile is answered."""

import asyncio
import gc
import threading
import time
import weakref

import pytest
from starlette.requests import ClientDisconnect

from sightline.data.decode.picture import NotAPicture
from sightline.data.sample import BadSample
from sightline.web.decoding import Decoding
from sightline.web.limits import Limits

PICTURE = b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><rect width='5' height='5'/></svg>"


@pytest.fixture
def plain(serve_few):
    return serve_few("plain")


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (NotAPicture("not a picture: it starts with b'x'"), 415, "this is not a picture; search by a JPEG"),
        (NotAPicture("HEIC, which needs pip install pillow-heif"), 415, "pip install pillow-heif"),
        (NotAPicture("not a picture that is read: HEIC; convert it"), 415, "this is not a picture that is read: HEIC;"),
        (BadSample("blank: nothing is drawn"), 422, "cannot be used: blank: nothing is drawn"),
        (BadSample("SVG takes longer than 4 s to draw"), 422, "SVG takes longer than 4 s to draw"),
        (BadSample("bomb: 30000 x 30000 pixels"), 413, "too large to open (30000 x 30000 pixels)"),
        (RuntimeError("codec: error -3"), 422, "cannot be used: codec: error -3"),
        (OSError("cannot read"), 422, "cannot be used: cannot read"),
        (ZeroDivisionError(), 422, "cannot be used: ZeroDivisionError"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), 422, "cannot be used"),
        (RecursionError("maximum recursion depth exceeded"), 422, "nested too deeply"),
        (MemoryError(), 413, "more memory than there is"),
    ],
)
@pytest.mark.parametrize("where", ["measure", "preprocess"])
def test_whatever_goes_wrong_while_a_picture_is_decoded_is_said_of_the_picture(
    plain, monkeypatch, capfd, where, error, status, says
):
    def fails(picture):
        raise error

    if where == "measure":
        monkeypatch.setattr("sightline.web.library.measure", fails)
    else:
        monkeypatch.setattr(
            "sightline.data.prepare.preprocess.Preprocess.__call__", lambda self, picture: fails(picture)
        )
    answer = plain.post(PICTURE)
    assert (answer.status, list(answer.json)) == (status, ["error"]) and says in answer.json["error"]
    assert capfd.readouterr().err == ""


def test_a_search_without_memory_is_refused_in_words(plain, monkeypatch):
    def fails(*words, **more):
        raise MemoryError

    monkeypatch.setattr(type(plain.index), "answer_text", fails)
    answer = plain.get("/api/search?q=house")
    assert answer.status == 503 and "memory" in answer.json["error"]


class Held:
    """Decoding that goes on until it is let go."""

    def __init__(self, monkeypatch):
        self.begun, self.most, self.go = threading.Semaphore(0), 0, threading.Event()
        self.lock, self.now, self.total = threading.Lock(), 0, 0
        monkeypatch.setattr("sightline.web.library.measure", self)

    def __call__(self, picture):
        with self.lock:
            self.now += 1
            self.total += 1
            self.most = max(self.most, self.now)
        self.begun.release()
        assert self.go.wait(20)
        with self.lock:
            self.now -= 1
        return 9, 9


@pytest.fixture
def held(monkeypatch):
    held = Held(monkeypatch)
    yield held
    held.go.set()


def dropping(served, count, answers):
    threads = [threading.Thread(target=lambda: answers.append(served.post(PICTURE))) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_many_costly_pictures_at_once_leave_searches_their_place(plain, held):
    answers = []
    threads = dropping(plain, 30, answers)
    assert held.begun.acquire(timeout=10) and held.begun.acquire(timeout=10)
    for _ in range(3):
        assert plain.get("/api/search?q=house&k=1").json["results"][0]["name"] == "house"
        assert plain.get("/api/pictures/1/thumb").status == plain.get("/").status == 200
    assert not answers
    held.go.set()
    for thread in threads:
        thread.join(20)
    assert [answer.status for answer in answers] == [200] * 30 and held.most == 2


def test_more_than_can_wait_are_sent_away(serve_few, held):
    served = serve_few("short", limits=Limits(decoders=1, waiting=2))
    answers = []
    threads = dropping(served, 3, answers)
    wait_until(lambda: len(served.server.app.state.decoding.open) == 3)
    refused = served.post(PICTURE)
    assert refused.status == 503 and refused.headers["retry-after"] == "5" and "try again" in refused.json["error"]
    held.go.set()
    for thread in threads:
        thread.join(20)
    assert [answer.status for answer in answers] == [200] * 3


def test_a_picture_whose_sender_has_left_is_not_decoded(serve_few, held, raw, capfd):
    served = serve_few("short", limits=Limits(decoders=1, waiting=2))
    answers = []
    threads = dropping(served, 1, answers)
    assert held.begun.acquire(timeout=10)
    head = f"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(PICTURE)}\r\n\r\n".encode()
    with raw.open(served) as line:
        line.sendall(head + PICTURE)
        wait_until(lambda: len(served.server.app.state.decoding.open) == 2)
    wait_until(lambda: len(served.server.app.state.decoding.open) == 1)
    held.go.set()
    threads[0].join(20)
    assert answers[0].status == 200 and served.post(PICTURE).status == 200
    assert held.total == 2 and capfd.readouterr().err == ""


def test_those_who_left_hold_neither_memory_nor_a_place():
    class Picture(bytearray):
        pass

    async def stays():
        await asyncio.sleep(20)

    async def left(decoding, go, begun=None):
        picture = Picture(9)
        known = weakref.ref(picture)

        async def leaves():
            if begun is not None:
                await asyncio.to_thread(begun.wait, 10)

        with pytest.raises(ClientDisconnect):
            await decoding.run(lambda picture=picture: (begun and begun.set(), go.wait(10), picture), leaves)
        return known

    async def come_and_go(go):
        decoding, begun = Decoding(Limits(decoders=2)), threading.Event()
        await left(decoding, go, begun)  # what it sent is being decoded still
        assert await decoding.run(lambda: "other", stays) == "other"
        one = Decoding(Limits(decoders=1))
        await left(one, go, threading.Event())
        return await left(one, go)  # this one only waited in line

    go = threading.Event()
    try:
        known = asyncio.run(come_and_go(go))
        gc.collect()
        assert known() is None
    finally:
        go.set()


def test_no_lock_is_held_while_a_picture_is_decoded(plain, held):
    answers = []
    threads = dropping(plain, 1, answers)
    assert held.begun.acquire(timeout=10)
    # a picture of the library searches by its vector, words by the encoder
    assert plain.get("/api/pictures/1/similar?k=1").json["count"] == 1
    assert plain.get("/api/search?q=red&k=1").json["count"] == 1
    held.go.set()
    threads[0].join(20)


def wait_until(true):
    """Until what the server does by itself is done."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)
