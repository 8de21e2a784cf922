"""The command line's manners: exit codes, one clear line, help for every word."""

import json

import pytest

from sightline import __version__
from sightline.cli import main as cli


def run(capsys, *words):
    code = cli.main(words)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def verb(monkeypatch):
    """Puts a function in the place of `recipes`, so that what a verb does is ours to choose."""

    def put(function):
        fresh = cli.App(**cli.MANNERS)
        fresh.command(function, name="recipes")
        monkeypatch.setattr(cli, "app", fresh)

    return put


def test_help_names_every_verb(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(verb in out for verb in cli.VERBS)


def test_no_words_show_the_help(capsys):
    assert run(capsys)[1] == run(capsys, "--help")[1]


def test_version(capsys):
    assert run(capsys, "--version")[:2] == (0, f"sightline {__version__}\n")


def test_an_unknown_verb_lists_the_known_ones(capsys):
    code, _, err = run(capsys, "serach", "x")
    assert code == 2
    assert err.startswith("sightline: error: there is no verb 'serach' (did you mean search?); there are demo, ")
    assert err.count("\n") == 1


def test_an_unknown_option_points_to_the_help_of_its_verb(capsys):
    code, _, err = run(capsys, "recipes", "--jsn")
    assert code == 2
    assert err.startswith("sightline: error: ") and "--jsn" in err and "`sightline recipes --help`" in err


@pytest.mark.parametrize("kind", [ValueError, FileNotFoundError, FloatingPointError])
def test_a_refusal_is_one_line_and_code_2(capsys, verb, kind):
    def recipes():
        raise kind("there is no such thing; there are these")

    verb(recipes)
    assert run(capsys, "recipes") == (2, "", "sightline: error: there is no such thing; there are these\n")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 9 TiB"),
        RuntimeError("[enforce fail at x.cpp:1] err == 0. DefaultCPUAllocator: can't allocate memory: you tried 9 TiB"),
        RuntimeError("CUDA out of memory. Tried to allocate 9 TiB\nof many words"),
    ],
)
def test_a_want_of_memory_is_one_line_that_says_what_to_make_smaller(capsys, verb, error):
    def recipes():
        raise error

    verb(recipes)
    code, _, err = run(capsys, "recipes")
    assert code == 2 and err.count("\n") == 1 and "9 TiB); choose a smaller batch" in err and "enforce" not in err


def test_another_error_at_run_time_stays_a_defect(verb):
    def recipes():
        raise RuntimeError("shapes do not fit")

    verb(recipes)
    with pytest.raises(RuntimeError, match="shapes"):
        cli.main(["recipes"])


def test_trace_shows_the_whole_traceback(monkeypatch, verb):
    def recipes():
        raise ValueError("deep inside")

    verb(recipes)
    monkeypatch.setenv("SIGHTLINE_TRACE", "1")
    with pytest.raises(ValueError, match="deep inside"):
        cli.main(["recipes"])


def test_a_defect_is_not_dressed_as_a_refusal(verb):
    def recipes():
        raise KeyError("ours")

    verb(recipes)
    with pytest.raises(KeyError):
        cli.main(["recipes"])


def test_ctrl_c_stops_with_130(capsys, verb):
    def recipes():
        raise KeyboardInterrupt

    verb(recipes)
    assert run(capsys, "recipes") == (130, "", "stopped\n")


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_parameter_is_explained(verb):
    arguments = cli.app[verb].assemble_argument_collection(parse_docstring=True)
    assert [argument.name for argument in arguments if not argument.parameter.help] == []


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_says_what_it_does_in_one_sentence(verb):
    line = cli.app[verb].help.partition("\n")[0]
    assert line.endswith(".") and len(line) < 120


def test_recipes_as_json_has_one_row_a_system(capsys):
    code, out, _ = run(capsys, "recipes", "--json")
    listing = json.loads(out)
    assert code == 0 and listing["version"] == 1
    clip = {row["name"]: row for row in listing["recipes"]}["clip"]
    assert {"name", "paper", "learns", "variants"} <= clip.keys()
    assert {"tiny", "small", "icons", "b32", "b16", "l14"} <= {variant["name"] for variant in clip["variants"]}
    assert all({"name", "recipe", "summary", "minutes"} == variant.keys() for variant in clip["variants"])
