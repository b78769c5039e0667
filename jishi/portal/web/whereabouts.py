"""我住在哪里: what a person has said about where she lives, is registered and belongs; she alone changes it here.

Living, registration and the collective are three facts; the page says of each what follows it.
"""

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.timezone import localdate
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, SignInNeeded
from jishi.places import queries as places
from jishi.places.actions import residence, transitions
from jishi.places.actions.residence import Whereabouts
from jishi.places.queries import coming as moving
from jishi.places.queries import transitions as passing

KINDS = {
    "living": (gettext_lazy("现在住的地方"), gettext_lazy("上门、走访、助餐、通知，跟着这里走。")),
    "registered": (gettext_lazy("户籍所在的地方"), gettext_lazy("写明按户籍的政策、户籍的证明，跟着这里走。")),
    "collective": (gettext_lazy("集体成员身份所在的村"), gettext_lazy("股份、土地、成员大会跟着这里走，住哪都不变。")),
}  # fmt: skip
PURPOSES = {
    "service": gettext_lazy("上门服务、走访、助餐、通知"), "offer": gettext_lazy("政策和补贴（没有另外写明的）"),
    "proof": gettext_lazy("居住证明"), "self_government": gettext_lazy("村（居）民委员会选举"),
    "collective": gettext_lazy("集体的份额和成员大会"),
}  # fmt: skip
KEPT_FOR = {"living": "service", "registered": "offer", "collective": "collective"}


@never_cache
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """Show what the person has said, who therefore serves her for what, and what she may change."""
    by, today = _person(request), _today(request)
    moves, unsaid = moving.own_news(by, now=_now(request))
    held = places.own_residences(by, now=_now(request))
    asked = [places.Asking(by.account_id or 0, purpose, today) for purpose in PURPOSES]
    served = zip(PURPOSES, places.serving_many(asked), strict=True)
    en = (get_language() or "").startswith("en")
    return render(request, "portal/whereabouts.html", {
        "rows": [_shown(row, today) for row in held],
        "missing": [(kind, *KINDS[kind]) for kind in KINDS if kind not in {r.kind for r in held if r.lasts(today)}],
        "served": [
            {
                "purpose": PURPOSES[p], "place": _place(s.division), "grid": s.grid,
                "why": s.reason.en if en else s.reason.zh,
            }
            for p, s in served
        ],
        "moves": [_moved(one) for one in moves],
        "unsaid": [{"plan": one.plan_id, "place": _place(one.community), "day": one.from_day} for one in unsaid],
        "told": [{"day": day, "from": _place(code)} for code, day in passing.told_households(by.account_id or 0)],
        "communities": places.communities(), "today": today, "until": _until(today),
    })  # fmt: skip


def _moved(one: moving.OwnMove) -> dict[str, Any]:
    """One home that changes its grid, as its own person reads it; who serves is on the grid's sheet."""
    grid = places.grid(one.grid_id, day=one.from_day)
    return {
        "label": one.label, "day": one.from_day, "before": one.before[12:], "after": one.after[12:],
        "code": one.after if grid is not None else "", "why": moving.reason_in(one.reason, get_language() or "zh"),
    }  # fmt: skip


@require_POST
def act(request: HttpRequest, verb: str) -> HttpResponse:
    """Say, move, correct, end or remove one fact; ask to be on the roll; answer a slip. One call each."""
    by, now, today = _person(request), _now(request), _today(request)
    given = {k: str(v).strip() for k, v in request.POST.items()}
    if verb == "declare":
        kind = given.get("kind", "")
        residence.declare(
            by.account_id or 0, kind, _where(given, today), purpose=KEPT_FOR.get(kind, ""),
            from_day=_day(given, "from_day"), ends_on=_day(given, "ends_on"), by=by, now=now,
        )  # fmt: skip
        messages.success(request, _("记下了，只有您自己看得到全部。"))
    elif verb == "answer":
        transitions.answer(
            given.get("word", ""), _where(given, today), from_day=_day(given, "from_day"),
            ends_on=_day(given, "ends_on"), by=by, now=now,
        )  # fmt: skip
        messages.success(request, _("您家住到哪里，记下了。"))
    else:
        _change(verb, given, by, now)
        messages.success(request, _("改好了。"))
    return redirect("residence")


def _change(verb: str, given: dict[str, str], by: Actor, now: datetime) -> None:
    said = given.get("row", "")
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        raise NotFound
    row = int(said)
    if verb == "move":
        days = {"from_day": _day(given, "from_day"), "ends_on": _day(given, "ends_on")}
        residence.move(row, _where(given, localdate(now)), **days, by=by, now=now)
    elif verb == "correct":
        residence.correct(row, _where(given, localdate(now)), by=by, now=now)
    elif verb == "end":
        residence.end(row, on=_day(given, "on"), by=by, now=now)
    elif verb == "remove":
        residence.remove(row, by=by, now=now)
    elif verb == "roll":
        residence.ask_roll(row, on=localdate(now), by=by, now=now)
    else:
        raise Http404


def _where(given: dict[str, str], today: date) -> Whereabouts:
    """What she wrote; the house that her words name is kept beside them, so that she hears when its grid changes."""
    division, words = given.get("elsewhere") or given.get("division", ""), given.get("address", "")
    house = places.house_named(words[:120], within=division, day=today)
    return Whereabouts(division, words, building_id=house, group=given.get("group", "")[:40])


def _day(given: dict[str, str], name: str) -> date:
    try:
        day = parse_date(given.get(name, ""))
    except ValueError:
        day = None
    if day is None or not 1900 < day.year < 2200:
        raise Invalid(detail=_("日期要写全。"))
    return day


def _shown(row: places.OwnResidence, today: date) -> dict[str, Any]:
    return {
        "row": row, "kind": KINDS[row.kind][0], "follows": KINDS[row.kind][1], "place": _place(row.division),
        "open": row.until is None, "lasts": row.lasts(today),
    }  # fmt: skip


def _place(code: str) -> str:
    """Name a community of ours by its path; one elsewhere by its digits."""
    if not code:
        return ""
    path = places.division_path(code)
    return " ".join(d.short_name for d in path if d.level >= 3) or code


def _until(today: date) -> date:
    return today.replace(year=today.year + 3, day=1)


def _person(request: HttpRequest) -> Actor:
    """:raises SignInNeeded: nobody. :raises NotAllowed: a post; it has no home here."""
    by: Actor = request.actor  # type: ignore[attr-defined]
    if by.kind == "staff":
        raise NotAllowed(why=_("这是居民自己的页；请用居民账号进来。"))
    if by.kind != "resident" or by.account_id is None:
        raise SignInNeeded
    return by


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _today(request: HttpRequest) -> date:
    return localdate(_now(request))
