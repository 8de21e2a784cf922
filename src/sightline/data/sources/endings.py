"""Which files are taken for pictures by their endings; what each of them is, its content decides."""

from importlib.util import find_spec

from sightline.data.decode.foreign import AVIF_BRANDS, HEIC, JPEG_XL, PLUGINS, brands, plugin_format
from sightline.data.decode.picture import FORMATS

USUAL = frozenset(
    ".jpg .jpeg .jpe .jfif .jif .jfi .mpo .png .apng .webp .gif .bmp .dib .tif .tiff .ico .cur .avif .avifs "
    ".ppm .pgm .pbm .pnm .pfm".split()
)
MORE = {
    "JPEG2000": ".jp2 .j2k .jpx .jpf .j2c .jpc",
    "TGA": ".tga .icb .vda .vst",
    "QOI": ".qoi",
    "PCX": ".pcx",
    "PSD": ".psd",
    "ICNS": ".icns",
    "DDS": ".dds",
    "SGI": ".sgi .rgb .rgba .bw",
    "XBM": ".xbm",
    "XPM": ".xpm",
}
"""formats that count where the decoder knows them"""
RASTERS = USUAL | {ending for name, endings in MORE.items() if name in FORMATS for ending in endings.split()}
VECTORS = frozenset({".svg", ".svgz"})
ARRAYS = frozenset({".npy"})
FOREIGN = {**dict.fromkeys((".heic", ".heif", ".hif"), HEIC), ".jxl": JPEG_XL}
"""endings of formats that a plugin of Pillow reads; the files are pictures where they hold something else (phones and
messengers call JPEGs so)"""
PICTURES = RASTERS | VECTORS | ARRAYS | FOREIGN.keys()
TABLES = frozenset({".csv", ".tsv", ".jsonl", ".parquet"})
HEAD = 256
"""bytes that `format_of` looks at"""


def missing_plugin_format(head: bytes) -> str:
    """The format of a picture that needs a plugin which is not installed, "" for any other."""
    kind = plugin_format(head)
    return kind if kind and find_spec(PLUGINS[kind].module) is None else ""


def plugin_advice(kind: str) -> str:
    """What to do about pictures of a `missing_plugin_format` format."""
    return f"Pillow cannot read {kind} by itself: pip install {PLUGINS[kind].package}, or convert them to JPEG or PNG"


def ending_of(name: str) -> str:
    """The last ending in lower case with its dot, "" for none.

    >>> ending_of("a.b/IMG v1.2.PNG"), ending_of("README"), ending_of(".png")
    ('.png', '', '')
    """
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")
    return f".{ending.lower()}" if dot and stem else ""


def format_of(head: bytes) -> str:
    """The format of a picture from its first bytes, "" where they are of none."""
    if kind := plugin_format(head):
        return kind
    if brands(head) & AVIF_BRANDS:
        return "AVIF"
    if head[:4] == b"RIFF":
        return "WebP" if head[8:12] == b"WEBP" else ""
    if head[:2] == b"BM":
        return "BMP" if head[6:10] == bytes(4) else ""
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "PNM"
    if b"<svg" in head:
        return "SVG"
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")


MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"\0\0\x01\0": "ICO",
    b"8BPS": "PSD",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"qoif": "QOI",
}
