"""P1: which word every patch is nearest to, as a segmentation (Zhou et al. 2022, MaskCLIP, https://arxiv.org/abs/2112.01071).

    class of a pixel = argmax_c of cos(patch, text_c), enlarged bilinearly

Patches come the way `encode_patches` says: what the tower's own pooling makes of each alone, then the projection. What
is scored is the naming of what is there, pixels of no thing left out; where a suite has a background, the same with it
(no word is near enough) is told beside, its threshold chosen on the other half of the pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from sightline.data.draw import seed_of
from sightline.data.scenes.palette import BASIC
from sightline.measure.finding import Finding, Summed
from sightline.measure.localization.classes import Masked
from sightline.measure.localization.iou import best_constant, mean_ious, pixels, shared_confusion
from sightline.measure.localization.probe import grid_bound, told_of
from sightline.measure.localization.things import FINE, TEMPLATES, said
from sightline.measure.pictures import Pictures
from sightline.measure.places import Board, View, reachable, spread, unit
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.shelf import IGNORED, square_mask

PATH = "patches by the encoder's own pooling and projection, each alone"
LEVELS = np.linspace(0.5, 0.98, 13)
"""shares of the pixels that may be background"""
COLOURED = tuple(f"{'an' if colour[0] in 'aeiou' else 'a'} {colour} {{}}" for colour in BASIC)


@dataclass(frozen=True, eq=False)
class Naming:
    """Ready to be asked of any encoder with patches in a space of words. Truth is `IGNORED` where nothing is judged."""

    board: Board
    names: tuple[str, ...]
    """of the things alone"""
    truth: list[np.ndarray]
    """-1 where there is background"""
    templates: tuple[str, ...]
    background: bool

    @cached_property
    def told(self) -> Pictures:
        k = len(self.names)
        planes = [np.where((plane < 0) | (plane == IGNORED), k, plane) for plane in self.truth]
        one_hot = np.concatenate([np.eye(k, dtype=np.uint8), np.zeros((1, k), np.uint8)])
        return self.board.pictures.told(patches=spread(FINE, planes, one_hot))

    def ask(self, subject: Subject) -> list[Finding]:
        k = len(self.names)
        patches = subject.patches(self.told)
        view = View.of(subject, self.board.side, patches)
        texts = said(subject, self.names, self.templates, np.eye(k, dtype=np.uint8))
        maps = (unit(patches) @ texts.T).astype(np.float32)
        counts = shared_confusion(self.truth, maps, view)
        places = np.random.default_rng(seed_of("patches", maps.shape)).permutation(maps[..., 0].size)
        mixed = shared_confusion(self.truth, maps.reshape(-1, k)[places].reshape(maps.shape), view)
        common = {"items": f"places {self.board.pictures.digest}", "domain": self.board.shelf.domains}
        protocol = {"classes": self.names, "templates": self.templates, "side": self.board.side}
        found = [
            Finding(
                metric="patch-text mIoU",
                statistic=Summed(counts, mean_ious),
                chance=max(float(mean_ious(mixed.sum(axis=0)[None])[0]), best_constant(self.truth, k)),
                chance_kind="best of one word everywhere and shuffled patches",
                bound=grid_bound(self.truth, view, k),
                bound_kind="patch grid",
                protocol=protocol,
                notes=(PATH, told_of(self.names, counts)) if k <= 20 else (PATH,),
                **common,
            )
        ]
        if self.background:
            found.append(self._with_background(maps, view, common, protocol))
        return [reachable(finding) for finding in found]

    def _with_background(self, maps: np.ndarray, view: View, common: dict, protocol: dict) -> Finding:
        k = len(self.names)
        truth = [np.where(plane < 0, k, plane) for plane in self.truth]
        best, cosine = zip(*(_best(pixels(maps[at : at + 1], view)) for at in range(len(maps))), strict=True)
        cuts = np.quantile(np.concatenate([plane.ravel()[::7] for plane in cosine]), LEVELS)
        every = np.stack([_decided(truth, best, cosine, cut, k) for cut in cuts])
        half = np.arange(len(maps)) % 2 == 0
        counts = np.zeros_like(every[0])
        for mine in (half, ~half):
            chosen = int(mean_ious(every[:, ~mine].sum(axis=1)).argmax())
            counts[mine] = every[chosen][mine]
        return Finding(
            metric="patch-text mIoU with background",
            statistic=Summed(counts, mean_ious),
            chance=best_constant(truth, k + 1),
            chance_kind="background everywhere",
            bound=grid_bound(truth, view, k + 1),
            bound_kind="patch grid",
            scored=False,
            protocol=protocol,
            notes=(PATH, "the threshold is that of the other half of the pictures"),
            **common,
        )


def naming(masked: Masked) -> Naming:
    """The classes of a source, to be told apart by their names."""
    keep = [at for at in range(len(masked.names)) if at != masked.background]
    number = np.full(256, IGNORED)
    number[keep] = np.arange(len(keep))
    if masked.background is not None:
        number[masked.background] = -1
    truth = [np.full((masked.test.side,) * 2, IGNORED) if p is None else number[p] for p in masked.truth]
    return Naming(
        masked.test, tuple(masked.names[at] for at in keep), truth, TEMPLATES, background=masked.background is not None
    )


def called(board: Board) -> Naming:
    """Scenes whose pixels have the name of the thing that lies there, whatever its colour."""
    names = tuple(sorted({e.name for sample in board.shelf.samples for e in sample.extra["scene"].elements}))
    truth = [
        np.array([-1, *(names.index(e.name) for e in sample.extra["scene"].elements)])[square_mask(sample, board.side)]
        for sample in board.shelf.samples
    ]
    return Naming(board, names, truth, COLOURED, background=True)


def _best(scores: Tensor) -> tuple[np.ndarray, np.ndarray]:
    greatest, best = scores[0].max(dim=0)
    return best.numpy(), greatest.numpy()


def _decided(
    truth: Sequence[np.ndarray], best: Sequence[np.ndarray], cosine: Sequence[np.ndarray], cut: float, k: int
) -> np.ndarray:
    counts = []
    for plane, word, near in zip(truth, best, cosine, strict=True):
        keep = plane != IGNORED
        guess = np.where(near > cut, word, k)[keep]
        counts.append(np.bincount(plane[keep] * (k + 1) + guess, minlength=(k + 1) ** 2).reshape(k + 1, k + 1))
    return np.stack(counts).astype(np.float64)
