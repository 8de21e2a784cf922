"""The probes of a recipe that names none: retrieval by captions, zero-shot and kNN by labels, RankMe without either."""

from sightline.probes.heldout.captions import Retrieval
from sightline.probes.heldout.classes import ZeroShot
from sightline.probes.heldout.neighbours import KNNProbe
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.spread import RankMe

USUAL: tuple[Probe, ...] = (Retrieval(), ZeroShot(), KNNProbe(), RankMe())
