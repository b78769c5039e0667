"""A person's device with a passkey on it: the one thing outside the house that these tests play."""

import base64
import hashlib
import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor

from jishi.foundation.broker.book import Person

HOST = "town.example"


class Device:
    """Signs what a page of `host` asks, as a passkey does; `verified`: the person showed a finger or a number."""

    def __init__(self, host: str = HOST) -> None:
        self.host, self.key = host, ec.generate_private_key(ec.SECP256R1())
        self.credential = secrets.token_bytes(16)

    @property
    def public_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor.encode({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    def listed(self, account: int, body: str, *may: str, tenant: int = 1) -> Person:
        """Give the line of the broker's list on which this passkey stands."""
        name = f"account {account}"
        return Person(tenant, account, body, name, self.credential.hex(), self.public_key.hex(), self.host, may)

    def registered(self) -> dict[str, object]:
        """Answer `navigator.credentials.create`, as the site keeps it."""
        client = json.dumps({"type": "webauthn.create", "challenge": "", "origin": f"https://{self.host}"}).encode()
        told = hashlib.sha256(self.host.encode()).digest() + bytes([0x45]) + bytes(4) + bytes(16)
        told += len(self.credential).to_bytes(2, "big") + self.credential + self.public_key
        made = cbor.encode({"fmt": "none", "attStmt": {}, "authData": told})
        return {
            "id": _text(self.credential), "rawId": _text(self.credential), "type": "public-key",
            "response": {"clientDataJSON": _text(client), "attestationObject": _text(made)},
        }  # fmt: skip

    def signed(self, challenge: bytes, *, verified: bool = True, origin: str = "", kind: str = "webauthn.get") -> bytes:
        """Answer `navigator.credentials.get`."""
        client = json.dumps(
            {"type": kind, "challenge": _text(challenge), "origin": origin or f"https://{self.host}"}
        ).encode()
        told = hashlib.sha256(self.host.encode()).digest() + bytes([0x05 if verified else 0x01]) + bytes(4)
        signature = self.key.sign(told + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        answer = {
            "id": _text(self.credential), "rawId": _text(self.credential), "type": "public-key",
            "response": {
                "clientDataJSON": _text(client), "authenticatorData": _text(told), "signature": _text(signature),
            },
        }  # fmt: skip
        return json.dumps(answer).encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
