"""Known devices: a browser in which somebody has signed in before keeps its own bucket of failed tries.

The cookie holds a random number and keyed hashes of the names that signed in here; it gives no right at all.
"""

import hashlib
import re
import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from jishi.accounts.actions.signing_in import name_mac

COOKIE = "__Host-jishi_device" if settings.SESSION_COOKIE_SECURE else "jishi_device"
SALT = "jishi.device"
LIFE = 180 * 24 * 3600  # seconds
NAMES = 5  # people who share one counter's browser


def of(request: HttpRequest, username: str) -> str:
    """Give the number of this device if this name has signed in on it; else empty: all unknown devices together."""
    number, names = _read(request)
    known = _mark(request, username) in names
    return hashlib.sha256(f"{number}:{username}".encode()).hexdigest()[:32] if known else ""


def remember(request: HttpRequest, response: HttpResponse, username: str) -> None:
    """Write this name into the device's cookie."""
    number, names = _read(request)
    mark = _mark(request, username)
    kept = [mark, *(n for n in names if n != mark)][:NAMES]
    response.set_cookie(
        COOKIE,
        signing.dumps([number or secrets.token_hex(16), kept], salt=SALT),
        max_age=LIFE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


_PROGRAMS = (
    ("Edg/", "Edge"),
    ("MicroMessenger", "微信"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def label(agent: str) -> str:
    """Name the kind of program and system, so that a person knows her own sessions apart.

    >>> label("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/130.0")
    'Firefox · Windows'
    """
    found = [next((name for mark, name in kinds if mark in agent), "") for kinds in (_PROGRAMS, _SYSTEMS)]
    return " · ".join(part for part in found if part)


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        number, names = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError, TypeError):
        return "", []
    ok = isinstance(number, str) and re.fullmatch(r"[0-9a-f]{32}", number) and isinstance(names, list)
    return (number, [str(n) for n in names]) if ok else ("", [])


def _mark(request: HttpRequest, username: str) -> str:
    return name_mac(request.tenant.id, username)[:20]
