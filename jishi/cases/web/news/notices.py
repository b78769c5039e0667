"""通知的样子: every notice about a real case before anything is sent, and what left; for the office."""

import re
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jishi.cases import notices as templates
from jishi.cases.queries import told
from jishi.cases.states import LIVES, TOPIC
from jishi.cases.web.desk.edge import lang, staffed
from jishi.foundation import carriers, numbers
from jishi.foundation.refusals import NotFound, Refused

BRACES = re.compile(r"\{\w+\}")


class LookForm(forms.Form):
    """Which notice, about which case, on which channel, in which language."""

    code = forms.ChoiceField(label=gettext_lazy("哪一条通知"))
    case = forms.CharField(
        label=gettext_lazy("拿哪件事看"), max_length=24, required=False,
        help_text=gettext_lazy("事件编号，C 开头；每月一题的通知不用填"),
    )  # fmt: skip
    channel = forms.ChoiceField(label=gettext_lazy("哪种方式"))
    lang = forms.ChoiceField(label=gettext_lazy("哪种语言"), choices=[("zh", "中文"), ("en", "English")])

    def __init__(self, *args: object, edition: templates.Edition, rows: list, language: str) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.fields["code"].choices = _grouped(rows, language)  # type: ignore[attr-defined]
        self.fields["channel"].choices = [  # type: ignore[attr-defined]
            (c.code, c.name.in_(language)) for c in edition.channels.values()
        ]


@never_cache
@require_GET
@staffed(*told.LOOKING)
def page(request: HttpRequest) -> HttpResponse:
    """Show one notice as it would leave now, and what left lately."""
    by, language, now = request.actor, lang(), request.now
    edition, rows = templates.on(localdate(now)), told.templates(now)
    form = LookForm(request.GET if "code" in request.GET else None, edition=edition, rows=rows, language=language)
    shown, refused = _look(request, form)
    before = request.GET.get("after", "")
    left = told.left(by=by, before=int(before) if numbers.names_a_row(before) else None, limit=31)
    context: dict[str, Any] = {
        "form": form, "shown": shown, "edition": edition, "left": left[:30],
        "after": left[29].id if len(left) > 30 else None,
        "waiting": told.waiting(by=by), "channels": {c.code: c.name.in_(language) for c in edition.channels.values()},
        "twin": any(carriers.only_remembers(c) for c in carriers.every()), "carriers": bool(carriers.every()),
        "refused": refused.sentence(language) if refused else "", "parties": _parties(language),
    }  # fmt: skip
    if shown is not None:
        context["reach"] = [(edition.channels[c].name.in_(language), n) for c, n in shown.people.items()]
        context["at_night"] = shown.when != now
    return render(request, "cases/news/notices.html", context, status=refused.status if refused else 200)


def _look(request: HttpRequest, form: LookForm) -> tuple[told.Preview | None, Refused | None]:
    if not form.is_bound or not form.is_valid():
        return None, None
    said = form.cleaned_data
    try:
        return (
            told.preview(
                said["code"], said["case"].strip().upper(), said["channel"], said["lang"], by=request.actor,
                now=request.now,
            ),
            None,
        )  # fmt: skip
    except NotFound as no:
        form.add_error("case", _("没有这件事，或者您看不到它。"))
        return None, no


def _parties(language: str) -> dict[str, str]:
    return {p.code: p.name.in_(language) for life in (*LIVES, TOPIC) for p in life.parties}


def _grouped(rows: list[templates.Template], language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    names = _parties(language)
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(names.get(row.to, row.to), []).append((row.code, BRACES.sub("…", row.text.in_(language))[:60]))
    return list(found.items())
