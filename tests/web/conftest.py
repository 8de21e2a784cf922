"""A small library, an encoder that needs no training, and a real server on a free port."""

import colorsys
import hashlib
import http.client
import json
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import Sample
from sightline.data.sources.caption import from_name
from sightline.search.index import Index
from sightline.web.app import make_app
from sightline.web.server import Server, listen

DRAWN = {
    "credit-card": '<rect x="1" y="5" width="22" height="14" /><path d="M1 9h22" stroke="#fff" stroke-width="3"/>',
    "arrow-up": '<path d="M12 2 20 12h-6v10h-4V12H4z"/>',
    "arrow-down": '<path d="M12 22 20 12h-6V2h-4v10H4z"/>',
    "ball": '<circle cx="12" cy="12" r="9"/>',
    "house": '<path d="M12 2 22 11h-3v11H5V11H2z"/>',
    "white-moon": '<path fill="#fff" d="M15 2a10 10 0 1 0 7 14A9 9 0 0 1 15 2z"/>',
    "red-heart": '<path fill="#d22" d="M12 21C4 15 2 11 2 8a5 5 0 0 1 10-2 5 5 0 0 1 10 2c0 3-2 7-10 13z"/>',
    "bar-chart": '<path d="M3 12h4v10H3zm7-6h4v16h-4zm7 3h4v13h-4z"/>',
    "cross": '<path d="M9 2h6v7h7v6h-7v7H9v-7H2V9h7z"/>',
    "ring": '<circle cx="12" cy="12" r="8" fill="none" stroke="#000" stroke-width="4"/>',
    "envelope": '<path d="M2 5h20v14H2z"/><path d="m2 6 10 7 10-7" fill="none" stroke="#fff" stroke-width="2"/>',
    "sun": '<circle cx="12" cy="12" r="6" fill="#f5a800"/>',
}
COLOURS = ("red", "orange", "yellow", "green", "teal", "blue", "violet")
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETS = {
    "lucide": "red-heart house ball arrow-up sun ring cross envelope",
    "tabler": "red-heart red-heart_outline house bar-chart arrow-down",
    "nav arrows": "arrow-up arrow-down",
}
SCRIPTED = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 24 24"
 onload="fetch('/api/about?ran=onload');document.title='ran'">
 <script>document.title='ran';fetch('/api/about?ran=1')</script>
 <image xlink:href="http://elsewhere.example/spy.png" width="24" height="24"/>
 <rect width="20" height="20" fill="#27a"/></svg>"""


class Mosaic:
    """An encoder of eight by eight colours; a text is a plain square of the colour it names, if any."""

    logit_scale, logit_bias = 0.0, None
    dim = 192
    name = "mosaic"

    def __init__(self, identity="mosaic"):
        self.identity = identity
        self.rule = Preprocess(size=8)

    def preprocess(self, picture):
        return self.rule(picture)

    def tokenize(self, texts):
        return np.zeros((len(texts), 1), np.int64)

    def encode_image(self, images, normalize=False):
        if isinstance(images, list):
            images = np.stack([self.preprocess(image) for image in images])
        return images.reshape(len(images), -1).astype(np.float32)

    def encode_text(self, texts, normalize=False):
        squares = np.full((len(texts), 3, 64), 0.01, np.float32)
        for square, text in zip(squares, texts, strict=True):
            for number, colour in enumerate(COLOURS):
                if colour in text:
                    square[:] = np.array(colorsys.hsv_to_rgb(number / 7, 0.8, 0.9))[:, None] * 2 - 1
        return squares.reshape(len(texts), -1)

    def features(self, images):
        raise NotImplementedError


class Knowing(Mosaic):
    """The same eyes; a text is the sum of its words, each a direction of its own, but for two that mean a heart."""

    def encode_text(self, texts, normalize=False):
        meant = [text.replace("love", "red heart").replace("outline", "red heart outline").split() for text in texts]
        return np.stack([sum(map(self.meaning, words or [""])) for words in meant])

    def meaning(self, word):
        seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
        return np.random.default_rng(seed).standard_normal(self.dim).astype(np.float32)


class Listed:
    """A source over the files of a folder as they are now."""

    has, classes = frozenset({"image", "text"}), ()

    def __init__(self, folder):
        self.name = str(folder)
        self.files = sorted(p for p in Path(folder).rglob("*") if p.is_file())

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        file = self.files[index]
        return Sample(key=file.name, image=file, captions=(from_name(file.stem), "drawing"))


def paint(folder):
    """Forty pictures: drawings on transparency, photographs of a kind, one with a script in it."""
    folder.mkdir(parents=True)
    for name, shape in DRAWN.items():
        (folder / f"{name}.svg").write_text(svg(shape))
    (folder / "scripted.svg").write_text(SCRIPTED)
    (folder / "größe & maß.svg").write_text(svg('<path d="M2 10h20v4H2z"/>'))
    for number, colour in enumerate(COLOURS):
        red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(number / 7, 0.8, 0.9))
        dot = Image.new("RGBA", (300, 300))
        ImageDraw.Draw(dot).ellipse((40, 40, 260, 260), fill=(red, green, blue))
        dot.save(folder / f"{colour}-dot.png")
        sky = np.linspace((red, green, blue), (240, 240, 250), 240).astype(np.uint8)
        Image.fromarray(np.repeat(sky[:, None], 320, axis=1)).save(folder / f"{colour}-evening.jpg")
        grey = Image.new("RGBA", (64, 64))
        ImageDraw.Draw(grey).rectangle((8 + number, 8, 40, 56 - 2 * number), fill=(red // 2, green // 2, blue // 2))
        grey.save(folder / f"{colour}-tile.png")
    Image.new("RGB", (1600, 500), (90, 120, 160)).save(folder / "wide-sea.png")
    Image.new("L", (200, 260), 200).save(folder / "fog.webp")
    return folder


def svg(shape):
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{shape}</svg>'


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Served:
    """A running server; `ask` sends one request and gives the answer, whatever its status."""

    port: int
    index: Index
    folder: Path
    server: Server

    def ask(self, path, method="GET", body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body, headers=named)
            got = connection.getresponse()
            return Answer(got.status, got.headers, got.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask(path, **headers)

    def post(self, body, query="", **headers):
        return self.ask(f"/api/search?k=5{query}", "POST", body, **headers)

    def id(self, name):
        return next(hit.id for hit in self.index.browse(500) if hit.name == name)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


def few(folder):
    """Three pictures, for tests of everything but what is found."""
    folder.mkdir(parents=True)
    for name in ("ball", "house", "größe & maß"):
        (folder / f"{name}.svg").write_text(svg(DRAWN.get(name, DRAWN["cross"])))
    return folder


def run_server(folder, db, limits=None, encoder=None, **options):
    """Yields a Served library and ends the server afterwards."""
    encoder = encoder or Mosaic()
    with Index(db) as index:
        index.add(Listed(folder), encoder)
        bound = listen("127.0.0.1", 0)
        ready = threading.Event()
        server = Server(make_app(index, encoder, limits=limits, **options), ready.set, limits)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            assert ready.wait(20)
            yield Served(bound.getsockname()[1], index, folder, server)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """For tests that only ask."""
    place = tmp_path_factory.mktemp("served")
    yield from run_server(paint(place / "pictures"), place / "library.db")


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Icons of three sets in folders, by an encoder that knows words: "love" is a heart."""
    place = tmp_path_factory.mktemp("sets")
    for number, (family, names) in enumerate(SETS.items()):
        (place / "icons" / family).mkdir(parents=True)
        for name in names.split():
            shape = DRAWN.get(name.split("_")[0], DRAWN["cross"])
            (place / "icons" / family / f"{name}.svg").write_text(svg(f'<g opacity=".{9 - number}">{shape}</g>'))
    yield from run_server(place / "icons", place / "sets.db", encoder=Knowing("knowing"))


@pytest.fixture
def own_served(tmp_path):
    """Three pictures, for tests that change the library."""
    yield from run_server(few(tmp_path / "pictures"), tmp_path / "library.db")


@pytest.fixture(scope="module")
def serve_few(tmp_path_factory):
    """Serves three pictures with options of `make_app`, each combination once a module."""
    running, place = {}, tmp_path_factory.mktemp("few")

    def start(name, **options):
        if name not in running:
            started = run_server(few(place / name), place / f"{name}.db", **options)
            running[name] = (started, next(started))
        return running[name][1]

    yield start
    for started, _ in running.values():
        started.close()


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """Serves the pictures of a folder."""
    running = []

    def start(folder):
        running.append(run_server(folder, tmp_path_factory.mktemp("library") / "library.db"))
        return next(running[-1])

    yield start
    for started in running:
        started.close()


class Raw:
    """Requests as bytes, whole or in pieces, as no client library sends them."""

    def answers(self, served, *pieces):
        """All that comes back until the server closes the connection."""
        with self.open(served) as line:
            for piece in pieces:
                line.sendall(piece)
            return self.rest(line)

    def open(self, served):
        return socket.create_connection(("127.0.0.1", served.port), timeout=10)

    def rest(self, line):
        """All that still comes, until the other side closes or cuts the connection."""
        got = b""
        try:
            while part := line.recv(65536):
                got += part
        except ConnectionError:
            pass
        return got

    def status(self, answer):
        return int(answer.split(b" ", 2)[1])


@pytest.fixture(scope="session")
def raw():
    return Raw()


@pytest.fixture
def mosaic():
    return Mosaic


@pytest.fixture
def listed():
    return Listed


@pytest.fixture
def painted():
    """Paints three pictures into a new folder."""
    return few


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    # here: processes of their own import this file for what is above
    from browsers import executable
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # on a machine that does much else
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=executable(),
            args=ARGS,
            viewport={"width": 1280, "height": 800},
        )
        context.set_default_timeout(60_000)
        yield context
        context.close()


@pytest.fixture(scope="session")
def axe():
    """What axe-core finds wrong with a page that shuts somebody out: serious and critical violations, in short."""
    from axe_playwright_python.sync_playwright import Axe

    tool = Axe()

    def violations(page):
        told = tool.run(page).response
        assert len(told["passes"]) > 5  # it has looked
        return [
            (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"]])
            for one in told["violations"]
            if one["impact"] in ("serious", "critical")
        ]

    return violations
