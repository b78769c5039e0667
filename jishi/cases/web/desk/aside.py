"""回避 on the page of one case: the line above an accused body, and a colleague who stands aside himself."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases.actions import recusing
from jishi.cases.policies import Stand

GROUNDS = (
    ("interest", _("与这件事有利害关系")), ("kin", _("与其中的人是亲属")), ("other", _("其他可能影响公正的情形")),
)  # fmt: skip


class LineForm(forms.Form):
    """登记上级回避: every body of the town may stand aside but those which receive; the accused do anyway."""

    line = forms.TypedMultipleChoiceField(
        label=_("回避的上级单位"), coerce=int, required=False, widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text=_("按住 Ctrl 可以选几个；一个也不选，就没有上级回避"),
    )  # fmt: skip
    words = forms.CharField(label=_("为什么"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lang = get_language() or "zh"
        known = sorted(bodies.names().values(), key=lambda b: (b.level, b.code))
        self.fields["line"].choices = [(b.id, b.called(lang)) for b in known if b.active_to is None]  # type: ignore[attr-defined]


class AsideForm(forms.Form):
    """我要回避: the ground, and in words where it is none of the two."""

    ground = forms.ChoiceField(label=_("为什么"), choices=GROUNDS, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("补充说明"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("不写是哪个亲属、叫什么；选“其他”要写明情形"),
    )  # fmt: skip


class BackForm(forms.Form):
    """按错了回避: which colleague, by the name with which he signs in, and how the desk knows."""

    username = forms.CharField(label=_("哪一位（登录名）"), max_length=80)
    words = forms.CharField(
        label=_("怎么核实的"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("本人说是按错的，跟这件事没有利害关系"),
    )  # fmt: skip


def is_somebody_aside(stand: Stand) -> bool:
    return bool(stand.case.aside_account_ids)


def let_back(do: Any) -> object:
    account = accounts.by_username(do.said["username"]) or 0
    return recusing.let_back(do.case_id, account_id=account, why=do.said["words"], **do.who)


def accuses(stand: Stand) -> bool:
    return bool(stand.case.accused_body_ids)


def say_line(do: Any) -> object:
    return recusing.say_line(do.case_id, line=do.said["line"], why=do.said["words"], **do.who)


def stand_aside(do: Any) -> object:
    return recusing.stand_aside(do.case_id, ground=do.said["ground"], words=do.said["words"], **do.who)
