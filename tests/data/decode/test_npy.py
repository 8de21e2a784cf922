"""Arrays from .npy files: read as numpy reads them; bad ones are refused before anything is made of them."""

import io
import struct

import numpy as np
import pytest

from sightline.data.decode import npy
from sightline.data.sample import BadSample


def saved(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def forged(shape, descr="<u1", fortran=False, values=b"", version=1):
    """A file whose header says what it is told to."""
    said = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    said += b" " * (-(len(said) + 11) % 64) + b"\n"
    length = struct.pack("<H", len(said)) if version == 1 else struct.pack("<I", len(said))
    return npy.MAGIC + bytes([version, 0]) + length + said + values


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "f2", "<f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_read_as_numpy_reads_them(dtype, order):
    array = np.asarray(np.random.default_rng(0).integers(0, 200, (5, 6, 7)), dtype, order=order)
    data = saved(array)
    np.testing.assert_array_equal(npy.read(data), array)
    assert npy.header(data).shape == (5, 6, 7) and npy.header(data).fortran == (order == "F")


def test_a_header_of_version_two_is_read():
    np.testing.assert_array_equal(npy.read(forged((1, 2), values=b"\x01\x02", version=2)), [[1, 2]])


def test_pickles_are_never_opened():
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was opened",))

    data = saved(np.array([[Trap()]], dtype=object), allow_pickle=True)
    with pytest.raises(BadSample, match="pickled Python objects, which are never read"):
        npy.read(data)


def test_a_bomb_is_refused_before_it_is_made():
    with pytest.raises(BadSample, match=r"cut or padded .npy: .* takes 100,000,000,000 bytes and the file holds 3"):
        npy.read(forged((100_000, 1_000_000), values=b"abc"))
    with pytest.raises(BadSample, match="takes .* bytes"):
        npy.read(forged((2**62, 2**62, 2**62)))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_cut_files_are_refused(share):
    data = saved(np.zeros((40, 40), np.uint8))
    with pytest.raises(BadSample, match="cut|broken"):
        npy.read(data[: max(7, int(len(data) * share))])


@pytest.mark.parametrize(
    "data",
    [
        forged((-4, -4), values=b"x" * 16),
        forged("(4, 4", values=b"x" * 16),
        forged((4, 4), descr="<q9", values=b"x" * 16),
        forged("__import__('os').getcwd()"),
        npy.MAGIC + b"\x03\x00" + bytes(100),
        npy.MAGIC,
    ],
    ids=["negative", "syntax", "type", "code", "version", "empty"],
)
def test_broken_headers_are_refused(data):
    with pytest.raises(BadSample):
        npy.read(data)


def test_broken_bytes_never_raise_anything_but_bad_sample():
    rng = np.random.default_rng(0)
    whole = np.frombuffer(saved(np.zeros((6, 6, 3), np.uint8)), np.uint8)
    for _ in range(300):
        broken = whole.copy()
        broken[rng.integers(6, 100, 3)] = rng.integers(0, 256, 3)
        try:
            npy.read(broken.tobytes())
        except BadSample:
            pass
