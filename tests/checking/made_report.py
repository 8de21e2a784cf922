"""Encoders, suites and a report made up for the page: everything that may stand on it stands there."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from sightline.data.draw import seed_of
from sightline.data.sample import Sample
from sightline.measure.exhibit.collected import Exhibits
from sightline.measure.finding import PROPERTIES, Finding, MeanOf
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.report.result import Measured, Missing, Report, Row
from sightline.measure.subject.pixels import PixelSubject
from sightline.measure.subject.subject import Lacks
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite

HOSTILE = '<img src=x onerror="fetch(1)">'
ASPECTS = (*PROPERTIES, "invariance", "semantics", "beyond")
LEVELS = {
    "clip": (0.45, 0.55, 0.7, 0.4, 0.3, 0.6, 0.5, 0.4),
    "dino": (0.6, 0.57, None, 0.55, 0.6, 0.5, 0.3, 0.4),
    HOSTILE: (0.3, 0.2, None, 0.3, 0.5, 0.3, 0.3, 0.2),
    "collapsed": (0.0, 0.0, None, 0.0, 0.0, 0.0, 0.0, 0.0),
    "pixels": (0.3, 0.12, None, 0.1, 0.2, 0.2, 0.1, 0.1),
    "random": (0.2, 0.1, 0.0, 0.1, 0.15, 0.2, 0.1, 0.1),
}


class Fake:
    """Pixels seen through a matrix drawn by its name; `blur` of 1 sees nothing but the mean colour."""

    kind = "encoder"
    window = (0.0, 0.0, 1.0, 1.0)
    probabilities = "softmax"

    def __init__(self, name: str, *, reads_text: bool = False, kind: str = "encoder", grid: int = 8) -> None:
        self.name, self.reads_text, self.kind, self.grid = name, reads_text, kind, grid
        self.pixels = PixelSubject()

    def vectors(self, pictures: Pictures) -> np.ndarray:
        return np.tanh(self._seen(self.pixels.vectors(pictures), "vectors"))

    def tokens(self, pictures: Pictures) -> np.ndarray:
        return self._seen(self.pixels.tokens(pictures), "tokens")

    def patches(self, pictures: Pictures) -> np.ndarray:
        if not self.reads_text:
            raise Lacks("no text tower")
        return self._seen(self.pixels.tokens(pictures), "patches")

    def texts(self, texts: Texts) -> np.ndarray:
        if not self.reads_text:
            raise Lacks("no text tower")
        rows = [np.random.default_rng(seed_of(self.name, text)).normal(size=16) for text in texts.items]
        return np.array(rows, np.float32)

    def logits(self, cosines: np.ndarray) -> np.ndarray:
        return cosines

    def _seen(self, rows: np.ndarray, what: str) -> np.ndarray:
        matrix = np.random.default_rng(seed_of(self.name, what)).normal(size=(rows.shape[-1], 16))
        return (rows @ matrix).astype(np.float32)


def folder(n: int = 60) -> Suite:
    """Drawings without labels: discs and squares in many colours, some names hostile."""
    samples = []
    for i in range(n):
        rng = np.random.default_rng(seed_of("drawing", i))
        image = Image.new("RGB", (64, 48), tuple(int(v) for v in rng.integers(160, 256, 3)))
        x, y, r = (int(v) for v in rng.integers((10, 10, 6), (50, 38, 20)))
        draw = ImageDraw.Draw(image)
        (draw.ellipse if i % 2 else draw.rectangle)((x - r, y - r, x + r, y + r), fill=tuple(rng.integers(0, 160, 3)))
        samples.append(Sample(f"holiday/{i}{HOSTILE if i % 7 == 0 else ''}.png", np.asarray(image)))
    return Suite("photos/", "source", Shelf(samples, "photos/"))


def scenes() -> Suite:
    from sightline.measure.suite.opened import open_suite

    return open_suite("scenes", quick=True)


class Grouped:
    """What `learnt` finds, told by the signs of two coordinates."""

    def __init__(self, vectors: np.ndarray, seed: int) -> None:
        self.coordinates = vectors[:, :2].astype(float)
        code = (vectors[:, 0] > 0).astype(int) * 2 + (vectors[:, 1] > 0)
        order = np.argsort(-np.bincount(code, minlength=4), kind="stable")
        self.cluster = np.argsort(order)[code]
        self.central = tuple(np.flatnonzero(self.cluster == c)[:8] for c in range(4))
        self.unlikely = np.argsort(-np.abs(vectors).sum(1), kind="stable")[:8]


def transforms(suite: Suite) -> list[tuple[str, float, np.ndarray, np.ndarray]]:
    from sightline.measure.suite.shelf import squared

    made = []
    for i, sample in enumerate(suite.test.samples[:3]):
        before = squared(sample.image, 96)
        made += [("inverted", 1.0, before, 255 - before), ("turned", 1.0, before, np.rot90(before).copy())]
        if not i:
            made.append(("unchanged", 0.0, before, before))
    return made


def report(names: tuple[str, ...] = tuple(LEVELS)) -> Report:
    """Every aspect of every subject, hits of 300 items drawn at its level; what it lacks is missing with a reason."""
    subjects = []
    for at, name in enumerate(names):
        kind = name if name in ("pixels", "random") else "encoder"
        about: dict[str, Any] = {"shape": "one", "dim": 0 if kind == "pixels" else 128 * (at + 1)}
        about |= {"parameters": None if kind == "pixels" else 800_000 * (at + 1), "size": 48, "identity": f"id{at}"}
        measured = Measured(name, kind, about | {"reads_text": LEVELS[name][2] is not None})
        measured.thousand = 0.0 if kind != "encoder" else 2.5 * (at + 1)
        measured.seconds, measured.peak_memory = 12.0, 900 * 2**20
        for aspect, level in zip(ASPECTS, LEVELS[name], strict=True):
            if level is None:
                measured.missing.append(Missing(aspect, "scenes", "retrieval", f"no text tower {HOSTILE}"))
                continue
            measured.rows += [_row(aspect, f"{aspect} {part}", level, part) for part in ("first", "second")]
        measured.rows += _order() if name == "clip" else []
        if name == "collapsed":
            measured.flags.append("all vectors are equal: it has collapsed, and tells no picture from another")
        subjects.append(measured)
    suites = [
        {"name": "scenes", "kind": "scenes", "pictures": 120, "notes": []},
        {"name": "photos/", "kind": "source", "pictures": 60, "digest": "0123456789abcdef", "notes": [HOSTILE]},
    ]
    return Report(subjects, suites, quick=True, seconds=60.0)


def _row(aspect: str, metric: str, level: float, part: str) -> Row:
    luck = np.random.default_rng(seed_of(metric)).random(300)
    domain = ["outlined" if i % 3 else "filled" for i in range(300)] if aspect == "similarity" else None
    found = Finding(
        metric=metric,
        statistic=MeanOf((luck < 0.1 + 0.9 * level).astype(float)),
        chance=0.1,
        chance_kind="analytic",
        bound=1.0,
        bound_kind="labels",
        scored=aspect != "beyond",
        items=metric,
        domain=domain,
        protocol={"k": 5},
        notes=(f"{HOSTILE} left out",) if part == "second" else (),
    )
    return Row(aspect, "scenes", part, found, 0.5)


def _order() -> list[Row]:
    """Subject before colour, really; colour and style cannot be told apart."""
    said = {"subject": 1.2, "colour": 2.3, "style": 2.4, "subject before colour": 0.9, "colour before style": 0.52}
    return [
        Row(
            "semantics",
            "scenes",
            "order",
            Finding(
                metric=f"order: {name}",
                statistic=MeanOf(np.full(100, value) + np.linspace(-0.4, 0.4, 100)),
                chance=2.0 if value > 1 else 0.5,
                chance_kind="analytic",
                bound=1.0,
                bound_kind="first",
                scored=False,
                items="order",
            ),
        )
        for name, value in said.items()
    ]


def exhibits(
    names: tuple[str, ...] = ("clip", "dino", HOSTILE), *, suites: tuple[Suite, ...] | None = None
) -> Exhibits:
    made = Exhibits(learnt=Grouped, gallery=transforms)
    every = [Fake(name, reads_text=name == "clip") for name in names]
    for suite in suites or (scenes(), folder()):
        for subject in [*every, PixelSubject(), Fake("random", reads_text=True, kind="random")]:
            made.collect(subject, suite)
    return made
