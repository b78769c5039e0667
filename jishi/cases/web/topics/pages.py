"""The topic board of the leading group office, one topic with its presses, and what everybody may read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import topic
from jishi.cases.queries import clusters, topics
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.topics import forms
from jishi.foundation import numbers
from jishi.foundation.refusals import NotFound, Refused

READING = ("handler", "head", "dispatcher", "supervisor", "office", "ruler", "auditor")
Run = Callable[[int, Any, Mapping[str, Any], str], object]


@dataclass(frozen=True, slots=True)
class Act:
    """`verb`: the row of the table that opens it."""

    code: str
    verb: str
    label: str | Promise
    form: Callable[..., Any]
    run: Run
    css: str = ""


ACTS = (
    Act("choose", "choose", gettext_lazy("选定"), forms.ChooseForm,
        lambda row, form, who, town: topic.choose(row, plan=form.value(), **who), "go"),
    Act("pass-over", "pass_over", gettext_lazy("这次不选"), forms.WhyForm,
        lambda row, form, who, town: topic.pass_over(row, why=form.cleaned_data["why"], **who), "stop"),
    Act("measure", "finish_measure", gettext_lazy("措施做完了"), forms.MeasureForm,
        lambda row, form, who, town: topic.finish_measure(
            row, measure_id=form.cleaned_data["measure"], words=form.cleaned_data["words"], **who), "go"),
    Act("found", "open_case", gettext_lazy("主动发现，立案"), forms.FoundForm,
        lambda row, form, who, town: topic.open_case(row, incoming=form.value(), tenant_code=town, **who)),
    Act("assess", "assess", gettext_lazy("评估"), forms.AssessForm,
        lambda row, form, who, town: topic.assess(row, words=form.cleaned_data["words"], **who), "go"),
    Act("close", "close", gettext_lazy("结题，公布结果"), forms.CloseForm,
        lambda row, form, who, town: topic.close(row, words=form.cleaned_data["words"], **who), "go"),
    Act("go-on", "go_on", gettext_lazy("接着治"), forms.GoOnForm,
        lambda row, form, who, town: topic.go_on(row, measures=form.cleaned_data["measures"], **who)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offered:
    act: Act
    form: Any
    open: bool = False


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staffed(*READING)
def board(request: HttpRequest) -> HttpResponse:
    """Show what waits for the office, what is worked on, what came of it; nominate another."""
    data = request.POST if request.method == "POST" else None
    form = forms.NominateForm(data, now=request.now, lang=lang(), initial=_seen_in(request))
    if data is None:
        return _board(request, form)
    if not form.is_valid():
        return _board(request, form, status=422)
    try:
        row = topic.nominate(form.value(), by=request.actor, now=request.now)
    except Refused as no:
        if no.status != 422:
            raise
        form.add_error(None, f"{no.sentence(lang())} {no.next_step(lang())}")
        return _board(request, form, status=no.status)
    return redirect("topic-one", row=row.id)


def _seen_in(request: HttpRequest) -> dict[str, str]:
    """Fill a nomination in from the hot topic that it comes from (`?cluster=`), where this colleague may see that."""
    row = request.GET.get("cluster", "")
    if not numbers.names_a_row(row):
        return {}
    try:
        found = clusters.one(int(row), by=request.actor, now=request.now, lang=lang()).one
    except NotFound:
        return {}
    told = {"n": found.row.reports_count, "where": found.where, "day": localdate(found.row.first_at)}
    evidence = _("热点：%(n)d 条诉求，%(where)s，从 %(day)s 起。") % told
    return {"title": found.row.title, "matter_1": found.row.matter, "kind": "cluster", "evidence": evidence}


def _board(request: HttpRequest, form: Any, *, status: int = 200) -> HttpResponse:
    rows = topics.board(by=request.actor, now=request.now, lang=lang())
    lots = [
        (heading, [t for t in rows if t.row.status in states], empty)
        for heading, states, empty in (
            (_("等选的"), ("NOMINATED",), _("没有等选的题。任何单位都可以提名，月底前定。")),
            (_("在治的"), ("WORKING",), _("这个月还没有选定的题。")),
            (_("评过了，等定"), ("ASSESSED",), _("没有等定的题。")),
            (_("结了的、没有选的"), ("CLOSED", "PASSED_OVER"), _("还没有结题的。")),
        )
    ]
    return render(request, "cases/topics/board.html", {
        "lots": lots, "form": form, "may_nominate": request.actor.has(*policies.NOMINATING),
        "body_options": _bodies(request), "dense": True,
    }, status=status)  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staffed(*READING)
def one(request: HttpRequest, row: int, code: str = "") -> HttpResponse:
    """Show one topic with what this colleague may do, or do what was pressed on the version that was seen."""
    found = _found(request, row)
    if request.method != "POST":
        return _one(request, found)
    act = next((a for a in ACTS if a.code == code), None)
    if act is None:
        raise NotFound
    form = act.form(request.POST, auto_id=f"t_{code}_%s", now=request.now, lang=lang(), one=found)
    again, version = Offered(act, form, open=True), seen_version(request)
    if not form.is_valid():
        return _one(request, found, again=again, status=422)
    try:
        act.run(row, form, {"by": request.actor, "now": request.now, "version": version}, request.tenant.code)
    except Refused as no:
        if no.status not in (409, 412, 422):
            raise
        return _one(request, _found(request, row), again=again, refused=no, status=no.status)
    messages.success(request, _("%(act)s：%(title)s") % {"act": act.label, "title": found.row.title})
    return redirect("topic-one", row=row)


def _found(request: HttpRequest, row: int) -> topics.OneTopic:
    if not 0 < row < 2**63:
        raise NotFound
    return topics.one(row, by=request.actor, now=request.now, lang=lang())


def _one(
    request: HttpRequest, found: topics.OneTopic, *, again: Offered | None = None, refused: Refused | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    offered = [
        again if again is not None and again.act is act
        else Offered(act, act.form(auto_id=f"t_{act.code}_%s", now=request.now, lang=lang(), one=found))
        for act in ACTS
        if act.verb in found.may or (again is not None and again.act is act)
    ]  # fmt: skip
    return render(request, "cases/topics/one.html", {
        "t": found, "offered": offered, "dense": True, "body_options": _bodies(request),
        "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "",
    }, status=status)  # fmt: skip


def _bodies(request: HttpRequest) -> list[str]:
    return [b.called(lang()) for b in bodies.all_bodies(on=localdate(request.now))]


@require_GET
def public(request: HttpRequest) -> HttpResponse:
    """Show everybody what is worked on at its root, and what came of it."""
    rows = topics.public(by=request.actor, now=request.now, lang=lang())
    return render(request, "cases/topics/public.html", {"rows": rows})


@require_GET
def public_one(request: HttpRequest, row: int) -> HttpResponse:
    """Show everybody one topic: causes, measures, the figure before and after."""
    if not 0 < row < 2**63:
        raise NotFound
    found = topics.one(row, by=request.actor, now=request.now, lang=lang(), is_public=True)
    return render(request, "cases/topics/public_one.html", {"t": found})
