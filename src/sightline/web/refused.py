"""A request that cannot be answered."""


class Refused(ValueError):
    """The HTTP status and the reason in plain words; after `retry_after` seconds it may be asked once more.

    `at` is the column, from 1, at which a typed query or filter cannot be read.
    """

    def __init__(self, status: int, reason: str, retry_after: int | None = None, at: int | None = None) -> None:
        super().__init__(reason)
        self.status, self.retry_after, self.at = status, retry_after, at
