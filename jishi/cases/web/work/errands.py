"""跑腿单: what a desk or a lead has set, what came of it, and one form to set another."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from jishi.cases.actions import bringing, errands
from jishi.cases.legwork import ERRAND, ErrandKind
from jishi.cases.queries import listing, ontheway
from jishi.cases.refusals import NoSuchCase
from jishi.cases.web import handing_out
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.foundation.refusals import NotFound, Refused

SETTING = ("dispatcher", "handler")
KINDS = {
    "verify_before": gettext_lazy("派前核实"), "verify_after": gettext_lazy("办后核查"),
    "patrol": gettext_lazy("巡查点"), "help": gettext_lazy("代办"), "deliver": gettext_lazy("送通知"),
}  # fmt: skip
FINDINGS = {
    "so": gettext_lazy("是这样"), "not_so": gettext_lazy("不是这样"), "mended": gettext_lazy("已经好了"),
    "not_mended": gettext_lazy("还没好"), "in_order": gettext_lazy("没有问题"), "done": gettext_lazy("办好了"),
}  # fmt: skip


class SettingForm(forms.Form):
    """A small job of a case: where it is, the case says."""

    case = forms.CharField(
        label=gettext_lazy("哪一件事"), max_length=24,
        help_text=gettext_lazy("事件编号，C 开头；地点从那一件事来，不用再写"),
        error_messages={"required": gettext_lazy("写上事件编号。")},
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=gettext_lazy("做什么"), choices=[(k, KINDS[k]) for k in KINDS if k != ErrandKind.PATROL]
    )
    what = forms.CharField(
        label=gettext_lazy("看什么、做什么"), max_length=200, help_text=gettext_lazy("一句话；不写人名和电话"),
        error_messages={"required": gettext_lazy("写一句要看什么、做什么。")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    free = forms.BooleanField(
        label=gettext_lazy("志愿者、骑手也可以接"), required=False,
        help_text=gettext_lazy("他们只看得到地点。核实和核查不行"),
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@staffed(*SETTING)
def desk(request: HttpRequest) -> HttpResponse:
    """Show what was set and what came of it; set another."""
    form = SettingForm(request.POST or None, initial={"case": request.GET.get("case", "")}, auto_id="errand_%s")
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, status=422 if request.method == "POST" else 200)
    said = form.cleaned_data
    try:
        setting = errands.Setting(said["kind"], said["what"], case_id=_case(request, said["case"]), free=said["free"])
        made = errands.set_(setting, by=request.actor, now=request.now, tenant_code=request.tenant.code)
    except Refused as no:
        if no.status not in (409, 422):
            raise
        request.afterwards = no.afterwards  # type: ignore[attr-defined]
        return _page(request, form, refused=no, status=no.status)
    messages.success(request, _("派出去了，编号 %(number)s") % {"number": made.number})
    return redirect("errands")


def _case(request: HttpRequest, number: str) -> int:
    try:
        return listing.id_of(number.strip().upper(), by=request.actor)
    except NotFound:
        raise NoSuchCase(number=number) from None


@require_POST
@staffed(*SETTING)
def drop(request: HttpRequest, number: str) -> HttpResponse:
    """Drop what nobody has taken."""
    words, version = str(request.POST.get("words", "")), seen_version(request)
    errands.drop(number, words=words, by=request.actor, now=request.now, version=version)
    return redirect("errands")


@never_cache
@require_POST
@staffed(*SETTING)
def photo(request: HttpRequest, number: str, row: int) -> HttpResponse:
    """Open a photo of an errand once, for a reason; :raises NotFound: no such photo, or not this desk's to know."""
    facts: dict[str, str] = {"number": number}
    try:
        why = str(request.POST.get("reason", ""))[:300]
        opened = bringing.open_(row, of=number, reason=why, by=request.actor, now=request.now)
        facts |= {"picture": handing_out.within(opened), "name": opened.name}
    except Refused as no:
        if no.status != 422:
            raise
        facts["refused"] = no.sentence(lang())
    response = render(request, "cases/work/errand_photo.html", facts, status=422 if "refused" in facts else 200)
    response["Cache-Control"] = "no-store"
    return response


def _page(
    request: HttpRequest, form: SettingForm, *, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    language = lang()
    rows = [(t, KINDS[t.kind], FINDINGS.get(t.finding, "")) for t in ontheway.of_desk(by=request.actor)]
    states = {s.code: {"chip": s.chip, "zh": s.name.zh, "en": s.name.en} for s in ERRAND.states}
    return render(request, "cases/work/errands.html", {
        "rows": rows, "form": form, "states": states,
        "refused_what": refused.sentence(language) if refused else "",
        "refused_now": refused.next_step(language) if refused else "",
    }, status=status)  # fmt: skip
