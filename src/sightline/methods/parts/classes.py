"""What systems that tell classes apart ask of them."""


def two_or_more(count: int, where: str = "") -> None:
    """ValueError for fewer than two classes; `where` says in which of the data they are to be given."""
    if count < 2:
        raise ValueError(
            f"a classifier needs at least two classes, and the data has {count}: give a folder of pictures for each "
            f"class, a label column or .cls in tars{where}"
        )
