"""How the site and its broker speak: TLS 1.3 in both directions of proof, over a local socket or a network.

Each side has a key pair of its own and knows the other's certificate by heart: there is no authority to trust. A
message is four bytes of length and a JSON object; bytes travel as hex.
"""

import json
import os
import socket
import ssl
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MOST = 4 << 20  # bytes of one message
BROKER, SITE, SITES = "broker", "site", "sites.crt"
YEARS = timedelta(days=3650)
_LENGTH = struct.Struct(">I")


class Broken(OSError):
    """The other side stopped in the middle, or sent what is no message."""


def send(to: socket.socket, message: dict[str, Any]) -> None:
    """Send one message."""
    raw = json.dumps(message, separators=(",", ":")).encode()
    to.sendall(_LENGTH.pack(len(raw)) + raw)


def receive(source: socket.socket) -> dict[str, Any] | None:
    """Give the next message; None where the other side has closed between two. :raises Broken: in the middle of one."""
    head = _exactly(source, _LENGTH.size)
    if not head:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MOST:
        raise Broken("too long")
    raw = _exactly(source, length)
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError) as no:
        raise Broken("no JSON") from no
    if not isinstance(message, dict):
        raise Broken("no object")
    return message


def make_pair(folder: Path, name: str) -> Path:
    """This will make a key (0600) and a certificate of its own for one side; gives the certificate's path."""
    key = ec.generate_private_key(ec.SECP256R1())
    who, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"jishi-{name}")]), datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    made = made.not_valid_after(now + YEARS).add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    plain = serialization.NoEncryption()
    written = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    descriptor = os.open(folder / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(written)
    path = folder / f"{name}.crt"
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def pair(folder: Path, to: Path) -> None:
    """This will make a site's pair in `to`, with the broker's certificate beside it, and let the broker know it."""
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = make_pair(to, SITE)
    (to / f"{BROKER}.crt").write_bytes((folder / f"{BROKER}.crt").read_bytes())
    with (folder / SITES).open("ab") as known:
        known.write(made.read_bytes())


def as_broker(folder: Path) -> ssl.SSLContext:
    """Give the broker's side. :raises OSError: no pair, or no site is paired yet."""
    return _context(ssl.PROTOCOL_TLS_SERVER, folder, BROKER, SITES)


def as_site(folder: Path) -> ssl.SSLContext:
    """Give the site's side. :raises OSError: the pair or the broker's certificate is not there."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, folder, SITE, f"{BROKER}.crt")


def _context(side: int, folder: Path, own: str, others: str) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname, context.verify_mode = False, ssl.CERT_REQUIRED  # known by heart, not by name
    context.load_cert_chain(folder / f"{own}.crt", folder / f"{own}.key")
    context.load_verify_locations(folder / others)
    return context


def connect(address: str, context: ssl.SSLContext, *, patience: float) -> ssl.SSLSocket:
    """Connect to `unix:/path` or `host:port`; both sides have shown who they are when this returns.

    :raises OSError: nobody is there, or it is somebody else.
    """
    if address.startswith("unix:"):
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(patience)
        try:
            plain.connect(address.removeprefix("unix:"))
        except OSError:
            plain.close()
            raise
    else:
        host, _, port = address.rpartition(":")
        plain = socket.create_connection((host.strip("[]"), int(port)), timeout=patience)
    return context.wrap_socket(plain)


def _exactly(source: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = source.recv(min(count - len(found), 65536))
        if not piece:
            if found or count != _LENGTH.size:
                raise Broken("cut off")
            return b""
        found += piece
    return found
