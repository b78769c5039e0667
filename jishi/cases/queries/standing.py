"""Where a public case stands, in words that a resident uses (spec 13 §6)."""

from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jishi.cases.models import Case
from jishi.cases.queries.public import Shown, settled
from jishi.cases.states import DeclineGround, SuspensionGround
from jishi.foundation import ends

OUTCOMES: dict[str, Promise | str] = {
    "solved": gettext_lazy("已经解决。"), "partly": gettext_lazy("解决了一部分。"),
    "explained": gettext_lazy("已经说明情况。"), "planned": gettext_lazy("已经列入计划。"),
    "not_true": gettext_lazy("查过，情况与所说不符。"),
}  # fmt: skip
GROUNDS: dict[str, Promise | str] = {
    DeclineGround.EMERGENCY_LINE: gettext_lazy("应由 110、119、120 等紧急热线处置"),
    DeclineGround.OTHER_PROCEDURE: gettext_lazy("要走其他法定程序"),
    DeclineGround.SAME_FACTS: gettext_lazy("同一件事已经答复，没有新情况"),
    DeclineGround.SECRET_OR_PRIVATE: gettext_lazy("涉及国家秘密、商业秘密或他人隐私"),
    DeclineGround.BEYOND_DUTY: gettext_lazy("属于市场或社会自行解决的事"),
    DeclineGround.UNLAWFUL: gettext_lazy("内容违法"),
}
PAUSES: dict[str, Promise | str] = {
    SuspensionGround.AWAITING_CALLER: gettext_lazy("等诉求人答复"),
    SuspensionGround.WEATHER: gettext_lazy("因为天气"),
    SuspensionGround.PROCEDURE_ELSEWHERE: gettext_lazy("别处的法定程序正在进行"),
    SuspensionGround.CONSTRUCTION_WINDOW: gettext_lazy("按施工计划要等"),
}


def promise(case: Case) -> str | None:
    """Say the promise in one sentence."""
    if settled(case) or case.promise_due_at is None:
        return None
    end = case.promise_due_at
    return _("最迟 %(day)s 答复。") % {"day": f"{ends.last_day(end).isoformat()} {ends.clock(end)}"}


def notes(shown: Shown, lang: str) -> str:
    """Say where it stands, in words that a resident uses."""
    case = shown.case
    body = shown.lead.called(lang) if shown.lead else _("承办单位")
    due = ends.last_day(case.promise_due_at).isoformat() if case.promise_due_at else "—"
    if case.status in ("FEEDBACK", "CLOSED"):
        return " ".join(filter(None, [str(OUTCOMES.get(case.outcome, _("已经答复。"))), shown.answer]))
    if case.status == "DECLINED":
        ground = GROUNDS.get(case.decline_ground, "")
        where = _("可以找：%(where)s。") % {"where": case.decline_channel} if case.decline_channel else ""
        return (_("没有受理：%(ground)s。") % {"ground": ground}) + (f" {where}" if where else "")
    if shown.pause is not None:
        return _paused(*shown.pause)
    said = {
        "RECEIVED": _("正在转给该管的单位。"), "CONSULTING": _("几家单位正在商定由谁负责。"),
        "OFFERED": _("等%(body)s签收。"), "HANDLING": _("%(body)s在办，承诺 %(due)s 前答复。"),
        "REPLIED": _("答复正在审核。"), "SUSPENDED": _("办理暂停，等一个条件，到时接着办。"),
        "BANKED": _("现在解决不了，已经挂账，到时再看。"), "WITHDRAWN": _("诉求人撤回了。"),
        "ABSORBED": _("已经和另一件事并在一起办。"),
    }  # fmt: skip
    return said.get(case.status, _("正在办理。")) % {"body": body, "due": due}


def _paused(ground: str, until: date) -> str:
    if not ground:
        return _("现在解决不了，已经挂账，%(until)s 再看。") % {"until": until.isoformat()}
    facts = {"ground": PAUSES.get(ground, ground), "until": until.isoformat()}
    return _("办理暂停：%(ground)s，到 %(until)s。") % facts
