"""The one outgoing door (spec 90 §9): whatever leaves for an address that somebody else named goes through here.

The name is resolved once, every address of it must be public unicast, and the connection goes to that very address
with the name's certificate. No proxy of the environment, no redirects, 10 s for each step and a limit for the whole
call, a short answer. Receivers inside a government network are listed by the operator of the installation:
`JISHI_INSIDE`.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urlsplit

from django.conf import settings

from jishi.foundation.refusals import Refused

SECONDS = 10  # for each step: a connection, a read
LETTER = 30  # seconds for a whole call, however slowly the other side drips
WHOLE = 60  # seconds for one large answer
PIECE = 64 * 1024
LONGEST_URL = 500
LONGEST_ANSWER = 64 * 1024  # bytes that are read of an answer
PORTS = {"https": 443, "http": 80}
_AS_IT_IS = "/%:@!$&'()*+,;=~|"  # characters of an address that stay as they were given
# What `is_global` still lets through although it leads elsewhere: 6to4, NAT64, Teredo carry an address inside.
_CARRYING = tuple(ipaddress.ip_network(n) for n in ("2002::/16", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32"))


class AddressRefused(Refused):
    code, status = "address_refused", 422
    zh, en = "这个地址不能作为接收地址：{why_zh}。", "This address cannot receive: {why_en}."
    next_zh = "请给公网上的 http(s) 地址；内网的接收方由系统管理员登记。"
    next_en = "Give an http(s) address on the public network; the administrator lists receivers inside a network."


class NotDelivered(Exception):
    """The other side did not take it; it is tried again. `code` names why and holds nothing that was sent."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Inside:
    """A receiver inside a network: this host, only at these addresses, only on this port."""

    host: str
    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be called: where the connection goes, and under which name."""

    url: SplitResult
    host: str
    port: int
    addresses: tuple[str, ...]


def inside() -> tuple[Inside, ...]:
    """Give the listed receivers inside: ``host=range:port`` with commas.

    :raises ValueError: the setting cannot be read; the start fails on it, not a delivery.
    """
    found = []
    for entry in filter(None, (e.strip() for e in settings.INSIDE.split(","))):
        host, _, where = entry.partition("=")
        network, _, port = where.rpartition(":")
        found.append(Inside(host.lower(), ipaddress.ip_network(network.strip("[]")), int(port)))
    return tuple(found)


def target(url: str) -> Target:
    """This will resolve `url` and give where it leads.

    :raises AddressRefused: no http(s) address, user data in it, unknown, or one of its addresses is not public.
    """
    split = _split(url)
    host, port = split.hostname or "", split.port or PORTS[split.scheme]
    addresses = _resolve(host, port)
    for address in addresses:
        if not (is_public(address) or _is_listed(host, address, port)):
            raise AddressRefused(why_zh="它不在公网上", why_en="it is not on the public network")
    return Target(split, host, port, addresses)


def is_public(address: str) -> bool:
    """Tell whether an address is public unicast, also the one that it carries inside.

    >>> is_public("93.184.216.34"), is_public("::ffff:10.0.0.1"), is_public("169.254.169.254")
    (True, False, False)
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if any(found in network for network in _CARRYING) or found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """This will send `body` once and insist on an answer of 2xx.

    :raises NotDelivered: no connection, no answer in time, another status; a redirect is not followed.
    :raises AddressRefused: the name leads to no public address now.
    """
    answer = ask("POST", url, body, headers)
    if not 200 <= answer.status < 300:
        raise NotDelivered(f"status_{answer.status}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: status, kind, and at most `LONGEST_ANSWER` bytes."""

    status: int
    kind: str
    body: bytes = field(repr=False)


def ask(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    """This will ask once and give the answer, whatever its status; a redirect is not followed.

    :raises NotDelivered: no connection, no answer in time, or one that is too long. :raises AddressRefused: as `post`.
    """
    to = target(url)
    with _call(to, LETTER) as connection:
        connection.request(method, _path(to), body=body, headers={"User-Agent": "Jishi", **headers})
        answer = connection.getresponse()
        said = answer.read(LONGEST_ANSWER)
        if method != "POST" and answer.read(1):
            raise NotDelivered("too_long")
    return Answer(answer.status, answer.headers.get("Content-Type", ""), said)


def bring(url: str, *, longest: int) -> Answer:
    """This will fetch what lies at an address that a stranger named: at most `longest` bytes within a minute.

    A redirect is not followed; receivers inside, listed for our own letters, are none of a stranger's.
    :raises NotDelivered: as `ask`; too long; too slow. :raises AddressRefused: as `post`, and whatever is not public.
    """
    to = target(url)
    if not all(is_public(address) for address in to.addresses):
        raise AddressRefused(why_zh="它不在公网上", why_en="it is not on the public network")
    pieces, size = [], 0
    with _call(to, WHOLE) as connection:
        connection.request("GET", _path(to), headers={"User-Agent": "Jishi"})
        answer = connection.getresponse()
        while piece := answer.read1(PIECE):
            size += len(piece)
            if size > longest:
                raise NotDelivered("too_long")
            pieces.append(piece)
        if answer.length:  # it was cut off before its end
            raise NotDelivered("bad_answer")
    return Answer(answer.status, answer.headers.get("Content-Type", ""), b"".join(pieces))


# --- pieces ------------------------------------------------------------------------------------------------


@contextmanager
def _call(to: Target, seconds: float) -> Iterator["_Plain"]:
    """One call from dialling to the last byte. A timeout for each read sees no header that drips: a clock cuts it off.

    :raises NotDelivered: whatever the connection says, and `timeout` when the time for the whole is over.
    """
    connection = _Plain(to, seconds) if to.url.scheme == "http" else _Secured(to, seconds)
    clock = threading.Timer(seconds, connection.cut)
    clock.daemon = True
    clock.start()
    try:
        yield connection
        if connection.is_cut:
            raise NotDelivered("timeout")
    except (OSError, http.client.HTTPException, NotDelivered) as no:
        code = no.code if isinstance(no, NotDelivered) else _named(no)
        raise NotDelivered("timeout" if connection.is_cut else code) from None
    finally:
        clock.cancel()
        connection.close()


def _path(to: Target) -> str:
    """Give path and query as a request line may hold them: what is not ASCII is written in per cent."""
    query = f"?{quote(to.url.query, safe=_AS_IT_IS + '?[]')}" if to.url.query else ""
    return quote(to.url.path or "/", safe=_AS_IT_IS) + query


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        raise AddressRefused(why_zh="读不懂", why_en="it cannot be read") from None
    if len(url) > LONGEST_URL or any(c <= " " or c == "\x7f" or c == "\\" for c in url):
        raise AddressRefused(why_zh="太长，或有不该有的字符", why_en="too long, or with characters it must not have")
    if split.scheme not in PORTS or not split.hostname:
        raise AddressRefused(why_zh="不是 http(s) 地址", why_en="it is no http(s) address")
    if split.username is not None or split.password is not None or split.fragment:
        raise AddressRefused(why_zh="带有账号、口令或片段", why_en="it carries a user, a password or a fragment")
    if port == 0:
        raise AddressRefused(why_zh="端口不对", why_en="its port is wrong")
    return split


def _resolve(host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused(why_zh="没有这个名字", why_en="there is no such name") from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_listed(host: str, address: str, port: int) -> bool:
    at = ipaddress.ip_address(address.partition("%")[0])
    return any(one.host == host.lower() and one.port == port and at in one.network for one in inside())


def _named(no: Exception) -> str:
    if isinstance(no, TimeoutError):
        return "timeout"
    if isinstance(no, ssl.SSLError):
        return "certificate" if isinstance(no, ssl.SSLCertVerificationError) else "tls"
    return "no_connection" if isinstance(no, OSError) else "bad_answer"


def _dial(addresses: Sequence[str], port: int, until: float) -> socket.socket:
    last: OSError = TimeoutError("no time left")
    for address in addresses:
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            found = socket.create_connection((address, port), min(SECONDS, left))
            found.settimeout(SECONDS)
            return found
        except OSError as no:
            last = no
    raise last


class _Plain(http.client.HTTPConnection):
    """A connection to the addresses that were checked, under the name that was given, for so many seconds in all."""

    def __init__(self, to: Target, seconds: float) -> None:
        super().__init__(to.host, to.port, timeout=SECONDS)
        self._to, self._until, self.is_cut = to, time.monotonic() + seconds, False

    def connect(self) -> None:
        self.sock = _dial(self._to.addresses, self._to.port, self._until)

    def cut(self) -> None:
        """End it from outside: whoever waits for a byte gets none."""
        self.is_cut = True
        with suppress(OSError, AttributeError):  # it never stood, or stands no more
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _Secured(_Plain):
    """The same with TLS: the certificate must be the name's."""

    default_port = PORTS["https"]

    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(
            self.sock, server_hostname=self._to.host, do_handshake_on_connect=False
        )
        self.sock.do_handshake()  # after it is named here: its time can be cut as well
