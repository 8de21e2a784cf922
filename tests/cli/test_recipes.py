"""`sightline recipes` reads recipe files without running them."""

import pytest

from sightline.cli.recipes import block, span
from sightline.recipes.catalogue import systems

FILE = '''
"""A system."""
import something_that_is_not_installed

PAPER = "Someone 2020"
LEARNS = "to see"
MINUTES = {"tiny": 0.1, "small": 4.0}


def small() -> Recipe:
    """The usual one.

    More words.
    """


def tiny() -> Recipe:
    """Seconds."""


def build(recipe) -> Recipe: ...
def _hidden() -> Recipe: ...
def helper() -> int: ...
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "seeing.py").write_text(FILE, encoding="utf-8")
    (tmp_path / "pictures" / "__init__.py").write_text("")
    (tmp_path / "find.py").write_text("def find(name): ...\n", encoding="utf-8")
    return tmp_path


def test_variants_are_public_functions_that_return_a_recipe(folder):
    (system,) = systems(folder)
    assert (system.name, system.chapter) == ("seeing", "pictures")
    assert (system.paper, system.learns) == ("Someone 2020", "to see")
    assert [(v.name, v.recipe, v.summary, v.minutes) for v in system.variants] == [
        ("small", "seeing.small", "The usual one.", 4.0),
        ("tiny", "seeing.tiny", "Seconds.", 0.1),
    ]


def test_the_list_shows_name_time_and_summary(folder):
    (system,) = systems(folder)
    assert block(system).splitlines() == [
        "seeing  (Someone 2020)",
        "  to see",
        "  seeing.small    4 min  The usual one.",
        "  seeing.tiny       6 s  Seconds.",
    ]


@pytest.mark.parametrize(
    ("minutes", "said"), [(None, ""), (0.1, "6 s"), (0.5, "30 s"), (4.0, "4 min"), (90, "90 min"), (150, "2.5 h")]
)
def test_a_span_is_written_for_people(minutes, said):
    assert span(minutes) == said
