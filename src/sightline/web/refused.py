"""A request that cannot be answered."""


class Refused(ValueError):
    """The HTTP status and the reason in plain words; after `retry_after` seconds it may be asked once more."""

    def __init__(self, status: int, reason: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.status, self.retry_after = status, retry_after
