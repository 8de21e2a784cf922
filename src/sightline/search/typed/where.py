"""A typed filter, such as `width>512 and (folder=brand or not type=svg)`, as a tree of comparisons.

    any  = all,  then any number of  "or" all
    all  = one,  then any number of  "and" one
    one  = "not" one  |  "(" any ")"  |  field comparison value

A comparison is = != < <= > or >=, a value a word or a text in single or double quotes. Which fields there are, and what
may be said of each, stands in `fields.py`; errors have the column.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sightline.search.typed.fields import ALIASES, FIELDS, ORDERED, Value
from sightline.search.typed.unparsed import Unparsed

TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<sign><=|>=|!=|==|=|<|>)|(?P<text>"[^"]*"|'[^']*')|(?P<word>[^\s()<>=!"']+))"""
)
LONGEST, MOST, DEEPEST = 4096, 100, 40
"""characters, comparisons and brackets of one filter"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field` compared with `value` by `sign`: = != < <= > >=."""

    field: str
    sign: str
    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    """What the filter inside it does not hold of."""

    inside: "Filter"


@dataclass(frozen=True, slots=True)
class All:
    """What every one of the filters holds of."""

    inside: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Some:
    """What at least one of the filters holds of."""

    inside: "tuple[Filter, ...]"


Filter = Comparison | Not | All | Some


def parsed(text: str) -> Filter:
    """The filter that is written. Raises `Unparsed`, a ValueError with the column.

    >>> parsed("not width>512")
    Not(inside=Comparison(field='width', sign='>', value=512.0))
    """
    return _Parser(text).whole()


def filter_of(text: str) -> Filter | None:
    """The filter that is written; None where nothing is."""
    return parsed(text) if text.strip() else None


def comparisons(filter: Filter) -> Iterator[Comparison]:
    """Every comparison of a filter, from left to right."""
    if isinstance(filter, Comparison):
        yield filter
    else:
        for one in (filter.inside,) if isinstance(filter, Not) else filter.inside:
            yield from comparisons(one)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    def says(self, word: str) -> bool:
        """Whether it is this word of the grammar."""
        return self.kind == "word" and self.text.casefold() == word


class _Parser:
    """Reads one text by recursive descent."""

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > LONGEST:
            raise Unparsed(f"a filter has at most {LONGEST:,} characters", text, LONGEST + 1)
        self.tokens, self.next, self.deep = _tokens(text), 0, 0
        if sum(token.kind == "sign" for token in self.tokens) > MOST:
            raise Unparsed(f"a filter has at most {MOST} comparisons", text, 1)

    def whole(self) -> Filter:
        """All of it; refuses what is left over."""
        if self.tokens[0].kind == "end":
            raise self._wrong(f"the filter is empty; say for instance 'width>512', of {_listed(FIELDS)}")
        found = self._some()
        token = self._token()
        if token.kind == "close":
            raise self._wrong("no bracket was opened for this one")
        if token.kind != "end":
            raise self._wrong("'and' or 'or' is missing here; a value of several words stands in quotes")
        return found

    def _some(self) -> Filter:
        found = [self._all()]
        while self._token().says("or"):
            self.next += 1
            found.append(self._all())
        return found[0] if len(found) == 1 else Some(tuple(found))

    def _all(self) -> Filter:
        found = [self._one()]
        while self._token().says("and"):
            self.next += 1
            found.append(self._one())
        return found[0] if len(found) == 1 else All(tuple(found))

    def _one(self) -> Filter:
        token = self._token()
        if token.says("not") or token.kind == "open":
            self.deep += 1
            if self.deep > DEEPEST:
                raise self._wrong(f"brackets and 'not' are at most {DEEPEST} deep")
            self.next += 1
            found = Not(self._one()) if token.kind == "word" else self._bracketed(token)
            self.deep -= 1
            return found
        return self._comparison()

    def _bracketed(self, opened: _Token) -> Filter:
        found = self._some()
        if self._token().kind != "close":
            if self._token().kind == "end":
                raise Unparsed("this bracket is never closed", self.text, opened.at)
            raise self._wrong("'and', 'or' or a closing bracket is missing here")
        self.next += 1
        return found

    def _comparison(self) -> Comparison:
        token = self._token()
        if token.kind != "word":
            raise self._wrong(f"a field is missing here: {_listed(FIELDS)}")
        name = ALIASES.get(token.text.casefold(), token.text.casefold())
        if name not in FIELDS:
            near = get_close_matches(name, [*FIELDS, *ALIASES], n=1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise self._wrong(f"there is no field {token.text!r}{meant}; there are {_listed(FIELDS)}")
        self.next += 1
        sign = self._token()
        if sign.kind != "sign":
            raise self._wrong(f"a comparison is missing after {token.text}: = != < <= > >=")
        field = FIELDS[name]
        if sign.text in ORDERED and not field.ordered:
            raise self._wrong(f"{name} is equal (=) or not (!=), and not more or less than something")
        self.next += 1
        said = self._token()
        if said.kind not in ("word", "text"):
            raise self._wrong(f"a value is missing after {token.text}{sign.text}: {field.example}")
        try:
            value = field.read(said.text, sign.text)
        except ValueError as error:
            raise self._wrong(str(error)) from None
        self.next += 1
        return Comparison(name, "=" if sign.text == "==" else sign.text, value)

    def _token(self) -> _Token:
        return self.tokens[self.next]

    def _wrong(self, what: str) -> Unparsed:
        return Unparsed(what, self.text, self._token().at)


def _tokens(text: str) -> list[_Token]:
    """The tokens of a text and one of the kind "end". Raises `Unparsed` where something is none."""
    found, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            quote = text[at] in "\"'"
            raise Unparsed("this quote is never closed" if quote else "this is no part of a filter", text, at + 1)
        kind = str(match.lastgroup)
        said = match[kind]
        found.append(_Token(kind, said[1:-1] if kind == "text" else said, match.start(kind) + 1))
        at = match.end()
    return [*found, _Token("end", "", len(text.rstrip()) + 1)]


def _listed(names: Sequence[str] | dict) -> str:
    return ", ".join(names)
