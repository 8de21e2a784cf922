"""By which names a server may be asked."""

import pytest

from sightline.web.host import allowed_name, loopback, names_of, parse_host

FOREIGN = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost", "box.example", "", " "]
FOREIGN += [
    "[::1",
    "::1",
    "127.0.0.1:port",
    "127.0.0.1:8765:1",
    "a b",
    "localhost/",
    "x@localhost",
    "localhost,evil.example",
]
FOREIGN += ["0x7f.1", "2130706433", "127.1", "[localhost]", "localhost..", ".", "localhost:123456"]
LOOPBACK = ["localhost", "LOCALHOST:1", "localhost.", "127.0.0.1", "127.0.0.1:8765", "127.8.9.1", "[::1]", "[::1]:8765"]
LOOPBACK += ["[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "127.0.0.1."]
DIGITS = ["192.168.0.9", "192.168.0.9:8765", "10.0.0.1:80", "[fe80::1%eth0]:8765", "[fe80::1%25eth0]", "[2001:db8::7]"]


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """It is called Box, and box.home.example by its network."""
    monkeypatch.setattr("socket.gethostname", lambda: "Box")
    monkeypatch.setattr("socket.getfqdn", lambda: "box.home.example")


@pytest.mark.parametrize("host", [*FOREIGN, *DIGITS, "box", "box.local", "0.0.0.0"])
def test_for_this_machine_only_no_other_name_and_no_other_address_is_served(host):
    assert not names_of("127.0.0.1").has(host)


@pytest.mark.parametrize("listening", ["127.0.0.1", "::1", "0.0.0.0", "::", "192.168.0.9"])
@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_by_any_of_its_names_is_served(listening, host):
    assert names_of(listening).has(host)


@pytest.mark.parametrize("listening", ["0.0.0.0", "::", "192.168.0.9", "fe80::1"])
def test_on_a_network_addresses_and_own_names_are_served_and_foreign_names_are_not(listening):
    names = names_of(listening)
    assert all(map(names.has, [*DIGITS, "box", "BOX:8765", "box.local", "Box.Local.", "box.home.example."]))
    assert not any(map(names.has, [*FOREIGN, "fox.local", "box.evil.example", "box.local.evil.example"]))


def test_the_name_given_to_listen_at_is_its_own():
    assert names_of("127.0.1.1", given="Box").has("box:8765")
    assert names_of("10.0.0.1", given="nas.lan").has("nas.lan")
    assert not names_of("127.0.1.1", given="Box").has("box.evil.example")


def test_allowed_names_are_served_whatever_their_port_and_nothing_below_them():
    names = names_of("127.0.0.1", allow=["Photos.Example.org:8443", "192.168.0.9", "[fe80::1]", "bücher.example"])
    for host in ("photos.example.org", "photos.example.org.:1", "192.168.0.9:80", "[FE80::1]", "xn--bcher-kva.example"):
        assert names.has(host), host
    assert not any(map(names.has, ["a.photos.example.org", "example.org", "photos.example.org.evil.example"]))


@pytest.mark.parametrize(
    "name", ["https://photos.example.org", "photos.example.org/", "*", "*.example.org", "", "a b", "[::1", "ü" * 80]
)
def test_what_cannot_be_a_host_name_cannot_be_allowed(name):
    with pytest.raises(ValueError, match="--allow-host takes a whole name"):
        allowed_name(name)


def test_a_page_of_ones_own_or_at_an_allowed_name_may_ask():
    names = names_of("127.0.0.1", allow=["photos.example.org"])
    assert names.may_ask("http://127.0.0.1:8765", "127.0.0.1:8765")
    assert names.may_ask("http://localhost", "LOCALHOST:80")
    assert names.may_ask("http://[::1]:8765", "[0::1]:8765")
    # a proxy that passes its own name on, and one that changes it
    assert names.may_ask("https://photos.example.org", "photos.example.org")
    assert names.may_ask("https://photos.example.org:8443", "127.0.0.1:8765")


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://127.0.0.1:1", "http://localhost:8765", "http://evil.example"]
    + [
        "http://photos.example.org.evil.example",
        "file://",
        "http://[::1",
        "ftp://photos.example.org",
        "photos.example.org",
    ],
)
def test_another_page_may_not(origin):
    assert not names_of("127.0.0.1", allow=["photos.example.org"]).may_ask(origin, "127.0.0.1:8765")


def test_a_host_is_read_with_its_port():
    assert (
        parse_host("Box:80") == ("box", 80)
        and parse_host("box:") == ("box", None)
        and parse_host("[::1]:0") == ("::1", 0)
    )
    assert loopback("::ffff:127.0.0.1") and not loopback("::ffff:10.0.0.1") and not loopback("localhost.evil.example")
