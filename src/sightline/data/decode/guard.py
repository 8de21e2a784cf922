"""Whatever a sample raises, in whatever library, is one bad sample with its reason."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from sightline.data.sample import BadSample

BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
REASON = 300
"""characters of a reason; a codec may quote what it was given"""


@contextmanager
def guarded(what: str = "broken picture") -> Iterator[None]:
    """Turns every exception within into a BadSample `what: its reason`, or its reason alone; Ctrl-C and the like pass.

    Decoders raise what they like on damaged files (RuntimeError, struct.error, AttributeError, warnings made errors);
    a list of them is never complete.
    """
    lead = f"{what}: " if what else ""
    try:
        yield
    except BadSample:
        raise
    except BOMBS as error:
        raise BadSample(f"bomb: {reason(error)}") from error
    except MemoryError as error:
        raise BadSample(f"{lead}it takes more memory than there is") from error
    except Exception as error:
        raise BadSample(f"{lead}{reason(error)}") from error
    except BaseException as error:
        # a panic of a library in Rust has no public type and is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise BadSample(f"{lead}{reason(error)}") from error


def reason(error: BaseException) -> str:
    """Why a sample cannot be used, in one line: the exception's message, led by its kind where the message does not
    speak of the sample (a key or an attribute that is missing) or is empty.
    """
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.strerror}: {error.filename}"
    message = " ".join(str(error).split())[:REASON]
    if message and not isinstance(error, LookupError | AttributeError | TypeError):
        return message
    return f"{type(error).__name__}: {message}".removesuffix(": ")
