"""成批办: what is chosen, what shall be done; a look at every row; the deed, and for a while its undo."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jishi.bodies import queries as bodies
from jishi.cases.actions import bulk as verbs
from jishi.cases.models import BulkPlan, Case
from jishi.cases.queries import bulk, sifting
from jishi.cases.states import BulkState, BulkVerb
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.caselist import MANY_AT_ONCE
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.desk.forms import _body_field, _item_field, _Naming, matter_label, matter_of
from jishi.duties import queries as duties
from jishi.foundation import numbers
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Refused

# Whose verb it is: what nobody of a post may do is not offered to it.
WHOSE: Mapping[str, tuple[str, ...]] = {
    BulkVerb.OFFER: ("dispatcher",), BulkVerb.TAKE_BACK: ("dispatcher",), BulkVerb.MATTER: ("dispatcher",),
    BulkVerb.TAG: ("dispatcher", "reviewer", "supervisor", "office", "handler"),
    BulkVerb.URGE: ("dispatcher", "supervisor", "office", "handler"), BulkVerb.EXTEND: ("supervisor",),
}  # fmt: skip
CALLED = {
    BulkVerb.OFFER: _("派单"), BulkVerb.TAKE_BACK: _("收回派单"), BulkVerb.TAG: _("加标签、去标签"),
    BulkVerb.MATTER: _("改事项"), BulkVerb.URGE: _("催办"), BulkVerb.EXTEND: _("同意延期"),
}  # fmt: skip
STATES = {
    BulkState.READY: ("wait", _("可以办")), BulkState.REFUSED: ("plain", _("不能办")),
    BulkState.DONE: ("done", _("办了")),
    BulkState.MOVED: ("hold", _("别人先动了")), BulkState.FAILED: ("back", _("没办成")),
    BulkState.UNDONE: ("back", _("撤回了")), BulkState.KEPT: ("hold", _("撤不回")),
}  # fmt: skip
FIELDS = {"status": _("状态"), "lead": _("单位"), "matter": _("事项"), "tags": _("标签"), "due": _("承诺")}
NAMED = 8  # titles shown of what is chosen


class BulkForm(_Naming):
    """What shall be done to each. Only the fields of the chosen verb count."""

    verb = forms.ChoiceField(label=_("做什么"), widget=forms.RadioSelect)
    whom = forms.ChoiceField(
        label=_("派给谁"), required=False, initial="list", widget=forms.RadioSelect,
        choices=(("list", _("各按清单，清单定了谁就派给谁")), ("other", _("都派给同一个单位"))),
    )  # fmt: skip
    body = _body_field(_("哪个单位"), required=False)
    item = _item_field(_("依据清单的哪一条"), required=False)
    why = forms.CharField(label=_("为什么不按清单"), max_length=500, required=False)
    instruction = forms.CharField(label=_("一句话交代"), max_length=500, required=False)
    reason = forms.CharField(label=_("为什么收回"), max_length=500, required=False)
    add = forms.CharField(label=_("加上"), max_length=200, required=False, help_text=_("几个标签之间用空格"))
    remove = forms.CharField(label=_("去掉"), max_length=200, required=False)
    matter = forms.CharField(
        label=_("事项"), max_length=160, required=False,
        widget=forms.TextInput(attrs={"list": "matters", "autocomplete": "off"}),
    )  # fmt: skip
    words = forms.CharField(label=_("催的话"), max_length=500, required=False, help_text=_("承办单位会看到"))

    def __init__(self, *args: Any, allowed: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verb"].choices = [(v, CALLED[BulkVerb(v)]) for v in allowed]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        verb = data.get("verb")
        needed = {"take_back": "reason", "matter": "matter", "urge": "words"}.get(str(verb))
        if verb == "offer" and data.get("whom") == "other":
            needed = "body"
            data["body_id"], data["item_id"] = self.body_named("body"), self.item_named("item")
        if needed and not str(data.get(needed) or "").strip():
            raise forms.ValidationError({needed: now_said("这一格要填。")})
        if verb == "tag" and not (str(data.get("add")).strip() or str(data.get("remove")).strip()):
            raise forms.ValidationError({"add": now_said("写一个标签。")})
        if verb == "matter":
            found = matter_of(str(data["matter"]), self.now)
            if found is None:
                raise forms.ValidationError({"matter": now_said("分类里没有这一项，从提示里选一个。")})
            data["matter"] = found.code
        return data

    def told(self) -> verbs.Told:
        """Give what the verb is told, of its own fields alone."""
        data = self.cleaned_data
        if data["verb"] == "offer":
            if data.get("whom") == "other":
                return verbs.Told(
                    body_id=data["body_id"], item_id=data["item_id"], why=data["why"], instruction=data["instruction"]
                )
            return verbs.Told(instruction=data["instruction"])
        if data["verb"] == "tag":
            return verbs.Told(add=tuple(data["add"].split()), remove=tuple(data["remove"].split()))
        if data["verb"] == "matter":
            return verbs.Told(matter=data["matter"])
        return verbs.Told(words={"take_back": data["reason"], "urge": data["words"]}.get(data["verb"], ""))


# --- choosing ----------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "POST"])
@staffed(*MANY_AT_ONCE)
def start(request: HttpRequest) -> HttpResponse:
    """Show what is chosen and ask what shall be done; a press leads to the look at every row."""
    said = request.POST if request.method == "POST" else request.GET
    found, refused = _chosen(said, request), None
    form = BulkForm(
        request.POST if request.method == "POST" else None, allowed=_allowed(request.actor), auto_id="bulk_%s",
        now=request.now, lang=lang(), initial={"verb": said.get("verb", "")},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            plan = verbs.preview(
                form.cleaned_data["verb"], [c.id for c in found], told=form.told(), by=request.actor, now=request.now
            )
            return redirect("bulk-plan", plan=plan.id)
        except Refused as no:
            if no.status != 422:
                raise
            refused = no
    return render(request, "cases/desk/bulk.html", {
        "form": form, "chosen": found[:NAMED], "count": len(found), "most": verbs.AT_MOST,
        "more": max(0, len(found) - NAMED), "too_many": len(found) > verbs.AT_MOST, "dense": True,
        "numbers": said.getlist("n") if not said.get("all") else [],
        "query": _query(said),
        "recent": [{"plan": p, "verb": CALLED[BulkVerb(p.verb)]} for p in bulk.recent(by=request.actor)],
        "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "",
        "matters": [matter_label(m, lang()) for m in duties.leaves(day=localdate(request.now))],
        "bodies": [b.called(lang()) for b in bodies.all_bodies(on=localdate(request.now))],
    }, status=422 if refused or form.errors else 200)  # fmt: skip


def _chosen(said: Any, request: HttpRequest) -> list[Case]:
    """Give the cases that are ticked, or all of the filter of the address."""
    if said.get("all"):
        filters = sifting.asked(QueryDict(_query(said)).dict(), now=request.now)
        return bulk.sifted(filters, by=request.actor)
    return bulk.chosen(said.getlist("n"), by=request.actor)


def _query(said: Any) -> str:
    """Give the filter of the address; the form carries it as one word, its own fields have the same names."""
    if not said.get("all"):
        return ""
    return str(said.get("query") or "") or sifting.query_of(said.dict())


def _allowed(by: Actor) -> list[str]:
    return [verb for verb, roles in WHOSE.items() if by.has(*roles)]


# --- one plan ----------------------------------------------------------------------------------------------


@never_cache
@require_GET
@staffed(*MANY_AT_ONCE)
def one(request: HttpRequest, plan: int) -> HttpResponse:
    """Show a plan row by row, and what may be done with it now."""
    found = bulk.plan(plan, by=request.actor)
    state, after = str(request.GET.get("state", "")), str(request.GET.get("after", ""))
    counted = bulk.counts(found)
    lines, more = bulk.lines(
        found, lang=lang(), state=state if state in counted else "",
        after=int(after) if numbers.names_a_row(after) else 0,
    )  # fmt: skip
    open_ = _open(found, counted, request.now)
    return render(request, "cases/desk/bulk_plan.html", {
        "plan": found, "verb": CALLED[BulkVerb(found.verb)], "lines": lines, "after": more, "dense": True,
        "states": dispatch.states(), "kinds": STATES, "fields": FIELDS, "state": state, "counts": counted,
        "total": sum(counted.values()), "goes_on": request.GET.get("on") if request.GET.get("on") in open_ else "",
        "tabs": [
            {"code": code, "label": STATES[BulkState(code)][1], "count": n, "url": f"?{urlencode({'state': code})}",
             "here": code == state}
            for code, n in counted.items() if n
        ],
        **open_,
    })  # fmt: skip


def _open(plan: BulkPlan, counted: Mapping[str, int], now: Any) -> dict[str, Any]:
    """Say what is open now, and for how many minutes."""
    found: dict[str, Any] = {}
    if counted[BulkState.READY] and plan.undone_at is None and now <= plan.apply_until:
        found["apply"] = {"n": counted[BulkState.READY], "minutes": _minutes(plan.apply_until - now)}
    if counted[BulkState.DONE] and plan.undo_until is not None and now <= plan.undo_until:
        found["undo"] = {"n": counted[BulkState.DONE], "minutes": _minutes(plan.undo_until - now)}
    return found


def _minutes(left: timedelta) -> int:
    return max(1, -(-left // timedelta(minutes=1)))


@require_POST
@staffed(*MANY_AT_ONCE)
def step(request: HttpRequest, plan: int, step: str) -> HttpResponse:
    """Do, or undo, the next rows; the page asks again until none is left."""
    run = {"apply": verbs.apply, "undo": verbs.undo}.get(step)
    if run is None:
        raise NotFound
    done = run(plan, by=request.actor, now=request.now, version=seen_version(request))
    if done.left:
        return redirect(f"{reverse('bulk-plan', args=[plan])}?on={step}")
    counted = bulk.counts(done.plan)
    if step == "apply":
        messages.success(request, now_said("办了 %(n)s 件") % {"n": counted[BulkState.DONE]})
    else:
        messages.success(request, now_said("撤回了 %(n)s 件") % {"n": counted[BulkState.UNDONE]})
    return redirect("bulk-plan", plan=plan)
