from dataclasses import dataclass, field
from typing import Literal

import pytest

from sightline.train.recipe.override import override


@dataclass(frozen=True, kw_only=True)
class Optim:
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)


@dataclass(frozen=True)
class Whole:
    pass


@dataclass(frozen=True)
class Half:
    ratio: float = 0.5
    side: Literal["left", "right"] = "left"


@dataclass(frozen=True)
class Part:
    ratio: float
    count: int


@dataclass(frozen=True)
class Ranged:
    ratio: tuple[float, float] = (0.1, 0.5)


@dataclass(frozen=True, kw_only=True)
class Thing:
    optim: Optim = field(default_factory=Optim)
    batch: int = 8
    steps: int | None = 10
    epochs: float | None = None
    keep: Literal["last", "best"] = "last"
    source: str = "icons"
    on: bool = False
    cut: Whole | Half | Part | Ranged | None = Half(ratio=0.25)
    clip: float | Half = 1.0


@pytest.mark.parametrize(
    ("setting", "read", "value"),
    [
        ("optim.lr=3e-4", lambda t: t.optim.lr, 3e-4),
        ("optim.lr=1", lambda t: t.optim.lr, 1.0),
        ("optim.betas=(0.9,0.95)", lambda t: t.optim.betas, (0.9, 0.95)),
        ("batch=16", lambda t: t.batch, 16),
        ("keep=best", lambda t: t.keep, "best"),
        ("source=scenes?level=1", lambda t: t.source, "scenes?level=1"),
        ("source=12", lambda t: t.source, "12"),
        ("on=true", lambda t: t.on, True),
        ("cut=Whole", lambda t: t.cut, Whole()),
        ("cut=Whole()", lambda t: t.cut, Whole()),
        ("cut=none", lambda t: t.cut, None),
        ("cut=Half(side=right)", lambda t: t.cut, Half(ratio=0.25, side="right")),  # what both have stays
        ("cut=Ranged", lambda t: t.cut, Ranged()),  # but a number is no pair
        ("clip=2", lambda t: t.clip, 2.0),
        ("clip=Half", lambda t: t.clip, Half()),
        ("cut=Part(count=3)", lambda t: t.cut, Part(ratio=0.25, count=3)),
        ("cut=Part(count=3, ratio=1)", lambda t: t.cut, Part(ratio=1.0, count=3)),
    ],
)
def test_a_value_of_the_right_type_is_set(setting, read, value):
    assert read(override(Thing(), [setting])) == value


def test_epochs_replace_steps_and_back():
    by_epochs = override(Thing(), ["epochs=2"])
    assert (by_epochs.steps, by_epochs.epochs) == (None, 2)
    assert override(by_epochs, ["steps=7"]) == Thing(steps=7)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("lr=1", "Thing has no field 'lr'.* it has optim, batch"),
        ("optim.lrr=1", "Optim has no field 'lrr'.* it has lr, betas"),
        ("optim.lr=x", "optim.lr is 0.001; 'x' is a str, and float is expected"),
        ("batch=1.5", "batch is 8; '1.5' is a float"),
        ("batch=true", "batch is 8"),
        ("keep=first", "one of 'last', 'best'"),
        ("optim.betas=0.9", "optim.betas"),
        ("batch.size=3", "batch is 8, it has no fields"),
        ("batch", "write key=value"),
        ("cut=Third", "'Third' is none of Whole, Half, Part.* cut=Whole, or"),
        ("cut=3", "'3' is none of Whole"),
        ("cut=Half(0.5)", "'Half.0.5.' is none of"),
        ("cut=Half(size=2)", "Half has no field size .in cut.; it has ratio, side"),
        ("cut=Half(ratio=x)", "cut.ratio is 0.5; 'x' is a str"),
        ("cut=Part", "cut=Part does not say count; write 'cut=Part.count=...."),
    ],
)
def test_everything_else_is_refused_with_what_is_known(setting, words):
    with pytest.raises(ValueError, match=words):
        override(Thing(), [setting])
