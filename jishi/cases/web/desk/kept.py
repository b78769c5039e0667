"""当场答复 of a case that waits: in words, or by a kept answer that is taken into them and may be changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from jishi.cases.actions import intake
from jishi.cases.models import Case
from jishi.cases.queries import knowing
from jishi.cases.web.desk import reasons


class AnswerForm(forms.Form):
    """What is answered; `knowledge`: the number of the kept answer that was taken."""

    words = forms.CharField(label=_("答复"), max_length=2000, widget=forms.Textarea(attrs={"rows": 5}))
    knowledge = forms.IntegerField(required=False, min_value=1, max_value=10**9, widget=forms.HiddenInput)


def answer(do: Any) -> object:
    return intake.answer_at_once(
        do.case_id, text=do.said["words"], knowledge=do.said["knowledge"] or 0, **do.who
    )


def fits(stand: Any) -> bool:
    case: Case = stand.case
    return case.kind == "inquiry"


def offered(
    said: Sequence[Any], shown: Sequence[Mapping[str, Any]], asked: QueryDict, *, now: datetime, lang: str
) -> dict[str, Any]:
    """Give the kept answer for what the first report asks, where the act is open; a press puts it into the form.

    One statement where the desk has not asked a model yet, none where the act is not open.
    """
    form = next((one["form"] for one in shown if one["act"].code == "answer"), None)
    if form is None or not said:
        return {}
    (kept,) = knowing.offered([said[0].report.text_shown], now=now, lang=lang)
    if kept is None:
        return {}
    taken = asked.get("kept") == str(kept.of.number) and not form.is_bound
    if taken:
        form.initial = {"words": kept.of.answer, "knowledge": kept.of.number}
    query = asked.copy()
    query["kept"] = str(kept.of.number)
    return {
        "kept": kept, "kept_why": reasons.told(kept.reason), "kept_taken": taken, "kept_query": query.urlencode(),
    }  # fmt: skip
