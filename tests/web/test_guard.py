"""What the server refuses: uploads that are no pictures, paths, other sites; and what it forbids the browser."""

import os
import socket
import struct
import zlib

import pytest

SECRET = b"root:secret"


def png_header(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def raw(served, head, body=()):
    """Sends bytes as they are; gives the answer and how many bytes of the body were taken before it came."""
    sent = 0
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
        line.sendall(head)
        try:
            for part in body:
                line.settimeout(20)
                line.sendall(part)
                sent += len(part)
        except OSError:
            pass  # it was refused while we sent
        answer = b""
        try:
            while part := line.recv(65536):
                answer += part
        except OSError:
            pass
    return answer, sent


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "no picture was sent"),
        (b"just some words, not a picture", 415, "not a picture"),
        (b"<html><script>1</script></html>", 415, "not a picture"),
        (b"%PDF-1.7 " + b"x" * 2000, 415, "not a picture"),
        (png_header(30_000, 30_000), 413, "too large to open"),
        (png_header(60, 60)[:-20], 422, "cannot be used"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><rect", 422, "cannot be used"),
        (
            b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;',
            422,
            "",
        ),
    ],
)
def test_what_is_no_picture_is_refused_in_words(served, body, status, says):
    answer = served.post(body)
    assert answer.status == status, answer.body
    assert says in answer.json["error"]


def test_a_bomb_inside_gzip_is_refused(served):
    packer = zlib.compressobj(1, wbits=31)
    bomb = packer.compress(b"<svg " + b" " * (80 * 2**20)) + packer.flush()
    assert len(bomb) < 2**20 and served.post(bomb).status in (413, 415, 422)


def test_an_upload_of_100_mb_is_refused_by_what_it_announces(served):
    head = f"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {100 * 2**20}\r\n\r\n"
    answer, _ = raw(served, head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ") and b"larger than 32 MB" in answer


def test_an_upload_of_100_mb_in_pieces_is_refused_while_it_arrives(served):
    head = b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    _, sent = raw(served, head, (piece for _ in range(100)))
    assert sent < 48 * 2**20
    assert served.get("/api/about").status == 200


PATHS = [
    "/api/pictures/../../etc/passwd",
    "/api/pictures/..%2f..%2fetc%2fpasswd",
    "/api/pictures/%2e%2e/%2e%2e/etc/passwd/file",
    "/api/pictures//etc/passwd/file",
    "/api/pictures/1/../../../etc/passwd",
    "/static/../app.py",
    "/static/..%2fapp.py",
    "/static/%2e%2e%2fapp.py",
    "/static/%252e%252e%252fapp.py",
    "/static/..\\app.py",
    "/static//etc/passwd",
    "/static/",
    "//etc/passwd",
    "/etc/passwd",
    "/static/app.py",
    "/api/pictures/1%00/file",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out(served, path):
    answer, _ = raw(served, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] in (b"404", b"422"), answer[:200]
    assert b"root:" not in answer and b"import " not in answer


def test_a_file_that_became_a_link_to_another_is_not_given(own_served, tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    id, path = own_served.id("ball"), own_served.folder / "ball.svg"
    path.unlink()
    os.symlink(tmp_path / "secret", path)
    for answer in (own_served.get(f"/api/pictures/{id}/file"), own_served.get(f"/api/pictures/{id}")):
        assert SECRET not in answer.body
    assert own_served.get(f"/api/pictures/{id}/file").status == 409
    assert "sightline index" in own_served.get(f"/api/pictures/{id}").json["unavailable"]


def test_a_file_that_changed_or_went_is_said(own_served):
    changed, gone = own_served.id("house"), own_served.id("ball")
    (own_served.folder / "house.svg").write_text("<svg/>")
    (own_served.folder / "ball.svg").unlink()
    for id in (changed, gone):
        answer = own_served.get(f"/api/pictures/{id}/file")
        assert answer.status == 409 and "Index again" in answer.json["error"]
        assert own_served.get(f"/api/pictures/{id}/thumb").status == 200


def test_an_svg_with_a_script_is_given_in_a_box_where_nothing_runs(served):
    answer = served.get(f"/api/pictures/{served.id('scripted')}/file")
    assert b"<script>" in answer.body
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'") and "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/api/about", "/static/app.js", "/api/nothing", "/api/pictures/999999/file"])
def test_every_answer_is_closed_to_other_sites(served, path):
    headers = served.get(path).headers
    assert headers["referrer-policy"] == "no-referrer" and headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "192.168.0.9:8765", "[::1", "localhost.x"]
)
def test_a_foreign_host_name_is_refused(served, host):
    answer = served.get("/api/about", Host=host)
    assert answer.status == 403 and "error" in answer.json


@pytest.mark.parametrize("host", ["localhost", "localhost:8765", "127.0.0.1:1", "[::1]:8765", "LOCALHOST"])
def test_this_machine_by_any_of_its_names_is_served(served, host):
    assert served.get("/api/about", Host=host).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"},
    ],
)
def test_another_site_may_not_search_by_a_picture(served, headers):
    answer = served.post((served.folder / "ball.svg").read_bytes(), **headers)
    assert answer.status == 403


def test_the_page_itself_may_and_links_to_it_may_be_followed(served):
    mine = {"Origin": served.url, "Sec_Fetch_Site": "same-origin"}
    assert served.post((served.folder / "ball.svg").read_bytes(), **mine).status == 200
    assert served.get("/?q=house", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200
    assert served.get("/api/pictures/1/thumb", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403
