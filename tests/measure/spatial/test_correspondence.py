import numpy as np
import pytest

from sightline.measure.finding import MeanOf
from sightline.measure.pictures import Pictures
from sightline.measure.places import Board
from sightline.measure.spatial.correspondence import ALPHA, Correspondence, drawn
from sightline.measure.subject.controls import Constant
from sightline.measure.suite.shelf import Shelf


class Drawn(Constant):
    """Tokens that are random, or for some pictures equal."""

    name = "drawn"

    def __init__(self, equal: bool) -> None:
        self.equal = equal

    def tokens(self, pictures: Pictures) -> np.ndarray:
        rng = np.random.default_rng(len(pictures.digest) + len(pictures))
        made = rng.normal(size=(len(pictures), 4, 5, 3)).astype(np.float32)
        return np.repeat(made[:, :, :1], 5, axis=2) if self.equal else made


def task(n: int) -> Correspondence:
    pictures = [np.random.default_rng(i).integers(0, 255, (32, 32, 3), dtype=np.uint8) for i in range(n)]
    area, content = np.zeros((32, 32), bool), np.ones((32, 32), bool)
    area[8:24, 8:24] = True
    content[:, 24:] = False
    return Correspondence(Board(Shelf([], "none"), Pictures(pictures), 32), n, [area] * n, [content] * n)


def looped(asked: Correspondence, subject: Drawn) -> float:
    before, after = (subject.tokens(p).astype(np.float64) for p in (asked.board.pictures, asked.warped))
    before, after = before - before.mean(axis=0), after - after.mean(axis=0)
    hits = []
    for at, point, went in zip(*asked.points, strict=True):
        row = before[at, int(point[0] * 4 / 32), int(point[1] * 5 / 32)]
        found = []
        for y in range(4):
            for x in range(5):
                cy, cx = (y + 0.5) * 8, (x + 0.5) * 6.4
                if asked.content[at][int(cy), int(cx)]:
                    other = after[at, y, x]
                    cosine = row @ other / max(np.linalg.norm(row) * np.linalg.norm(other), 1e-300)
                    found.append((cosine, np.hypot(cy - went[0], cx - went[1]) <= ALPHA * 32))
        best = max(cosine for cosine, _ in found)
        tied = [near for cosine, near in found if cosine >= best - 1e-6]
        hits.append(sum(tied) / len(tied))
    return float(np.mean(hits))


@pytest.mark.parametrize("equal", [False, True])
def test_pck_is_a_loop_over_points_and_patches_with_padding_left_out_and_ties_shared(equal: bool) -> None:
    asked, subject = task(3), Drawn(equal)
    (finding,) = asked.ask(subject)
    assert isinstance(finding.statistic, MeanOf)
    assert finding.value == pytest.approx(looped(asked, subject), abs=1e-6)


def test_one_picture_alone_has_no_place_means_to_differ_from_and_scores_chance() -> None:
    (finding,) = task(1).ask(Drawn(False))
    assert finding.score == 0


def test_a_warp_moves_pixels_where_it_moves_points_and_back_is_its_inverse() -> None:
    image = np.full((64, 64, 3), 255, np.uint8)
    image[28:33, 36:41] = 0
    for at in range(5):
        warp = drawn(at, 64)
        point = np.array([[30.5, 38.5]])
        went = warp(point)
        np.testing.assert_allclose(warp.back(went), point, atol=1e-9)
        if ((went > 5) & (went < 59)).all():
            y, x = np.nonzero(warp.image(image)[..., 0] < 100)
            np.testing.assert_allclose([y.mean() + 0.5, x.mean() + 0.5], went[0], atol=0.6)
