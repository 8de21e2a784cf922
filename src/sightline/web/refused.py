"""A request that cannot be answered."""


class Refused(ValueError):
    """The HTTP status and the reason in plain words; `again` are seconds after which it may be asked once more."""

    def __init__(self, status: int, reason: str, again: int | None = None) -> None:
        super().__init__(reason)
        self.status, self.again = status, again
