"""One's own pages: ways in, open sessions, password, who looked at my data."""

from allauth.account.decorators import reauthentication_required
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import IndexView
from allauth.mfa.recovery_codes.views import (
    DownloadRecoveryCodesView,
    GenerateRecoveryCodesView,
    ViewRecoveryCodesView,
)
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from jishi.accounts import queries
from jishi.accounts.actions import accounts, devices, key_list, signing_in, unified
from jishi.accounts.models import Reading
from jishi.accounts.web import own_rows, recovery, sessions
from jishi.foundation import purposes
from jishi.foundation.refusals import Invalid, SignInNeeded

WAYS = {
    "password": _("密码"), "code": _("密码和验证码"), "passkey": _("通行密钥"), "phone": _("手机号"),
    "unified": _("统一身份认证"), "demo": _("演示"),
}  # fmt: skip


class WaysIn(IndexView):
    """Password, app, passkeys, printed codes, sessions: what opens this account."""

    template_name = "accounts/ways_in.html"

    def get_context_data(self, **more: object) -> dict:
        found = super().get_context_data(**more)
        found["sessions"] = queries.sessions_of(self.request.actor.account_id, now=self.request.now)
        found["session_key"] = self.request.session.session_key
        found["sign_ins"] = [(WAYS[one.way], one) for one in queries.sign_ins_of(self.request.actor.account_id)]
        found["devices"] = devices.of(self.request.actor.account_id, by=self.request.actor)
        found["by_phone"] = queries.enters_by_phone(self.request.actor.account_id)
        found["recovered_at"] = queries.recovered_at(self.request.actor.account_id, now=self.request.now)
        found["lost_at"] = queries.lost_at(self.request.actor.account_id, now=self.request.now)
        found["vouching"] = recovery.concerns(self.request)
        found["looks_after_keys"] = self.request.actor.kind == "staff" and key_list.keeps(self.request.actor)
        found["unified"] = bool(settings.OIDC_ISSUER)
        found["joined"] = found["unified"] and unified.is_joined(
            self.request.actor.account_id, settings.OIDC_ISSUER, by=self.request.actor
        )
        found["factor_missing"] = getattr(self.request, "factor_missing", False)
        return found


class AddApp(ActivateTOTPView):
    """Add a code app."""

    template_name = "accounts/add_app.html"

    def get_form(self, form_class: type | None = None) -> forms.Form:
        form = super().get_form(form_class)
        form.fields["code"].widget.attrs.pop("placeholder", None)
        return form

    def form_valid(self, form: forms.Form) -> HttpResponse:
        response = super().form_valid(form)
        self.request.session[sessions.FACTOR] = True
        return response


class EndApp(DeactivateTOTPView):
    """Take the code app away."""

    template_name = "accounts/end_factor.html"


class AddPasskey(AddWebAuthnView):
    """Add a passkey; fingerprint and face never leave the device."""

    template_name = "accounts/add_passkey.html"

    def form_valid(self, form: forms.Form) -> HttpResponse:
        response = super().form_valid(form)
        self.request.session[sessions.FACTOR] = True
        return response


class EndPasskey(RemoveWebAuthnView):
    """Take a passkey away."""

    template_name = "accounts/end_factor.html"
    success_url = "/me/sign-in"

    def form_valid(self, form: forms.Form) -> HttpResponse:
        if not get_adapter().can_delete_authenticator(self.object):
            form.add_error(None, get_adapter().validation_error("cannot_delete_authenticator"))
            return self.form_invalid(form)
        return super().form_valid(form)


class Codes(ViewRecoveryCodesView):
    """The printed codes."""

    template_name = "accounts/codes.html"


class NewCodes(GenerateRecoveryCodesView):
    """Make new printed codes; the former ones end."""

    template_name = "accounts/new_codes.html"


class CodesAsText(DownloadRecoveryCodesView):
    """The printed codes as a text file."""

    template_name = "accounts/codes.txt"


class NewPassword(forms.Form):
    """A new password; length and common ones are the verb's question."""

    password = forms.CharField(
        label=_("新密码"),
        help_text=_("至少 12 个字。一句自己记得住的话最好。"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


@login_required
@reauthentication_required(allow_get=False)
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Give oneself a new password: every session ends, this one too."""
    form = NewPassword(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            accounts.set_password(
                request.actor.account_id, form.cleaned_data["password"], by=request.actor, now=request.now
            )
        except Invalid as unfit:
            form.add_error("password", unfit.facts["detail"])
        else:
            request.session.flush()
            return redirect("/sign-in")
    return render(request, "accounts/password.html", {"form": form})


@login_required
@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one of one's own sessions."""
    signing_in.end_session(session_id, by=request.actor, now=request.now)
    return redirect("/me/sign-in")


@login_required
@require_POST
def end_all(request: HttpRequest) -> HttpResponse:
    """End every session of one's own: a lost telephone."""
    signing_in.end_sessions(request.actor.account_id, by=request.actor, now=request.now)
    request.session.flush()
    return redirect("/sign-in")


@login_required
@require_POST
def name_device(request: HttpRequest, device_id: int) -> HttpResponse:
    """Give one of one's own devices a name."""
    devices.rename(device_id, request.POST.get("name", ""), by=request.actor, now=request.now)
    return redirect("/me/sign-in#devices")


@login_required
@require_POST
def end_device(request: HttpRequest, device_id: int) -> HttpResponse:
    """End one of one's own devices, and what is signed in on it."""
    devices.end(device_id, by=request.actor, now=request.now)
    return redirect("/me/sign-in#devices")


def readings(request: HttpRequest) -> HttpResponse:
    """Who looked at my data: which post, when, why, at what."""
    if request.actor.kind not in ("staff", "resident", "reporter"):
        raise SignInNeeded
    after = request.GET.get("after", "")
    found = queries.readings_of_many(
        own_rows.of(request.actor), after=int(after) if after.isdecimal() else None, limit=51
    )
    more = found[49].id if len(found) > 50 else None
    glass = queries.by_glass(found[:50])
    rows = [{**_shown(reading), "glass": reading.id in glass} for reading in found[:50]]
    return render(request, "accounts/readings.html", {"rows": rows, "after": more})


def _shown(reading: Reading) -> dict:
    place = 0 if (get_language() or "zh").startswith("zh") else 1
    known = {p.code: p for p in purposes.every()}.get(reading.purpose)
    labels = known.labels if known else {}
    return {
        "at": reading.at,
        "post": reading.post_title or (_("平台") if reading.actor == "system" else ""),
        "why": _(reading.reason) if reading.actor == "system" else reading.reason,
        "purpose": (known.zh, known.en)[place] if known else reading.purpose,
        "what": "、".join(labels.get(f, (f, f))[place] for f in reading.fields)
        if place == 0
        else ", ".join(labels.get(f, (f, f))[place] for f in reading.fields),
    }
