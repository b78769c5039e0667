"""名册: who mediates, for everybody to read; kept by the leading group office."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET, require_http_methods

from jishi.bodies import queries as bodies
from jishi.cases import mediation_rules
from jishi.cases.actions import mediators
from jishi.cases.queries import mediations
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.mediating.forms import EndForm, RegisterForm
from jishi.foundation.refusals import NotFound, Refused


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Show the register to everybody: organisation, languages, kinds, since when; the organisation's number alone."""
    rules = mediation_rules.load()
    kind = request.GET.get("kind", "")
    kind = kind if kind in rules.kinds else ""
    return render(request, "cases/mediation/register.html", {
        "rows": _rows(request, kind), "kinds": rules.kinds, "kind": kind, "rules": rules,
    })  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staffed("office")
def kept(request: HttpRequest, row: int = 0) -> HttpResponse:
    """Let the office put somebody on the register, or end a term."""
    ending = row > 0
    if ending and not row < 2**63:
        raise NotFound
    shape = EndForm if ending else RegisterForm
    form = shape(request.POST if request.method == "POST" else None, now=request.now, lang=lang())
    if request.method != "POST":
        return _keep(request, form)
    if not form.is_valid():
        return _keep(request, form, ending=row, status=422)
    who: dict[str, Any] = {"by": request.actor, "now": request.now}
    try:
        if isinstance(form, RegisterForm):
            mediators.register(form.value(), **who)
        else:
            mediators.end_term(row, why=form.cleaned_data["why"], version=seen_version(request), **who)
    except Refused as no:
        if no.status not in (409, 412, 422):
            raise
        form.add_error(None, f"{no.sentence(lang())} {no.next_step(lang())}")
        return _keep(request, form, ending=row, status=no.status)
    return redirect("mediators-kept")


def _keep(request: HttpRequest, form: Any, *, ending: int = 0, status: int = 200) -> HttpResponse:
    return render(request, "cases/mediation/keep.html", {
        "rows": _rows(request, ""), "ending": ending, "end_form": form if ending else None, "dense": True,
        "form": RegisterForm(now=request.now, lang=lang()) if ending else form,
    }, status=status)  # fmt: skip


def _rows(request: HttpRequest, kind: str) -> list[Any]:
    known = bodies.names()
    return [
        (row, body, kinds, known[row.body_id].work_phone if row.body_id in known else "")
        for row, body, kinds in mediations.register(lang=lang(), day=localdate(request.now), kind=kind)
    ]
