"""An index that gets another encoder while it is served."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sightline.data.prepare.preprocess import Preprocess
from sightline.search.index import Index
from sightline.web.library import Library
from sightline.web.refused import Refused


@pytest.fixture
def made(tmp_path, mosaic, listed, painted):
    """(an index, its source)"""
    source = listed(painted(tmp_path / "pictures"))
    with Index(tmp_path / "a.db") as index:
        index.add(source, mosaic())
        yield index, source


def turned(mosaic):
    """Another encoder, of another input and with every vector reversed."""

    class Turned(mosaic):
        dim = 48

        def __init__(self):
            super().__init__("turned")
            self.name, self.rule = "turned", Preprocess(size=4)

        def encode_image(self, images, normalize=False):
            return super().encode_image(images, normalize)[:, ::-1]

        def encode_text(self, texts, normalize=False):
            whole = super().encode_text(texts, normalize).reshape(len(texts), 3, 8, 8)
            return whole[:, :, ::2, ::2].reshape(len(texts), -1)[:, ::-1]

    return Turned()


def test_answers_go_on_by_the_encoder_that_the_index_has_now(made, mosaic):
    index, source = made
    other, opened = turned(mosaic), []
    library = Library(index, mosaic(), 1 << 20, reopen=lambda: opened.append(1) or other)
    picture = source[0].image.read_bytes()
    before, prepared = library.by_words("house", 3), library.prepared(picture)
    assert before.encoder == "mosaic" and not opened
    with Index(index.path) as another:
        another.rebuild(source, other)
    after = library.by_picture(prepared, 3)  # made ready for the one that is gone
    assert after.encoder == "turned" and opened == [1]
    with Index(index.path) as fresh:
        wanted = fresh.search_image(picture, other, 3)
    assert [hit.id for hit in after.results] == [hit.id for hit in wanted]
    assert library.about().encoder == "turned" and library.by_words("house", 3).encoder == "turned"


def test_an_encoder_that_is_gone_is_the_reason_given(made, mosaic):
    index, source = made

    def gone():
        raise ValueError("turned is not there any more")

    library = Library(index, mosaic(), 1 << 20, reopen=gone)
    with Index(index.path) as another:
        another.rebuild(source, turned(mosaic))
    with pytest.raises(Refused, match="not there any more") as refused:
        library.by_words("house", 3)
    assert refused.value.status == 409


def test_ten_clients_get_old_answers_or_new_ones_and_nothing_between(made, mosaic):
    index, source = made
    other, stop = turned(mosaic), threading.Event()
    library = Library(index, mosaic(), 1 << 20, reopen=lambda: other)
    queries = ["red", "house", "blue ball"]

    def answers():
        with Index(index.path) as one:
            encoder = other if one.about().identity == "turned" else mosaic()
            return {query: [(h.id, round(h.score, 4)) for h in one.search_text(query, encoder, 3)] for query in queries}

    def client(number):
        seen = []
        while not stop.is_set() or not seen:
            query = queries[(number + len(seen)) % len(queries)]
            found = library.by_words(query, 3)
            seen.append((found.encoder, query, [(hit.id, round(hit.score, 4)) for hit in found.results]))
        return seen

    old = answers()
    with ThreadPoolExecutor(10) as pool:
        clients = [pool.submit(client, number) for number in range(10)]
        with Index(index.path) as another:
            another.rebuild(source, other)
        new = answers()
        while library.by_words("house", 3).encoder != "turned":
            pass
        stop.set()
        seen = [answer for client in clients for answer in client.result()]
    assert {encoder for encoder, _, _ in seen} <= {"mosaic", "turned"}
    for encoder, query, hits in seen:
        assert hits == (new if encoder == "turned" else old)[query]
    assert np.any([encoder == "turned" for encoder, _, _ in seen])
