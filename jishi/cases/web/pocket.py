"""随身页: the shell of an app that works in a stairwell, its worker, its manifest, and what it starts with.

The shell names no person, carries no token and no case: a browser may keep it. What is somebody's comes by `start`, and
lies on the device in a store that bears the name of its owner, an opaque one.
"""

import hashlib
import json
from functools import cache
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.accounts.actions import devices
from jishi.cases.actions import recordings
from jishi.cases.queries import ontheway, patch
from jishi.cases.web.desk.edge import lang, staffed
from jishi.foundation.refusals import NotFound

FILES = (
    "portal/tokens.css", "portal/jishi.css", "portal/pages.css", "portal/icons.svg", "portal/mark.svg",
    "portal/shell.js", "cases/pocket/pocket.js", "cases/pocket/store.js", "cases/pocket/queue.js",
    "cases/pocket/code.js", "cases/pocket/lock.js", "cases/pocket/pockets.js", "cases/pocket/spots.js",
    "cases/pocket/errands.js", "cases/pocket/forms.js", "cases/pocket/clock.js", "cases/pocket/photos.js",
    "cases/pocket/voice.js",
    "cases/pocket/pocket.css", "cases/pocket/icon-192.png", "cases/pocket/icon-512.png",
)  # fmt: skip
GOING = ("grid_worker", "volunteer")


@never_cache
@require_GET
@staffed(*GOING)
def shell(request: HttpRequest) -> HttpResponse:
    """Show the app. All its screens are in this one page, so that it opens without network."""
    known = {"owner": _owner(request), "box": devices.lock_of(request.actor)}
    return render(request, "cases/pocket/shell.html", {**known, "spots": _spots(), "lang": lang()})


@never_cache
@require_GET
@staffed(*GOING)
def start(request: HttpRequest) -> JsonResponse:
    """Give what the app works with until it has network again: grids, errands, rounds; the token for sending, the key
    that seals what lies on the device.

    :raises DeviceEnded: this device was ended, and nobody has signed in on it since.
    """
    session = request.session.session_key or ""
    number = _number(request)
    last = request.headers.get("X-Jishi-Key", "")
    key_no = int(last) if last.isascii() and last.isdigit() and len(last) < 6 else 0
    who = {"session": session, "by": request.actor, "now": request.now}
    seal = devices.met(number, key_no=key_no, **who) if number else None
    found = ontheway.mine(by=request.actor, now=request.now)
    grids = ontheway.grid_names(request.actor, now=request.now)
    return JsonResponse(
        {
            "owner": _owner(request), "csrf": get_token(request), "seal": seal, "now": found.now,
            "proof": _proof(request),
            "grids": [{"code": code, "name": name} for code, name in grids],
            "errands": list(found.errands), "routes": list(found.routes), "more": found.more,
            **_voices(request),
        }
    )  # fmt: skip


def _voices(request: HttpRequest) -> dict[str, Any]:
    """Give what was written down of one's own voice and waits for its speaker's word, and how many are kept."""
    rows, page = recordings.own_voices(request.actor), reverse("pocket-voices")
    waits = [r for r in rows if r.written_at is not None and r.confirmed_at is None]
    told = [{"report": r.report.number, "at": r.sent_at, "page": f"{page}#v{r.id}"} for r in waits]
    return {"voices": told, "voices_kept": len(rows)}


@never_cache
@require_POST
@staffed(*GOING)
def key(request: HttpRequest, do: str) -> JsonResponse:
    """Give this device another key (`renew`), or never again the one before (`settle`). `of`: which key lies there.

    :raises Invalid, NotFound, DeviceEnded: as the verbs say.
    """
    verb = devices.renew if do == "renew" else devices.settle
    session, of = request.session.session_key or "", request.POST.get("of", "")
    return JsonResponse(verb(_number(request), of=of, session=session, by=request.actor, now=request.now))


@never_cache
@require_GET
@staffed(*GOING)
def spots(request: HttpRequest) -> JsonResponse:
    """Give the houses and entrances of the own area, to be picked without network; asked for twice a day at most."""
    found, left_out = ontheway.spots(request.actor, now=request.now)
    return JsonResponse({"owner": _owner(request), "spots": found, "more": bool(left_out), "left_out": left_out})


@never_cache
@require_GET
def device(request: HttpRequest) -> JsonResponse:
    """Tell a device on which nobody is signed in whether it was ended: then it closes what lies on it."""
    return JsonResponse({"known": devices.is_known(_number(request), by=request.actor, now=request.now)})


def _number(request: HttpRequest) -> str:
    return request.headers.get("X-Jishi-Device", "")


def _owner(request: HttpRequest) -> str:
    """Name the account so that a device knows it again, and nobody else does."""
    return salted_hmac("jishi.pocket", f"{request.tenant.id}:{request.actor.account_id}").hexdigest()[:20]


def _proof(request: HttpRequest) -> str:
    """Name the moment at which this person last showed who it is; another id of the same session shows nothing."""
    said = f"{request.tenant.id}:{request.actor.account_id}:{request.shown_at.isoformat()}"
    return salted_hmac("jishi.pocket.proof", said).hexdigest()[:20]


def _spots() -> list[tuple[str, str]]:
    language = lang()
    return [(m.code, m.called(language)) for m in patch.spot_matters()]


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """Give the service worker with the list of what it keeps; another list is another version."""
    body = f"const FILES = {json.dumps([static(f) for f in FILES])};\nconst VERSION = {json.dumps(_version())};\n"
    found = finders.find("cases/pocket/worker.js")
    if not isinstance(found, str):
        raise NotFound
    with open(found, encoding="utf-8") as source:
        body += source.read()
    response = HttpResponse(body, content_type="text/javascript; charset=utf-8")
    response["Service-Worker-Allowed"] = reverse("pocket")
    response["Cache-Control"] = "no-cache"
    return response


@cache
def _version() -> str:
    """Name what the app is made of: files change with the program, never while it runs."""
    seen = hashlib.sha256()
    for name in (*FILES, "cases/pocket/worker.js"):
        found = finders.find(name)
        if isinstance(found, str):
            with open(found, "rb") as file:
                seen.update(hashlib.sha256(file.read()).digest())
    return seen.hexdigest()[:16]


@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """Give the name, the icons and the colours by which a phone installs it."""
    icons: list[dict[str, Any]] = [
        {"src": static(f"cases/pocket/icon-{n}.png"), "sizes": f"{n}x{n}", "type": "image/png", "purpose": purpose}
        for n in (192, 512)
        for purpose in ("any", "maskable")
    ]
    page = reverse("pocket")
    told = {
        "id": page, "start_url": page, "scope": page, "name": _("基石随身页"), "short_name": _("随身页"),
        "description": _("看到就报，当场记一笔，跑腿单；没有网络照常做。"), "display": "standalone", "lang": lang(),
        "background_color": "#f6f4ef", "theme_color": "#0f5b6e", "icons": icons,
        "shortcuts": [
            {"name": _("看到一件事"), "url": f"{page}#report"},
            {"name": _("跑腿单"), "url": f"{page}#errands"},
        ],
    }  # fmt: skip
    response = HttpResponse(json.dumps(told, ensure_ascii=False), content_type="application/manifest+json")
    response["Cache-Control"] = "no-cache"
    return response
