"""The timeline of one case as data: to a caller the honest one of his own report (spec 10 §15), to others the life.

A caller reads what his page says and nothing more; colleagues and programs read the lines of the case page.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.timezone import localtime

from jishi.cases import policies
from jishi.cases.models import Case, Handover, Membership
from jishi.cases.queries import casepage, resident
from jishi.cases.queries.resident import Following
from jishi.cases.queries.story import Cited, Happened
from jishi.cases.states import CASE
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound

COLLEAGUES = ("staff", "client")


def timeline(number: str, *, by: Actor, now: datetime, lang: str) -> dict[str, Any]:
    """Tell one case to whoever may see it, newest first. :raises NotFound: no case for this actor."""
    case = casepage.find(number, by=by)
    return _to_colleague(case, by, lang) if by.kind in COLLEAGUES else _to_caller(case, by, now, lang)


def _to_colleague(case: Case, by: Actor, lang: str) -> dict[str, Any]:
    handovers = list(Handover.objects.filter(case=case).order_by("id"))
    told = casepage.life(case, casepage.entries_of(case), by=by, handovers=handovers, lang=lang)
    lines = [
        {
            "at": _stamp(one.at), "what": one.verb, "title": one.title.in_(lang), "seq": one.seq,
            "who": one.who.in_(lang) if one.who else None, "body": one.body, "item": one.number, "ground": one.ground,
            "words": dict(one.words),
        }
        for one in told
    ]  # fmt: skip
    return {**_head(case, lang), "happened": lines}


def _to_caller(case: Case, by: Actor, now: datetime, lang: str) -> dict[str, Any]:
    own = policies.reports_of(by).values("id")
    rows = Membership.objects.filter(case=case, report__in=own).select_related("report")
    member = sorted(rows, key=lambda m: (m.to_at is not None, m.id))[:1]
    if not member:
        raise NotFound
    told = resident.follow(member[0].report, now=now, lang=lang, part=case.number if member[0].to_at is None else "")
    return {
        **_head(told.case, lang), "report": told.report.number, "others": told.others,
        "holder": _holder(told), "waiting": _waiting(told), "standing_still": _still(told, lang),
        "promise": _promise(told, now), "happened": [_line(one, lang) for one in told.happened],
        "readings": [
            {"at": _stamp(r.at), "who": r.who, "purpose": r.purpose, "why": r.why, "fields": list(r.fields)}
            for r in told.readings
        ],
        "may": {
            "add": told.may_add, "object": told.may_object, "withdraw": told.may_withdraw, "urge": told.may_urge,
            "judge": told.feedback is not None, "reopen_until": _stamp(told.reopen_until),
        },
    }  # fmt: skip


def _head(case: Case, lang: str) -> dict[str, Any]:
    return {
        "case": case.number, "version": case.version, "status": case.status,
        "state": CASE.state(case.status).name.in_(lang), "since": _stamp(case.status_since),
    }  # fmt: skip


def _holder(told: Following) -> dict[str, Any] | None:
    one = told.holder
    return None if one is None else {"body": one.body, "since": _stamp(one.since), "item": _cited(one.item)}


def _waiting(told: Following) -> dict[str, Any] | None:
    one = told.waiting
    if one is None:
        return None
    return {"for": one.what, "until": _stamp(one.until), "body": one.body, "since": _stamp(one.since)}


def _still(told: Following, lang: str) -> dict[str, Any] | None:
    one = told.still
    if one.ground is None and not one.told and one.day is None:
        return None
    ground = one.ground.in_(lang) if one.ground else ""
    return {"ground": ground, "told": one.told, "for": one.waits_for, "until": _stamp(one.day)}


def _promise(told: Following, now: datetime) -> dict[str, Any]:
    one = told.promise
    return {
        "first_due_at": _stamp(one.first_due_at), "due_at": _stamp(one.due_at), "moved": one.has_moved,
        "answered_at": _stamp(one.answered_at), "late": one.is_late(now), "paused": one.paused,
        "provisional": one.provisional, "why": list(one.why),
    }  # fmt: skip


def _line(one: Happened, lang: str) -> dict[str, Any]:
    return {
        "at": _stamp(one.at), "what": one.what, "title": casepage.title_of(one.what).in_(lang), "body": one.body,
        "other": one.other, "item": _cited(one.item), "ground": str(one.codes.get("ground") or ""),
        "codes": _plain(one.codes), "words": dict(one.words), "own": one.own,
        "files": [{"id": f.id, "kind": f.kind, "size": f.size} for f in one.files],
    }  # fmt: skip


def _cited(item: Cited | None) -> dict[str, Any] | None:
    if item is None:
        return None
    return {"number": item.number, "name": item.name, "list": item.list_title, "edition": item.edition,
            "legal_basis": item.legal_basis}  # fmt: skip


def _plain(codes: Mapping[str, Any]) -> dict[str, Any]:
    """Codes that are words or moments; numbers of rows mean nothing outside the house."""
    written = {name: _stamp(v) if isinstance(v, date) else v for name, v in codes.items()}
    return {name: v for name, v in written.items() if isinstance(v, str | bool)}


def _stamp(moment: date | None) -> str | None:
    if isinstance(moment, datetime):
        return localtime(moment).isoformat(timespec="seconds")
    return moment.isoformat() if moment else None
