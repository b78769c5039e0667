"""The pages of another number for signing in: both numbers, then the code that came to the new one."""

import secrets
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from jishi.accounts import queries
from jishi.accounts.actions import by_phone, new_number
from jishi.accounts.actions.by_phone import CodeOver, CodesUsedUp, CodeWrong, SmsIsOff
from jishi.accounts.actions.new_number import NoNumberOfOwn, NumberIsAnother, NumberTaken, TriedTooOften
from jishi.accounts.web import proofs
from jishi.accounts.web.by_phone import OneTimeCode, leaving, spoken
from jishi.foundation import carriers
from jishi.foundation.outgoing import NotDelivered
from jishi.foundation.refusals import Invalid

COOKIE = "__Host-jishi_number" if settings.SESSION_COOKIE_SECURE else "jishi_number"
SALT, PLACE, AFTER = "jishi.number", "/me/number", "/me/sign-in?number={}"
TELEPHONE = {"inputmode": "tel", "type": "tel"}


class Numbers(forms.Form):
    """The number that opens the account now, and the one that shall."""

    old = forms.CharField(label=_("现在的手机号"), max_length=30, widget=forms.TextInput(attrs=TELEPHONE))
    new = forms.CharField(
        label=_("新手机号"),
        help_text=_("验证码发到新号码。"),
        max_length=30,
        widget=forms.TextInput(attrs={**TELEPHONE, "autocomplete": "tel"}),
    )


class Code(OneTimeCode):
    """The code that came to the new number."""

    old = forms.CharField(max_length=30, widget=forms.HiddenInput())
    new = forms.CharField(max_length=30, widget=forms.HiddenInput())


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Ask for both numbers and send a code to the new one."""
    form = Numbers(request.POST or None)
    _ensure_has_one(request)
    if not proofs.is_fresh(request) and not get_adapter().get_reauthentication_methods(request.user):
        return render(request, "accounts/new_number.html", {"stale": True})  # the number is the only proof there is
    off = not by_phone.is_on() or request.GET.get("off") == "1"
    if request.method == "POST" and form.is_valid():
        try:
            return _send(request, **form.cleaned_data)
        except (NumberIsAnother, TriedTooOften) as no:
            form.add_error("old", spoken(no))
        except Invalid:
            form.add_error("new", _("请填另一个能收短信的手机号，外地号码前面加 + 和国家码。"))
        except CodesUsedUp as wait:
            form.add_error("new", spoken(wait))
        except SmsIsOff:
            off = True
    return render(request, "accounts/new_number.html", {"form": form, "off": off})


@login_required
@require_POST
def code(request: HttpRequest) -> HttpResponse:
    """Take the code that came; the new number opens the account from now on."""
    _ensure_has_one(request)
    form = Code(request.POST)
    if form.is_valid():
        try:
            letter = new_number.change(
                **form.cleaned_data, browser=_browser(request), lang=get_language() or "zh", by=request.actor,
                now=request.now, session=request.session.session_key or "",
            )  # fmt: skip
        except (CodeWrong, CodeOver, NumberTaken, NumberIsAnother, TriedTooOften) as no:
            form.add_error("code", spoken(no))
        except Invalid:
            form.add_error("code", spoken(CodeOver()))
        else:
            request.sending = _telling(letter)
            return redirect(AFTER.format("new"))
    return render(request, "accounts/new_number_code.html", {"form": form})


def _ensure_has_one(request: HttpRequest) -> None:
    if not queries.enters_by_phone(request.actor.account_id or 0):
        raise NoNumberOfOwn


def _send(request: HttpRequest, old: str, new: str) -> HttpResponse:
    browser = secrets.token_urlsafe(24)
    asked = new_number.ask(
        old, new, browser=browser, lang=get_language() or "zh", by=request.actor, now=request.now
    )  # fmt: skip
    shown = asked.letter.text if settings.DEMO and carriers.only_remembers(carriers.SMS) else ""
    form = Code(initial={"old": old, "new": new})
    response = render(request, "accounts/new_number_code.html", {"form": form, "letter": shown})
    response.set_cookie(
        COOKIE, signing.dumps(browser, salt=SALT), max_age=int(by_phone.LIFE.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip
    request.sending = leaving(request, asked, f"{PLACE}?off=1")
    return response


def _telling(letter: carriers.Letter) -> Callable[[], HttpResponse | None]:
    """Give the call that tells the old number; where it cannot be told, the page says so."""

    def send() -> HttpResponse | None:
        carrier = carriers.every().get(carriers.SMS)
        try:
            if carrier is None:
                raise NotDelivered("no_carrier")
            carrier.carry(letter)
        except NotDelivered:
            return redirect(AFTER.format("untold"))
        return None

    return send


def _browser(request: HttpRequest) -> str:
    try:
        return str(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=by_phone.LIFE))
    except signing.BadSignature:
        return ""
