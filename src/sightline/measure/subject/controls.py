"""Encoders with known answers, which tell whether the measures are right: they are measured like any other."""

from collections import Counter

import numpy as np

from sightline.data.draw import seed_of
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.subject import Lacks, Subject


class Plain:
    """What controls have in common."""

    kind, reads_text, probabilities = "control", True, "softmax"
    window = (0.0, 0.0, 1.0, 1.0)

    def logits(self, cosines: np.ndarray) -> np.ndarray:
        return 100.0 * cosines


class Oracle(Plain):
    """Perfect features: what each task says they would be. Scores near 1 on every property, or a bound is wrong."""

    name = "oracle"

    def vectors(self, pictures: Pictures) -> np.ndarray:
        return _told(pictures.ideal.vectors, "vectors")

    def tokens(self, pictures: Pictures) -> np.ndarray:
        return _told(pictures.ideal.tokens, "tokens")

    def patches(self, pictures: Pictures) -> np.ndarray:
        return _told(pictures.ideal.patches, "patches")

    def texts(self, texts: Texts) -> np.ndarray:
        return _told(texts.ideal, "texts")


class Shuffled(Plain):
    """The features of another subject in a wrong order, picture by picture and place by place: chance, or a metric
    reads something else than features."""

    def __init__(self, inner: Subject, seed: int = 0) -> None:
        self.inner, self.seed = inner, seed
        self.name, self.reads_text = f"shuffled {inner.name}", inner.reads_text

    def vectors(self, pictures: Pictures) -> np.ndarray:
        return self._mixed(self.inner.vectors(pictures), "vectors", pictures.digest)

    def tokens(self, pictures: Pictures) -> np.ndarray:
        return self._places(self.inner.tokens(pictures), "tokens", pictures.digest)

    def patches(self, pictures: Pictures) -> np.ndarray:
        return self._places(self.inner.patches(pictures), "patches", pictures.digest)

    def texts(self, texts: Texts) -> np.ndarray:
        return self._mixed(self.inner.texts(texts), "texts", texts.digest)

    def _mixed(self, rows: np.ndarray, kind: str, digest: str) -> np.ndarray:
        return rows[np.random.default_rng(seed_of("shuffled", self.seed, kind, digest)).permutation(len(rows))]

    def _places(self, rows: np.ndarray, kind: str, digest: str) -> np.ndarray:
        return self._mixed(rows.reshape(-1, rows.shape[-1]), kind, digest).reshape(rows.shape)


class Constant(Plain):
    """The same vector for everything: what a collapsed encoder gives. Chance everywhere, and flagged."""

    name = "constant"
    grid = (6, 6)
    dim = 16

    def vectors(self, pictures: Pictures) -> np.ndarray:
        return np.ones((len(pictures), self.dim), np.float32)

    def tokens(self, pictures: Pictures) -> np.ndarray:
        return np.ones((len(pictures), *self.grid, self.dim), np.float32)

    patches = tokens

    def texts(self, texts: Texts) -> np.ndarray:
        return np.ones((len(texts), self.dim), np.float32)


class PositionCodes(Plain):
    """Where each patch is, and nothing of what is there: an encoder that leaks its position code."""

    name, reads_text = "position codes", False
    grid = (6, 6)

    def vectors(self, pictures: Pictures) -> np.ndarray:
        return np.ones((len(pictures), 4), np.float32)

    def tokens(self, pictures: Pictures) -> np.ndarray:
        code = np.eye(self.grid[0] * self.grid[1], dtype=np.float32)
        return np.tile(code.reshape(1, *self.grid, -1), (len(pictures), 1, 1, 1))

    def patches(self, pictures: Pictures) -> np.ndarray:
        raise Lacks("no text tower")

    def texts(self, texts: Texts) -> np.ndarray:
        raise Lacks("no text tower")


class BagOfWords(Plain):
    """Pictures and texts as the counts of the words said of them, in no order: at 0.5 wherever only the order of the
    words tells what is true."""

    name = "bag of words"

    def __init__(self, width: int = 4096) -> None:
        self.width = width

    def vectors(self, pictures: Pictures) -> np.ndarray:
        if pictures.captions is None:
            raise Lacks("the task tells no captions of its pictures")
        return self._counts(pictures.captions)

    def tokens(self, pictures: Pictures) -> np.ndarray:
        raise Lacks("a bag of words has no places")

    patches = tokens

    def texts(self, texts: Texts) -> np.ndarray:
        return self._counts(texts.items)

    def _counts(self, texts: object) -> np.ndarray:
        rows = [Counter(str(text).lower().replace(",", " ").split()) for text in texts]  # type: ignore[attr-defined]
        made = np.zeros((len(rows), self.width), np.float32)
        for row, words in zip(made, rows, strict=True):
            for word, count in words.items():
                row[seed_of("word", word) % self.width] += count
        return made


def _told(ideal: np.ndarray | None, what: str) -> np.ndarray:
    if ideal is None:
        raise Lacks(f"the task does not say what perfect {what} are")
    return np.asarray(ideal, np.float32)
