"""Whoever gets a way back, or whose devices another has ended as lost, is told at once by the channel that he chose
himself; by day and night (spec 90 §3).

It is a notice and opens nothing. Who chose no channel finds it at `/me/sign-in`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from jishi.accounts.actions import reaching, reading
from jishi.accounts.models import Account
from jishi.foundation import carriers, outbox, scope
from jishi.foundation.outgoing import NotDelivered
from jishi.foundation.outside import Call, Owed

REACTION = "jishi.accounts.actions.recovery_telling.send"
REASON = gettext_noop("告诉您登录方式被重设")
SUBJECT = {"zh": "您的登录方式重设了", "en": "Your ways in were ended"}
LOST_SUBJECT = {"zh": "您的随身设备停用了", "en": "Your devices were ended"}
LOST = {
    "zh": "您的随身设备和所有登录都停用了，说是手机丢了，由安全管理员或您单位负责人办的。"
    "重新登录就能接着用，没发的都还在。不是您说的，请打电话给审计管理员。",
    "en": "Your devices and sign-ins were ended by the security administrator or the head of your body: a telephone"
    " was said to be lost. Sign in and go on; what was not sent is still there. If you did not say so, call the audit"
    " administrator.",
}  # fmt: skip
RESIDENT_SUBJECT = {"zh": "您的登录都退出了", "en": "You were signed out everywhere"}
RESIDENT = {
    "zh": "您的所有登录都退出了：有人打电话说您的手机丢了。重新登录就能接着用。不是您说的，请打电话给我们。",
    "en": "You were signed out everywhere: somebody telephoned that your telephone was lost. Sign in and go on. If it"
    " was not you, telephone us.",
}  # fmt: skip
TEXT = {
    "zh": "您账号原来的密码、登录方式和正在登录的设备都作废了，由安全管理员和您单位一位同事一起办的。"
    "不是您要的，请马上打电话给审计管理员。",
    "en": "Password, ways in and open sessions of your account were ended by the security administrator and a colleague"
    " of your body. If you did not ask for this, telephone the audit administrator at once.",
}  # fmt: skip


def owe(facts: Mapping[str, Any], *, now: datetime) -> None:
    """Owe the notice to its carrier."""
    outbox.owe(facts["news"], REACTION, [1], at=now)


def send(owed: Owed, *, now: datetime) -> Call | None:
    """Open the one address (a reading) and give the call; None: no channel was chosen, the own page says it.

    :raises NotDelivered: the channel has no carrier now.
    """
    account_id = int(owed.news.facts["account_id"])
    wish = reaching.wishes([account_id]).get(account_id)
    if wish is None or not wish.row or wish.channel == reaching.SITE:
        return None
    owner, by = (reaching.TABLE, wish.row), scope.current().actor
    found = reading.read([owner], [reaching.FIELD], purpose=reaching.PURPOSE.code, reason=REASON, by=by, now=now)
    address = found[owner].get(reaching.FIELD, "")
    carrier = carriers.every().get(wish.channel)
    if not address:
        return None
    if carrier is None:
        raise NotDelivered("no_carrier")
    lang = "zh" if wish.lang.startswith("zh") else "en"
    recovery_id = owed.news.facts.get("recovery_id")  # none: a lost telephone
    subject, text = (SUBJECT, TEXT) if recovery_id else _lost(account_id, by.tenant_id)
    what = f"recovery-{recovery_id}" if recovery_id else f"lost-{owed.delivery_id}"
    letter = carriers.Letter(f"jishi-{by.tenant_id}-{what}", address, subject[lang], text[lang])
    return lambda: carrier.carry(letter)


def _lost(account_id: int, tenant_id: int) -> tuple[dict[str, str], dict[str, str]]:
    staff = Account.objects.filter(tenant_id=tenant_id, id=account_id, is_staff_member=True).exists()
    return (LOST_SUBJECT, LOST) if staff else (RESIDENT_SUBJECT, RESIDENT)
