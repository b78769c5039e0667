"""通知: what I was told, and how I want to be told; for residents and colleagues alike."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jishi.accounts.actions import reaching
from jishi.cases.queries import told
from jishi.cases.web.desk.edge import lang
from jishi.foundation import carriers
from jishi.foundation.refusals import Invalid, NotAvailableNow, Refused, SignInNeeded, Stale

NAMES = {
    reaching.SITE: gettext_lazy("只在这一页看"),
    carriers.SMS: gettext_lazy("发短信"),
    carriers.MAIL: gettext_lazy("发邮件"),
}


class WishForm(forms.Form):
    """How I want to be told. An address that is kept is never shown again."""

    channel = forms.ChoiceField(label=gettext_lazy("怎么通知我"), widget=forms.RadioSelect)
    address = forms.CharField(
        label=gettext_lazy("手机号或邮箱"), max_length=200, required=False,
        help_text=gettext_lazy("封存起来，只在发通知时打开；每打开一次，“谁看过我的信息”里就多一行。不改就空着。"),
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        offered = [c for c in reaching.CHANNELS if c == reaching.SITE or c in carriers.every()]
        self.fields["channel"].choices = [(c, NAMES[c]) for c in offered]  # type: ignore[attr-defined]


@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show what I was told, newest first, and keep how I want to be told."""
    by = request.actor
    if by.kind not in ("staff", "resident", "reporter"):
        raise SignInNeeded
    wish = reaching.wish_of(by) if by.account_id is not None else None
    form, refused = None, None
    if wish is not None:
        form = WishForm(request.POST or None, initial={"channel": wish.channel, "version": wish.version})
        if request.method == "POST" and form.is_valid():
            refused = _keep(request, form)
            if refused is None:
                messages.success(request, _("记下了，下一条通知就这样发。"))
                return redirect("my-notices")
    rows = told.mine(by=by, lang=lang())
    context = {
        "rows": rows, "form": form, "wish": wish, "quiet": True, "names": NAMES,
        "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "",
    }  # fmt: skip
    status = refused.status if refused else (422 if form is not None and form.errors else 200)
    return render(request, "cases/news/own.html", context, status=status)


def _keep(request: HttpRequest, form: WishForm) -> Refused | None:
    said = form.cleaned_data
    try:
        reaching.choose(
            said["channel"], said["address"], version=said["version"], by=request.actor, now=request.now
        )
    except Invalid:
        form.add_error("address", _("这不像是手机号或邮箱，请核对。"))
        return Invalid(detail=_("手机号或邮箱"))
    except (Stale, NotAvailableNow) as no:
        return no
    return None
