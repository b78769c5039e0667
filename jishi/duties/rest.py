"""The duty lists through the API: translate in, one call, translate out (spec 11 §10). Reading is open to everybody."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import translation
from django.utils.timezone import localdate
from ninja import Query, Router, Schema

from jishi.bodies import queries as bodies
from jishi.duties import printed, queries
from jishi.duties.queries import Routed
from jishi.duties.reading import facts_from
from jishi.duties.vocabulary import choices_of, said
from jishi.foundation import scope
from jishi.foundation.refusals import NotFound

router = Router(tags=["duties"])


class AskedIn(Schema):
    """Facts by name.

    A value is plain, or {"value", "source"}; a place may be {"division": "…12 digits…", "kinds": []}.
    """

    facts: dict[str, Any]
    on: date | None = None


@router.post("/decide")
def decide(request: HttpRequest, asked: AskedIn) -> dict[str, Any]:
    """Whose matter is it, by which line, and why? Nothing is stored."""
    routed = queries.decide([facts_from(asked.facts, source="said")], day=asked.on or _today())[0]
    return answer_of(routed, _lang())


def answer_of(routed: Routed, lang: str) -> dict[str, Any]:
    """Write a decision as JSON with its trace and the lines that say it."""
    known, item = bodies.names(), routed.item
    refusal = routed.decision.refusal
    return {
        "outcome": routed.outcome,
        "body": _body(known.get(routed.body_id or 0), lang),
        "item": {
            "number": item.number, "name": item.name,
            "list": routed.decision.item.list_id if routed.decision.item else "",
            "edition": item.edition, "legal_basis": item.legal_basis,
        } if item else None,
        "promises": routed.promises,
        "assists": [{"body": _body(known[a.body_id], lang), "part": a.part, "item": a.number} for a in routed.assists],
        "candidates": [
            {"body": _body(known[b], lang), "item": row.number, "name": row.name} for b, row in routed.candidates
        ],
        "questions": [_question(q, lang) for q in routed.questions],
        "refusal": (
            {**refusal.page(), "sentence": refusal.sentence("en" if lang == "en" else "zh")} if refusal else None
        ),
        "on": routed.decision.day.isoformat(),
        "engine": routed.decision.engine,
        "lines": queries.explain(routed, lang),
        "trace": routed.decision.trace.page,
    }  # fmt: skip


@router.get("/duty-lists")
def duty_lists(request: HttpRequest, holder: str = Query("", max_length=60), on: date | None = None) -> dict[str, Any]:
    """The editions in force on a day, with their items."""
    day, lang = on or _today(), _lang()
    law = queries.law(day)
    found = [
        {**_edition(e), "items": [_line(one) for one in printed.lines(e.id, lang=lang, law=law, limit=5000)[0]]}
        for e in printed.in_force(day, holder)
    ]
    return {"on": day.isoformat(), "lists": found}


@router.get("/duty-items/{number}")
def duty_item(request: HttpRequest, number: str, on: date | None = None) -> dict[str, Any]:
    """One printed line on a day."""
    found = printed.line(number, day=on or _today(), lang=_lang())
    if found is None:
        raise NotFound
    return {**_line(found[0]), "list": _edition(found[1])}


@router.get("/codebook")
def codebook(request: HttpRequest, on: date | None = None) -> dict[str, Any]:
    """The book of matters in force on a day."""
    day, lang = on or _today(), _lang()
    law = queries.law(day)
    rows = [
        {
            "code": m.code, "name": m.called(lang), "parent": m.parent_code or None, "aliases": list(m.aliases),
            "public": m.public, "default_visibility": m.default_visibility, "at_home": m.at_home, "spot": m.spot,
            "life_days": m.life_days, "questions": [_question(q, lang) for q in m.questions], "becomes": m.becomes,
        }
        for _, m in sorted(law.matters.items())
    ]  # fmt: skip
    return {"on": day.isoformat(), "edition": law.book_edition, "matters": rows}


def _body(body: bodies.BodyName | None, lang: str) -> dict[str, Any] | None:
    return {"code": body.code, "name": body.called(lang), "level": body.level} if body else None


def _question(question: dict[str, Any], lang: str) -> dict[str, Any]:
    return {
        "code": question["code"], "text": said(question, lang), "type": question.get("type", "choice"),
        "unit": question.get("unit") or "",
        "choices": [{"code": c["code"], "text": said(c, lang)} for c in choices_of(question)],
    }  # fmt: skip


def _edition(e: printed.Edition) -> dict[str, Any]:
    return {
        "id": e.id, "holder": e.holder, "title": e.title, "edition": e.edition, "document_no": e.document_no,
        "effective_from": e.first_day.isoformat() if e.first_day else None,
        "effective_to": e.last_day.isoformat() if e.last_day else None,
    }  # fmt: skip


def _line(one: printed.Line) -> dict[str, Any]:
    return {
        "number": one.number, "kind": one.kind, "name": one.name,
        "matters": [{"code": c, "name": n} for c, n in one.matters],
        "condition": one.condition, "lead": one.lead, "superior_dept": one.superior_dept,
        "superior_duty": one.superior_duty, "own_part": one.own_part, "receiving_office": one.receiving_office,
        "way": one.way, "promises": one.promises, "priority": one.priority, "remark": one.remark,
        "powers": [{"code": c, "name": n} for c, n in one.powers],
        "legal_basis": [
            {"law": b.law, "article": b.article, "words": b.words, "verified": b.is_verified} for b in one.bases
        ],
    }  # fmt: skip


def _today() -> date:
    return localdate(scope.current().recorded_at)


def _lang() -> str:
    return "en" if (translation.get_language() or "").startswith("en") else "zh"
