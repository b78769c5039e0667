"""Shapes of what a handler, a reviewer, a caller of feedback and an importer type. Rules are the verbs'."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from jishi.cases.actions import feedback, handling, handover, photos, review
from jishi.cases.actions.arrival import Incoming
from jishi.cases.actions.photos import Ready
from jishi.cases.states import Contacted, Satisfied, Solved
from jishi.cases.web.desk.forms import TEXT, _body_field, _item_field, _Naming, matter_of
from jishi.foundation import uploads
from jishi.kernels.text.minimise import minimise_one

RETURN_GROUNDS = (
    ("not_our_duty", _("不是本单位职责\n要引用清单的一条，写出该是哪个单位")),
    ("wrong_place", _("不在本单位辖区\n要引用清单的一条")),
    ("missing_facts", _("缺少必要信息\n写明缺什么")),
    ("already_handled", _("已经办过\n写出那一件的编号")),
)
OUTCOMES = (
    ("solved", _("已解决")), ("partly", _("部分解决")), ("explained", _("已解释")), ("planned", _("已列计划")),
    ("not_true", _("情况不实")),
)  # fmt: skip
NOT_BACK_GROUNDS = (
    ("done_as_said", _("核对过现场，答复里说的已经做到")), ("planned", _("已列计划，答复里写的日子还没到")),
    ("not_lawful", _("想要的结果依法办不到，依据已经写明")), ("another_matter", _("说的是另一件事，要另外登记")),
)  # fmt: skip
HOW = (("phone", _("电话")), ("visit", _("上门")), ("message", _("短信")))


class ReturnForm(_Naming):
    """退回: ground, own words, the cited item, whose it is."""

    ground = forms.ChoiceField(label=_("为什么退"), choices=RETURN_GROUNDS, widget=forms.RadioSelect)
    words = forms.CharField(label=_("用自己的话写清楚"), max_length=1000, widget=TEXT, help_text=_("居民会看到这句话"))
    cited = _item_field(_("依据清单的哪一条"), required=False, help_text=_("输入条目编号或名称，从提示里选"))
    proposed = _body_field(_("应当是哪个单位"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        return {**data, "item_id": self.item_named("cited"), "body_id": self.body_named("proposed")}

    def value(self) -> handover.Return:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        return handover.Return(said["ground"], said["words"], said["item_id"], said["body_id"])


class ReplyForm(forms.Form):
    """答复: the outcome and the four elements: when and with whom, what was done, by when."""

    outcome = forms.ChoiceField(label=_("办得怎么样"), choices=OUTCOMES, widget=forms.RadioSelect)
    contacted_at = forms.DateTimeField(
        label=_("什么时候联系的"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )  # fmt: skip
    contacted_how = forms.ChoiceField(label=_("怎么联系的"), choices=HOW, widget=forms.RadioSelect)
    what_was_done = forms.CharField(label=_("采取了什么措施"), max_length=2000, widget=TEXT)
    done_by = forms.DateField(
        label=_("什么时候好"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("还要接着做的，写最晚哪天；已经做完，不填"),
    )  # fmt: skip
    text_for_caller = forms.CharField(
        label=_("写给诉求人的答复"), max_length=4000, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("20 到 4,000 字：什么时候、跟谁联系过、做了什么、什么时候好"),
    )  # fmt: skip
    legal_basis = forms.CharField(label=_("依据"), max_length=500, required=False, help_text=_("法规或政策名称和条款"))
    text_public = forms.CharField(
        label=_("给大家看的话"), max_length=4000, required=False, widget=TEXT,
        help_text=_("这件事公开以后登在公开页上；可不填。不写人名、电话、门牌。交以前给您看一遍"),
    )  # fmt: skip
    public_seen = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, now: datetime, closed: bool, **kwargs: Any) -> None:
        self.shown, self.is_seen = "", True
        super().__init__(self._covered(data) if data is not None else None, **kwargs)
        self.now = now
        if closed:  # nobody may ever open the case: nothing to ask for; what comes all the same is the verb's to refuse
            del self.fields["text_public"], self.fields["public_seen"]

    def _covered(self, data: Any) -> Any:
        """Put what the machine covered into the field; seen is what came back as it was shown (spec 10 §13)."""
        text = str(data.get("text_public", "")).replace("\r\n", "\n").strip()
        self.shown = minimise_one(text).shown if text else ""
        self.is_seen = str(data.get("public_seen", "")).replace("\r\n", "\n") == self.shown == text
        return {**data.dict(), "text_public": self.shown, "public_seen": self.shown}

    def clean_text_public(self) -> str:
        if not self.is_seen:
            raise forms.ValidationError(now_said("公开的就是现在框里这几句，还没有交。看一遍，可以改，再按“交审核”。"))
        return str(self.cleaned_data["text_public"])

    def clean_contacted_at(self) -> datetime:
        at: datetime = self.cleaned_data["contacted_at"]
        if at > self.now:
            raise forms.ValidationError(now_said("联系的时间在将来，核对一下。"))
        return at

    def clean_text_for_caller(self) -> str:
        text = str(self.cleaned_data["text_for_caller"]).strip()
        if len(text) < 20:
            raise forms.ValidationError(now_said("现在 %(n)d 字，至少 20 字。") % {"n": len(text)})
        return text

    def value(self) -> handling.Answer:
        """Give it as the verb takes it."""
        said = self.cleaned_data
        return handling.Answer(
            outcome=said["outcome"], text_for_caller=said["text_for_caller"], what_was_done=said["what_was_done"],
            contacted_at=said["contacted_at"], contacted_how=said["contacted_how"], done_by=said["done_by"],
            legal_basis=said["legal_basis"], text_public=said.get("text_public", self.shown),
        )  # fmt: skip

    def enclosed(self) -> list[Ready]:
        """Look at the files sent along. :raises Refused: one of them cannot be taken, or there are too many."""
        return photos.ready(uploads.sent(self.files.getlist("files")))


class ReviewForm(forms.Form):
    """审核: which of the four elements the reply holds; sending back needs the reason."""

    time_of_contact = forms.BooleanField(label=_("什么时候联系的，写了"), required=False)
    with_whom = forms.BooleanField(label=_("和谁联系的，写了"), required=False)
    measures = forms.BooleanField(label=_("采取了什么措施，写了"), required=False)
    by_when = forms.BooleanField(label=_("什么时候好，写了"), required=False)
    why = forms.CharField(
        label=_("退回时写明缺什么"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def elements(self) -> review.Elements:
        """Give the four as the verb takes them."""
        said = self.cleaned_data
        return review.Elements(said["time_of_contact"], said["with_whom"], said["measures"], said["by_when"])


class SecondLookForm(forms.Form):
    """复核: what the body still has to do; or why the case does not go back, and a sentence for its caller."""

    todo = forms.CharField(
        label=_("退回时写明还要做什么"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("10 到 500 字，承办单位看得到；诉求人的回答它看不到"),
    )  # fmt: skip
    ground = forms.ChoiceField(
        label=_("不退的理由"), required=False, choices=NOT_BACK_GROUNDS, widget=forms.RadioSelect
    )
    told = forms.CharField(
        label=_("写给诉求人的话"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("10 到 500 字：看到了什么，为什么这次不退"),
    )  # fmt: skip


class AnswersForm(forms.Form):
    """回访: three answers as the caller gave them; what was not said stays `no_answer`."""

    contacted = forms.ChoiceField(
        label=_("承办单位联系过您吗"), widget=forms.RadioSelect, initial="no_answer",
        choices=((Contacted.YES.value, _("联系过")), (Contacted.NO.value, _("没联系")),
                 (Contacted.UNCLEAR.value, _("记不清")), (Contacted.NO_ANSWER.value, _("没有回答"))),
    )  # fmt: skip
    solved = forms.ChoiceField(
        label=_("事情解决了吗"), widget=forms.RadioSelect, initial="no_answer",
        choices=((Solved.YES.value, _("解决了")), (Solved.PARTLY.value, _("解决了一部分")),
                 (Solved.NO.value, _("没解决")), (Solved.UNCLEAR.value, _("说不清")),
                 (Solved.NO_ANSWER.value, _("没有回答"))),
    )  # fmt: skip
    satisfied = forms.ChoiceField(
        label=_("您满意吗"), widget=forms.RadioSelect, initial="no_answer",
        choices=((Satisfied.SATISFIED.value, _("满意")), (Satisfied.BASICALLY.value, _("基本满意")),
                 (Satisfied.NOT.value, _("不满意")), (Satisfied.NO_ANSWER.value, _("没有回答"))),
    )  # fmt: skip
    text = forms.CharField(
        label=_("原话"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("尽量记原话；手机号、姓名会遮住"),
    )  # fmt: skip

    def value(self) -> feedback.Answers:
        """Give them as the verb takes them."""
        said = self.cleaned_data
        return feedback.Answers(said["contacted"], said["solved"], said["satisfied"], said["text"])


class FileForm(forms.Form):
    """One file and the map by which it is read."""

    file = forms.FileField(
        label=_("文件"), widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}), allow_empty_file=True,
        help_text=_("xlsx 或 csv，最大 20 MB；csv 可以是 UTF-8 或 GB18030"),
        error_messages={"required": _("还没有选文件。")},
    )  # fmt: skip
    columns = forms.ChoiceField(label=_("列映射"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, maps: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["columns"].choices = maps  # type: ignore[attr-defined]


def local_minute(moment: datetime) -> str:
    """Write a moment as a `datetime-local` field takes it."""
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


class GridReportForm(forms.Form):
    """网格上报: what was seen, or what was settled there and then."""

    done = forms.ChoiceField(
        label=_("办了没有"), widget=forms.RadioSelect, initial="seen",
        choices=(("seen", _("报上来\n派给负责的单位")), ("settled", _("当场办好了\n只限清单上的小事，记完就办结"))),
    )  # fmt: skip
    text = forms.CharField(
        label=_("看到了什么"), max_length=10_000, widget=TEXT,
        error_messages={"required": _("还没有写是什么事。")},
    )  # fmt: skip
    grid = forms.ChoiceField(label=_("哪个网格"), required=False)
    where = forms.CharField(
        label=_("具体在哪里"), required=False, max_length=200, help_text=_("楼号、路口；不写就按网格记"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    matter = forms.CharField(
        label=_("事项"), required=False, max_length=160, help_text=_("报上来的可以不选；当场办好的要选"),
        widget=forms.TextInput(attrs={"list": "matters", "autocomplete": "off"}),
    )  # fmt: skip
    how = forms.CharField(
        label=_("怎么办好的"), max_length=1000, widget=TEXT,
        error_messages={"required": _("写一句怎么办好的，说的人看得到。")},
    )  # fmt: skip
    lng = forms.FloatField(required=False, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, widget=forms.HiddenInput)
    accuracy = forms.FloatField(required=False, min_value=0, max_value=100_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, now: datetime, grids: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "grid_%s"
        super().__init__(*args, **kwargs)
        self.now, self.grids = now, {g.code: g.id for g in grids}
        named = [(g.code, g.name) for g in grids]
        self.fields["grid"].choices = named if len(named) == 1 else [("", _("按写的地方认")), *named]  # type: ignore[attr-defined]
        self.fields["how"].required = not self.is_bound or self.data.get("done") == "settled"

    def clean_matter(self) -> str:
        said = str(self.cleaned_data["matter"]).strip()
        found = matter_of(said, self.now)
        if said and found is None:
            raise forms.ValidationError(now_said("分类里没有“%(said)s”，从提示里选一个，或者先空着。") % {"said": said})
        return found.code if found else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("done") == "settled":
            self._settled(data)
        return {**data, "grid_id": self.grids.get(data.get("grid") or "")}

    def _settled(self, data: dict[str, Any]) -> None:
        row = matter_of(data.get("matter") or "", self.now)
        if "matter" in data and (row is None or not row.spot):
            self.add_error("matter", now_said("当场办好的，要选一个当场能办的事项；别的请报上来。"))

    def incoming(self) -> Incoming:
        """Give it as intake takes it: a worker's own words, nobody's contact."""
        said = self.cleaned_data
        pinned = said["lng"] is not None and said["lat"] is not None
        return Incoming(
            text=said["text"], channel="grid", address_text=said["where"], matter=said["matter"],
            lng=said["lng"] if pinned else None, lat=said["lat"] if pinned else None, crs="wgs84" if pinned else "",
            accuracy_m=said["accuracy"] if pinned else None,
        )  # fmt: skip
