"""卡住的事: what waits for my decision, the few things that are stuck, what is banked, what the clock told me."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jishi.cases.queries import stuck
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.edge import lang, staffed
from jishi.foundation import numbers
from jishi.foundation.refusals import Invalid
from jishi.places.queries import transitions

WATCHING = ("supervisor", "office", "ruler", "auditor")
# code of a list: the part of the case where it is decided, and what the button says
GO = {
    "suspension": ("#time", _("看申请")), "extension": ("#time", _("看申请")), "termination": ("", _("看申请")),
    "banking": ("#time", _("看申请")), "overdue": ("#ck", _("看时限")), "supervised": ("#time", _("看督办")),
    "returned": ("?tab=handovers", _("看退单")), "contested": ("?tab=handovers", _("看会商")),
    "asleep": ("#time", _("看挂账")), "lapsed": ("/together", _("看吹哨")), "no_day": ("#ck", _("看时限")),
    "banked": ("#time", _("看挂账")), "unplaced": ("", _("打开这一件")),
}  # fmt: skip
# code of a list: (heading, what its last column says, what stands there when it is empty)
LOTS = {
    "suspension": (_("等您审批的挂起"), _("要等什么"), _("没有等审批的挂起。")),
    "extension": (_("等您审批的延期"), _("给诉求人看的理由"), _("没有等审批的延期。")),
    "termination": (_("等您审批的终止"), _("缺什么配合"), _("没有等审批的终止。")),
    "banking": (_("等您审批的挂账"), _("为什么办不了"), _("没有等审批的挂账。")),
    "unplaced": (_("派单员都要回避的，由办公室派"), _("投诉的是"), _("没有派单员都要回避的事。")),
    "overdue": (_("过期三个工作日以上"), _("哪个时限"), _("没有过期这么久的事。")),
    "supervised": (_("在督办的"), _("要求"), _("没有没解除的督办。")),
    "returned": (_("退回两次以上"), _("从什么时候起"), _("没有退回两次的事。")),
    "contested": (_("会商、裁定过期的"), _("哪个时限"), _("会商和裁定都没有过期。")),
    "asleep": (_("挂账要再看的"), _("等什么条件"), _("这一周没有要再看的挂账。")),
    "lapsed": (_("吹了哨没人应的"), _("吹哨说的事"), _("没有没人应的吹哨。")),
    "no_day": (_("算不出答复日的"), _("哪个时限"), _("每件事都有答复日。")),
    "banked": (_("挂账的"), _("等什么条件"), _("没有挂账的事。")),
}


@never_cache
@require_GET
@staffed(*WATCHING)
def board(request: HttpRequest) -> HttpResponse:
    """Show what waits for a decision of this colleague, then what is stuck."""
    by, language = request.actor, lang()
    asked = stuck.asked(by=by, lang=language)
    found = stuck.stuck(by=by, now=request.now, lang=language)
    return render(request, "cases/work/stuck.html", {
        "asked": _shown(asked), "lots": _shown(found.lots), "waiting": sum(len(lot.lines) for lot in asked),
        "count": found.all, "many": any(lot.more for lot in found.lots), "states": dispatch.states(), "dense": True,
        "transitions": transitions.reviews_missed(by, day=localdate(request.now)),
    })  # fmt: skip


@never_cache
@require_GET
@staffed("handler", "head", "dispatcher", *WATCHING)
def banked(request: HttpRequest) -> HttpResponse:
    """List what is offered again this week, then all that is banked, the nearest review first."""
    after = request.GET.get("after", "")
    day, _sep, number = after.partition("~")
    if after and not (numbers.names_a_row(number) and len(day) == 10):
        raise Invalid(detail="after")
    lot = stuck.banked(by=request.actor, lang=lang(), after=after)
    again = [] if after else [stuck.asleep(by=request.actor, lang=lang(), now=request.now)]
    return render(request, "cases/work/banked.html", {
        "lots": _shown([*again, lot]), "states": dispatch.states(), "dense": True,
        "after": f"{lot.lines[-1].day}~{lot.lines[-1].row}" if lot.more else "",
    })  # fmt: skip


@never_cache
@require_GET
@staffed()
def reminders(request: HttpRequest) -> HttpResponse:
    """Show the digests of this colleague: at most one a half day, danger at once."""
    rows = stuck.reminders(by=request.actor, lang=lang(), now=request.now)
    return render(request, "cases/work/reminders.html", {"rows": rows, "states": dispatch.states(), "dense": True})


def _shown(lots: object) -> list[dict[str, object]]:
    return [
        {
            "lot": lot, "heading": LOTS[lot.code][0], "column": LOTS[lot.code][1], "empty": LOTS[lot.code][2],
            "part": GO[lot.code][0], "press": GO[lot.code][1],
        }
        for lot in lots  # type: ignore[attr-defined]
    ]  # fmt: skip
