"""The receipt between sending and reading: number and word travel in the sender's own browser, never in our store.

A second press of the same form must give the same receipt, word included. So what the idempotency record keeps of
the word is sealed with the form's own hidden key, of which the record has only a hash.
"""

import base64
import hashlib
import json
from dataclasses import dataclass

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "__Host-jishi_receipt" if settings.SESSION_COOKIE_SECURE else "jishi_receipt"
SALT = "cases.receipt"
SHOWN_FOR = 15 * 60  # seconds: long enough to write it down, or to come back after a call


@dataclass(frozen=True, slots=True)
class Slip:
    """What the receipt shows beside the stored facts."""

    report_id: int
    word: str


def name_of(form_key: str) -> str:
    """Give the name under which the act is claimed; the key itself is not stored."""
    return hashlib.sha256(b"speak:" + form_key.encode()).hexdigest()


def body_of(form_key: str, said: dict[str, object]) -> bytes:
    """Give what a second press must repeat, salted: its stored hash tells nothing of the words."""
    return form_key.encode() + json.dumps(said, ensure_ascii=False, sort_keys=True, default=str).encode()


def sealed_word(form_key: str, word: str) -> str:
    return _key(form_key).encrypt(word.encode()).decode()


def opened_word(form_key: str, token: str) -> str:
    return _key(form_key).decrypt(token.encode()).decode()


def hand_over(response: HttpResponse, slip: Slip) -> HttpResponse:
    """Give the slip to the sender's browser, for the receipt page alone."""
    value = signing.dumps([slip.report_id, slip.word], salt=SALT)
    response.set_cookie(
        COOKIE,
        value,
        max_age=SHOWN_FOR,
        httponly=True,
        samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


def slip_of(request: HttpRequest) -> Slip | None:
    """Read the slip; none, or an old one: nothing."""
    try:
        report_id, word = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=SHOWN_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Slip(int(report_id), str(word))


def take_away(response: HttpResponse) -> HttpResponse:
    response.delete_cookie(COOKIE, samesite="Strict")
    return response


def _key(form_key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"receipt.word:" + form_key.encode()).digest()))
