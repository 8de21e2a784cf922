"""What every encoder accepts, brought to numpy: pictures in any form as preprocessed batches, texts as token ids."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sightline.data.ahead import map_ahead
from sightline.data.sample import BadSample


def picture_batches(
    images: Any, rule: Callable[[Any], np.ndarray], *, channels: int, size: int, threads: int
) -> Iterator[np.ndarray]:
    """float32 (b, c, y, x) with at most `size` rows, `threads` decoding ahead of the reader.

    `images`: a path, bytes, PIL image or uint8 array (y, x, c), a list of those, or pictures already preprocessed as
    a float array (c, y, x) or (b, c, y, x) or a list of the former. Raises ValueError naming a picture that cannot be
    decoded, TypeError for an array that is not preprocessed.
    """
    if (ready := whole_array(images, channels)) is not None:
        yield from (np.ascontiguousarray(ready[at : at + size], dtype=np.float32) for at in range(0, len(ready), size))
        return
    for batch in prepared_batches(images, rule, size=size, threads=threads):
        yield np.stack(batch)


def prepared_batches(images: Any, rule: Callable[[Any], Any], *, size: int, threads: int) -> Iterator[list[Any]]:
    """What `rule` makes of each picture, at most `size` at a time, `threads` decoding ahead of the reader.

    `images`: a path, bytes, PIL image or uint8 array (y, x, c), or a list of those. Raises ValueError naming a picture
    that cannot be decoded.
    """
    one = isinstance(images, str | Path | bytes | Image.Image)
    one = one or (isinstance(images, np.ndarray) and images.ndim <= 3)
    pictures: Iterator[tuple[int, Any]] = enumerate([images] if one else images)

    def prepared(numbered: tuple[int, Any]) -> Any:
        number, picture = numbered
        try:
            return rule(picture)
        except (BadSample, OSError) as error:
            what = picture if isinstance(picture, str | Path) else type(picture).__name__
            raise ValueError(f"picture {number} ({what}) cannot be used: {error}") from error

    ready = map_ahead(prepared, pictures, threads=threads, room=2 * size)
    while batch := list(islice(ready, size)):
        yield batch


def whole_array(images: Any, channels: int) -> np.ndarray | None:
    """Float arrays of preprocessed pictures, one, a list or a batch, as (b, c, y, x); None for pictures of other kinds.

    TypeError for a float array of another shape.
    """
    if isinstance(images, list | tuple) and images and _floating(images[0]):
        images = np.stack(list(images))
    return whole_batch(images, channels) if _floating(images) else None


def whole_batch(images: Any, channels: int, floating: bool = True) -> Any:
    """An array or tensor of preprocessed pictures as (b, c, y, x); TypeError where it is none of that."""
    batch = images[None] if images.ndim == 3 else images
    if not floating or batch.ndim != 4 or batch.shape[1] != channels:
        raise TypeError(
            f"a tensor of pictures must be preprocessed: float (b, {channels}, y, x); got {images.dtype} "
            f"{tuple(images.shape)}. Use encoder.preprocess, or pass paths, PIL images or uint8 arrays"
        )
    return batch


def token_ids(
    texts: str | Sequence[str], tokenizer: Callable[[Sequence[str]], np.ndarray] | None, name: str
) -> np.ndarray:
    """int64 (b, n) of one or many texts. ValueError where the encoder has none, TypeError for what is no text."""
    if tokenizer is None:
        raise ValueError(f"{name} embeds pictures only: it was trained without texts, so it has no tokenizer")
    wanted = [texts] if isinstance(texts, str) else list(texts)
    for text in wanted:
        if not isinstance(text, str):
            raise TypeError(f"encode_text takes a text, a list of texts or an int tensor (b, n); got {type(text)}")
    return np.asarray(tokenizer(wanted), dtype=np.int64)


def token_rows(tokens: Any, floating: bool) -> Any:
    """An array or tensor of token ids as (b, n); TypeError where it is none."""
    if floating or tokens.ndim not in (1, 2):
        raise TypeError(f"token ids must be an int tensor (b, n); got {tokens.dtype} {tuple(tokens.shape)}")
    return tokens[None] if tokens.ndim == 1 else tokens


def _floating(images: Any) -> bool:
    return isinstance(images, np.ndarray) and np.issubdtype(images.dtype, np.floating)
