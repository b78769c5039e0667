"""The pages of signing in by a number and a code: no script, no name, the same answer for every number."""

import secrets
from collections.abc import Callable

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django import forms
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from jishi.accounts.actions import by_phone
from jishi.accounts.actions.by_phone import Asked, CodeOver, CodesUsedUp, CodeWrong, SmsIsOff
from jishi.accounts.web.sign_in import safe
from jishi.foundation import carriers, scope
from jishi.foundation.outgoing import NotDelivered
from jishi.foundation.refusals import Invalid, Refused

COOKIE = "__Host-jishi_code" if settings.SESSION_COOKIE_SECURE else "jishi_code"
SALT, PLACE = "jishi.code", "/sign-in/phone"
OWN = "/mine"  # where a resident goes on


class Number(forms.Form):
    """The number to which a code is sent."""

    phone = forms.CharField(
        label=_("手机号"),
        help_text=_("不用实名。号码加密保存，只用来登录，谁也看不到。"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel", "type": "tel"}),
    )


class OneTimeCode(forms.Form):
    """A code that came by message."""

    code = forms.CharField(
        label=_("验证码"),
        help_text=_("短信里的 6 位数，5 分钟内有效。"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class Code(OneTimeCode):
    """The code that came, and the number it came to."""

    phone = forms.CharField(max_length=30, widget=forms.HiddenInput())


@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Ask for a number and send a code there."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    form = Number(request.POST or None)
    off = not by_phone.is_on() or request.GET.get("off") == "1"
    if request.method == "POST" and form.is_valid():
        try:
            return _send(request, form.cleaned_data["phone"])
        except Invalid:
            form.add_error("phone", _("请填能收短信的手机号，外地号码前面加 + 和国家码。"))
        except CodesUsedUp as wait:
            form.add_error("phone", spoken(wait))
        except SmsIsOff:
            off = True
    return _page(request, "accounts/phone.html", form, off=off)


@require_POST
def code(request: HttpRequest) -> HttpResponse:
    """Take the code that came, and sign in."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    form, over = Code(request.POST), False
    if form.is_valid():
        said, browser = form.cleaned_data, _browser(request)
        try:
            account = by_phone.enter(said["phone"], said["code"], browser=browser, by=request.actor, now=request.now)
        except CodeWrong as wrong:
            request.way_in_failed = True
            form.add_error("code", spoken(wrong))
        except (CodeOver, Invalid):
            form.add_error("code", spoken(CodeOver()))
            over = request.way_in_failed = True
        else:
            asked = safe(request, request.POST.get("next", ""), OWN)
            request.entered_by = "phone"
            return perform_login(request, Login(user=account, redirect_url=asked))
    return _page(request, "accounts/phone_code.html", form, over=over)


def _send(request: HttpRequest, said: str) -> HttpResponse:
    browser = secrets.token_urlsafe(24)
    asked = by_phone.ask(said, browser=browser, lang=get_language() or "zh", by=request.actor, now=request.now)
    shown = asked.letter.text if settings.DEMO and carriers.only_remembers(carriers.SMS) else ""
    response = _page(request, "accounts/phone_code.html", Code(initial={"phone": said}), letter=shown)
    response.set_cookie(
        COOKIE, signing.dumps(browser, salt=SALT), max_age=int(by_phone.LIFE.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip
    request.sending = leaving(request, asked, f"{PLACE}?off=1")
    return response


def leaving(request: HttpRequest, asked: Asked, away: str) -> Callable[[], HttpResponse | None]:
    """Give the call that sends it when all is stored; what is not taken leads to the page that says so."""

    def send() -> HttpResponse | None:
        carrier = carriers.every().get(carriers.SMS)
        try:
            if carrier is None:
                raise NotDelivered("no_carrier")
            carrier.carry(asked.letter)
        except NotDelivered:
            with scope.work(request.actor):
                by_phone.take_back(asked.id, by=request.actor)
            return redirect(away)
        return None

    return send


def _page(request: HttpRequest, template: str, form: forms.Form, **more: object) -> HttpResponse:
    asked = request.POST.get("next", request.GET.get("next", ""))
    shown = {"form": form, "next": asked if safe(request, asked, "") else "", **more}
    return render(request, template, shown)


def _browser(request: HttpRequest) -> str:
    try:
        return str(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=by_phone.LIFE))
    except signing.BadSignature:
        return ""


def spoken(refused: Refused) -> str:
    lang = get_language() or "zh"
    return f"{refused.sentence(lang)}{refused.next_step(lang)}" if lang.startswith("zh") else (
        f"{refused.sentence(lang)} {refused.next_step(lang)}"
    )
