"""巡查路线: which places of a grid are looked at, for what, how often; of the desk and of the office.

Who walks is named by the post; where anybody walked is kept nowhere.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from jishi.cases.actions import patrols
from jishi.cases.queries import rounds
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.foundation.refusals import NotFound, Refused

LAYING = ("dispatcher", "office")
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class RouteForm(forms.Form):
    """A route: where, what to look for, how often, from which day on."""

    name = forms.CharField(label=gettext_lazy("路线叫什么"), max_length=60)
    grid = forms.TypedChoiceField(label=gettext_lazy("哪个网格"), coerce=int)
    places = forms.CharField(
        label=gettext_lazy("到哪些地方看"), max_length=4000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("一行一个地方，按走的顺序；最多 40 个"),
    )  # fmt: skip
    look_for = forms.CharField(label=gettext_lazy("要看什么"), max_length=200)
    every_days = forms.IntegerField(label=gettext_lazy("隔几天看一次"), min_value=1, max_value=366, initial=7)
    first_on = forms.DateField(label=gettext_lazy("下一次是哪天"), widget=DAY)

    def __init__(self, *args: Any, grids: list[tuple[int, str]] | None, **more: Any) -> None:
        super().__init__(*args, **more)
        if grids is None:  # a route stays in its grid
            del self.fields["grid"]
        else:
            self.fields["grid"].choices = grids  # type: ignore[attr-defined]

    def value(self, grid_id: int) -> patrols.NewRoute:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        names = [line.strip() for line in said["places"].splitlines() if line.strip()]
        points = tuple(patrols.Point(name) for name in names)
        return patrols.NewRoute(
            said["name"], grid_id, points, said["look_for"], said["every_days"], said["first_on"]
        )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staffed(*LAYING)
def desk(request: HttpRequest) -> HttpResponse:
    """List the routes of the area with their next day, and lay another."""
    form = _blank(request)
    if request.method != "POST":
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        made = patrols.lay(form.value(form.cleaned_data["grid"]), by=request.actor, now=request.now)
    except Refused as no:
        return _refused(request, form, no)
    messages.success(request, _("路线定好了：%(name)s") % {"name": made.name})
    return redirect("patrols")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staffed(*LAYING)
def one(request: HttpRequest, row: int) -> HttpResponse:
    """Show one route with its places, and change it on the version that was seen."""
    found = _route(request, row)
    first = {
        "name": found.name, "places": "\n".join(p.name for p in found.places), "look_for": found.look_for,
        "every_days": found.every_days, "first_on": found.next_on,
    }  # fmt: skip
    form = RouteForm(request.POST or None, grids=None, initial=first, auto_id="route_%s")
    if request.method != "POST":
        return _one(request, found, form)
    version = seen_version(request)
    if not form.is_valid():
        return _one(request, found, form, status=422)
    try:
        patrols.change(row, new=form.value(0), by=request.actor, now=request.now, version=version)
    except Refused as no:
        return _refused(request, form, no, found)
    messages.success(request, _("改好了，下一次就按这样走。"))
    return redirect("patrol", row=row)


@require_POST
@staffed(*LAYING)
def end(request: HttpRequest, row: int) -> HttpResponse:
    """End a route, with a reason."""
    found, version = _route(request, row), seen_version(request)
    try:
        patrols.end(
            row, words=str(request.POST.get("words", "")), by=request.actor, now=request.now, version=version
        )
    except Refused as no:
        form = RouteForm(grids=None, initial={"name": found.name}, auto_id="route_%s")
        return _refused(request, form, no, found)
    messages.success(request, _("这条路线停了。"))
    return redirect("patrols")


def _route(request: HttpRequest, row: int) -> rounds.Route:
    found = rounds.route(row, by=request.actor, now=request.now) if row < 2**63 else None
    if found is None:
        raise NotFound
    return found


def _blank(request: HttpRequest) -> RouteForm:
    grids = rounds.grids_for_routes(by=request.actor, now=request.now)
    return RouteForm(
        request.POST or None, grids=grids, initial={"first_on": localdate(request.now)}, auto_id="route_%s"
    )


def _refused(
    request: HttpRequest, form: RouteForm, no: Refused, found: rounds.Route | None = None
) -> HttpResponse:
    if no.status not in (409, 412, 422):
        raise no
    request.afterwards = no.afterwards  # type: ignore[attr-defined]
    return _one(request, found, form, no, no.status) if found else _page(request, form, no, no.status)


def _said(no: Refused | None) -> dict[str, str]:
    return {"refused_what": no.sentence(lang()) if no else "", "refused_now": no.next_step(lang()) if no else ""}


def _page(request: HttpRequest, form: RouteForm, no: Refused | None = None, status: int = 200) -> HttpResponse:
    rows = rounds.laid(by=request.actor, now=request.now)
    said = {"rows": rows, "form": form, "dense": True, **_said(no)}
    return render(request, "cases/work/patrols.html", said, status=status)


def _one(
    request: HttpRequest, found: rounds.Route, form: RouteForm, no: Refused | None = None, status: int = 200
) -> HttpResponse:
    said = {"r": found, "form": form, "dense": True, **_said(no)}
    return render(request, "cases/work/patrol.html", said, status=status)
