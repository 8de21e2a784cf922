"""The labels of all samples of a source, without decoding a picture."""

import numpy as np

from sightline.data.decode.record import Bad, fetch
from sightline.data.sample import Source
from sightline.data.sources.subset import Subset


def labels_of(source: Source) -> np.ndarray:
    """Labels (n,) int64 by position; -1 where a sample has none or its record cannot be read.

    A source that knows them all at once has a method `labels() -> (n,)` (folders, tables, tars); of any other every
    record is fetched.
    """
    if isinstance(source, Subset):
        return labels_of(source.source)[source.indices]
    if (told := getattr(source, "labels", None)) is not None:
        return np.asarray(told(), np.int64)
    records = (fetch(source, index) for index in range(len(source)))
    found = (None if isinstance(record, Bad) else record.label for record in records)
    return np.array([-1 if label is None else label for label in found], np.int64)
