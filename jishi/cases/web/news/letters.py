"""没送到的: deliveries that gave up, with *send again*; for the office and the system administrator."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.cases.actions import calling, fetching, redelivery, sending
from jishi.cases.web.desk.edge import staffed
from jishi.foundation import numbers, outbox

ROLES = ("office", "system_admin")
TO = {
    calling.REACTION: gettext_lazy("外部系统"),
    sending.REACTION: gettext_lazy("给人的通知"),
    fetching.REACTION: gettext_lazy("外部程序给的图片地址"),
}
WHAT = {
    "CaseMoved": gettext_lazy("事件有进展"), "PartMoved": gettext_lazy("协办有进展"),
    "WhistleMoved": gettext_lazy("吹哨有进展"), "ReportReceived": gettext_lazy("收到诉求"),
    "ParcelMade": gettext_lazy("通知"), "MediaNamed": gettext_lazy("去取一张图片"),
}  # fmt: skip
WHY = {
    "timeout": gettext_lazy("对方没有及时回答"), "no_connection": gettext_lazy("连不上对方"),
    "certificate": gettext_lazy("对方的证书不对"), "tls": gettext_lazy("加密连接没有建成"),
    "address_refused": gettext_lazy("地址不在公网上，也没有登记"), "no_carrier": gettext_lazy("这种方式现在没有接通"),
    "mail_not_taken": gettext_lazy("邮件服务器没有收"), "out_of_order": gettext_lazy("通道停用"),
    "gateway_address": gettext_lazy("短信网关的地址不对"), "bad_answer": gettext_lazy("对方的回答读不懂"),
}  # fmt: skip


@never_cache
@require_GET
@staffed(*ROLES)
def page(request: HttpRequest) -> HttpResponse:
    """Show what gave up, and what is being tried again. Codes and numbers alone: no name, no words, no address."""
    before = request.GET.get("after", "")
    dead = outbox.dead_letters(before=int(before) if numbers.names_a_row(before) else None, limit=51)
    context = {
        "dead": [_row(d) for d in dead[:50]], "after": dead[49].id if len(dead) > 50 else None,
        "trying": [_row(d) for d in outbox.being_tried()], "waiting": outbox.waiting(),
    }  # fmt: skip
    return render(request, "cases/news/letters.html", context)


@require_POST
@staffed(*ROLES)
def again(request: HttpRequest, number: int) -> HttpResponse:
    """Send one again, under the number it had."""
    redelivery.send_again(number, by=request.actor, now=request.now)
    messages.success(request, _("排上了，几秒内再送。"))
    return redirect("dead-letters")


def _row(letter: outbox.DeadLetter) -> dict:
    return {
        "letter": letter,
        "what": WHAT.get(letter.name, letter.name),
        "receiver": letter.receiver if letter.reaction == calling.REACTION else None,
        "to": TO.get(letter.reaction, gettext_lazy("平台自己的反应")),
        "why": WHY.get(letter.error) or _status(letter.error),
    }


def _status(error: str) -> str:
    if error.startswith("status_"):
        return _("对方回答 %(status)s") % {"status": error.removeprefix("status_")}
    return error
