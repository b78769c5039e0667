"""Shapes of what is typed at a desk. Rules are the verbs'; here only what a field can hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils import translation
from django.utils.timezone import localdate
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from jishi.cases.actions import parts, recordings
from jishi.cases.actions.arrival import Incoming
from jishi.cases.queries import judging
from jishi.cases.states import DeclineGround
from jishi.duties import queries as duties
from jishi.duties.queries import MatterRow
from jishi.foundation import numbers

KINDS = (
    ("report", _("诉求")), ("complaint", _("投诉")), ("inquiry", _("咨询")), ("help", _("求助")),
    ("suggestion", _("建议")),
    ("praise", _("表扬")), ("tip_off", _("举报")),
)  # fmt: skip
VOICES = (("open", _("可联系")), ("confidential", _("保密")), ("anonymous", _("匿名")))
URGENCIES = (("normal", _("一般")), ("urgent", _("紧急")), ("emergency", _("险情")))
GROUNDS = (
    (DeclineGround.OTHER_PROCEDURE.value, _("走其他法定程序\n诉讼、仲裁、复议、信访……写明哪个机关")),
    (DeclineGround.SAME_FACTS.value, _("同一件事已经答复，没有新情况\n写明上次的答复")),
    (DeclineGround.EMERGENCY_LINE.value, _("应由110、119、120等紧急热线处置\n先帮来电人转过去")),
    (DeclineGround.BEYOND_DUTY.value, _("属于市场或社会自行解决的事\n写明可以找谁")),
    (DeclineGround.SECRET_OR_PRIVATE.value, _("涉及国家秘密、商业秘密或他人隐私")),
    (DeclineGround.UNLAWFUL.value, _("内容违法")),
)  # fmt: skip
TEXT = forms.Textarea(attrs={"rows": 3})


def matter_label(row: MatterRow, lang: str) -> str:
    """Name a matter so that it can be typed and found again."""
    return f"{row.called(lang)} {row.code}"


def matter_of(text: str, on: datetime) -> MatterRow | None:
    """Find the leaf that a person named: by the code at the end, by its whole name or alias; None if it is not one."""
    wanted = text.strip()
    if not wanted:
        return None
    book = duties.law(localdate(on))
    code = wanted.split()[-1]
    if code in book.matters and book.matters[code].is_leaf:
        return book.matters[code]
    named = [m for m in book.leaves if wanted in (m.name, m.name_en, *m.aliases)]
    return named[0] if len(named) == 1 else None


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that triage is sure of where no leaf is. `leaves`: labels to choose from, while it narrows."""

    code: str
    name: str
    share: str
    chosen: bool
    leaves: tuple[tuple[str, str], ...]  # name, label


def branch_of(candidates: Sequence[Mapping[str, Any]], *, lang: str, chosen: str) -> Branch | None:
    """Read the branch beside the first guess; None where a leaf was sure, or the book has it no longer."""
    found = candidates[0].get("branch") if candidates else None
    book = duties.matters()
    if not found or found["value"] not in book:
        return None
    code = str(found["value"])
    path = " / ".join(m.called(lang) for m in duties.matter_path(code))
    rows = [(m.called(lang), matter_label(m, lang)) for m in within(code, duties.leaves())]
    return Branch(code, path, f"{float(found['p']):.0%}", chosen == code, tuple(rows))


def within(branch: str, leaves: Sequence[MatterRow]) -> list[MatterRow]:
    """Keep the leaves of a branch; all of them where it is no branch of the book."""
    found = [m for m in leaves if m.code.startswith(f"{branch}.")] if branch else []
    return found or list(leaves)


class IntakeForm(forms.Form):
    """来电登记. `find` looks a matter up; the point goes with the place only while its words are unchanged."""

    text = forms.CharField(
        label=_("说了什么"), max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True, "class": "said"}),
        error_messages={"required": _("还没有写是什么事。")},
    )  # fmt: skip
    where = forms.CharField(
        label=_("在哪里"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    matter = forms.CharField(
        label=_("事项"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"list": "matters", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label=_("类型"), choices=KINDS, initial="report")
    urgency = forms.ChoiceField(label=_("急不急"), choices=URGENCIES, initial="normal")
    tel = forms.CharField(
        label=_("电话"), max_length=40, required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off", "class": "num"}),
    )  # fmt: skip
    name = forms.CharField(
        label=_("称呼"), max_length=40, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    voice = forms.ChoiceField(label=_("来电人要求"), choices=VOICES, initial="open", widget=forms.RadioSelect)
    accused = forms.CharField(
        label=_("投诉的是哪个单位"), max_length=200, required=False, help_text=_("写了，这个单位就回避，看不到这件事"),
        widget=forms.TextInput(attrs={"list": "bodies", "autocomplete": "off"}),
    )  # fmt: skip
    # what a press on "take" has filled in besides
    pin = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    pin_of = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    join = forms.CharField(max_length=24, required=False, widget=forms.HiddenInput)
    other_than = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    to = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    due = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    branch = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, now: datetime, spoken: bool = False) -> None:
        super().__init__(data, auto_id="intake_%s")
        self.now = now
        self.spoken = spoken  # a voice message came with it
        self.fields["text"].required = not spoken

    def clean_matter(self) -> str:
        said = str(self.cleaned_data["matter"]).strip()
        if not said:
            return ""
        found = matter_of(said, self.now)
        if found is None:
            raise forms.ValidationError(now_said("分类里没有“%(said)s”，从提示里选一个，或者先空着。") % {"said": said})
        return found.code

    def clean_accused(self) -> tuple[int, ...]:
        ids = []
        for said in str(self.cleaned_data["accused"]).replace("；", "、").replace(";", "、").split("、"):
            if not said.strip():
                continue
            found = judging.body_by_name(said, on=self.now)
            if found is None:
                raise forms.ValidationError(now_said("名录里没有“%(said)s”。") % {"said": said.strip()})
            ids.append(found.id)
        return tuple(ids)

    def answers(self) -> dict[str, Any]:
        """Give the answers to the extra questions, numbers as numbers."""
        found: dict[str, Any] = {}
        for name, value in (self.data or {}).items():
            if name.startswith("a.") and str(value).strip():
                text = str(value).strip()[:120]
                is_count = name.endswith(":n") and text.isascii() and text.replace(".", "", 1).isdigit()
                found[name[2:][:40]] = float(text) if is_count else text
        return {k.removesuffix(":n"): v for k, v in found.items()}

    def incoming(self, *, matter: bool = True) -> Incoming:
        """Give what came in, also of a half-filled form (a look while typing);
        `matter=False`: as nobody had said it.
        """
        said = dict(getattr(self, "cleaned_data", {}))
        text = str(said.get("text") or self.data.get("text", ""))
        where = str(said.get("where") or self.data.get("where", ""))
        lng, lat, radius = self._pin(where)
        voice = str(said.get("voice") or "open")
        one = Incoming(
            text=text, channel="phone", kind=str(said.get("kind") or "report"), voice=voice, address_text=where,
            lng=lng, lat=lat, crs="cgcs2000" if lng is not None else "", accuracy_m=radius,
            matter=str(said.get("matter") or "") if matter else "", answers=self.answers(),
            caller_name="" if voice == "anonymous" else str(said.get("name") or ""),
            caller_contact="" if voice == "anonymous" else str(said.get("tel") or ""),
            accused_body_ids=said.get("accused") or (), urgency=str(said.get("urgency") or "normal"), wants_word=True,
        )  # fmt: skip
        return recordings.only_spoken(one) if self.spoken else one

    def _pin(self, where: str) -> tuple[float | None, float | None, float | None]:
        said, of = str(self.data.get("pin", "")), str(self.data.get("pin_of", ""))
        if not said or of != where:
            return None, None, None
        try:
            lng, lat, radius = (float(part) for part in said.split(","))
        except ValueError:
            return None, None, None
        return lng, lat, radius


class DeclineForm(forms.Form):
    """不予受理."""

    ground = forms.ChoiceField(label=_("理由"), choices=GROUNDS, widget=forms.RadioSelect)
    text = forms.CharField(label=_("写给诉求人的说明"), max_length=1000, widget=TEXT)
    channel = forms.CharField(
        label=_("应当找哪里"), max_length=200, required=False, help_text=_("机关名称和电话；走其他程序时必填")
    )


class WhyForm(forms.Form):
    """One reason in words."""

    words = forms.CharField(label=_("理由"), max_length=1000, widget=TEXT)

    def __init__(self, *args: Any, label: Any = None, required: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].required = required
        if label is not None:
            self.fields["words"].label = label


class PublishForm(forms.Form):
    """公开: the reviewer has read the minimised words."""

    read = forms.BooleanField(
        label=_("我看过遮住个人信息以后的原话，认不出说的人和家里的人"),
        error_messages={"required": _("先看一遍“居民说的”，再打钩。")},
    )


class UrgencyForm(WhyForm):
    """说定有多急."""

    urgency = forms.ChoiceField(label=_("急不急"), choices=URGENCIES)
    field_order = ("urgency", "words")


class _Naming(forms.Form):
    """Fields that name a body or an item by words, found again on the desk's day."""

    def __init__(self, *args: Any, now: datetime, first: Any = (), lang: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now, self.first, self.lang = now, first, lang

    def body_named(self, name: str) -> int | None:
        """Give the body named in a field."""
        said = str(self.cleaned_data.get(name) or "")
        found = judging.body_by_name(said, on=self.now)
        if said.strip() and found is None:
            raise forms.ValidationError({name: now_said("名录里没有“%(said)s”。") % {"said": said}})
        return found.id if found else None

    def item_named(self, name: str) -> int | None:
        """Give the item cited in a field."""
        said = str(self.cleaned_data.get(name) or "")
        found = judging.item_by_label(said, on=self.now, lang=self.lang, first=self.first)
        if said.strip() and found is None:
            raise forms.ValidationError({name: now_said("清单里找不到“%(said)s”，从提示里选一条。") % {"said": said}})
        return found


def _body_field(label: Any, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=80, widget=forms.TextInput(attrs={"list": "bodies", "autocomplete": "off"}), **more
    )


def _item_field(label: Any, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=240, widget=forms.TextInput(attrs={"list": "items", "autocomplete": "off"}), **more
    )


class OfferForm(_Naming):
    """派单: to whom the list names, or to another body with the reason."""

    to = forms.CharField(max_length=40, required=False)
    other = _body_field(_("派给别的单位"), required=False)
    item = _item_field(_("依据清单的哪一条"), required=False)
    why = forms.CharField(
        label=_("为什么不按清单"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    instruction = forms.CharField(
        label=_("一句话交代"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    part_body = _body_field(_("同时请哪个单位协办"), required=False)
    part_what = forms.CharField(label=_("请它做哪一部分"), max_length=200, required=False)

    def part(self) -> parts.Asking | None:
        """Give what is asked of another body in the same act (双派); None where nobody else is asked."""
        body = self.body_named("part_body")
        if body is None:
            return None
        if not str(self.cleaned_data.get("part_what") or "").strip():
            raise forms.ValidationError({"part_what": now_said("写一句请它做哪一部分。")})
        return parts.Asking(body, self.cleaned_data["part_what"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["part"] = self.part()
        named = str(data.get("to") or "")
        if named and named != "other":
            body, _sep, item = named.partition(":")
            if not numbers.names_a_row(body) or not numbers.names_a_row(item or "0"):
                raise forms.ValidationError({"to": now_said("从上面选一个单位。")})
            return {**data, "body_id": int(body), "item_id": int(item or 0) or None, "why": ""}
        other = self.body_named("other")
        if other is None:
            raise forms.ValidationError({"other": now_said("选一个单位。")})
        if not str(data.get("why") or "").strip():
            raise forms.ValidationError({"why": now_said("清单没有选这个单位；要派给它，请写理由。")})
        return {**data, "body_id": other, "item_id": self.item_named("item")}


class ConsultForm(_Naming):
    """会商: the question and whom to invite."""

    question = forms.CharField(label=_("请各方说明什么"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    first_body = _body_field(_("请哪个单位"))
    second_body = _body_field(_("还请哪个单位"))
    third_body = _body_field(_("再请一个"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        ids = [self.body_named(n) for n in ("first_body", "second_body", "third_body")]
        return {**data, "invited": [i for i in ids if i is not None]}


class AgreedForm(_Naming):
    """会商一致."""

    agreed = _body_field(_("大家同意由谁办"))

    def clean(self) -> dict[str, Any]:
        return {**(super().clean() or {}), "body_id": self.body_named("agreed")}


class MatterForm(_Naming):
    """说定事项."""

    matter = forms.CharField(
        label=_("事项"), max_length=160, widget=forms.TextInput(attrs={"list": "matters", "autocomplete": "off"})
    )

    def clean_matter(self) -> str:
        said = str(self.cleaned_data["matter"])
        found = matter_of(said, self.now)
        if found is None:
            raise forms.ValidationError(now_said("分类里没有“%(said)s”，从提示里选一个。") % {"said": said})
        return found.code


class DenyForm(_Naming):
    """不同意退单: reasons that cite an item."""

    words = forms.CharField(label=_("不同意的理由"), max_length=1000, widget=TEXT)
    cited = _item_field(_("依据清单的哪一条"), help_text=_("没有引用的条目，不能不同意"))

    def clean(self) -> dict[str, Any]:
        return {**(super().clean() or {}), "item_id": self.item_named("cited")}


class PositionForm(_Naming):
    """会商意见: what the body holds, and the item it rests on where there is one."""

    text = forms.CharField(label=_("本单位的意见"), max_length=1000, widget=TEXT)
    cited = _item_field(_("依据清单的哪一条"), required=False, help_text=_("有依据的写上；定由谁办的人先看依据"))

    def clean(self) -> dict[str, Any]:
        return {**(super().clean() or {}), "item_id": self.item_named("cited")}


class RulingForm(_Naming):
    """裁定. `named` is left out where the body that signed keeps the case."""

    named = _body_field(_("由哪个单位办"), required=False)
    cited = _item_field(_("引用哪一条"))
    text = forms.CharField(
        label=_("裁定理由"),
        min_length=20,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("20 到 2,000 字"),
    )
    precedent = forms.BooleanField(label=_("作为先例"), required=False, help_text=_("以后同一事项会先看到它"))

    def clean(self) -> dict[str, Any]:
        return {**(super().clean() or {}), "body_id": self.body_named("named"), "item_id": self.item_named("cited")}


class ContactForm(forms.Form):
    """记录联系."""

    how = forms.ChoiceField(
        label=_("怎么联系的"),
        choices=(("phone", _("电话")), ("visit", _("上门")), ("message", _("短信"))),
        widget=forms.RadioSelect,
        initial="phone",
    )
    reached = forms.ChoiceField(
        label=_("联系上没有"),
        choices=(("yes", _("联系上了")), ("no", _("没联系上")), ("refused", _("不愿意谈"))),
        widget=forms.RadioSelect,
    )
    gist = forms.CharField(
        label=_("说了什么"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class ProgressForm(forms.Form):
    """记进展: the caller reads it."""

    text = forms.CharField(label=_("做到哪一步了"), max_length=1000, widget=TEXT, help_text=_("居民看得到"))
    waiting_for = forms.CharField(label=_("在等什么"), max_length=200, required=False)
    until = forms.DateField(label=_("最晚到哪天"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


class ReadingForm(forms.Form):
    """看电话: one look, for one purpose, in one sentence that the person reads."""

    why = forms.ChoiceField(
        label=_("为什么要看"), widget=forms.RadioSelect, initial="visit",
        choices=(("visit", _("上门前联系")), ("ask", _("问清情况")), ("place", _("核对地点")), ("tell", _("告诉结果"))),
    )  # fmt: skip
    words = forms.CharField(label=_("具体什么事"), max_length=200, required=False)

    def reason(self) -> str:
        """Give the sentence that the person will read; in Chinese, as she reads it."""

        with translation.override("zh-hans"):
            named = str(dict(self.fields["why"].choices)[self.cleaned_data["why"]])  # type: ignore[attr-defined]
        more = str(self.cleaned_data["words"]).strip()
        return f"{named}：{more}" if more else named
