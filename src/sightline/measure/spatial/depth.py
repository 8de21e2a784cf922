"""S1 of pictures with depth: a linear probe of it, and the order of pairs beyond what height alone orders."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.measure.finding import Finding, MeanOf, Summed
from sightline.measure.pictures import Pictures
from sightline.measure.places import Board, View, reachable
from sightline.measure.subject.subject import Subject
from sightline.probes.depth import DepthProbe, PositionMean, error_sums, grid_oracle, known, log_depth
from sightline.probes.depth_order import VerticalOrder, depth_pairs, order_hits

FINE = (56, 56)


@dataclass(frozen=True, eq=False)
class Depth:
    """Pictures whose depth is known somewhere; planes (s, s) in metres, 0 where not."""

    test: Board
    truth: list[np.ndarray]
    train: Board
    train_truth: list[np.ndarray]
    notes: tuple[str, ...] = ()

    @cached_property
    def told(self) -> tuple[Pictures, Pictures]:
        """Perfect tokens are the logarithm of the depth."""
        made = []
        for board, planes in ((self.test, self.truth), (self.train, self.train_truth)):
            tokens = np.stack([log_depth(plane, FINE)[0] for plane in planes])[..., None]
            made.append(board.pictures.told(tokens=tokens.astype(np.float32)))
        return made[0], made[1]

    def ask(self, subject: Subject) -> list[Finding]:
        tokens, learnt = (subject.tokens(pictures) for pictures in self.told)
        view = View.of(subject, self.test.side, tokens)
        fitted, usual = [view.cut(plane) for plane in self.train_truth], PositionMean().fit(self.train_truth)
        use = [at for at, plane in enumerate(fitted) if known(plane).any()]
        probe = DepthProbe().fit(learnt[use], [fitted[at] for at in use])
        said = [view.whole(plane) for plane in probe.predict(tokens, [view.size] * len(tokens))]
        sums = error_sums(self.truth, said)
        level = error_sums(self.truth, usual.predict([plane.shape for plane in self.truth]))
        best = [view.whole(plane) for plane in grid_oracle([view.cut(plane) for plane in self.truth], view.grid)]
        most = error_sums(self.truth, [np.where(known(plane), plane, usual.depth_) for plane in best])
        common = {"items": f"depth {self.test.pictures.digest}", "domain": self.test.shelf.domains, "notes": self.notes}
        kinds = {"chance_kind": "mean of each place", "bound_kind": "patch grid"}
        found = [
            Finding(
                metric=f"depth {name}", statistic=Summed(sums, of), chance=float(of(level.sum(axis=0)[None])[0]),
                bound=float(of(most.sum(axis=0)[None])[0]), scored=name == "RMSE", **kinds, **common,
            )
            for name, of in (("RMSE", _rmse), ("AbsRel", _relative), ("delta1", _within))
        ]  # fmt: skip
        found = [reachable(finding, lower="delta1" not in finding.metric) for finding in found]
        return [*found, *(reachable(finding) for finding in self._order(said, best))]

    def _order(self, said: list[np.ndarray], best: list[np.ndarray]) -> list[Finding]:
        pairs, learnt = depth_pairs(self.truth), depth_pairs(self.train_truth)
        if not len(pairs) or not len(learnt):
            return []
        height = VerticalOrder().fit(learnt).score(pairs)
        return [
            Finding(
                metric="depth order",
                statistic=MeanOf(order_hits(said, pairs)),
                chance=max(0.5, height),
                chance_kind="height alone",
                bound=float(order_hits(best, pairs).mean()),
                bound_kind="patch grid",
                items=f"depth pairs {self.test.pictures.digest}",
                family=pairs[:, 0].tolist(),
                notes=(f"height alone orders {height:.3f}", *self.notes),
            )
        ]


def _rmse(sums: np.ndarray) -> np.ndarray:
    return np.sqrt(_per(sums, 1))


def _relative(sums: np.ndarray) -> np.ndarray:
    return _per(sums, 2)


def _within(sums: np.ndarray) -> np.ndarray:
    return _per(sums, 3)


def _per(sums: np.ndarray, column: int) -> np.ndarray:
    return np.divide(sums[:, column], sums[:, 0], out=np.full(len(sums), np.nan), where=sums[:, 0] > 0)
