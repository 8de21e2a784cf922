"""What bytes are that no reader here opens, in plain words and with the way out."""

import re
import struct
from typing import NamedTuple

HEIC_BRANDS = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 msf1 miaf MiHE MiHB".split())
AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIC = "HEIC"
JPEG_XL = "JPEG XL"


class Plugin(NamedTuple):
    """A package that teaches Pillow a format, where it is installed."""

    module: str
    call: str
    """of it, that registers the format; "" where importing it does"""
    format: str
    package: str


PLUGINS = {
    HEIC: Plugin("pillow_heif", "register_heif_opener", "HEIF", "pillow-heif"),
    JPEG_XL: Plugin("pillow_jxl", "", "JXL", "pillow-jxl-plugin"),
}
JSON = "JSON text"
CONVERT = "convert it to JPEG or PNG"
RAW = "a camera's raw file ({}), not developed yet; export it as JPEG or TIFF"
STARTS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not the picture itself; run `git lfs pull`"),
    (b"%PDF", "a PDF document; export its pages as PNG or SVG"),
    (b"%!PS", "a PostScript or EPS file; export it as SVG or PNG"),
    (b"\xc5\xd0\xd3\xc6", "an EPS file; export it as SVG or PNG"),
    (b"gimp xcf", "a GIMP file; export it as PNG"),
    (b"v/1\x01", "an OpenEXR picture; convert it to TIFF or PNG"),
    (b"#?RADIANCE", "a Radiance HDR picture; convert it to TIFF or PNG"),
    (b"#?RGBE", "a Radiance HDR picture; convert it to TIFF or PNG"),
    (b"SIMPLE  =", "a FITS file; convert it to TIFF or .npy"),
    (b"\x89HDF", "an HDF5 file; save its pictures as TIFF or .npy"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1f\x8b", "a file compressed by gzip; unpack it"),
    (b"BZh", "a file compressed by bzip2; unpack it"),
    (b"\xfd7zXZ\0", "a file compressed by xz; unpack it"),
    (b"\x28\xb5\x2f\xfd", "a file compressed by zstd; unpack it"),
    (b"PAR1", "a parquet table; let its name end in .parquet"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1aE\xdf\xa3", "a WebM or Matroska video; take a frame out of it"),
    (b"FLV\x01", "a Flash video; take a frame out of it"),
    (b"\0\0\1\xba", "an MPEG video; take a frame out of it"),
    (b"\0\0\1\xb3", "an MPEG video; take a frame out of it"),
    (b"OggS", "an Ogg video or sound"),
    (b"ID3", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"\0\5\x16\7", "macOS's notes on a file (its name begins with ._), not the picture itself"),
    (b"bplist00", "a macOS property list, perhaps of a file that is still in iCloud"),
    (b"\xd0\xcf\x11\xe0", "a Windows compound file, such as Thumbs.db or an old office document"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile (WMF); export it as SVG or PNG"),
    (b"AT&TFORM", "a DjVu document; export its pages as PNG"),
    (b"BPG\xfb", f"a BPG picture; {CONVERT}"),
    (b"FLIF", f"a FLIF picture; {CONVERT}"),
    (b"FUJIFILMCCD-RAW", RAW.format("Fujifilm RAF")),
    (b"IIRO", RAW.format("Olympus ORF")),
    (b"IIRS", RAW.format("Olympus ORF")),
    (b"MMOR", RAW.format("Olympus ORF")),
    (b"IIU\0", RAW.format("Panasonic RW2")),
    (b"\x93NUMPY", "an .npy array"),
)
HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body|script|meta)\b", re.IGNORECASE | re.DOTALL)
TEXT = re.compile(rb"[\t\n\r\f\x20-\x7e]{16,}", re.DOTALL)
NEW_SUBFILE, PHOTOMETRIC, MAKE, SUB_IFDS, DNG_VERSION = 254, 262, 271, 330, 50706


def kind_of(data: bytes) -> str | None:
    """What the bytes are, with what to do about it; None where they are unknown."""
    head = data[:512]
    if format := plugin_format(data):
        return (
            f"{format}, which Pillow cannot read by itself; install the plugin (pip install "
            f"{PLUGINS[format].package}) or {CONVERT}"
        )
    for start, name in STARTS:
        if head.startswith(start):
            return name
    if head[4:8] == b"ftyp":
        return _container(head)
    if head[4:8] in {b"moov", b"mdat", b"wide"}:
        return "a QuickTime video; take a frame out of it"
    if head[:4] == b"RIFF" and head[8:12] in {b"AVI ", b"WAVE"}:
        return "an AVI video; take a frame out of it" if head[8:11] == b"AVI" else "a sound file"
    if head[:4] == b"\1\0\0\0" and head[40:44] == b" EMF":
        return "a Windows metafile (EMF); export it as SVG or PNG"
    if data[128:132] == b"DICM":
        return "a DICOM picture; convert it to PNG or TIFF"
    if data[257:262] == b"ustar":
        return "a tar archive"
    if HTML.match(data[:4096].removeprefix(b"\xef\xbb\xbf")):
        return "a web page, perhaps an error or a login that was saved under a picture's name; download it again"
    if data and not data.strip(b"\0"):
        return f"nothing but zeros ({len(data):,} bytes): it was never written, or was lost; copy or download it again"
    if head[:1] in b"{[" and TEXT.match(head):
        return JSON
    if head[:5] == b"<?xml":
        return "XML, but no SVG"
    return None


def plugin_format(data: bytes) -> str | None:
    """HEIC or JPEG XL, by content."""
    if data[:12] == b"\0\0\0\x0cJXL \r\n\x87\n" or data[:2] == b"\xff\x0a":
        return JPEG_XL
    said = brands(data)
    return HEIC if said & HEIC_BRANDS and not said & AVIF_BRANDS else None


def raw_of(data: bytes, tags: dict[int, int]) -> str | None:
    """Of a TIFF with these tags in its first directory: that it is a raw file, whose first picture is a thumbnail."""
    reduced = tags.get(NEW_SUBFILE, 0) & 1 == 1
    if data[8:10] == b"CR":
        return RAW.format("Canon CR2")
    if DNG_VERSION in tags and (reduced or SUB_IFDS in tags or tags.get(PHOTOMETRIC) in {32803, 34892}):
        return RAW.format("DNG")
    if reduced and MAKE in tags and SUB_IFDS in tags:
        return RAW.format("NEF, ARW or the like")
    return None


def unfit(data: bytes) -> str | None:
    """A picture of a known kind that has been made unreadable on purpose."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"CgBI":
        return "a PNG that Xcode has changed for iPhones; undo it (pngcrush -revert-iphone-optimizations)"
    return None


def brands(data: bytes) -> frozenset[bytes]:
    """What the first box of a container says it is: HEIC, AVIF and videos are told apart by it; none elsewhere."""
    if data[4:8] != b"ftyp":
        return frozenset()
    (length,) = struct.unpack_from(">I", data)
    first = data[8:12]
    return frozenset([first, *(data[at : at + 4] for at in range(16, min(length, len(data), 256) - 3, 4))])


def _container(head: bytes) -> str:
    said = brands(head)
    if said & AVIF_BRANDS:
        return "an AVIF picture that this Pillow cannot read, or that is broken"
    if b"crx " in said:
        return RAW.format("Canon CR3")
    return "a video (MP4, QuickTime); take a frame out of it"
