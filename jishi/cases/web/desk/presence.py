"""Who else has this case open: shown, never stored (spec 10 §14).

A screen says every 30 seconds that it is there. What it said is an empty file in the memory of this machine, whose
name holds the case (hashed), the screen and the post; after 45 seconds it counts no more and is removed. All web
processes of the machine see it, the database and its backups never do, a restart forgets it (docs/decisions/0009).
No moment is kept of a person: nothing can be counted from it.
"""

import hashlib
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from jishi.cases.queries import casepage
from jishi.cases.web.desk.edge import staffed
from jishi.foundation.refusals import Invalid

BEAT, LASTS = 30, 45  # seconds: between two signs, and until a screen counts as closed
MOST = 20  # screens shown of one case
_SCREEN = re.compile(r"[0-9a-z]{8,24}")


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else's screen. `own`: the same person's other window."""

    post: str
    own: bool


def say(case: tuple[int, int], screen: str, *, who: str, post: str) -> list[Other]:
    """Say that this screen is open on a case (tenant, id), and give the others, each person once."""
    home = _home(case)
    _sweep()
    sign = home / f"{screen}~{_hex(who)}~{_hex(post)}"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        sign.touch(mode=0o600)
    except FileNotFoundError:  # swept between the two
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        sign.touch(mode=0o600)
    return _others(home, screen, who)


def leave(case: tuple[int, int], screen: str) -> None:
    """Say that this screen was closed."""
    for sign in _home(case).glob(f"{screen}~*"):
        sign.unlink(missing_ok=True)


def _others(home: Path, screen: str, who: str) -> list[Other]:
    found: dict[str, Other] = {}
    oldest = time.time() - LASTS
    for sign in sorted(home.iterdir())[: MOST * 4]:
        try:
            gone = sign.stat().st_mtime < oldest
        except FileNotFoundError:
            continue
        if gone:
            sign.unlink(missing_ok=True)
            continue
        theirs, person, post = sign.name.split("~")
        if theirs != screen:
            found.setdefault(person, Other(bytes.fromhex(post).decode(), person == _hex(who)))
    return list(found.values())[:MOST]


_swept = 0.0


def _sweep() -> None:
    """Remove what counts no more, at most once a minute in a process."""
    global _swept
    if time.monotonic() - _swept < 60:
        return
    _swept, oldest = time.monotonic(), time.time() - LASTS
    for home in Path(settings.PRESENCE_DIR).glob("*"):
        for sign in home.glob("*"):
            with suppress(FileNotFoundError):  # another process sweeps too
                if sign.stat().st_mtime < oldest:
                    sign.unlink(missing_ok=True)
        with suppress(OSError):  # somebody is there, or has just come
            home.rmdir()


def _home(case: tuple[int, int]) -> Path:
    name = hashlib.sha256(f"{settings.SECRET_KEY}:{case[0]}:{case[1]}".encode()).hexdigest()[:32]
    return Path(settings.PRESENCE_DIR) / name


def _hex(text: str) -> str:
    return text.encode()[:60].decode(errors="ignore").encode().hex()


@never_cache
@require_POST
@staffed()
def here(request: HttpRequest, number: str) -> HttpResponse:
    """Take one sign of a screen, and answer with who else has the case open.

    :raises NotFound: no such case for this colleague.
    """
    found = casepage.find(number, by=request.actor)
    screen = str(request.POST.get("screen", ""))
    if not _SCREEN.fullmatch(screen):
        raise Invalid(detail="screen")
    case = (found.tenant_id, found.id)
    if request.POST.get("left"):
        leave(case, screen)
        return HttpResponse(status=204)
    others = say(case, screen, who=str(request.actor.account_id), post=str(getattr(request, "acting_as", "")))
    return render(request, "cases/desk/others_here.html", {"others": others})
