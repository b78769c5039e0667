"""Which hash a tenant chose at its founding: `a` SHA-256, `s` SM3 (90 §5)."""

import hashlib
from collections.abc import Callable

from jishi.kernels.ledger.sm3 import sm3

Hasher = Callable[[bytes], bytes]


def _sha256(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


SUITES: dict[str, Hasher] = {"a": _sha256, "s": sm3}


class UnknownSuite(ValueError):
    """No hash goes by this letter."""


def hasher(suite: str, hash_function: Hasher | None = None) -> Hasher:
    """This will give the hash of a suite; a faster one of the same suite may be handed in.

    :raises UnknownSuite: for any letter but `a` and `s`.
    """
    if suite not in SUITES:
        raise UnknownSuite(f"no suite {suite!r}")
    return hash_function or SUITES[suite]
