"""Whether a passkey on the list signed for this, just now (WebAuthn level 2, §7.2). Nothing is stored here."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.webauthn import AuthenticatorData

from jishi.foundation.broker.book import Person
from jishi.foundation.broker.refusals import SignatureNeeded

LOCAL = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a browser gave: which passkey, what it signed, the signature."""

    credential: str  # hex
    challenge: str  # hex
    origin: str
    authenticator: bytes
    client: bytes
    signature: bytes


def read(raw: str) -> Shown:
    """Read the JSON that `navigator.credentials.get` gave. :raises SignatureNeeded: it is none."""
    try:
        said: dict[str, Any] = json.loads(raw)
        response = said["response"]
        client = _bytes(response["clientDataJSON"])
        told = json.loads(client)
        if told["type"] != "webauthn.get" or told.get("crossOrigin"):
            raise SignatureNeeded
        return Shown(
            _bytes(said["rawId"]).hex(), _bytes(told["challenge"]).hex(), str(told["origin"]),
            _bytes(response["authenticatorData"]), client, _bytes(response["signature"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as no:
        raise SignatureNeeded from no


def ensure_signed(shown: Shown, person: Person) -> None:
    """Insist that this person's passkey signed it, on the page of its own site, and that the person was verified.

    :raises SignatureNeeded: another site, no verification of the person, or a signature that does not hold.
    """
    try:
        told = AuthenticatorData(shown.authenticator)
        at = urlsplit(shown.origin)
        host = at.hostname or ""
    except Exception as no:  # the library says no in many ways: struct.error, RecursionError, …
        raise SignatureNeeded from no
    at_home = host == person.rp or host.endswith(f".{person.rp}")
    if not at_home or (at.scheme != "https" and host not in LOCAL):
        raise SignatureNeeded
    if told.rp_id_hash != hashlib.sha256(person.rp.encode()).digest():
        raise SignatureNeeded
    if not (told.is_user_present() and told.is_user_verified()):
        raise SignatureNeeded
    key = CoseKey.parse(cbor.decode(bytes.fromhex(person.public_key)))  # type: ignore[arg-type]
    try:
        key.verify(shown.authenticator + hashlib.sha256(shown.client).digest(), shown.signature)
    except (InvalidSignature, NotImplementedError) as no:
        raise SignatureNeeded from no


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def ensure_key(person: Person) -> None:
    """Insist that a person's key is one that can be checked. :raises ValueError: it is none."""
    try:
        key = CoseKey.parse(cbor.decode(bytes.fromhex(person.public_key)))  # type: ignore[arg-type]
        bytes.fromhex(person.credential)
    except Exception as no:  # the library says no in many ways
        raise ValueError("public_key") from no
    if type(key).__name__ == "UnsupportedKey":
        raise ValueError("public_key")
