"""Shapes of what is typed around a mediation. Rules are the verbs'; here only what a field can hold."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases import mediation_rules
from jishi.cases.actions import disputes, mediation, mediators
from jishi.cases.queries import mediations
from jishi.kernels import worktime

TEXT = forms.Textarea(attrs={"rows": 4})
LOCAL = "%Y-%m-%dT%H:%M"
DANGERS = (
    ("none", _("没有人动手，也没有孩子有危险")), ("violence", _("有人动手，或者威胁要动手")),
    ("child_danger", _("有孩子可能受伤害")),
)  # fmt: skip
DATES = 4  # days of performance that the page takes


def _spoken(pairs: Any, lang: str) -> list[tuple[str, str]]:
    return [(code, name.in_(lang)) for code, name in pairs.items()]


def chairs(lang: str, now: datetime) -> list[tuple[int, str]]:
    """Give whom one may ask to mediate: the register of today."""
    rows = mediations.register(lang=lang, day=localdate(now))
    return [
        (row.id, f"{row.name} · {body} · {'、'.join(k.in_(lang) for k in kinds)}") for row, body, kinds in rows
    ]


class Plain(forms.Form):
    """A press without words."""

    def __init__(self, *args: Any, now: datetime, lang: str = "zh", one: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now, self.lang, self.one = now, lang, one
        self.prepare()

    def prepare(self) -> None:
        """Fill what depends on the reader."""


class ProposeForm(Plain):
    """提议调解: what about, with whom, by whom; whether there is danger has to be said."""

    danger = forms.ChoiceField(label=_("先说清楚：有没有危险"), choices=DANGERS, widget=forms.RadioSelect)
    kind = forms.ChoiceField(label=_("是哪一类争议"))
    what = forms.CharField(label=_("争什么，一句话"), max_length=200, help_text=_("不要写别人的姓名、电话"))
    other = forms.CharField(
        label=_("和谁"), max_length=60, help_text=_("您怎么称呼对方；封存，只有调解员和当事人看得到")
    )
    contact = forms.CharField(
        label=_("怎么找到对方"), max_length=80, required=False,
        help_text=_("可以不写；只有调解员看得到，平台只用它说一句有新消息"),
    )
    other_2 = forms.CharField(label=_("还和谁"), max_length=60, required=False)
    mediator = forms.TypedChoiceField(
        label=_("请谁调解"), coerce=int, help_text=_("都在名册上；与哪一方是亲属、有利害关系的会回避")
    )

    def prepare(self) -> None:
        """Offer kinds and the register of today."""
        self.fields["kind"].choices = _spoken(mediation_rules.load().kinds, self.lang)  # type: ignore[attr-defined]
        self.fields["mediator"].choices = chairs(self.lang, self.now)  # type: ignore[attr-defined]

    def value(self) -> disputes.Proposal:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        others = [disputes.Other(said["other"], said["contact"])]
        if said["other_2"].strip():
            others.append(disputes.Other(said["other_2"]))
        return disputes.Proposal(said["kind"], said["what"], said["mediator"], tuple(others), said["danger"])


class ConsentForm(Plain):
    """同意调解: how the mediator may call and reach this party, if he wishes."""

    name = forms.CharField(label=_("怎么称呼您"), max_length=60, required=False)
    contact = forms.CharField(
        label=_("怎么找到您"), max_length=80, required=False, help_text=_("只有调解员看得到，用来约时间")
    )


class RecuseForm(Plain):
    """回避."""

    ground = forms.ChoiceField(label=_("为什么"), widget=forms.RadioSelect)

    def prepare(self) -> None:
        """Offer the grounds of the rules."""
        self.fields["ground"].choices = _spoken(mediation_rules.load().recusal, self.lang)  # type: ignore[attr-defined]


class LeaveForm(Plain):
    """不调了, as the mediator says it."""

    end = forms.ChoiceField(
        label=_("怎么结束的"), widget=forms.RadioSelect,
        choices=(("not_agreed", _("没有谈成")), ("unsuitable", _("不适合调解"))),
    )  # fmt: skip


class ProlongForm(Plain):
    """延长: how many natural days more."""

    days = forms.IntegerField(label=_("再延几天（自然日）"), min_value=1)

    def prepare(self) -> None:
        """Propose what the other side has asked for."""
        most = worktime.parse_amount(mediation_rules.load().prolong_most).n
        self.fields["days"].max_value = most  # type: ignore[attr-defined]
        self.fields["days"].widget.attrs["max"] = most
        self.fields["days"].initial = (self.one.row.prolong_days if self.one else 0) or 15


class SittingForm(Plain):
    """记一次谈话."""

    held_at = forms.DateTimeField(
        label=_("什么时候谈的"), input_formats=[LOCAL],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL),
    )  # fmt: skip
    where = forms.CharField(label=_("在哪里谈的"), max_length=120)
    came = forms.TypedMultipleChoiceField(
        label=_("谁来了"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    notes = forms.CharField(
        label=_("谈了什么"), widget=TEXT, max_length=mediation.LONGEST_NOTES,
        help_text=_("封存：只有您和各方当事人看得到，不进任何导出"),
    )  # fmt: skip

    def prepare(self) -> None:
        """Offer the parties by number: the page says beside it who is who."""
        self.fields["held_at"].initial = timezone.localtime(self.now)
        self.fields["came"].choices = [  # type: ignore[attr-defined]
            (p.row.id, now_said("当事人 %(n)s") % {"n": p.number}) for p in self.one.parties
        ]

    def clean_held_at(self) -> datetime:
        said = self.cleaned_data["held_at"]
        return timezone.make_aware(said) if timezone.is_naive(said) else said

    def value(self) -> mediation.Sat:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        return mediation.Sat(said["held_at"], said["where"], said["came"], said["notes"])


class DraftForm(Plain):
    """写下协议: terms, and by which days."""

    terms = forms.CharField(
        label=_("谈妥了什么"), widget=TEXT, max_length=mediation.LONGEST_NOTES,
        help_text=_("谁、做什么、做到什么样；封存，只有您和各方当事人看得到"),
    )  # fmt: skip
    oral = forms.TypedChoiceField(
        label=_("书面还是口头"), coerce=lambda v: v == "yes", widget=forms.RadioSelect, initial="no",
        choices=(("no", _("书面协议")), ("yes", _("口头协议，由您记下内容"))),
    )  # fmt: skip

    def prepare(self) -> None:
        """Take up to four days."""
        for n in range(1, DATES + 1):
            self.fields[f"day_{n}"] = forms.DateField(
                label=_("到哪天做到") if n == 1 else _("还有哪天"), required=n == 1,
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
                initial=localdate(self.now) + timedelta(days=7) if n == 1 else None,
            )  # fmt: skip

    def value(self) -> mediation.Draft:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        days: list[date] = [said[f"day_{n}"] for n in range(1, DATES + 1) if said.get(f"day_{n}")]
        return mediation.Draft(said["terms"], days, said["oral"])


class ChairForm(Plain):
    """另请调解员."""

    mediator = forms.TypedChoiceField(label=_("请谁调解"), coerce=int)

    def prepare(self) -> None:
        """Offer the register of today."""
        self.fields["mediator"].choices = chairs(self.lang, self.now)  # type: ignore[attr-defined]


class LinkForm(Plain):
    """换发链接: whose."""

    party = forms.TypedChoiceField(label=_("哪一位当事人"), coerce=int)

    def prepare(self) -> None:
        """Offer those who come by a link."""
        mine = [
            (p.row.id, now_said("当事人 %(n)s") % {"n": p.number}) for p in self.one.parties if p.by_link
        ]
        self.fields["party"].choices = mine  # type: ignore[attr-defined]


class RegisterForm(Plain):
    """登记调解员: who holds a mediator's post; no private number is asked for."""

    post = forms.ChoiceField(label=_("谁"), help_text=_("有调解员岗位、还没有登记的人"))
    name = forms.CharField(label=_("公示的姓名"), max_length=40)
    committee = forms.CharField(label=_("哪个调解组织"), max_length=80)
    kinds = forms.MultipleChoiceField(label=_("调解哪几类"), widget=forms.CheckboxSelectMultiple)
    languages = forms.CharField(label=_("会说哪些话"), max_length=120, help_text=_("用顿号隔开"), initial=_("普通话"))
    active_from = forms.DateField(
        label=_("从哪天起"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def prepare(self) -> None:
        """Offer the posts that are not on the register."""
        listed = {row.account_id for row, _body, _kinds in mediations.register(lang=self.lang, day=date.max)}
        known = bodies.names()
        self.fields["post"].choices = [  # type: ignore[attr-defined]
            (f"{h.account_id}.{h.body_id}", f"{h.name} · {h.post_title} · {known[h.body_id].called(self.lang)}")
            for h in accounts.people_of(mediators.ROLE, now=self.now)
            if h.account_id not in listed and h.body_id in known
        ]
        self.fields["kinds"].choices = _spoken(mediation_rules.load().kinds, self.lang)  # type: ignore[attr-defined]
        self.fields["active_from"].initial = localdate(self.now)

    def value(self) -> mediators.Line:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        account, _sep, body = said["post"].partition(".")
        spoken = said["languages"].replace("，", "、").replace(",", "、").split("、")
        return mediators.Line(
            int(account), int(body), said["name"], said["committee"], said["kinds"], spoken, said["active_from"]
        )


class EndForm(Plain):
    """不再调解."""

    why = forms.CharField(label=_("为什么不再调解"), max_length=200)
