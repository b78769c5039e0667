"""The pages of the way back by two persons: ask, vouch, end; and where its holder types both halves."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jishi.accounts import policies, queries
from jishi.accounts.actions import ending, recovery, signing_in
from jishi.accounts.actions.recovery import Given, HalvesWrong, PasskeyNeeded
from jishi.accounts.models import Recovery
from jishi.accounts.web import proofs, sessions
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound

STATES = {
    "asked": _("等第二人证明"), "approved": _("等本人来登录"), "denied": _("没有批准"), "used": _("已经用过"),
    "ended": _("已经结束"),
}  # fmt: skip
TONES = {"asked": "near", "approved": "run", "denied": "plain", "used": "plain", "ended": "plain"}


class Wanted(forms.Form):
    """For whom, and how it was checked."""

    username = forms.CharField(label=_("要重新登录的人的登录名"), max_length=60)
    why = forms.CharField(
        label=_("怎么核实的"),
        help_text=_("10 到 300 个字：怎么知道是本人。不要写居民的信息。"),
        min_length=recovery.LEAST,
        max_length=recovery.MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class Halves(forms.Form):
    """Both halves and a new password."""

    login = forms.CharField(
        label=_("登录名"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    first = forms.CharField(label=_("第一半"), help_text=_("安全管理员给的"), max_length=20)
    second = forms.CharField(label=_("第二半"), help_text=_("本单位同事给的"), max_length=20)
    password = forms.CharField(
        label=_("新密码"),
        help_text=_("至少 12 个字。一句自己记得住的话最好。"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def concerns(request: HttpRequest) -> bool:
    """Tell whether this person asks for ways back, ends lost telephones, or a colleague waits for him."""
    if request.actor.kind != "staff":
        return False
    return policies.may_end_lost(request.actor) or bool(queries.recoveries(request.actor, now=request.now))


@login_required
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """What is asked and was decided."""
    return _board(request, Wanted())


@login_required
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a colleague."""
    policies.ensure_may_keep_accounts(request.actor)
    form = Wanted(request.POST)
    if not form.is_valid():
        return _board(request, form)
    try:
        given = recovery.ask(
            form.cleaned_data["username"], form.cleaned_data["why"], by_passkey=proofs.by_passkey(request),
            by=request.actor, now=request.now,
        )  # fmt: skip
    except PasskeyNeeded:
        return redirect(sessions.with_next("/me/sign-in/again/passkey", "/recovery"))
    return _board(request, Wanted(), given=given, first=True)


class Lost(forms.Form):
    """Whose telephone is lost."""

    lost = forms.CharField(label=_("丢了手机的人的登录名"), max_length=60)


@login_required
@require_POST
def lost(request: HttpRequest) -> HttpResponse:
    """End every device and every session of a colleague whose telephone is lost."""
    policies.ensure_may_end_lost(request.actor)
    form = Lost(request.POST)
    if not form.is_valid():
        return _board(request, Wanted(), lost=form)
    try:
        signing_in.end_lost(form.cleaned_data["lost"], by=request.actor, now=request.now)
    except NotFound:
        all_of_them = policies.may_keep_accounts(request.actor)
        form.add_error("lost", _("没有这个登录名。") if all_of_them else _("本单位没有这个登录名。"))
        return _board(request, Wanted(), lost=form)
    messages.success(request, _("随身设备都停用了，所有登录都退出了。"))
    return redirect("recovery")


class Number(forms.Form):
    """Which resident's telephone is lost."""

    number = forms.CharField(label=_("丢了手机的居民登录用的号码"), max_length=40)


class Everyone(forms.Form):
    """Why everybody is signed out."""

    because = forms.CharField(
        label=_("为什么要所有人退出"),
        help_text=_("10 到 300 个字，记在留痕里。不要写居民的信息。"),
        min_length=ending.LEAST,
        max_length=ending.MOST,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@login_required
@require_POST
def number(request: HttpRequest) -> HttpResponse:
    """End every session of a resident whose telephone is lost; known number or not, the answer is one."""
    policies.ensure_may_keep_accounts(request.actor)
    form = Number(request.POST)
    if not form.is_valid():
        return _board(request, Wanted(), number=form)
    try:
        ending.end_number(form.cleaned_data["number"], by=request.actor, now=request.now)
    except Invalid:
        form.add_error("number", _("这不是能收短信的号码。"))
        return _board(request, Wanted(), number=form)
    messages.success(request, _("用这个号码登录的，都退出了；没有人用它登录的，什么也没变。"))
    return redirect("recovery")


@login_required
@require_POST
def everyone(request: HttpRequest) -> HttpResponse:
    """Sign everybody of the town out, oneself too."""
    policies.ensure_may_keep_accounts(request.actor)
    form = Everyone(request.POST)
    if not form.is_valid():
        return _board(request, Wanted(), everyone=form)
    ending.end_everyone(form.cleaned_data["because"], by=request.actor, now=request.now)
    request.session.flush()
    return redirect("account_login")


@login_required
@require_POST
def act(request: HttpRequest, recovery_id: int, recovery_act: str) -> HttpResponse:
    """Vouch, refuse, or end."""
    said = request.POST.get("version", "")
    version = int(said[:9]) if said.isdecimal() else None
    if recovery_act == "approve":
        try:
            given = recovery.approve(
                recovery_id, by_passkey=proofs.by_passkey(request), by=request.actor, now=request.now, version=version
            )
        except PasskeyNeeded:
            return redirect(sessions.with_next("/me/sign-in/again/passkey", "/recovery"))
        return _board(request, Wanted(), given=given)
    verb = {"deny": recovery.deny, "end": recovery.end}.get(recovery_act)
    if verb is None:
        raise NotFound
    verb(recovery_id, by=request.actor, now=request.now, version=version)
    return redirect("recovery")


@require_http_methods(["GET", "POST"])
def come_back(request: HttpRequest) -> HttpResponse:
    """Type both halves and a new password. Whatever is wrong is said in the same words."""
    if request.user.is_authenticated:
        return redirect("mfa_index")
    form = Halves(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said, lang = form.cleaned_data, get_language() or "zh"
        try:
            recovery.use(
                said["login"], said["first"], said["second"], said["password"], by=request.actor, now=request.now
            )
        except Invalid as unfit:
            form.add_error("password", unfit.facts["detail"])
        except HalvesWrong as wrong:
            request.way_in_failed = True
            form.add_error(None, f"{wrong.sentence(lang)} {wrong.next_step(lang)}")
        else:
            return redirect("account_login")
    return render(request, "accounts/recover.html", {"form": form})


def _board(
    request: HttpRequest, form: Wanted, *, given: Given | None = None, first: bool = False, lost: Lost | None = None,
    number: Number | None = None, everyone: Everyone | None = None,
) -> HttpResponse:  # fmt: skip
    by = request.actor
    asks = by.kind == "staff" and policies.may_keep_accounts(by)
    loses = policies.may_end_lost(by)
    rows = queries.recoveries(by, now=request.now)
    if not (asks or loses or rows or given or policies.may_see_every_glass(by)):
        raise NotAllowed("post")
    shown = {
        "rows": [_shown(row, request) for row in rows], "asks": asks, "form": form,
        "half": given.half if given else "", "first": first, "lost": lost or Lost(),
        "loses": loses, "number": number or Number(), "everyone": everyone or Everyone(),
    }  # fmt: skip
    response = render(request, "accounts/recovery.html", shown)
    response["Cache-Control"] = "no-store"
    return response


def _shown(row: Recovery, request: HttpRequest) -> dict[str, object]:
    by = request.actor
    over = row.ends_at <= request.now and row.status in recovery.CAN
    decides = row.status == "asked" and not over and by.account_id not in (row.asked_by, row.account_id)
    return {
        "row": row, "state": STATES["ended" if over else row.status],
        "tone": TONES["ended" if over else row.status],
        "can_decide": decides and policies.may_vouch(by, queries.bodies_of(row.account_id, now=request.now)),
        "can_end": row.status in recovery.CAN and not over and policies.may_keep_accounts(by),
    }  # fmt: skip
