"""Picture files with words inside, written byte by byte where no library writes them."""

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

PICTURE = Image.new("RGB", (24, 16), (200, 120, 40))


def encoded(format="JPEG", **options):
    file = io.BytesIO()
    PICTURE.save(file, format, **options)
    return file.getvalue()


def iim(*sets):
    """IPTC data sets of record 2, and of record 1 where a pair is given as the number."""
    numbered = ((n if isinstance(n, tuple) else (2, n), value) for n, value in sets)
    return b"".join(struct.pack(">BBBH", 0x1C, *number, len(value)) + value for number, value in numbered)


def resource(number, value, name=b""):
    head = b"8BIM" + struct.pack(">H", number) + bytes([len(name)]) + name + b"\0" * (1 - len(name) % 2)
    return head + struct.pack(">I", len(value)) + value + b"\0" * (len(value) % 2)


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def app13(value):
    return segment(0xED, b"Photoshop 3.0\0" + value)


def jpeg(*segments, **options):
    data = encoded(**options)
    return data[:2] + b"".join(segments) + data[2:]


def packet(properties, attributes="", head='<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>'):
    return (
        f'{head}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
        'xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" '
        f'{attributes}>{properties}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def tags(comment=b"", description="A house", **windows):
    """EXIF of a description, a UserComment, and texts of Windows by number: `_40091="title"`."""
    made = Image.Exif()
    made[270] = description
    if comment:
        made.get_ifd(0x8769)[0x9286] = comment
    for tag, text in windows.items():
        made[int(tag[1:])] = text.encode("utf-16-le") + b"\0\0"
    return made


def png(**texts):
    info = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        info.add_text(key, value)
    return info


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def pngs(*chunks):
    data = encoded("PNG")
    return data[:33] + b"".join(chunks) + data[33:]
