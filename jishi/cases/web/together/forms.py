"""Shapes of what is typed when bodies handle a case together. Rules are the verbs'; here only what a field can hold."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jishi.bodies import queries as bodies
from jishi.cases.actions import links, parts, rating, whistle
from jishi.cases.web.desk.forms import TEXT, WhyForm, _body_field, _item_field, _Naming
from jishi.kernels import worktime

GROUNDS = (
    ("not_our_duty", _("不是本单位职责")), ("wrong_place", _("不在本单位辖区")), ("missing_facts", _("缺少必要信息")),
    ("already_handled", _("已经办过")),
)  # fmt: skip
KINDS = (
    ("enforcement", _("综合执法\n半个工作日内应哨")), ("key_work", _("重点工作\n半个工作日内应哨")),
    ("emergency", _("应急处置\n30 分钟内应哨，先来再说异议")),
)  # fmt: skip
TIMES = (("4wh", _("4 个工作小时")), ("2hd", _("1 个工作日")), ("2wd", _("2 个工作日")), ("5wd", _("5 个工作日")))
HOW = (("yes", _("是")), ("partly", _("部分")), ("no", _("否")))
QUESTIONS = {
    "came": _("来了没有"), "did_its_part": _("自己那份做了没有"), "result_holds": _("结果站得住吗"),
    "needed": _("该不该吹"), "right_body": _("叫对单位了吗"), "prepared": _("准备好了吗"),
}  # fmt: skip
BODIES = 5  # bodies that a whistle calls from the page; programs may call more
LOCAL = "%Y-%m-%dT%H:%M"


def words_form(label: Any, *, required: bool = True, help_text: Any = "") -> Any:
    """Make a form of one text."""

    def make(*args: Any, now: datetime | None = None, lang: str = "zh", **kwargs: Any) -> forms.Form:
        form = WhyForm(*args, label=label, required=required, **kwargs)
        form.fields["words"].help_text = help_text
        form.fields["words"].max_length = 2000  # type: ignore[attr-defined]
        return form

    return make


class Nothing(forms.Form):
    """A press without words."""

    def __init__(self, *args: Any, now: datetime | None = None, lang: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class AskForm(_Naming):
    """请协办: whom, which part, by when."""

    body = _body_field(_("请哪个单位"))
    what = forms.CharField(
        label=_("请它做哪一部分"), max_length=200, help_text=_("一句话，对方看得到"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    until = forms.DateField(
        label=_("最晚哪天做完"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("不填：承诺居民之前半个工作日"),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        return {**(super().clean() or {}), "body_id": self.body_named("body")}

    def value(self) -> parts.Asking:
        """Give it as the verb takes it; a day means until its evening."""
        said, day = self.cleaned_data, self.cleaned_data["until"]
        due = timezone.make_aware(datetime.combine(day, datetime.max.time().replace(microsecond=0))) if day else None
        return parts.Asking(said["body_id"] or 0, said["what"], due)


class GroundForm(_Naming):
    """退回、异议: ground, own words, the cited item."""

    ground = forms.ChoiceField(label=_("为什么"), choices=GROUNDS, widget=forms.RadioSelect)
    words = forms.CharField(label=_("用自己的话写清楚"), max_length=1000, widget=TEXT)
    cited = _item_field(_("依据清单的哪一条"), help_text=_("没有引用条目的，不能成立"))

    def clean(self) -> dict[str, Any]:
        return {**(super().clean() or {}), "item_id": self.item_named("cited")}


class RulingForm(_Naming):
    """裁定仍由它做: reasons that cite an item."""

    words = forms.CharField(label=_("裁定理由"), max_length=2000, widget=TEXT)
    cited = _item_field(_("引用哪一条"))

    def clean(self) -> dict[str, Any]:
        return {**(super().clean() or {}), "item_id": self.item_named("cited")}


class BlowForm(_Naming):
    """吹哨: what, where, when, which bodies, who must answer."""

    kind = forms.ChoiceField(label=_("哪一种"), choices=KINDS, widget=forms.RadioSelect, initial="enforcement")
    what = forms.CharField(label=_("一起办什么"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    where = forms.CharField(label=_("在哪里集结"), max_length=200)
    gather_at = forms.DateTimeField(
        label=_("什么时候集结"), input_formats=[LOCAL, "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL),
    )  # fmt: skip
    quorum = forms.IntegerField(
        label=_("至少几个单位应哨才集结"), required=False, min_value=1, max_value=BODIES,
        help_text=_("不填：叫来的每个都要应"),
    )  # fmt: skip
    act = forms.ChoiceField(label=_("多久办结"), choices=TIMES, initial="2wd")
    lead = _body_field(_("由哪个单位牵头"), required=False, help_text=_("不填：吹哨的镇街自己牵头"))

    def __init__(self, *args: Any, named: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for n in range(1, BODIES + 1):
            self.fields[f"body_{n}"] = _body_field(
                _("叫哪个单位") if n == 1 else _("还叫哪个单位"), required=n == 1,
                initial=named[n - 1] if len(named) >= n else "",
            )  # fmt: skip
            self.fields[f"why_{n}"] = forms.CharField(
                label=_("为什么叫它"), max_length=300, required=False,
                help_text=_("清单写了这件事归它的，不用写") if n == 1 else "",
            )  # fmt: skip

    @property
    def rows(self) -> list[tuple[Any, Any]]:
        return [(self[f"body_{n}"], self[f"why_{n}"]) for n in range(1, BODIES + 1)]

    @property
    def before(self) -> list[Any]:
        return [self[n] for n in ("kind", "what", "where", "gather_at")]

    @property
    def after(self) -> list[Any]:
        return [self[n] for n in ("quorum", "act", "lead")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        called = [(self.body_named(f"body_{n}"), data.get(f"why_{n}", "")) for n in range(1, BODIES + 1)]
        return {**data, "called": [(b, w) for b, w in called if b is not None], "lead_id": self.body_named("lead")}

    def value(self) -> whistle.Call:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        return whistle.Call(
            kind=said["kind"], what=said["what"], where=said["where"], gather_at=said["gather_at"],
            bodies=tuple(whistle.Called(body, why=why) for body, why in said["called"]),
            quorum_count=said["quorum"] or 0, lead_body_id=said["lead_id"], act_amount=said["act"],
        )  # fmt: skip


def gathering(now: datetime) -> datetime:
    """Propose when to gather: a full hour, five working hours on, when everybody has had time to answer."""
    try:
        moment = worktime.add(now, worktime.work_hours(5), bodies.hours_of([None])[None].calendar).moment or now
    except worktime.CalendarNotKnown:
        moment = now + timedelta(hours=5)
    return timezone.localtime(moment + timedelta(minutes=59)).replace(minute=0, second=0, microsecond=0)


class RateForm(forms.Form):
    """评哨: three answers of one's own side and a sentence."""

    def __init__(self, *args: Any, side: str, now: datetime | None = None, lang: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for q in rating.QUESTIONS[side]:
            self.fields[q] = forms.ChoiceField(label=QUESTIONS[q], choices=HOW, widget=forms.RadioSelect)
        self.fields["words"] = forms.CharField(
            label=_("想说的话"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
        )

    def value(self) -> rating.Rated:
        """Give it as the verb takes it."""
        said = dict(self.cleaned_data)
        return rating.Rated({q: said[q] for q in said if q in QUESTIONS}, said.get("words", ""))


class RatingRulingForm(forms.Form):
    """裁定评价异议."""

    ruling = forms.ChoiceField(
        label=_("异议成立吗"), choices=(("upheld", _("成立")), ("denied", _("不成立"))), widget=forms.RadioSelect
    )
    words = forms.CharField(label=_("裁定理由"), max_length=2000, widget=TEXT)

    def __init__(self, *args: Any, now: datetime | None = None, lang: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class LinkForm(forms.Form):
    """问外面的单位: whom, one question, what it may read."""

    to_name = forms.CharField(
        label=_("问哪个单位"), max_length=80, help_text=_("没有账号的也可以，比如管线单位、开发商")
    )
    question = forms.CharField(label=_("问什么"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    extract = forms.CharField(
        label=_("给对方看的情况"), max_length=2000, widget=TEXT,
        help_text=_("只写要用的：什么事、在哪里；姓名、电话、门牌会被遮住"),
    )  # fmt: skip
    days = forms.IntegerField(
        label=_("几天内有效"), min_value=1, max_value=links.MOST_DAYS, initial=links.DAYS, help_text=_("自然日")
    )

    def __init__(self, *args: Any, now: datetime | None = None, lang: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def value(self) -> links.Question:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        return links.Question(said["to_name"], said["question"], said["extract"], said["days"])


class OutsideForm(forms.Form):
    """What the outside party answers."""

    ours = forms.ChoiceField(
        label=_("这件事是不是你们的"), widget=forms.RadioSelect,
        choices=(("yes", _("是，回答如下")), ("no", _("不是我们的"))),
    )  # fmt: skip
    answer = forms.CharField(
        label=_("您的回答"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("不是你们的，写一句归谁更合适"),
    )  # fmt: skip
    attached = forms.CharField(
        label=_("附上的文字"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("检测结论、产权说明之类，可以粘贴在这里"),
    )  # fmt: skip

    def value(self) -> links.Said:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        return links.Said(said["answer"], said["attached"], not_ours=said["ours"] == "no")
