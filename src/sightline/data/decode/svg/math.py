"""Lengths and arithmetic of CSS as plain numbers: `calc()`, `min()`, `clamp()`, and units that the renderer lacks."""

import re

PIXELS = {"": 1, "px": 1, "rem": 16, "em": 16, "ex": 8, "ch": 8, "pt": 4 / 3, "pc": 16, "q": 96 / 101.6,
          "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96}  # fmt: skip
"""of a unit in lower case; of those that follow a font, at its usual size"""
MATHS = 20
"""functions of CSS inside each other"""

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
MEASURE = re.compile(rf"({NUMBER})(%|[a-zA-Z]*)")
NEWER = re.compile(rf"(?<![\w#.-])({NUMBER})(rem|ch|Q|q)\b")
MATH = re.compile(r"\b(?:calc|min|max|clamp)\(", re.IGNORECASE)
TOKEN = re.compile(
    r"\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:%|[a-zA-Z]*)|(?:calc|min|max|clamp)\(|[-+*/(),])", re.IGNORECASE
)


def lengths(value: str) -> str:
    """Units that the renderer lacks as pixels, and `calc()` worked out where it is plain arithmetic."""
    if "(" in value and MATH.search(value):
        value = evaluate(value)
    return NEWER.sub(lambda found: f"{float(found[1]) * PIXELS[found[2].lower()]:.6g}", value)


def evaluate(value: str) -> str:
    """The value with each `calc()`, `min()` and so on replaced by its number, up to the first that fails."""
    out, at = [], 0
    while found := MATH.search(value, at):
        try:
            number, unit, end = _factor(value, found.start(), 0)
        except (ValueError, ArithmeticError, RecursionError):
            break
        out.append(value[at : found.start()] + f"{number:.6g}{unit}")
        at = end
    return "".join(out) + value[at:]


def _next(text: str, at: int) -> tuple[str, int]:
    found = TOKEN.match(text, at)
    return (found[1], found.end()) if found else ("", at)


def _factor(text: str, at: int, deep: int) -> tuple[float, str, int]:
    """A number (pixels and plain numbers have no unit), something in brackets, or a function of them."""
    token, at = _next(text, at)
    if deep > MATHS or not token:
        raise ValueError(text)
    if token in {"-", "+"}:
        number, unit, at = _factor(text, at, deep + 1)
        return (-number if token == "-" else number), unit, at
    if token.endswith("("):
        values = []
        while True:
            number, unit, at = _sum(text, at, deep + 1)
            values.append((number, unit))
            token_after, at = _next(text, at)
            if token_after != ",":
                break
        if token_after != ")" or len({unit for _, unit in values}) != 1:
            raise ValueError(text)
        numbers = [number for number, _ in values]
        chosen = {"min(": min, "max(": max}.get(token.lower(), lambda those: those[0])(numbers)
        if token.lower() == "clamp(" and len(numbers) == 3:
            chosen = max(numbers[0], min(numbers[1], numbers[2]))
        return chosen, values[0][1], at
    found = MEASURE.fullmatch(token)
    if found is None or found[2] != "%" and found[2].lower() not in PIXELS:
        raise ValueError(text)
    return float(found[1]) * PIXELS.get(found[2].lower(), 1), "%" if found[2] == "%" else "", at


def _sum(text: str, at: int, deep: int) -> tuple[float, str, int]:
    number, unit, at = _product(text, at, deep)
    while (step := _next(text, at))[0] in {"+", "-"}:
        more, its, at = _product(text, step[1], deep)
        if its != unit and more and number:
            raise ValueError("a share of what is not known here, and a length")
        unit = unit or its
        number = number + more if step[0] == "+" else number - more
    return number, unit, at


def _product(text: str, at: int, deep: int) -> tuple[float, str, int]:
    number, unit, at = _factor(text, at, deep)
    while (step := _next(text, at))[0] in {"*", "/"}:
        more, its, at = _factor(text, step[1], deep)
        number, unit = (number * more if step[0] == "*" else number / more), unit or its
    return number, unit, at
