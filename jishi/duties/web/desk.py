"""The desk that keeps the lists: editions, findings, the steps of their life, files, dry runs."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.timezone import localdate, make_aware
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jishi.bodies import queries as bodies
from jishi.duties import findings, policies, printed, queries, rehearsal, sheet
from jishi.duties.actions import lists, objections
from jishi.duties.models import DutyList, Objection
from jishi.duties.refusals import FileRefused, ItemsRefused
from jishi.duties.states import EN, ListState, open_verbs
from jishi.duties.vocabulary import names
from jishi.foundation import numbers
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, SignInNeeded
from jishi.kernels.dutylist.sentences import fact_words

CHIPS = {
    "draft": "wait", "checked": "run", "consulting": "hold", "adopted": "run", "published": "done",
    "superseded": "plain",
}  # fmt: skip
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RIVER = ("draft", "checked", "consulting", "adopted", "published")
FILE_MOST = 5_000_000


@require_GET
def editions(request: HttpRequest) -> HttpResponse:
    """All editions, the newest first."""
    staff_of(request)
    before = request.GET.get("after", "")
    rows = printed.editions(before=int(before) if numbers.names_a_row(before) else 0)
    today, lang = localdate(now_of(request)), _lang()
    ending = findings.ending([e.id for e in rows], lang)
    page = {
        "rows": [
            (e, _state(e.state), *_counted(e.findings), [findings.sentence(p, lang) for p in ending.get(e.id, ())])
            for e in rows
        ],
        "after": rows[-1].id if len(rows) == printed.PAGE else None,
        "may_keep": policies.may_keep(staff_of(request)), "today": today,
    }  # fmt: skip
    return render(request, "duties/desk.html", page)


@require_GET
def edition(request: HttpRequest, list_id: int) -> HttpResponse:
    """One edition: where it stands in its life, what its check found, what may be done now, its items."""
    by, found = staff_of(request), printed.edition(list_id)
    if found is None:
        raise NotFound
    lang = _lang()
    row = DutyList.objects.get(tenant_id=by.tenant_id, id=list_id)
    law = queries.law(found.first_day or localdate(now_of(request)))
    after = request.GET.get("after", "")
    words = request.GET.get("q", "").strip()[:60]
    start = int(after) if numbers.names_a_row(after) else 0
    lines, more = printed.lines(list_id, lang=lang, law=law, words=words, after=start)
    told = [*findings.ending([list_id], lang).get(list_id, ()), *found.findings]
    at = RIVER.index(found.state) if found.state in RIVER else len(RIVER)
    keeps, adopts = policies.may_keep(by), policies.may_adopt(by, row)
    verbs = set(open_verbs(found.state))
    page = {
        "list": found, "state": _state(found.state), "lines": lines, "after": more, "q": words,
        "steps": [{"label": _state(s)["zh" if lang == "zh" else "en"], "done": n < at, "now": n == at}
            for n, s in enumerate(RIVER)],
        "findings": _told(told, lang, names(law, lang)),
        "counted": _counted(told), "counts": printed.counts(list_id),
        "may": {v: (adopts if v in ("adopt", "take_back") else keeps) for v in verbs}, "keeps": keeps,
        "is_own_draft": policies.person(by.label) == policies.person(found.drafted_by) and found.state == "consulting",
        "until": lists.consulted_until(row) if row.consulted_at else None, "objections": _objections(row),
        "objects": found.state == "consulting" and bool(by.body_ids), "names": _kinds(lang),
    }  # fmt: skip
    return render(request, "duties/edition.html", page)


@require_POST
def act(request: HttpRequest, list_id: int, verb: str) -> HttpResponse:
    """Say one verb of the edition's life."""
    said, words = request.POST, request.POST.get("words", "")
    who: Any = {"by": staff_of(request), "now": now_of(request)}
    says: dict[str, Callable[[], Any]] = {
        "check": lambda: lists.check(list_id, **who),
        "consult": lambda: lists.consult(list_id, **who),
        "rework": lambda: lists.rework(list_id, reasons=words, **who),
        "adopt": lambda: lists.adopt(list_id, document_no=said.get("document_no", ""), **who),
        "publish": lambda: lists.publish(list_id, **who),
        "take_back": lambda: lists.take_back(list_id, reasons=words, **who),
        "object": lambda: objections.make(list_id, said.get("number", ""), reasons=words, **who),
        "answer": lambda: objections.answer(_int(said.get("objection")), words=words, **who),
        "copy": lambda: lists.draft_copy(
            list_id, title=said.get("title", ""), effective_from=_day(said, "day"), **who
        ),
    }
    if verb not in says:
        raise Http404
    came = says[verb]()
    where = came if verb == "copy" else list_id
    messages.success(request, _done(verb))
    return redirect("desk-duties-edition", list_id=where)


@require_http_methods(["GET", "POST"])
def import_file(request: HttpRequest) -> HttpResponse:
    """Take a file in as a new draft, or say row and column of every fault and take nothing."""
    by, now = staff_of(request), now_of(request)
    policies.ensure_may_keep(by)
    holders = list(dict.fromkeys((e.holder, e.title) for e in printed.editions()))
    known = list(dict(reversed(holders)).items())
    page: dict[str, Any] = {
        "holders": known,
        "first": known[0] if known else ("", ""),
        "day": (localdate(now) + timedelta(days=30)).isoformat(),
        "columns": sheet.COLUMNS,
    }
    if request.method == "GET":
        return render(request, "duties/import.html", page)
    said, file = request.POST, request.FILES.get("file")
    page |= {"said": said, "day": said.get("day", "")}
    try:
        if file is None or not file.size or file.size > FILE_MOST:
            raise Invalid(detail=_("选一个 5 MB 以内的 xlsx 或 csv 文件。"))
        list_id = lists.draft_file(
            file.read(), holder=said.get("holder", "").strip(), title=said.get("title", ""),
            effective_from=_day(said, "day"), by=by, now=now,
        )  # fmt: skip
    except (FileRefused, ItemsRefused) as no:
        own = "en" if _lang() == "en" else "zh"
        page |= {"faults": [{**f, "text": f[own]} for f in no.facts["faults"]], "count": no.facts["count"]}
        return render(request, "duties/import.html", page, status=422)
    messages.success(request, _("文件已导入成草稿。下一步：检查。"))
    return redirect("desk-duties-edition", list_id=list_id)


@require_GET
def export(request: HttpRequest, list_id: int) -> HttpResponse:
    """The edition as a workbook that can be corrected and taken in again."""
    by = staff_of(request)
    row = DutyList.objects.filter(tenant_id=by.tenant_id, id=list_id).first()
    if row is None:
        raise NotFound
    answer = HttpResponse(sheet.to_xlsx(lists.items_of(row), title=row.title), content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="duty-list-{row.id}-{row.edition}.xlsx"'
    return answer


@require_GET
def dry_run(request: HttpRequest, list_id: int) -> HttpResponse:
    """Decide a past period again by this edition: same, different, contested, fallback, one sample of each."""
    by, found = staff_of(request), printed.edition(list_id)
    policies.ensure_may_keep(by)
    if found is None:
        raise NotFound
    today, given = localdate(now_of(request)), request.GET
    start = _day(given, "from") if given.get("from") else today - timedelta(days=30)
    end = _day(given, "to") if given.get("to") else today
    made = (
        rehearsal.dry_run(list_id, start=_midnight(start), end=_midnight(end + timedelta(days=1)))
        if given.get("from")
        else None
    )
    law = queries.law(found.first_day or today)
    cells = [
        (kind, law.matters[matter].called(_lang()) if matter in law.matters else matter or "—", count,
            made.samples.get((kind, matter)))
        for (kind, matter), count in sorted(made.cells.items(), key=lambda c: (c[0][0], -c[1]))
        if kind != "same"
    ] if made else []  # fmt: skip
    words = {
        "same": _("和原来一样"), "different": _("换了单位"), "contested": _("变成有争议"), "fallback": _("变成兜底"),
        "ask": _("变成要先问"),
    }  # fmt: skip
    counts = [(words[k], n, k) for k, n in made.counts.items()] if made else []
    page = {
        "list": found, "made": made, "cells": [(words[k], *rest) for k, *rest in cells], "counts": counts,
        "start": start.isoformat(), "end": end.isoformat(), "most": rehearsal.MOST_DAYS,
    }  # fmt: skip
    return render(request, "duties/dry_run.html", page)


def staff_of(request: HttpRequest) -> Actor:
    """Give the member of staff who asks. :raises SignInNeeded: nobody is signed in."""
    by: Actor = request.actor  # type: ignore[attr-defined]
    if by.kind != "staff":
        raise SignInNeeded
    return by


def now_of(request: HttpRequest) -> datetime:
    """Give the moment of the request."""
    return request.now  # type: ignore[attr-defined,no-any-return]


def _state(state: str) -> dict[str, str]:
    return {"chip": CHIPS[state], "zh": str(ListState(state).label), "en": EN[state]}


def _kinds(lang: str) -> dict[str, str]:
    return {k: names[1 if lang == "en" else 0] for k, names in printed.KINDS.items()}


def _counted(found: Any) -> tuple[int, int]:
    stopping = len(findings.blockers(found))
    return stopping, len(found) - stopping


def _told(found: Any, lang: str, called: Mapping[str, str]) -> list[dict[str, Any]]:
    """Findings as the page shows them: one line per kind of finding, its instances below, blockers first."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for page in found:
        kind = "excused" if page.get("excused") else page["severity"]
        groups.setdefault((kind, page["code"]), []).append(page)
    order = {"blocker": 0, "excused": 1, "warning": 2}
    return [
        {
            "kind": kind, "count": len(pages),
            "head": findings.sentence(pages[0], lang) if len(pages) == 1 else _group(code, lang),
            "rows": [
                {"items": p["items"], "text": findings.sentence(p, lang), "witness": witness_words(p, lang, called)}
                for p in pages[:60]
            ],
        }
        for (kind, code), pages in sorted(groups.items(), key=lambda g: (order[g[0][0]], -len(g[1])))
    ]  # fmt: skip


def _group(code: str, lang: str) -> str:
    """The sentence of a kind of finding, without its facts."""
    return findings.SENTENCES.get(code, (code, code))[1 if lang == "en" else 0].partition("{")[0].rstrip("：:（( “")


def witness_words(page: dict[str, Any], lang: str, called: Mapping[str, str]) -> str:
    """Say the facts that prove a finding, one after the other, by the names of facts and codes."""
    if not page.get("witness"):
        return ""
    at, parts = (1 if lang == "en" else 0), []
    for name, fact in page["witness"].items():
        value = fact["value"]
        if isinstance(value, dict):
            spots = [("division", c) for c in (*value.get("divisions", []), value.get("community")) if c][-1:]
            spots += [(space, c) for space in ("kind", "zone") for c in value.get(f"{space}s", [])]
            value = ("、", ", ")[at].join(called.get(f"{space}:{c}", str(c)) for space, c in spots)
        elif isinstance(value, str):
            spaces = ("matter", "body", name, f"value.{name}")
            value = next((called[f"{s}:{value}"] for s in spaces if f"{s}:{value}" in called), value)
        parts.append(f"{fact_words(name, at, called)} = {value}")
    return ("；", "; ")[at].join(parts)


def _objections(row: DutyList) -> list[dict[str, Any]]:
    known = bodies.names()
    rows = Objection.objects.filter(tenant_id=row.tenant_id, list=row).order_by("number", "id")
    return [
        {
            "id": o.id,
            "number": o.number,
            "body": known[o.body_id].called(_lang()),
            "reasons": o.reasons,
            "answer": o.answer,
        }
        for o in rows
    ]


def _done(verb: str) -> str:
    return {
        "check": _("检查做完了，结果在下面。"), "consult": _("已发出征求意见。"), "rework": _("已退回修改。"),
        "adopt": _("已通过。"), "publish": _("已公布，到生效那天起按它派单。"),
        "take_back": _("已撤回公布，上一版继续有效。"),
        "object": _("异议已记下，会逐条答复。"), "answer": _("已答复。"), "copy": _("新的一版已起草。"),
    }[verb]  # fmt: skip


def _day(given: Any, name: str) -> date:
    try:
        return date.fromisoformat(given.get(name, ""))
    except ValueError as no:
        raise Invalid(detail=_("日期要写成 2026-06-01 这样。")) from no


def _midnight(day: date) -> datetime:
    return make_aware(datetime.combine(day, time.min))


def _int(text: str | None) -> int:
    if not text or not text.isascii() or not text.isdigit():
        raise Invalid(detail="objection")
    return int(text)


def _lang() -> str:
    return "en" if (translation.get_language() or "").startswith("en") else "zh"
