"""What became of "not solved", in sentences that its caller can answer (spec 10 §5, row 22)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from jishi.cases.queries.story import Happened
from jishi.cases.web.resident.codes import NOT_BACK, say
from jishi.foundation import ends

Line = dict[str, Any]


def _called(h: Happened) -> Line:
    return {"title": _("您说没有解决，审核人在看"), "kind": "wait", "icon": "eye",
            "sub": _("看的不是答复的人。看过以前，这件事不会办结。")}  # fmt: skip


def _denied(h: Happened) -> Line:
    return {
        "title": _("审核人看过，这次没有退回"), "kind": "hold", "icon": "eye",
        "text": _("理由：%(ground)s。") % {"ground": say(NOT_BACK, h.codes.get("ground"))},
        "said": h.words.get("why", ""),
        "sub": _answer_again(h.codes.get("until")),
    }  # fmt: skip


def _answer_again(until: str | None) -> str:
    if not until:
        return _("这一轮两个人看过了。不同意，办结后可以要求重办，不用谁同意。")
    return _("不同意，%(until)s 以前可以再答一次，由另一个人看，到那时以前不办结；办结后可以要求重办，不用谁同意。") % {
        "until": ends.named(datetime.fromisoformat(until))
    }


def _back(h: Happened) -> Line:
    sub = _("接着办的还是%(body)s。") % {"body": h.body}
    text = _("写给它的话：") if h.words.get("why") else ""
    return {"title": _("没有解决，退回重办"), "kind": "back", "sub": sub, "text": text, "said": h.words.get("why", "")}


TELL: Mapping[str, Callable[[Happened], Line]] = {
    "case.recheck_called": _called, "case.recheck_denied": _denied, "case.sent_back_by_feedback": _back,
}  # fmt: skip
