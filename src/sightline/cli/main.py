"""The `sightline` command: one verb a file, imported only when called, so that help and search start fast."""

import os
import sys
import time
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import takewhile
from pathlib import PurePath
from typing import Any

from cyclopts import App, CycloptsError, Parameter, UnknownCommandError, UnknownOptionError

from sightline import __version__
from sightline.data.terminal import escaped_output, printable_line, raw

# What `pip install sightline` leaves out and `sightline[train]` adds.
TRAINING_PART = frozenset(
    {
        "einops",
        "fontawesomefree",
        "jaxtyping",
        "onnx",
        "onnxscript",
        "pyarrow",
        "scipy",
        "sklearn",
        "threadpoolctl",
        "torch",
        "torchvision",
    }
)

TURN = 5.0
"""seconds that a process waits under torchrun before it says why it failed"""

# In the order of a first day. Each is the function of the same name in the file of the same name, or in a room.
VERBS = (
    "demo",
    "recipes",
    "data",
    "train",
    "embed",
    "index",
    "search",
    "export",
    "explain",
    "duplicates",
    "map",
    "serve",
    "classify",
    "verify",
    "enrol",
    "recognise",
    "match",
    "caption",
    "locate",
    "detect",
    "segment",
    "translate",
    "measure",
    "look",
    "probe",
    "convert",
    "average",
)
ROOMS = {
    "enrol": "gallery.enrol",
    "recognise": "gallery.recognise",
    "explain": "library.explain",
    "duplicates": "library.duplicates",
    "map": "library.map",
    "export": "library.export",
    "detect": "dense.detect",
    "segment": "dense.segment",
    "average": "encoders.average",
}
"""verbs that share a folder"""
WORDED = ("search", "export", "explain")
"""verbs that look for words, which may begin with -"""


def _default_worth_saying(value: Any) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    return value.as_posix() if isinstance(value, PurePath) else str(value)


MANNERS: dict[str, Any] = {
    "name": "sightline",
    "help": "Train, measure and use image representations: photographs, icons, logos, charts and SVG.",
    "version": f"sightline {__version__}",
    "help_format": "plaintext",  # brackets and asterisks of SRC examples are meant as they stand
    "default_parameter": Parameter(negative=(), show_default=_default_worth_saying),
    "result_action": "return_value",
    "print_error": False,
    "exit_on_error": False,
    "suppress_keyboard_interrupt": False,
}
app = App(**MANNERS)
for place, verb in enumerate(VERBS):
    app.command(f"sightline.cli.{ROOMS.get(verb, verb)}:{verb}", name=verb, sort_key=place)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line (the process's own by default) and returns its exit code.

    0 done; 2 refused, with one line on stderr saying why; 130 stopped by Ctrl-C. SIGHTLINE_TRACE=1 shows the whole
    traceback instead of the line. What is neither a ValueError nor an OSError nor a FloatingPointError (a loss that
    stopped being a number) nor a want of memory is a defect of ours and always shows its traceback.
    """
    with escaped_output():
        return _run(list(sys.argv[1:] if argv is None else argv))


def _run(words: list[str]) -> int:
    try:
        if not words or words[0] not in VERBS:
            load_verbs()
        app(words)
    except KeyboardInterrupt:
        if _rank() == 0:
            print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has what it wanted. Python flushes stdout once more at exit: give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except UnknownCommandError as error:
        return _refuse(_unknown((error.unused_tokens or words)[0]))
    except CycloptsError as error:
        return _refuse(
            f"{_settings_meant(words) or _misspelt(words) or error}{_leading(error)} See `{_usage(error)} --help`."
        )
    except ImportError as error:
        missing = _missing(error)
        if os.environ.get("SIGHTLINE_TRACE") or missing is None:
            raise
        return _refuse(f"this verb needs the training part ({missing} is missing): pip install 'sightline[train]'")
    except (ValueError, OSError, FloatingPointError) as error:
        if os.environ.get("SIGHTLINE_TRACE"):
            raise
        return _refuse(str(error) or type(error).__name__, lost=isinstance(error, ConnectionError))
    except (MemoryError, RuntimeError) as error:
        if os.environ.get("SIGHTLINE_TRACE") or not (taken := _memory(error)):
            raise
        return _refuse(f"this takes more memory than there is ({taken}); choose a smaller batch, picture or model")
    return 0


def _memory(error: MemoryError | RuntimeError) -> str:
    """What was asked for where there was no memory for it, by numpy, torch or CUDA; "" where that is not the matter."""
    said = str(error).partition("\n")[0]
    if isinstance(error, MemoryError):
        return said or "no memory is left"
    said = said.partition("DefaultCPUAllocator: ")[2] or said
    return said[:200] if "allocate memory" in said or "out of memory" in said else ""


def load_verbs() -> None:
    """Imports every verb, so that the general help shows their first lines; a single verb is imported when it runs."""
    for verb in VERBS:
        app[verb]


def _rank() -> int:
    """This process's number under torchrun, 0 elsewhere."""
    return int(os.environ.get("RANK", "0")) if "TORCHELASTIC_RUN_ID" in os.environ else 0


def _refuse(reason: str, *, lost: bool = False) -> int:
    """One line on stderr. Under torchrun, which ends the others as soon as one process has failed, those who may know
    better speak first: what all refuse is said by the first alone, and one that `lost` its peers waits longest."""
    if _rank() or (lost and "TORCHELASTIC_RUN_ID" in os.environ):
        time.sleep(2 * TURN if lost else TURN)
    line = f"sightline: error: {printable_line(reason)}"
    red = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    print(f"\033[31m{line}\033[0m" if red else line, file=raw(sys.stderr))
    return 2


def _leading(error: CycloptsError) -> str:
    """How words that begin with `-` are given, where such may have been taken for an option."""
    if not isinstance(error, UnknownOptionError) or not {*WORDED, "classify"}.intersection(error.command_chain or ()):
        return ""
    return " Words that begin with - are given as --option=WORDS, or after a -- of their own."


def _unknown(word: str) -> str:
    near = get_close_matches(word, VERBS, n=1)
    return f"there is no verb {word!r}{f' (did you mean {near[0]}?)' if near else ''}; there are {', '.join(VERBS)}"


def _usage(error: CycloptsError) -> str:
    """`sightline train` where the mistake is inside that verb, else `sightline`."""
    return " ".join(("sightline", *(error.command_chain or ())))


def _settings_meant(words: Sequence[str]) -> str:
    """What `train` answers to settings written as options; "" elsewhere, and where its part is not installed."""
    if words[:1] != ["train"]:
        return ""
    try:
        from sightline.cli.train import settings_meant

        return settings_meant(words)
    except (ImportError, ValueError):  # a recipe that is none: the plain answer will do
        return ""


def _misspelt(words: Sequence[str]) -> str:
    """What a verb that looks for words answers to an option that is none, and stands before its own value; ""
    elsewhere."""
    if words[0] not in WORDED:
        return ""
    from sightline.cli.library.asked import misspelt

    said = (misspelt(words[0], word) for word in takewhile(lambda word: word != "--", words))
    return next((f"{one}." for one in said if one), "")


def _missing(error: BaseException | None) -> str | None:
    """The package of the training part whose absence caused `error`, or None."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name and error.name.split(".")[0] in TRAINING_PART:
            return error.name.split(".")[0]
        error = error.__cause__
    return None
