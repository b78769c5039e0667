"""What a colleague may do with a part, a whistle, a body called, a link: each with its form and its one call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jishi.cases.actions import links, parts, rating, whistle
from jishi.cases.queries.together import OneBody, OnePart, OneWhistle, Together
from jishi.cases.web.together.forms import (
    AskForm,
    BlowForm,
    GroundForm,
    LinkForm,
    Nothing,
    RateForm,
    RatingRulingForm,
    RulingForm,
    gathering,
    words_form,
)

Run = Callable[[int, Any, Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Act:
    """`verb`: the row of the table that opens it; `run` takes the id of the row, what was typed, and who and when."""

    code: str
    verb: str
    label: str | Promise
    press: str | Promise
    form: Callable[..., forms.Form]
    run: Run
    css: str = ""


def _plain(verb: Callable[..., object], name: str = "") -> Run:
    def run(row_id: int, form: Any, who: Mapping[str, Any]) -> object:
        return verb(row_id, **({name: form.cleaned_data.get("words", "")} if name else {}), **who)

    return run


def _ground(verb: Callable[..., object], make: Callable[..., Any]) -> Run:
    def run(row_id: int, form: Any, who: Mapping[str, Any]) -> object:
        said = form.cleaned_data
        return verb(row_id, why=make(said["ground"], said["words"], said["item_id"]), **who)

    return run


def _deny(row_id: int, form: Any, who: Mapping[str, Any]) -> object:
    return parts.deny(row_id, words=form.cleaned_data["words"], cited_item_id=form.cleaned_data["item_id"], **who)


def _rated(verb: Callable[..., object]) -> Run:
    return lambda row_id, form, who: verb(row_id, rated=form.value(), **who)


def _objects(side: str) -> Run:
    return lambda row_id, form, who: rating.object_(row_id, side=side, words=form.cleaned_data["words"], **who)


def _rules(side: str) -> Run:
    def run(row_id: int, form: Any, who: Mapping[str, Any]) -> object:
        said = form.cleaned_data
        return rating.rule(row_id, side=side, ruling=said["ruling"], words=said["words"], **who)

    return run


_RESULT = words_form(_("做了什么、结果怎样"), help_text=_("10 到 2,000 字，由本单位自己写"))
PART = (
    Act("sign", "parts.sign", _("签收"), _("签收"), Nothing, _plain(parts.sign), "go"),
    Act("finish", "parts.finish", _("做完了"), _("交结果"), _RESULT, _plain(parts.finish, "result"), "go"),
    Act("return", "parts.return_", _("退回…"), _("退回"), GroundForm, _ground(parts.return_, parts.Returning), "stop"),
    Act("contest", "parts.contest", _("不同意退回，提请裁定"), _("提请裁定"), words_form(_("为什么归它做")),
        _plain(parts.contest, "words")),
    Act("deny", "parts.deny", _("裁定仍由它做"), _("作出裁定"), RulingForm, _deny, "go"),
    Act("uphold", "parts.uphold", _("裁定退回成立"), _("作出裁定"), words_form(_("裁定理由")),
        _plain(parts.uphold, "words")),
    Act("release", "parts.release", _("不用做了"), _("不用做了"), words_form(_("为什么不用做了")),
        _plain(parts.release, "words")),
    Act("consent", "parts.release", _("同意停做"), _("同意停做"), Nothing, _plain(parts.release)),
    Act("ask-release", "parts.ask_release", _("请它停做"), _("请求停做"), words_form(_("为什么不用做了")),
        _plain(parts.ask_release, "words")),
    Act("keep", "parts.keep", _("不同意停，接着做"), _("接着做"), words_form(_("为什么接着做")),
        _plain(parts.keep, "words")),
)  # fmt: skip
WHISTLE = (
    Act("start", "whistle.start", _("开始处置"), _("开始处置"), Nothing, _plain(whistle.start), "go"),
    Act("conclude", "whistle.conclude", _("结束处置"), _("结束处置"), words_form(
        _("这次一起办的结果"), help_text=_("每个单位都写了结果，或记明没有来，才能结束")),
        _plain(whistle.conclude, "words"), "go"),
    Act("call-off", "whistle.call_off", _("取消吹哨"), _("取消吹哨"), words_form(_("为什么取消")),
        _plain(whistle.call_off, "words"), "stop"),
)  # fmt: skip
BODY = (
    Act("answer", "whistle.answer", _("应哨"), _("应哨"), Nothing, _plain(whistle.answer), "go"),
    Act("object", "whistle.object_", _("有异议…"), _("提异议"), GroundForm,
        _ground(whistle.object_, whistle.Objection)),
    Act("deny", "whistle.deny", _("异议不成立，要来"), _("作出裁定"), words_form(_("裁定理由")),
        _plain(whistle.deny, "words")),
    Act("uphold", "whistle.uphold", _("异议成立，不用来"), _("作出裁定"), words_form(_("裁定理由")),
        _plain(whistle.uphold, "words")),
    Act("arrive", "whistle.arrive", _("到场"), _("记到场"), words_form(
        _("一句话：谁来了"), help_text=_("不要照片，不要定位")), _plain(whistle.arrive, "words"), "go"),
    Act("miss", "whistle.miss", _("没有来"), _("记没有来"), words_form(_("一句话：为什么没有来")),
        _plain(whistle.miss, "words")),
    Act("report", "whistle.report", _("写本单位的结果"), _("交结果"), _RESULT, _plain(whistle.report, "result"), "go"),
    Act("rate-body", "rating.rate_body", _("评这个单位"), _("交评价"), partial(RateForm, side="street"),
        _rated(rating.rate_body), "go"),
    Act("rate-whistle", "rating.rate_whistle", _("评这次吹哨"), _("交评价"), partial(RateForm, side="body"),
        _rated(rating.rate_whistle), "go"),
    Act("object-street", "", _("对镇街的评价有异议"), _("提异议"), words_form(_("哪里不符")), _objects("street")),
    Act("object-body", "", _("对单位的评价有异议"), _("提异议"), words_form(_("哪里不符")), _objects("body")),
    Act("rule-street", "", _("裁定对镇街评价的异议"), _("作出裁定"), RatingRulingForm, _rules("street")),
    Act("rule-body", "", _("裁定对单位评价的异议"), _("作出裁定"), RatingRulingForm, _rules("body")),
)  # fmt: skip
LINK = (
    Act("revoke", "links.revoke", _("收回链接"), _("收回"), words_form(_("为什么收回"), required=False),
        _plain(links.revoke, "words"), "stop"),
)  # fmt: skip


def _ask(case_id: int, form: Any, who: Mapping[str, Any]) -> object:
    return parts.ask(case_id, asking=form.value(), **who)


def _blow(case_id: int, form: Any, who: Mapping[str, Any]) -> object:
    return whistle.blow(case_id, call=form.value(), **who)


def _send(case_id: int, form: Any, who: Mapping[str, Any]) -> object:
    return links.send(case_id, question=form.value(), **who)


NEW = (
    Act("part", "part", _("请别的单位协办"), _("请协办"), AskForm, _ask, "go"),
    Act("whistle", "whistle", _("吹哨"), _("吹哨"), BlowForm, _blow, "go"),
    Act("link", "link", _("问外面的单位"), _("生成链接"), LinkForm, _send, "go"),
)  # fmt: skip
BY_KIND: Mapping[str, Mapping[str, Act]] = {
    "part": {a.code: a for a in PART}, "whistle": {a.code: a for a in WHISTLE}, "body": {a.code: a for a in BODY},
    "link": {a.code: a for a in LINK}, "new": {a.code: a for a in NEW},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offered:
    """An act with its form, as the page shows it; `refused`: this one was just refused and stands open."""

    act: Act
    form: Any
    kind: str
    row_id: int
    version: int
    open: bool = False

    @property
    def plain(self) -> bool:
        return not self.form.fields


def _offered(kind: str, acts: Any, row: Any, now: datetime, lang: str, again: "Offered | None") -> list[Offered]:
    found = []
    for act in acts:
        if again is not None and (again.kind, again.act.code, again.row_id) == (kind, act.code, row.id):
            found.append(again)
        else:
            form = act.form(auto_id=f"{kind}{row.id}_{act.code}_%s", now=now, lang=lang)
            found.append(Offered(act, form, kind, row.id, row.version))
    return found


def of_part(one: OnePart, now: datetime, lang: str, again: Offered | None) -> list[Offered]:
    consent = one.row.status == "SIGNED"
    codes = {"release"} if consent else {"consent"}  # one verb, two labels: letting go, or agreeing to stop
    return _offered("part", [a for a in PART if a.verb in one.acts and a.code not in codes], one.row, now, lang, again)


def of_whistle(one: OneWhistle, now: datetime, lang: str, again: Offered | None) -> list[Offered]:
    return _offered("whistle", [a for a in WHISTLE if a.verb in one.acts], one.row, now, lang, again)


def of_body(one: OneBody, now: datetime, lang: str, again: Offered | None) -> list[Offered]:
    more = {f"object-{s}" for s in one.objectable} | {f"rule-{s}" for s in one.rulable}
    return _offered("body", [a for a in BODY if a.verb in one.acts or a.code in more], one.row, now, lang, again)


def begin(
    found: Together, case: Any, now: datetime, lang: str, again: Offered | None, *, extract: str, named: Any
) -> list[Offered]:
    """Give what may begin now: a part, a whistle, a question outside."""
    first = {
        "part": {}, "whistle": {"named": named, "initial": {
            "gather_at": gathering(now), "where": case.place_name or case.address_text,
        }}, "link": {"initial": {"extract": extract, "days": links.DAYS}},
    }  # fmt: skip
    shown = []
    for act in NEW:
        if act.verb not in found.may:
            continue
        if again is not None and again.kind == "new" and again.act.code == act.code:
            shown.append(again)
            continue
        form = act.form(auto_id=f"new_{act.code}_%s", now=now, lang=lang, **first[act.code])
        shown.append(Offered(act, form, "new", case.id, case.version))
    return shown
