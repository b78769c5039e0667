"""What may be pressed in a mediation: each with its form and its one call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jishi.cases.actions import mediation
from jishi.cases.queries.mediations import OneMediation
from jishi.cases.web.mediating import forms

Run = Callable[[int, Any, Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Act:
    """`verb`: the row of the table that opens it. `run` takes the mediation, the form, and who and when."""

    code: str
    verb: str
    label: str | Promise
    form: Callable[..., Any]
    run: Run
    css: str = ""
    note: str | Promise = ""
    first: bool = False  # stands open


def _plain(verb: Callable[..., object]) -> Run:
    return lambda row, form, who: verb(row, **who)


def _of(verb: Callable[..., object], name: str) -> Run:
    return lambda row, form, who: verb(row, **{name: form.cleaned_data[name]}, **who)


PARTY = (
    Act("consent", "consent", _("同意调解"), forms.ConsentForm,
        lambda row, form, who: mediation.consent(
            row, name=form.cleaned_data["name"], contact=form.cleaned_data["contact"], **who), "go",
        _("同意不同意都由您自己定。下面两样可以不写。"), first=True),
    Act("agree", "agree", _("同意协议"), forms.Plain, _plain(mediation.agree), "go"),
    Act("performed", "confirm_performed", _("做到了"), forms.Plain, _plain(mediation.confirm_performed), "go"),
    Act("broken", "report_broken", _("没有做到"), forms.Plain, _plain(mediation.report_broken), "stop"),
    Act("prolong", "prolong", _("想再多谈几天"), forms.ProlongForm, _of(mediation.prolong, "days"),
        note=_("各方同意同样的天数才延长。")),
    Act("recuse", "recuse", _("调解员应当回避"), forms.RecuseForm, _of(mediation.recuse, "ground")),
    Act("leave", "leave", _("不调了，退出"), forms.Plain, _plain(mediation.leave), "stop",
        _("不用说理由。您的诉求照常办理。")),
)  # fmt: skip
CHAIR = (
    Act("sitting", "note_sitting", _("记一次谈话"), forms.SittingForm,
        lambda row, form, who: mediation.note_sitting(row, sat=form.value(), **who), "go"),
    Act("draft", "draft", _("写下协议"), forms.DraftForm,
        lambda row, form, who: mediation.draft(row, draft=form.value(), **who), "go",
        _("写好以后，各方自己同意才算；改了要重新同意。")),
    Act("recuse", "recuse", _("我要回避"), forms.RecuseForm, _of(mediation.recuse, "ground"),
        note=_("回避以后，这次调解的笔录和联系方式您就看不到了。")),
    Act("leave", "leave", _("结束调解"), forms.LeaveForm, _of(mediation.leave, "end"), "stop"),
)  # fmt: skip
LEAD = (
    Act("name", "name_mediator", _("另请调解员"), forms.ChairForm,
        lambda row, form, who: mediation.name_mediator(row, mediator_id=form.cleaned_data["mediator"], **who), "go"),
)  # fmt: skip
LINK = Act(
    "link", "give_link", _("换发当事人的链接"), forms.LinkForm,
    lambda row, form, who: mediation.give_link(row, party_id=form.cleaned_data["party"], **who),
    note=_("旧的链接马上作废；新的只显示一次。"),
)  # fmt: skip
STAFF = (*CHAIR, *LEAD, LINK)


@dataclass(frozen=True, slots=True)
class Offered:
    """An act with its form, as the page shows it; `open`: it was just refused."""

    act: Act
    form: Any
    open: bool = False

    @property
    def plain(self) -> bool:
        return not self.form.fields


def offered(
    acts: tuple[Act, ...], one: OneMediation, now: datetime, lang: str, again: Offered | None = None
) -> list[Offered]:
    """Give the acts that are open to this reader now, each with its form."""
    found = []
    for act in acts:
        if again is not None and again.act is act:
            found.append(again)
        elif act.verb in one.may:
            form = act.form(auto_id=f"m{one.row.id}_{act.code}_%s", now=now, lang=lang, one=one)
            if act is not LINK or form.fields["party"].choices:
                found.append(Offered(act, form))
    return found


def chosen(acts: tuple[Act, ...], code: str) -> Act | None:
    return next((a for a in acts if a.code == code), None)
