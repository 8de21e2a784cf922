"""A setting that a page names works for every recipe that the page is about, and every command shown is accepted."""

import functools
import re
import shlex
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from sightline.recipes.catalogue import systems
from sightline.recipes.find import find
from sightline.train.recipe.override import UnknownSetting, override
from sightline.train.recipe.recipe import Recipe

ROOT = Path(__file__).parents[2]
find = functools.cache(find)
SYSTEMS = {system.name: system for system in systems()}
SETTING = re.compile(r"(?P<key>[a-z_]+(?:\.[a-z_]+)*)=(?P<value>\S.*)")
OWN = {field.name for field in fields(Recipe)}
SHORT = {"share", "set", "kind"}
"""written without the path that leads to them, and options of sources"""


def settings(text):
    """key=value in code spans, alone or several, where the key is one of a recipe."""
    spans = re.findall(r"`([^`\n]+)`", text)
    said = dict.fromkeys(part for span in spans for part in re.split(r"\s+(?=[a-z_.]+=)(?![^(]*\))", span))
    keyed = [one for one in map(SETTING.fullmatch, said) if one]
    return [one[0] for one in keyed if one["key"].split(".")[0] in OWN - SHORT and "..." not in one["value"]]


def commands(text):
    """(recipe, settings) of every `sightline train` in a text, unfolded from its lines."""
    for line in re.findall(r"sightline train (.+?)(?:`|\n|$)", text.replace("\\\n", " ")):
        words = shlex.split(line.split("  #")[0], comments=True)
        if words and re.fullmatch(r"[a-z_]+[0-9]*(\.[a-z0-9_]+)?", words[0]) and words[0].split(".")[0] in SYSTEMS:
            told = [word for before, word in pairwise(words) if before != "--init"]  # text=NAME there names a tower
            yield words[0], [word for word in told if SETTING.fullmatch(word) and "?" not in word]


def page(name):
    found = sorted((ROOT / "docs" / "systems").rglob(f"{name}.md"))
    return "".join(path.read_text(encoding="utf-8") for path in found)


PAGES = [(name, setting) for name in SYSTEMS for setting in settings(page(name))]


@pytest.mark.parametrize(("name", "setting"), PAGES, ids=[" ".join(one) for one in PAGES])
def test_a_setting_of_a_page_works_for_every_recipe_of_its_system(name, setting):
    accepted, key = 0, setting.partition("=")[0]
    for variant in SYSTEMS[name].variants:
        try:
            override(find(variant.recipe), [setting])
            accepted += 1
        except ValueError as error:
            # a part that comes in kinds (targets, order) has the fields of its kind
            assert key.count(".") >= 2 and isinstance(error.__cause__, UnknownSetting), f"{variant.recipe}: {error}"
    assert accepted


def test_settings_are_found_where_they_are():
    assert ("clip", "method.positives=caption") in PAGES and len(PAGES) > 20


def test_every_command_shown_is_accepted():
    shown = [
        (recipe, given)
        for file in (*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md")
        for recipe, given in commands(file.read_text(encoding="utf-8"))
    ]
    assert len(shown) > 20
    for recipe, given in shown:
        override(find(recipe), given)
