"""The lists as citizens read them, and "whose matter is it?": open without signing in, nothing is stored."""

from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jishi.bodies import queries as bodies
from jishi.duties import printed, queries
from jishi.duties.memory import Law, MatterRow
from jishi.duties.queries import Routed
from jishi.duties.reading import place_at
from jishi.duties.vocabulary import choices_of, said
from jishi.kernels import dutylist, worktime
from jishi.kernels.dutylist import Facts

MOST_FOUND = 6
_ROLES = (
    "chosen",
    "refused",
    "contested",
    "asked",
    "same_body",
    "part",
    "lower",
    "unknown",
    "rejected",
)  # as `explain`
_MARKS = {
    "chosen": "yes",
    "part": "yes",
    "same_body": "yes",
    "contested": "maybe",
    "asked": "maybe",
    "unknown": "maybe",
}


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """The list in force: three tabs, search, page by page; `?all=1` is the whole list on paper."""
    day, lang = _day(request), _lang()
    law, lists = queries.law(day), printed.in_force(day)
    chosen = next((e for e in lists if e.holder == request.GET.get("holder")), lists[0] if lists else None)
    kind = request.GET.get("kind", "basic")
    kind = kind if kind in printed.KINDS else "basic"
    words, everything = request.GET.get("q", "").strip()[:60], request.GET.get("all") == "1"
    lines: list[printed.Line] = []
    more = None
    if chosen:
        scope = {"kind": "" if words or everything else kind, "words": words}
        after = _number(request.GET.get("after"))
        lines, more = printed.lines(
            chosen.id, lang=lang, law=law, after=after, limit=5000 if everything else printed.PAGE, **scope
        )
    counts = printed.counts(chosen.id) if chosen else {}
    tabs = [
        {"kind": k, "label": names[1 if lang == "en" else 0], "count": counts.get(k, 0), "on": k == kind and not words}
        for k, names in printed.KINDS.items()
    ]
    page = {
        "list": chosen, "lists": lists, "tabs": tabs, "kind": kind, "lines": lines, "after": more, "q": words,
        "all": everything,
        "day": day, "names": {k: names[1 if lang == "en" else 0] for k, names in printed.KINDS.items()},
    }  # fmt: skip
    return render(request, "duties/browse.html", page)


@require_safe
def item(request: HttpRequest, number: str) -> HttpResponse:
    """One printed line: when it holds, who leads, who assists, by which law, in which edition."""
    found = printed.line(number, day=_day(request), lang=_lang())
    if found is None:
        raise Http404
    line, edition = found
    kind = printed.KINDS[line.kind][1 if _lang() == "en" else 0]
    page = {"line": line, "list": edition, "kind": kind, "promise": promise_words(line.promises.get("promise", ""))}
    return render(request, "duties/item.html", page)


@require_safe
def whose(request: HttpRequest) -> HttpResponse:
    """A matter, a place and a few answers in the address; the answer with its reasons on the page."""
    day, lang = _day(request), _lang()
    law = queries.law(day)
    given = request.GET
    matter, words = law.matters.get(given.get("matter", "")), given.get("q", "").strip()[:60]
    found = [] if matter or not words else _matters_called(words, law)
    if len(found) == 1:
        matter, found = found[0], []
    page: dict[str, Any] = {
        "groups": _groups(law, lang), "streets": _streets(day, lang), "q": words, "division": given.get("division", ""),
        "matter": _matter(matter, law, lang) if matter else None, "found": [_matter(m, law, lang) for m in found],
        "day": day,
        "nothing": bool(words) and not found and matter is None,
    }  # fmt: skip
    if matter is not None:
        facts = _facts(request, matter, law)
        routed = queries.decide([facts], day=day)[0]
        page |= _answered(routed, facts, lang) | {"asked": _questions(request, routed, matter, law, lang)}
    return render(request, "duties/whose.html", page)


def promise_words(amount: str) -> str:
    """Say an amount such as 5wd in the reader's language."""
    return worktime.written(worktime.parse_amount(amount), _lang()) if amount else ""


def _facts(request: HttpRequest, matter: MatterRow, law: Law) -> Facts:
    """What the address says; a moment is now, as for a report that is made now."""
    given = request.GET
    found = {"matter": dutylist.said(matter.code)}
    division, kind = given.get("division", ""), given.get("place", "")
    if len(division) == 12 and division.isascii() and division.isdigit():
        place = place_at(division, kinds=frozenset({kind} if kind else ()), exact=bool(kind))
        found["place"] = dutylist.said(place)
    found["said_at"] = dutylist.derived(dutylist.Moment(_local(request)))
    for question in (q for m in law.path(matter.code) for q in m.questions):
        answer = given.get(f"a-{question['code']}", "")
        if answer and question.get("type") == "number":
            if (count := _number(answer, -1)) >= 0:
                found[f"answers.{question['code']}"] = dutylist.said(count)
        elif answer in {c["code"] for c in choices_of(question)}:
            found[f"answers.{question['code']}"] = dutylist.said(answer)
    return found


def _questions(request: HttpRequest, routed: Routed, matter: MatterRow, law: Law, lang: str) -> list[dict[str, Any]]:
    """What is still asked, and what was answered, so that an answer can be changed."""
    book = {str(q["code"]): q for m in law.path(matter.code) for q in m.questions}
    given = {n.removeprefix("a-"): v for n, v in request.GET.items() if n.startswith("a-") and v}
    wanted = [q for c, q in book.items() if c in given] + [q for q in routed.questions if str(q["code"]) not in given]
    if request.GET.get("place") and not any(q["code"] == "place" for q in wanted):
        wanted.append(queries.question_of("place"))
    return [
        {
            "name": "place" if q["code"] == "place" else f"a-{q['code']}", "text": said(q, lang), "type": q.get("type"),
            "unit": q.get("unit") or "",
            "value": request.GET.get("place", "") if q["code"] == "place" else given.get(str(q["code"]), ""),
            "choices": [{"code": c["code"], "text": said(c, lang)} for c in choices_of(q)],
        }
        for q in wanted
        if q.get("type") == "number" or choices_of(q)
    ]  # fmt: skip


def _answered(routed: Routed, facts: Facts, lang: str) -> dict[str, Any]:
    known, item_row = bodies.names(), routed.item
    lines = queries.explain(routed, lang)
    rows = sorted(routed.decision.trace.page["rows"], key=lambda r: _ROLES.index(str(r["role"])))  # type: ignore[call-overload,arg-type,index]
    marks = [_MARKS.get(str(r["role"]), "nope") for r in rows]  # type: ignore[call-overload,index]
    trace = [{"mark": mark, "title": "", "text": text} for mark, text in zip(marks, lines[1:], strict=False)]
    body = known.get(routed.body_id or 0)
    return {
        "outcome": routed.outcome, "body": body, "body_name": body.called(lang) if body else "",
        "body_phone": body.work_phone if body else "", "item": item_row,
        "bases": printed.bases_of(item_row.legal_basis) if item_row else (),
        "promise": promise_words(routed.promises.get("promise", "")), "assists": routed.assists,
        "candidates": [(known[b].called(lang), row) for b, row in routed.candidates], "head": lines[0], "trace": trace,
        "rest": lines[1 + len(marks) :], "titles": routed.law.titles, "place_known": "place" in facts,
        "refusal": routed.decision.refusal.sentence("en" if lang == "en" else "zh") if routed.decision.refusal else "",
    }  # fmt: skip


def _matters_called(words: str, law: Law) -> list[MatterRow]:
    """The matters whose name or other names hold the words, or are held by them; the closest first."""
    small = words.lower()
    scored = []
    for m in law.leaves:
        called = [n.lower() for n in (m.name, m.name_en, *m.aliases) if n]
        hits = [len(n) for n in called if n in small] + [len(small) for n in called if small in n]
        shared = max((len(set(small) & set(n)) / len(set(n)) for n in called), default=0.0)
        if hits or shared >= 0.6:
            scored.append((-max(hits, default=0), -shared, m.code, m))
    return [row[3] for row in sorted(scored)[:MOST_FOUND]]


def _matter(matter: MatterRow, law: Law, lang: str) -> dict[str, str]:
    return {
        "code": matter.code,
        "name": matter.called(lang),
        "path": " › ".join(m.called(lang) for m in law.path(matter.code)[:-1]),
    }


def _groups(law: Law, lang: str) -> list[tuple[str, list[dict[str, str]]]]:
    """The leaves that residents may choose, under the name of their branch."""
    found: dict[str, list[dict[str, str]]] = {}
    for m in law.leaves:
        if m.public:
            path = law.path(m.code)
            found.setdefault(path[0].called(lang) if len(path) > 1 else _("其他"), []).append(
                {"code": m.code, "name": m.called(lang)}
            )
    return list(found.items())


def _streets(day: date, lang: str) -> list[dict[str, Any]]:
    """Streets with their communities, by code."""
    known = bodies.all_bodies(on=day, levels=("street", "community"))
    return [
        {
            "code": s.division_code, "name": s.called(lang) if lang == "en" else s.short_name,
            "below": [
                {"code": c.division_code, "name": c.called(lang) if lang == "en" else c.short_name}
                for c in known
                if c.level == "community" and c.division_code[:9] == s.division_code[:9]
            ],
        }
        for s in sorted(known, key=lambda b: b.division_code)
        if s.level == "street"
    ]  # fmt: skip


def _day(request: HttpRequest) -> date:
    """The day asked for in the address, else today."""
    try:
        return date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        return _local(request).date()


def _local(request: HttpRequest) -> datetime:
    return localtime(request.now)  # type: ignore[attr-defined]


def _number(text: str | None, default: int = 0) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else default


def _lang() -> str:
    return "en" if (translation.get_language() or "").startswith("en") else "zh"
