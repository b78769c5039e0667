"""交接: who serves each grid of a plan now, and who will from its day on; people name, before the day (spec 21 §12)."""

from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jishi.bodies import queries
from jishi.bodies.actions import rebinding
from jishi.bodies.web.desk import _keeper, _lang, _now, _number
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Refused
from jishi.kernels.dutylist.operators import division_head
from jishi.places.queries import coming, plans

ROLES = {
    "leader": gettext_lazy("网格长"), "party_secretary": gettext_lazy("网格党组织书记"),
    "full_time": gettext_lazy("专职网格员"), "part_time": gettext_lazy("兼职网格员"),
    "adviser": gettext_lazy("网格指导员"),
}  # fmt: skip
FATES = {
    "stays": (gettext_lazy("还在"), "done"), "new": (gettext_lazy("新的"), "run"),
    "gone": (gettext_lazy("不再有"), "back"),
}  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Show who serves before and after; name a post for a grid, or take a naming back."""
    by = _keeper(request)
    plan = _plan(plan_id, by)
    if request.method != "POST":
        return _page(request, plan)
    said = {k: str(v).strip() for k, v in request.POST.items()}
    try:
        if said.get("drop"):
            rebinding.unname(_number(said["drop"]), by=by, now=_now(request))
            messages.success(request, _("去掉了。"))
        else:
            rebinding.name(
                plan_id, said.get("grid", ""), _number(said.get("post")), said.get("role", ""),
                hours_per_week=_hours(said.get("hours", "")), by=by, now=_now(request),
            )  # fmt: skip
            messages.success(request, _("安排好了。"))
    except Refused as no:
        if no.status not in (409, 422):
            raise
        return _page(request, plan, f"{no.sentence(_lang())} {no.next_step(_lang())}", no.status)
    return redirect("handing-over", plan_id=plan_id)


def _page(request: HttpRequest, plan: coming.Coming, wrong: str = "", status: int = 200) -> HttpResponse:
    now = _now(request)
    rows = queries.handing_over(plan.id, now)
    return render(request, "bodies/handing.html", {
        "plan": plan, "rows": rows, "name": plans.name_of(plan.community), "wrong": wrong, "said": request.POST,
        "vacant": [r for r in rows if r.nobody], "posts": queries.posts_for(plan.community, now=now), "roles": ROLES,
        "coming": [r for r in rows if r.fate != "gone"], "fates": FATES, "over": plan.status not in rebinding.OPEN,
    }, status=status)  # fmt: skip


def _plan(plan_id: int, by: Actor) -> coming.Coming:
    plan = coming.coming(plan_id, by=by)
    if plan is None or not plan.community.startswith(division_head(by.area)):
        raise NotFound
    return plan


def _hours(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        said = Decimal(text)
    except InvalidOperation:
        raise Invalid(detail=_("每周几小时写成数字。")) from None
    if not said.is_finite() or abs(said) > 1000:
        raise Invalid(detail=_("每周几小时写成数字。"))
    return said.quantize(Decimal("0.1"))
