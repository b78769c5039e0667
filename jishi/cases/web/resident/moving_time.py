"""What happened to the day of the answer, in sentences for the one who asked: who moved it, why, until when."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jishi.cases.queries.story import Happened

Line = dict[str, Any]
PAUSES: Mapping[str, Any] = {
    "awaiting_caller": gettext_lazy("等诉求人答复"), "weather": gettext_lazy("天气，以发布的为准"),
    "procedure_elsewhere": gettext_lazy("别处的法定程序正在进行"),
    "construction_window": gettext_lazy("按施工计划要等的窗口期"),
}  # fmt: skip
EXCLUSIONS: Mapping[str, Any] = {
    "lawful_no": gettext_lazy("依法不能满足，已经解释"),
    "impossible_now": gettext_lazy("客观上暂时办不到，有写明日期的计划"),
    "not_true": gettext_lazy("情况不实，有证据"), "outside_reach": gettext_lazy("不在政府职责范围内"),
    "same_facts": gettext_lazy("同一件事已经答复，没有新情况"), "disaster": gettext_lazy("自然灾害等突发事件"),
}  # fmt: skip
RATES: Mapping[str, Any] = {
    "contacted": gettext_lazy("联系率"), "solved": gettext_lazy("解决率"), "satisfied": gettext_lazy("满意率")
}
OF_THE_DESKS = frozenset({"case.suspension_denied", "clock.extension_denied", "case.banking_denied"})


def _asked_pause(h: Happened) -> Line:
    title = _("%(body)s申请暂停，等另一位审批") % {"body": h.body}
    return {"title": title, "kind": "hold", "icon": "wait", "text": _ground(PAUSES, h)}


def _suspended(h: Happened) -> Line:
    sub = _("答复日也停着，接着算的那天告诉您新的日子。") if h.codes.get("told") else _("答复日照走，不停。")
    return {
        "title": _("暂停了"), "kind": "hold", "icon": "wait", "text": _ground(PAUSES, h),
        "said": h.words.get("told", ""),
        "stopped_until": _day(h.codes.get("until")), "sub": sub,
    }  # fmt: skip


def _resumed(h: Happened) -> Line:
    return {"title": _("接着办"), "kind": "run", "icon": "run", "moved_to": _moment(h.codes.get("due"))}


def _asked_longer(h: Happened) -> Line:
    return {"title": _("%(body)s申请延长，等另一位审批") % {"body": h.body}, "kind": "hold", "icon": "wait"}


def _extended(h: Happened) -> Line:
    return {
        "title": _("答复日改了，理由："), "kind": "near", "icon": "wait", "said": h.words.get("reason", ""),
        "moved_from": _moment(h.codes.get("due_from")), "moved_to": _moment(h.codes.get("due")),
        "sub": _("由%(body)s申请，另一位同意。") % {"body": h.body} if h.body else "",
    }  # fmt: skip


def _recomputed(h: Happened) -> Line | None:
    if h.codes.get("kind") != "promise":
        return None
    return {
        "title": _("工作日历有了新版，答复日重新数过"), "kind": "near", "icon": "wait",
        "moved_from": _moment(h.codes.get("due_from")), "moved_to": _moment(h.codes.get("due")),
    }  # fmt: skip


def _asked_to_bank(h: Happened) -> Line:
    title = _("%(body)s说现在办不了，申请挂账，等领导小组办公室审批") % {"body": h.body}
    return {"title": title, "kind": "hold", "icon": "wait"}


def _banked(h: Happened) -> Line:
    return {
        "title": _("现在办不了，挂账"), "kind": "hold", "icon": "wait", "said": h.words.get("told", ""),
        "text": _("在等：%(what)s") % {"what": h.words["waits_for"]} if h.words.get("waits_for") else "",
        "again_on": _day(h.codes.get("review_on")), "sub": _("答复日停着；条件提前有了，就提前办。"),
    }  # fmt: skip


def _came_true(h: Happened) -> Line:
    title = _("等的条件有了")
    return {"title": title, "kind": "run", "icon": "check", "sub": _("领导小组办公室每周看一次，直到接着办。")}


def _taken_up(h: Happened) -> Line:
    return {"title": _("挂账结束，%(body)s接着办") % {"body": h.body}, "kind": "run", "icon": "run"}


def _denied(h: Happened) -> Line:
    return {"title": _("申请没有同意，时间照走"), "kind": "run", "icon": "check"}


def _urged(h: Happened) -> Line | None:
    if h.own:
        return {"title": _("您催了一次"), "kind": "done", "icon": "bell", "said": h.words.get("words", "")}
    return None if h.codes.get("caller") else {"title": _("平台催了一次"), "kind": "near", "icon": "bell"}


def _supervised(h: Happened) -> Line:
    return {
        "title": _("%(body)s被督办") % {"body": h.body}, "kind": "near", "icon": "bell",
        "sub": _("它要在 2 个工作日内回复；提出督办的人看过才能解除。"),
    }  # fmt: skip


def _answered(h: Happened) -> Line:
    return {"title": _("%(body)s回复了督办") % {"body": h.body}, "kind": "run", "icon": "edit"}


def _lifted(h: Happened) -> Line:
    return {"title": _("督办解除"), "kind": "done", "icon": "done"}


def _asked_out(h: Happened) -> Line:
    title = _("%(body)s申请不把这一件计入考核") % {"body": h.body}
    return {"title": title, "kind": "hold", "icon": "scale", "text": _ground(EXCLUSIONS, h)}


def _decided_out(h: Happened) -> Line:
    if h.codes.get("verdict") != "approved":
        return {"title": _("没有同意，这一件照样计入考核"), "kind": "run", "icon": "scale"}
    rates = _("、").join(str(RATES.get(r, r)) for r in h.codes.get("rates", []))
    return {
        "title": _("这一件不计入%(rates)s") % {"rates": rates}, "kind": "hold", "icon": "scale",
        "text": _ground(EXCLUSIONS, h), "said": h.words.get("told", ""),
        "sub": _("由申请单位和它上级以外的人审核；台账公开。不影响给您的答复。"),
    }  # fmt: skip


def _revoked(h: Happened) -> Line:
    return {"title": _("这一件重新计入考核"), "kind": "run", "icon": "scale", "said": h.words.get("why", "")}


def _ground(names: Mapping[str, Any], h: Happened) -> str:
    code = str(h.codes.get("ground", ""))
    return _("理由：%(ground)s。") % {"ground": names.get(code, code)} if code else ""


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


TELL: Mapping[str, Callable[[Happened], Line | None]] = {
    "case.suspension_asked": _asked_pause,
    "case.suspended": _suspended,
    "case.resumed": _resumed,
    "clock.extension_asked": _asked_longer,
    "clock.extended": _extended,
    "clock.recomputed": _recomputed,
    "case.banking_asked": _asked_to_bank,
    "case.banked": _banked,
    "case.bank_condition_true": _came_true,
    "case.taken_up": _taken_up,
    "case.urged": _urged,
    "supervision.opened": _supervised,
    "supervision.opened_again": _supervised,
    "supervision.answered": _answered,
    "supervision.lifted": _lifted,
    "exclusion.asked": _asked_out,
    "exclusion.decided": _decided_out,
    "exclusion.revoked": _revoked,
    **dict.fromkeys(OF_THE_DESKS, _denied),
}
