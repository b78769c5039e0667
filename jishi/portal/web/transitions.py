"""过渡板: the transitions of two streets and of the leading group office, and who is served here and belongs there.

Counts only: no page of a transition shows a person, a household's name or an address.
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

from jishi.bodies import queries as bodies
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, SignInNeeded
from jishi.kernels.dutylist.operators import division_head
from jishi.places import queries as places
from jishi.places.actions import transitions as verbs
from jishi.places.queries import transitions as queries

MAY_LOOK = ("office", "auditor", "handler", "head")
CAUSES = {
    "shanties": gettext_lazy("棚改"), "demolition": gettext_lazy("拆迁"), "resettlement": gettext_lazy("移民搬迁"),
    "merged": gettext_lazy("撤村建居"),
}  # fmt: skip
PURPOSES = {
    "service": gettext_lazy("上门服务、走访、助餐、通知"), "offer": gettext_lazy("政策和补贴"),
    "proof": gettext_lazy("证明"), "self_government": gettext_lazy("村（居）民委员会选举"),
    "collective": gettext_lazy("集体的份额和成员大会"), "owner": gettext_lazy("业主的事"),
}  # fmt: skip
SERVERS = {
    "living": gettext_lazy("现在住的社区"), "from_community": gettext_lazy("原来的社区"),
    "named": gettext_lazy("写明的社区"),
}  # fmt: skip
KINDS = {"registered": gettext_lazy("户籍在"), "collective": gettext_lazy("集体成员在")}


COUNTERS = ("handler", "head", "supervisor")  # who asks how many of the own community belong or live elsewhere


@never_cache
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """List the transitions this post may see, missed reviews first; the office may announce one."""
    by, today = _staff(request), _today(request)
    rows = [_shown(row, today) for row in queries.transitions(by)]
    communities = places.communities()
    pairs = [
        {"here": _place(here), "kind": KINDS[kind], "there": _place(there), "people": queries.counted(n)}
        for (here, there, kind), n in sorted(_counts(by, [c.code for c in communities], today).items())
    ]
    return render(request, "portal/transitions.html", {
        "rows": rows, "pairs": pairs, "late": sum(1 for r in rows if r["late"]), "may_open": by.has("office"),
        "communities": communities, "causes": CAUSES, "streets": bodies.all_bodies(on=today, levels=["street"]),
        "ground_none": [{"place": _place(c), "review": day} for c, day in queries.without_ground(day=today).items()],
        "states": _states(), "today": today,
    })  # fmt: skip


def _counts(by: Actor, communities: list[str], day: date) -> dict[tuple[str, str, str], int]:
    """Count by (lives in, belongs to, kind): all of the town for the office; else what concerns the own community, from
    both sides, because the list is for both secretaries (spec 20 §3.5)."""
    if by.has("office", "auditor"):
        return {
            (c, there, kind): n for c in communities for there, kind, n in queries.served_here_belongs_there(c, day=day)
        }
    found: dict[tuple[str, str, str], int] = {}
    for c in _own(by) if by.has(*COUNTERS) else ():
        found |= {(c, there, kind): n for there, kind, n in queries.served_here_belongs_there(c, day=day)}
        found |= {(here, c, kind): n for here, kind, n in queries.belongs_here_served_there(c, day=day)}
    return found


@never_cache
@require_GET
def one(request: HttpRequest, number: int) -> HttpResponse:
    """Show one transition: how far it is, what was agreed, what may be done now."""
    return _one(request, number)


@never_cache
@require_POST
def act(request: HttpRequest, number: int, verb: str) -> HttpResponse:
    """Make one step. Slips are shown once, on the page after the press. `0` announces a new transition."""
    by, now = _staff(request), _now(request)
    given = {k: str(v).strip() for k, v in request.POST.items()}
    if verb == "open":
        number = _open(given, by, now)
    elif verb == "households":
        said = given.get("count", "")
        count = int(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0
        return _one(request, number, slips=verbs.list_households(number, count, by=by, now=now))
    elif verb in _STEPS:
        _STEPS[verb](number, given, by, now)
    else:
        raise Http404
    messages.success(request, _("记下了。"))
    return redirect("transition", number=number)


def _open(given: dict[str, str], by: Actor, now: datetime) -> int:
    streets = {b.code: b for b in bodies.all_bodies(on=localdate(now), levels=["street"])}
    origin, receiving = streets.get(given.get("origin", "")), streets.get(given.get("receiving", ""))
    if origin is None or receiving is None:
        raise Invalid(detail=_("两边的街道（镇）都要选。"))
    return verbs.open_(
        given.get("community", ""), receiving=receiving.division_code, origin_body=origin.id,
        receiving_body=receiving.id, cause=given.get("cause", ""), began_on=localdate(now),
        review_on=_day(given, "review_on"), ends_when=given.get("ends_when", ""), by=by, now=now,
    )  # fmt: skip


def _item(number: int, given: dict[str, str], by: Actor, now: datetime) -> None:
    until = _day(given, "to_date") if given.get("to_date") else None
    new = verbs.NewItem(
        given.get("purpose", ""), given.get("served_by", ""), _day(given, "from_date"), until, given.get("named", ""),
        document_no=given.get("document_no", ""), group=given.get("group", ""),
    )  # fmt: skip
    verbs.propose_item(number, new, by=by, now=now)


def _rights(number: int, given: dict[str, str], by: Actor, now: datetime) -> None:
    verbs.settle_rights(
        number, decision_no=given.get("decision_no", ""), assets_listed="assets" in given,
        shares_fixed="shares" in given, roll_kept="roll" in given, by=by, now=now,
    )  # fmt: skip


def _close(number: int, given: dict[str, str], by: Actor, now: datetime) -> None:
    review = _day(given, "review_on") if given.get("outcome") == "collective_without_ground" else None
    verbs.close(number, outcome=given.get("outcome", ""), review_on=review, by=by, now=now)


def _number(given: dict[str, str]) -> int:
    said = given.get("item", "")
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        raise NotFound
    return int(said)


_STEPS: dict[str, Any] = {
    "survey": lambda n, g, by, now: verbs.finish_survey(n, by=by, now=now),
    "item": _item,
    "agree": lambda n, g, by, now: verbs.agree_item(_number(g), by=by, now=now),
    "tell": lambda n, g, by, now: verbs.tell_households(n, services_from=_day(g, "services_from"), by=by, now=now),
    "services": lambda n, g, by, now: verbs.move_services(n, by=by, now=now),
    "rights": _rights,
    "settle": lambda n, g, by, now: verbs.settle_item(
        _number(g), on=localdate(now), successor=g.get("successor", ""), by=by, now=now
    ),
    "review": lambda n, g, by, now: verbs.review(
        n, next_on=_day(g, "next_on"), words=g.get("words", ""), by=by, now=now
    ),
    "close": _close,
}


def _one(request: HttpRequest, number: int, *, slips: list[tuple[int, str]] | None = None) -> HttpResponse:
    by, today = _staff(request), _today(request)
    row = queries.transition(number, by)
    if row is None:
        raise NotFound
    items = [
        {"row": i, "purpose": PURPOSES.get(i.purpose, i.purpose), "by": _place(i.named) or SERVERS[i.served_by]}
        for i in row.items
    ]
    street = bool(by.body_ids & {row.origin_body, row.receiving_body}) and by.has("handler", "head")
    return render(request, "portal/transition.html", {
        "shown": _shown(row, today), "row": row, "items": items, "slips": slips or [], "purposes": PURPOSES,
        "servers": SERVERS, "communities": places.communities(), "states": _states(), "today": today,
        "origin": by.has("handler", "head") and row.origin_body in by.body_ids, "street": street,
        "office": by.has("office"), "open_items": sum(1 for i in row.items if i.settled_on is None),
    })  # fmt: skip


def _shown(row: queries.TransitionRow, today: date) -> dict[str, Any]:
    known = bodies.names()
    named = [known[b].called(_lang()) for b in (row.origin_body, row.receiving_body) if b in known]
    return {
        "row": row, "place": _place(row.from_community), "cause": CAUSES[row.cause], "late": row.is_late(today),
        "sides": named,
    }  # fmt: skip


def _states() -> dict[str, Any]:
    return {s.code: {"chip": s.chip, "zh": s.name.zh, "en": s.name.en} for s in verbs.life().states}


def _own(by: Actor) -> set[str]:
    """The communities of the bodies that the actor acts for."""
    mine = [b for b in bodies.names().values() if b.id in by.body_ids and b.level != "city_dept" and b.division_code]
    heads = tuple(division_head(b.division_code) for b in mine)
    return {c.code for c in places.communities() if c.code.startswith(heads)}


def _place(code: str) -> str:
    path = places.division_path(code) if code else []
    return " ".join(d.short_name for d in path if d.level >= 4) or code


def _day(given: dict[str, str], name: str) -> date:
    try:
        day = parse_date(given.get(name, ""))
    except ValueError:
        day = None
    if day is None or not 1900 < day.year < 2200:
        raise Invalid(detail=_("日期要写全。"))
    return day


def _staff(request: HttpRequest) -> Actor:
    """:raises SignInNeeded: nobody. :raises NotAllowed: a post that has no part in a transition."""
    by: Actor = request.actor  # type: ignore[attr-defined]
    if by.kind != "staff":
        raise SignInNeeded
    if not by.has(*MAY_LOOK):
        raise NotAllowed(why=_("过渡由两边的街道（镇）和领导小组办公室办。"))
    return by


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _today(request: HttpRequest) -> date:
    return localdate(_now(request))


def _lang() -> str:
    return "en" if (get_language() or "").startswith("en") else "zh"
