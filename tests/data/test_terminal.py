"""Nothing that is printed drives a terminal."""

import io
import json
import sys
import unicodedata

import pytest

from sightline.data.terminal import Guard, escaped_output, printable, printable_line, raw

HOSTILE = {
    "\x1b[31mred\x1b[0m": "\\x1b[31mred\\x1b[0m",
    "a\x1b]0;pwn\x07": "a\\x1b]0;pwn\\x07",
    "\x9b2J": "\\u009b2J",  # CSI in one character
    "del\x7f": "del\\u007f",
    "back\x08\x08": "back\\x08\\x08",
    "over\rwritten": "over\\rwritten",
    "gpj.\u202egnp": "gpj.\\u202egnp",
    "\u2066iso\u2069": "\\u2066iso\\u2069",
    "line\u2028para\u2029": "line\\u2028para\\u2029",
    "\udcff": "\\udcff",
    "\0": "\\x00",
}


@pytest.mark.parametrize(("text", "said"), HOSTILE.items())
def test_what_a_terminal_would_obey_is_written_out(text, said):
    assert printable(text) == said and printable_line(text) == said


def test_every_control_character_is_written_out_and_no_other():
    marks = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    harmless_ones = []
    for letter in map(chr, range(0x110000)):
        if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp"):
            assert printable_line(letter).isprintable() and printable_line(letter) != letter
        elif unicodedata.bidirectional(letter) in marks:
            assert printable_line(letter) == f"\\u{ord(letter):04x}"
        elif ord(letter) not in (0x61C, 0x200E, 0x200F):
            harmless_ones.append(letter)
    assert len(harmless_ones) > 1_000_000
    assert printable_line("".join(harmless_ones)) == "".join(harmless_ones)


def test_a_name_stays_on_its_line_and_lines_of_ours_stay_lines():
    assert printable_line("a\nb\tc") == "a\\nb\\tc" and printable("a\nb\tc") == "a\nb\tc"
    assert printable_line("naïve 信用卡 👩\u200d🚀.png") == "naïve 信用卡 👩\u200d🚀.png"


def test_a_guard_is_the_stream_it_guards_in_everything_else():
    inner = io.StringIO()
    guard = Guard(Guard(inner))
    assert guard.write("a\x1b[2J\n") == 6
    guard.writelines(["b\x07\n", "c\n"])
    guard.flush()
    assert inner.getvalue() == "a\\x1b[2J\nb\\x07\nc\n" and raw(guard) is inner and not guard.isatty()


def test_prints_go_through_a_guard_and_streams_come_back(capsys):
    before = sys.stdout, sys.stderr
    with pytest.raises(KeyError), escaped_output(), escaped_output():
        print("\x1b[31mout")
        print("\x1b[31merr", file=sys.stderr)
        raise KeyError
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr() == ("\\x1b[31mout\n", "\\x1b[31merr\n")


def test_json_through_a_guard_reads_back_as_it_was(capsys):
    texts = [*HOSTILE, "信用卡", "a\\x1b"]
    with escaped_output():
        print(json.dumps(texts, ensure_ascii=False))
    out = capsys.readouterr().out
    assert out.rstrip("\n").isprintable() and json.loads(out) == texts
