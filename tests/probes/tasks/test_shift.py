import numpy as np
import pytest

from sightline.probes.linear import LinearProbe
from sightline.probes.tasks.gather import Gathered
from sightline.probes.tasks.shift import Domains, shifted

CLASSES = ("arrow", "heart", "star")


def names(seed, n, classes=CLASSES):
    return [classes[i] for i in np.random.default_rng(seed).integers(0, len(classes), n)]


def read(said, shift, seed):
    """A vector a picture: its class as a corner, noise, moved by the domain."""
    rng = np.random.default_rng(seed)
    corner = np.array([np.eye(3)[CLASSES.index(name)] if name in CLASSES else np.zeros(3) for name in said])
    vectors = corner + 0.2 * rng.normal(size=corner.shape) + np.array([shift, 0, 0])
    return Gathered(index=list(range(len(said))), features={"encoder": {"vectors": vectors.astype(np.float32)}})


def test_the_loss_of_a_domain_is_paired_over_the_same_target_pictures():
    source, target = (names(0, 120), names(1, 90)), (names(2, 120), names(3, 90))
    domains = Domains(source, target)
    own = tuple(read(said, 0.0, i) for i, said in enumerate(source))
    other = tuple(read(said, 1.0, 2 + i) for i, said in enumerate(target))
    result = shifted(lambda: LinearProbe(seed=0), domains, own, other, {"encoder": "encoder"})
    row = next(row for row in result.rows if row.name == "encoder")
    assert row.scores["own"].value > 0.95 and row.scores["oracle"].value > 0.95
    assert row.scores["moved"].value < 0.9
    lost = row.scores["oracle"].value - row.scores["moved"].value
    assert row.details["lost"] == pytest.approx(lost)
    assert 0 < row.details["interval"][0] < lost < row.details["interval"][1]
    assert any("the domain costs" in note for note in result.notes)
    assert result.rows[0].name.startswith("chance") and result.rows[-1].scores["moved"].value == 1


def test_without_a_shift_the_interval_holds_0():
    source, target = (names(0, 120), names(1, 90)), (names(2, 120), names(3, 90))
    parts = [
        tuple(read(said, 0.0, 2 * d + i) for i, said in enumerate(part)) for d, part in enumerate((source, target))
    ]
    result = shifted(lambda: LinearProbe(seed=0), Domains(source, target), *parts, {"encoder": "encoder"})
    low, high = result.rows[1].details["interval"]
    assert low <= 0 <= high


def test_classes_are_those_of_both_by_name_and_others_are_said():
    domains = Domains(
        (["b", "a", "a", "b", "c", "c"], ["a", "b"]), (["b", "b", "a", "a", "d", "d"], ["b", "a", "d", None])
    )
    assert domains.classes == ["a", "b"]
    assert domains.source[0].tolist() == [1, 0, 0, 1, -1, -1]
    assert domains.target[1].tolist() == [1, 0, -1, -1]
    assert domains.notes == ["left out: 'c', 'd', which one of the domains lacks"]


def test_domains_of_other_classes_are_refused():
    with pytest.raises(ValueError, match="share 0 classes .* matched by name"):
        Domains((["a", "a", "b", "b"], ["a", "b"]), (["c", "c", "d", "d"], ["c", "d"]))
    with pytest.raises(ValueError, match="pictures of --to that are judged on are of fewer than two"):
        Domains((["a", "a", "b", "b"], ["a", "b"]), (["a", "a", "b", "b"], ["a", "a"]))
