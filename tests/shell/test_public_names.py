"""The public face stays what users wrote their code against."""

import pytest

import sightline


def test_public_names_are_these():
    assert sightline.__all__ == ["Index", "__version__", "embed", "load", "measure", "train"]


@pytest.mark.parametrize("name", sightline.__all__)
def test_every_public_name_is_there(name):
    assert getattr(sightline, name) is not None
    assert name in dir(sightline)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(AttributeError, match="has no attribute 'lode'; it has Index, .*load, measure, train"):
        sightline.lode  # noqa: B018
