"""A typed text that its grammar cannot read, and where."""

NEAR = 24
"""characters shown from the place on"""
WIDTH = 72
"""columns of the two lines that point at it"""


class Unparsed(ValueError):
    """`text` cannot be read at column `at`, from 1; the message has the column and what stands there."""

    def __init__(self, what: str, text: str, at: int) -> None:
        rest = " ".join(text[at - 1 :].split())
        near = f"at {rest if len(rest) <= NEAR else rest[: NEAR - 1] + '…'!r}" if rest else "at the end"
        super().__init__(f"{what} (column {at}, {near})")
        self.text, self.at = text, at

    def pointed(self) -> tuple[str, str]:
        """The text on one line, cut where it is long, and a line whose ^ stands below the place.

        >>> Unparsed("no field", "width > 5 and wodth < 9", 15).pointed()
        ('width > 5 and wodth < 9', '              ^')
        """
        line = "".join(" " if letter.isspace() else letter for letter in self.text)
        first = max(0, self.at - 1 - WIDTH // 2)
        return line[first : first + WIDTH], " " * (self.at - 1 - first) + "^"
