"""A request ends where it ends: what is hidden in a body is never answered as a request of its own (ASVS V4.2.1).

Each try hides a request for a page that is none, and sends an honest one behind it that closes the connection. A server
that reads the body by another rule than RFC 9112 §6 answers 404; one that is told two lengths closes after its answer.
"""

import re
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.xdist_group("browser")

HIDDEN = "GET /no-such-page HTTP/1.1\r\nHost: {host}\r\n\r\n"
HONEST = "GET /health/live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
SIZE = len(HIDDEN.format(host="127.0.0.1:00000"))
CHUNKED = f"{SIZE:x}\r\n{{hidden}}\r\n0\r\n\r\n"


def answers(site: Any, headers: str, body: str) -> list[int]:
    """Send a POST with these headers and this body, then the honest request; give every status until it is closed."""
    at = urlsplit(site.url)
    host = f"127.0.0.1:{at.port}"
    hidden = HIDDEN.format(host=host)
    assert len(hidden) == SIZE
    said = headers.replace("{size}", str(SIZE)).replace("{name}", f"Host: {host}")
    sent = f"POST /health/live HTTP/1.1\r\n{said}\r\n\r\n{body.replace('{hidden}', hidden)}{HONEST.format(host=host)}"
    with socket.create_connection((at.hostname, at.port), timeout=60) as there:
        there.sendall(sent.encode("latin-1"))
        heard = b""
        try:
            while piece := there.recv(65536):
                heard += piece
        except ConnectionResetError:
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)]


@pytest.mark.parametrize(("headers", "body"), [
    ("{name}\r\nContent-Length: {size}", "{hidden}"),
    ("{name}\r\nTransfer-Encoding: chunked", CHUNKED),
    ("{name}\r\nTransfer-Encoding: chunked\r\nContent-Length: 4", CHUNKED),
    ("{name}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked", CHUNKED),
    ("{name}\r\nContent-Length: 90000\r\nTransfer-Encoding: chunked", CHUNKED),
    ("{name}\r\nTransfer-Encoding: Chunked", CHUNKED),
])  # fmt: skip
def test_a_body_is_read_by_its_own_rule_and_what_it_hides_is_no_request(site: Any, headers: str, body: str) -> None:
    heard = answers(site, headers, body)

    assert 404 not in heard, "what was hidden is answered"
    assert heard[1:] == ([] if "Length" in headers and "Encoding" in headers else [200]), "both lengths: it is the last"


@pytest.mark.parametrize(("headers", "body"), [
    ("{name}\r\nContent-Length: {size}\r\nContent-Length: 0", "{hidden}"),
    ("{name}\r\nContent-Length: 0\r\nContent-Length: {size}", "{hidden}"),
    ("{name}\r\nContent-Length: 0, {size}", "{hidden}"),
    ("{name}\r\nContent-Length: +{size}", "{hidden}"),
    ("{name}\r\nContent-Length: -1", "{hidden}"),
    ("{name}\r\nContent-Length: 0x20", "{hidden}"),
    ("{name}\r\nTransfer-Encoding: identity, xchunked\r\nContent-Length: {size}", "{hidden}"),
    ("{name}\r\nTransfer-Encoding : chunked\r\nContent-Length: {size}", "{hidden}"),
    ("{name}\r\nX-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 0", CHUNKED),
    ("{name}\r\nTransfer-Encoding: chunked", "0x9\r\n{hidden}\r\n0\r\n\r\n"),
    ("{name}\r\nTransfer-Encoding: chunked", "fffffffffffffffff\r\n{hidden}\r\n0\r\n\r\n"),
    ("{name}\r\nTransfer-Encoding: chunked", "-1\r\n{hidden}\r\n0\r\n\r\n"),
])  # fmt: skip
def test_a_length_that_can_be_read_in_two_ways_is_refused_and_the_connection_closed(
    site: Any, headers: str, body: str
) -> None:
    heard = answers(site, headers, body)

    assert len(heard) <= 1 and not {200, 404} & set(heard), heard
