"""Three pages of the office: what the rule offers by itself, which words warn of danger, how reports are compared."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jishi.cases.actions import auto_offers, danger_editions, pairing
from jishi.cases.queries import rules
from jishi.cases.web.desk.edge import lang, staffed
from jishi.cases.web.desk.forms import matter_label, matter_of
from jishi.duties import queries as duties
from jishi.foundation.refusals import NotFound, Refused

READING = ("office", "dispatcher", "auditor", "system_admin")
LISTENING = ("office", "dispatcher", "operator", "auditor")
STATES: Mapping[str, tuple[str | Promise, str]] = {
    "in_force": (gettext_lazy("在用"), "done"), "was": (gettext_lazy("用过"), "plain"),
    "proposed": (gettext_lazy("等办公室定"), "wait"), "fails": (gettext_lazy("例句没有过"), "near"),
    "offers": (gettext_lazy("自动派"), "done"), "withdrawn": (gettext_lazy("停用了"), "plain"),
    "measured": (gettext_lazy("不够准，自己停了"), "near"),
}  # fmt: skip
LINES = forms.Textarea(attrs={"rows": 3})


class OfferForm(forms.Form):
    """Which matter, by which decision."""

    matter = forms.CharField(
        label=gettext_lazy("哪类事"), max_length=120, widget=forms.TextInput(attrs={"list": "matters"})
    )
    decision = forms.CharField(
        label=gettext_lazy("公开的决定"), max_length=200, help_text=gettext_lazy("文号和题目，人人找得到")
    )
    published_on = forms.DateField(
        label=gettext_lazy("哪天公开的"), widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, now: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    def clean_matter(self) -> str:
        """Give the code of the matter that was named."""
        row = matter_of(str(self.cleaned_data["matter"]), self.now)
        if row is None:
            raise forms.ValidationError(
                _("分类里没有“%(said)s”，从提示里选一个。") % {"said": self.cleaned_data["matter"]}
            )
        return row.code


class WhyForm(forms.Form):
    """Why it stops."""

    why = forms.CharField(label=gettext_lazy("为什么停"), max_length=500)


class WordsForm(forms.Form):
    """One danger said anew."""

    ways = forms.CharField(
        label=gettext_lazy("怎么说"), max_length=6000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("一行一种说法；同一组的词用、分开，要同时说到的组用 + 连"),
    )  # fmt: skip
    never = forms.CharField(
        label=gettext_lazy("有这些词就不算"), required=False, max_length=2000, help_text=gettext_lazy("用、分开")
    )
    call = forms.CharField(label=gettext_lazy("拨哪个号码"), max_length=8, widget=forms.TextInput)
    speaks = forms.CharField(
        label=gettext_lazy("新例句：是险情的"), required=False, max_length=2000, widget=LINES,
        help_text=gettext_lazy("一行一句，以后每一版都要认得出"),
    )  # fmt: skip
    twins = forms.CharField(
        label=gettext_lazy("新例句：像险情、其实不是的"), required=False, max_length=2000, widget=LINES,
        help_text=gettext_lazy("一行一句，以后每一版都不能报"),
    )  # fmt: skip
    why = forms.CharField(label=gettext_lazy("为什么改"), max_length=500)

    def said(self) -> danger_editions.Wording:
        """Give the words as the rules have them."""
        told = self.cleaned_data
        ways = [
            [_words(group) for group in line.replace("＋", "+").split("+")]
            for line in told["ways"].splitlines()
            if line.strip()
        ]
        return danger_editions.Wording(
            ways, _words(told["never"]), told["call"].strip(), _lines(told["speaks"]), _lines(told["twins"])
        )


def _words(text: str) -> list[str]:
    return [w.strip() for w in text.replace(",", "、").replace("，", "、").split("、") if w.strip()]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


# --- 自动派单 ----------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staffed(*READING)
def offers(request: HttpRequest) -> HttpResponse:
    """Show what the rule offers by itself; POST adopts a matter."""
    form = OfferForm(request.POST if request.method == "POST" else None, now=request.now)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        if _tried(form, lambda: auto_offers.adopt(
            told["matter"], decision=told["decision"], published_on=told["published_on"], by=request.actor,
            now=request.now,
        )):  # fmt: skip
            messages.success(request, _("从现在起，这类事由规则照清单派。"))
            return redirect("auto-offers")
    return _offers(request, form)


@never_cache
@require_POST
@staffed(*READING)
def stop(request: HttpRequest, row: int) -> HttpResponse:
    """Let people offer these cases again."""
    form = WhyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("写一句为什么停。"))
        return redirect("auto-offers")
    auto_offers.stop(row, why=form.cleaned_data["why"], by=request.actor, now=request.now)
    messages.success(request, _("停了，这类事由人派。"))
    return redirect("auto-offers")


def _offers(request: HttpRequest, form: OfferForm) -> HttpResponse:
    rows = rules.offerings(by=request.actor, lang=lang())
    return render(request, "cases/rules/offers.html", {
        "rows": [(one, *STATES[one.state]) for one in rows], "off": rules.switched_off(rows), "form": form,
        "may": request.actor.has("office"), "stopping": WhyForm(), "least": auto_offers.JUDGED,
        "share": f"{auto_offers.ADOPTED_AT:.0%}", "floor": f"{auto_offers.FLOOR:.0%}",
        "matters": [matter_label(m, lang()) for m in duties.leaves()],
    }, status=422 if form.errors else 200)  # fmt: skip


# --- 险情规则 ----------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD"])
@staffed(*LISTENING)
def dangers(request: HttpRequest) -> HttpResponse:
    """Show which words warn of danger, and the editions that were proposed."""
    return _dangers(request)


@never_cache
@require_POST
@staffed(*LISTENING)
def propose(request: HttpRequest, code: str) -> HttpResponse:
    """Say one danger anew."""
    form = WordsForm(request.POST, auto_id=f"{code[:20]}_%s")
    if form.is_valid() and _tried(form, lambda: danger_editions.propose(
        code, form.said(), why=form.cleaned_data["why"], by=request.actor, now=request.now
    )):  # fmt: skip
        messages.success(request, _("提上去了。例句过了，由办公室的另一个人定。"))
        return redirect("danger-rules")
    return _dangers(request, said=code, form=form, status=422)


@never_cache
@require_POST
@staffed(*LISTENING)
def danger_step(request: HttpRequest, number: int, step: str) -> HttpResponse:
    """Adopt an edition, or give it back."""
    run: Callable[[], object] | None = {
        "adopt": lambda: danger_editions.adopt(number, by=request.actor, now=request.now),
        "return": lambda: danger_editions.give_back(by=request.actor, now=request.now),
    }.get(step)  # fmt: skip
    if run is None:
        raise NotFound
    return _stepped(request, run, "danger-rules")


def _dangers(request: HttpRequest, *, said: str = "", form: Any = None, status: int = 200) -> HttpResponse:
    may = request.actor.has(*danger_editions.PROPOSING)
    rows = [
        (one, form if one.code == said else WordsForm(
            auto_id=f"{one.code}_%s", initial={"ways": one.ways, "never": one.never, "call": one.call}
        ), one.code == said)
        for one in rules.listened()
    ]  # fmt: skip
    return render(request, "cases/rules/dangers.html", {
        "rows": rows, "may_propose": may, "may_adopt": request.actor.has("office"),
        "editions": [(one, *STATES[one.state]) for one in rules.danger_editions(by=request.actor)],
        "in_force": rules.edition_in_force(),
    }, status=status)  # fmt: skip


# --- 同一件的比法 ------------------------------------------------------------------------------------------


@never_cache
@require_safe
@staffed(*READING)
def pairs(request: HttpRequest) -> HttpResponse:
    """Show what people put together and what they kept apart, and the editions of the comparison."""
    by = request.actor
    return render(request, "cases/rules/pairs.html", {
        "counted": rules.pairs_counted(by=by), "confused": rules.confused(by=by, lang=lang()),
        "refused": rules.refused(by=by, lang=lang()), "least": pairing.LEAST, "least_each": pairing.LEAST_EACH,
        "editions": [(one, *STATES[one.state]) for one in rules.pair_editions(by=by)],
        "may_learn": by.has("system_admin", "office"), "may_adopt": by.has("office"),
    })  # fmt: skip


@never_cache
@require_POST
@staffed(*READING)
def pair_step(request: HttpRequest, number: int, step: str) -> HttpResponse:
    """Learn (number 0), adopt, or give back."""
    run: Callable[[], object] | None = {
        "learn": lambda: pairing.learn(by=request.actor, now=request.now),
        "adopt": lambda: pairing.adopt(number, by=request.actor, now=request.now),
        "return": lambda: pairing.give_back(by=request.actor, now=request.now),
    }.get(step)  # fmt: skip
    if run is None:
        raise NotFound
    return _stepped(request, run, "pairs")


def _stepped(request: HttpRequest, run: Callable[[], object], back: str) -> HttpResponse:
    try:
        run()
    except Refused as no:
        if no.status != 409:
            raise
        messages.error(request, f"{no.sentence(lang())} {no.next_step(lang())}")
        return redirect(back)
    messages.success(request, _("改好了。"))
    return redirect(back)


def _tried(form: forms.Form, press: Callable[[], object]) -> bool:
    try:
        press()
    except Refused as no:
        if no.status not in (409, 422):
            raise
        form.add_error(None, f"{no.sentence(lang())} {no.next_step(lang())}")
        return False
    return True
