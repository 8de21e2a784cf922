"""The names this server goes by: what may stand in the Host header.

A site can make its own name resolve to this machine and so become, for the browser, the page's own origin (DNS
rebinding). It cannot do that with an address in digits, nor with a name that it does not own.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)(?:%[\w.~%-]+)?\]|([^\[\]:/?#@\\,\s]+))(?::([0-9]{0,5}))?")
PORTS = {"http": 80, "https": 443}


def parse_host(host: str) -> tuple[str, int | None] | None:
    """The name and the port of a Host header, an address in its shortest form; None where it is no host.

    >>> parse_host("Box.Local.:8765"), parse_host("[0:0::1%eth0]"), parse_host("[::1")
    (('box.local', 8765), ('::1', None), None)
    """
    found = HOST.fullmatch(host)
    if found is None:
        return None
    six, name, port = found.groups()
    name = (six or name).lower().removesuffix(".")
    address = address_of(name)
    if not name or (six and address is None):
        return None
    return name if address is None else str(address), int(port) if port else None


def address_of(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address in digits, of the older kind where it only wraps one; None for a name."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def loopback(host: str) -> bool:
    """
    >>> loopback("localhost"), loopback("127.0.0.2"), loopback("::1"), loopback("0.0.0.0")
    (True, True, True, False)
    """
    address = address_of(host)
    return host == "localhost" if address is None else address.is_loopback


@dataclass(frozen=True)
class Names:
    """Who the server is."""

    own: frozenset[str]
    allowed: frozenset[str]
    """named by --allow-host: pages at these names, on any port, may ask too"""
    open: bool
    """it listens beyond this machine, so any address in digits may be its own"""

    def has(self, host: str) -> bool:
        """Whether a Host header means this server."""
        said = parse_host(host)
        if said is None:
            return False
        name = said[0]
        digits = address_of(name) is not None
        return name in self.own or name in self.allowed or (digits and (self.open or loopback(name)))

    def may_ask(self, origin: str, host: str) -> bool:
        """Whether the page at `origin` is this server's own, asked for as `host`, or one at an allowed name."""
        try:
            scheme, netloc = urlsplit(origin)[:2]
        except ValueError:
            return False
        page, here = parse_host(netloc), parse_host(host)
        if scheme not in PORTS or page is None or here is None:
            return False
        # a proxy may have changed the Host; what it says about that is not believed, for anybody could say it
        port = PORTS[scheme]
        return page[0] in self.allowed or (page[0], page[1] or port) == (here[0], here[1] or port)


def names_of(listening: str, given: str = "localhost", allow: Iterable[str] = ()) -> Names:
    """The names of a server at the address `listening`, which was `given` as perhaps a name."""
    own, beyond = {"localhost", given.lower().removesuffix(".")}, not loopback(listening)
    if beyond:
        machine = socket.gethostname().lower()
        own |= {machine, socket.getfqdn().lower(), f"{machine.partition('.')[0]}.local"}
    return Names(frozenset(own), frozenset(map(allowed_name, allow)), beyond)


def allowed_name(name: str) -> str:
    """A name as it stands in a Host header. ValueError where none could be so called.

    >>> allowed_name("Bücher.example:8443")
    'xn--bcher-kva.example'
    """
    try:
        said = parse_host(name if name.isascii() else ":".join(_ascii(part) for part in name.split(":", 1)))
    except UnicodeError:
        said = None
    if said is None or "*" in name:
        raise ValueError(f"--allow-host takes a whole name without http://, such as photos.example.org; got {name!r}")
    return said[0]


def _ascii(part: str) -> str:
    return part.encode("idna").decode("ascii") if part else part
