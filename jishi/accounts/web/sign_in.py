"""The pages of signing in: by password, by passkey, by second factor; in the demonstration by a press."""

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from allauth.account.internal.flows.login import perform_login, perform_password_login
from allauth.account.internal.flows.logout import logout
from allauth.account.models import Login
from allauth.account.views import LoginView, ReauthenticateView
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from allauth.mfa.webauthn.views import LoginWebAuthnView, ReauthenticateWebAuthnView
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from jishi.accounts import queries
from jishi.accounts.actions import devices as pockets
from jishi.accounts.actions import signing_in, unified
from jishi.accounts.models import Account
from jishi.accounts.web import adapters, drafts, sessions
from jishi.foundation.refusals import NotFound

DEMO_ROLES = {
    "operator": _("话务员：接电话，记下诉求"),
    "dispatcher": _("调度员：派单"),
    "handler": _("承办单位：签收、办理、答复"),
    "reviewer": _("审核：看答复合不合格"),
    "feedback": _("回访员：问解决没有、满意没有"),
    "grid_worker": _("网格员：看见就报，当场能办就办"),
    "head": _("单位负责人：看本单位快到期的事"),
    "supervisor": _("督办员：批挂起和延期，督办卡住的事"),
    "office": _("领导小组办公室：看卡住的事"),
    "ruler": _("终审：有争议的派单在这里定"),
    "auditor": _("审计管理员：看留痕，什么也不改"),
    "system_admin": _("系统管理员：运行、备份、配置"),
    "security_admin": _("安全管理员：账号和权限"),
}


class NameAndPassword(LoginForm):
    """Name and password, in our words."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("登录名")
        self.fields["password"].label = _("密码")
        self.fields["password"].help_text = ""
        for name in ("login", "password"):
            self.fields[name].widget.attrs.pop("placeholder", None)
        self.fields.pop("remember", None)

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        self._login.redirect_url = redirect_url
        return perform_password_login(request, self.user_credentials(), self._login)


class SlowCode:
    """A six-digit code can be guessed: tries wait like passwords do, per account."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.pop("placeholder", None)  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        request, name = context.request, f"factor:{self.user.pk}"  # type: ignore[attr-defined]
        adapters.ensure_no_wait(request, name, "")
        try:
            return super().clean_code()  # type: ignore[misc]
        except ValidationError:
            signing_in.failed(name, "", by=request.actor, now=request.now)
            request.way_in_failed = True
            raise


class CodeAtSignIn(SlowCode, AuthenticateForm):
    """The code of the second factor."""


class CodeAgain(SlowCode, ReauthenticateForm):
    """The code, once more, before something that matters."""


class SignIn(LoginView):
    """Name and password; passkey beside; in the demonstration the list of people."""

    form_class = NameAndPassword
    template_name = "accounts/sign_in.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if settings.DEMO and request.method == "GET" and request.user.is_authenticated:
            return self.render_to_response(self.get_context_data())  # the demonstration changes people here
        return super().dispatch(request, *args, **kwargs)

    def get_form_class(self) -> type:
        return self.form_class

    def get_context_data(self, **more: object) -> dict:
        found = super().get_context_data(**more)
        found["next"] = self.request.GET.get("next", self.request.POST.get("next", ""))
        found["people"] = demonstration(self.request) if settings.DEMO else []
        found["kept"], found["why"] = drafts.SLOT in self.request.session, self.request.GET.get("why", "")
        found["unified"] = bool(settings.OIDC_ISSUER)
        return found


class SecondFactor(AuthenticateView):
    """The second factor: a code of the app, a printed code, or a passkey."""

    form_class = CodeAtSignIn
    template_name = "accounts/second_factor.html"

    def get_form_class(self) -> type:
        return self.form_class

    def form_invalid(self, form: object) -> HttpResponse:
        self.request.way_in_failed = True
        return super().form_invalid(form)


class ByPasskey(LoginWebAuthnView):
    """A passkey alone. It is never slowed: nobody guesses it; one that opens nothing leaves a line (ASVS V16.3.1)."""

    def form_invalid(self, form: object) -> HttpResponse:
        self.request.way_in_failed = True
        return super().form_invalid(form)


class Again(ReauthenticateView):
    """The password once more, before something that matters; who has a stronger way is led to that."""

    template_name = "accounts/again.html"

    def get_context_data(self, **more: object) -> dict:
        found = super().get_context_data(**more)
        by = self.request.actor
        found["joined"] = bool(settings.OIDC_ISSUER) and unified.is_joined(
            by.account_id or 0, settings.OIDC_ISSUER, by=by
        )
        return found

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        ways = get_adapter().get_reauthentication_methods(request.user)
        if ways and all(way["id"] != "reauthenticate" for way in ways):
            return redirect(sessions.with_next(ways[0]["url"], safe(request, request.GET.get("next", ""))))
        return super().dispatch(request, *args, **kwargs)


class AgainByCode(ReauthenticateByCodeView):
    """A code once more."""

    form_class = CodeAgain
    template_name = "accounts/again.html"

    def get_form_class(self) -> type:
        return self.form_class


class AgainByPasskey(ReauthenticateWebAuthnView):
    """The passkey once more."""

    template_name = "accounts/again.html"

    def form_invalid(self, form: object) -> HttpResponse:
        self.request.way_in_failed = True
        return super().form_invalid(form)


def demonstration(request: HttpRequest) -> list[dict]:
    """Give who may be played: at most three people a role, then residents."""
    held = queries.people_of_many(list(DEMO_ROLES), now=request.now)
    groups = [{"label": label, "people": held[role][:3]} for role, label in DEMO_ROLES.items() if held[role]]
    residents = queries.demonstration_residents()
    return [*groups, {"label": _("居民"), "people": residents}] if residents else groups


@require_POST
def sign_in_as(request: HttpRequest) -> HttpResponse:
    """The demonstration's way in. Elsewhere this address is nothing."""
    if not settings.DEMO:
        raise Http404
    number = request.POST.get("account", "")
    account = Account.objects.filter(
        tenant_id=request.tenant.id, id=int(number) if number.isdecimal() else 0, is_active=True
    ).first()
    if account is None:
        raise NotFound
    post = request.POST.get("post", "")
    if request.user.is_authenticated:
        logout(request, show_message=False)
    asked = safe(request, request.POST.get("next", ""))
    request.entered_by = "demo"
    response = perform_login(request, Login(user=account, redirect_url=asked))
    if post.isdecimal() and request.session.get(sessions.TENANT):
        request.session[sessions.POST] = int(post)
        return redirect(asked)
    return response


@require_http_methods(["GET", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out by a press. An address that is only opened changes nothing.

    The browser is told to forget what lies on the device: drafts, errands, kept shells (spec 90 §2, A4). Not where
    something may be unsent: `keep`, said by a page that has looked, or somebody who works with a pocket, or is not
    known any more, and whose page has not (`forget`). There the pocket is closed, by the page at once and by its
    device's next question: its keys go, the rows stay sealed until their holder signs in on it again.
    """
    if request.method == "GET":
        return render(request, "accounts/sign_out.html")
    is_known = request.actor.account_id is not None  # a session that has run out does not tell whose device this is
    going = not is_known or (request.actor.kind == "staff" and request.actor.has(*pockets.GOING))
    if is_known:
        pockets.left(request.session.session_key or "", by=request.actor, now=request.now)
    logout(request, show_message=False)
    response = redirect("/")
    if "keep" not in request.POST and ("forget" in request.POST or not going):
        response["Clear-Site-Data"] = '"storage"'
    return response


@login_required
@require_http_methods(["GET", "POST"])
def choose_post(request: HttpRequest) -> HttpResponse:
    """Choose in which post to act. The session gets a new id: its rights change (spec 90 §3)."""
    asked = safe(request, request.POST.get("next", request.GET.get("next", "")))
    if request.method == "GET":
        return render(request, "accounts/post.html", {"posts": request.posts, "next": asked})
    number = request.POST.get("post", "")
    if number not in {str(post.id) for post in request.posts}:
        raise NotFound
    before = request.session.session_key or ""
    request.session[sessions.POST] = int(number)
    request.session.cycle_key()
    signing_in.rename_session(before, request.session.session_key or "", by=request.actor)
    return redirect(asked)


@login_required
def go_on(request: HttpRequest) -> HttpResponse:
    """Give back what was typed when the session ended; one press sends it."""
    draft = drafts.take(request, request.actor.account_id or 0)
    if draft is None:
        return redirect(settings.LOGIN_REDIRECT_URL)
    shown = [value for name, value in draft.fields if len(value) > 1 and not name.endswith(("key", "_id", "version"))]
    return render(request, "accounts/continue.html", {"draft": draft, "shown": shown})


def safe(request: HttpRequest, asked: str, otherwise: str = settings.LOGIN_REDIRECT_URL) -> str:
    """Give the page asked for if it is one of ours."""
    fine = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()})
    return asked if asked and fine else otherwise
