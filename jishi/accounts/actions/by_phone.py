"""Signing in by a number and a code (spec 90 §3): residents alone. A code is no second factor of staff.

Six digits, five minutes, five tries, bound to the browser that asked; three a number an hour. Every number is treated
alike, whether somebody has signed in with it or not: the first right code opens an account, without a name.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from jishi.accounts.actions import accounts
from jishi.accounts.models import Account, PhoneCode, PhoneWay
from jishi.foundation import carriers, keys, purposes, scope, sealed
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, Refused

DIGITS, LIFE, TRIES = 6, timedelta(minutes=5), 5
AN_HOUR, LIMIT = timedelta(hours=1), 3
KEEP = timedelta(days=1)
TABLE, FIELD = PhoneWay._meta.db_table, "phone"
PURPOSE = purposes.declare(
    purposes.Purpose(
        code="sign_in.phone", fields=frozenset({FIELD}),
        zh="凭手机号登录", en="to sign in by a number",
        basis="个人信息保护法 13(1)(1)：本人同意，可以不用", source="本人 / the person",
        readers=frozenset(), days=0, searchable=FIELD, kind="phone",
        shared_with="发送验证码的短信通道 / the SMS channel that sends the code",
        labels={FIELD: ("登录用的手机号", "number for signing in")},
    )
)  # fmt: skip
_MOBILE = re.compile(r"\+861[3-9][0-9]{9}|\+(?!86)[1-9][0-9]{7,14}")


class SmsIsOff(Refused):
    code, status = "not_available_now", 503
    zh, en = "短信暂停，请凭受理号和口令查询。", "SMS is off; use number and word."
    next_zh, next_en = "过一会儿再试；有通行密钥的也可以用它登录。", "Try again later, or sign in by passkey."


class CodesUsedUp(Refused):
    code, status = "too_costly_wait", 429
    zh = "一个号码一小时只发三次验证码，请等 {minutes} 分钟。"
    en = "A number is sent three codes an hour; please wait {minutes} minutes."
    next_zh, next_en = "急着看进度，请凭受理号和口令查询。", "To see how a matter stands, use number and word."


class CodeWrong(Refused):
    code, status = "code_wrong", 422
    zh, en = "验证码不对，还可以试 {left} 次。", "The code is wrong; {left} more tries."
    next_zh, next_en = "核对短信里的 6 位数。", "Look at the six digits of the message."


class CodeOver(Refused):
    code, status = "code_over", 410
    zh, en = "验证码已经不能用了。", "This code cannot be used any more."
    next_zh = "验证码 5 分钟内有效，最多试 5 次，只能在要它的这个浏览器里用。请重新要一个。"
    next_en = "A code lasts five minutes and five tries, in the browser that asked for it. Ask for a new one."


@dataclass(frozen=True, slots=True)
class Asked:
    """One code to be sent: which row, where to, what it says."""

    id: int
    letter: carriers.Letter = field(repr=False)


def number_of(said: str) -> str:
    """Write a number as E.164. :raises Invalid: no number that can receive a message."""
    number = purposes.normalise("phone", said[:40])
    if not _MOBILE.fullmatch(number):
        raise Invalid(detail="手机号 / number")
    return number


def is_on() -> bool:
    """Tell whether this installation can send a message at all."""
    return carriers.SMS in carriers.every()


@transaction.atomic
def ask(said: str, *, browser: str, lang: str, by: Actor, now: datetime) -> Asked:
    """This will make a code for a number and give what must be sent; it counts, whether it arrives or not.

    `browser`: an unguessable word that this browser alone holds. Known and unknown numbers are treated alike.
    :raises Invalid: no number. :raises SmsIsOff: no carrier. :raises CodesUsedUp: three within the hour.
    """
    number = number_of(said)
    if not is_on():
        raise SmsIsOff
    mac = _mac("number", number, by.tenant_id)
    scope.one_at_a_time("phone_code", _lock(mac))
    rows = PhoneCode.objects.filter(tenant_id=by.tenant_id, number_mac=mac, asked_at__gt=now - AN_HOUR)
    times = list(rows.order_by("asked_at").values_list("asked_at", flat=True))
    if len(times) >= LIMIT:
        rest = times[-LIMIT] + AN_HOUR - now
        raise CodesUsedUp(minutes=max(1, -(-int(rest.total_seconds()) // 60)), seconds=60)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    rows.filter(used_at=None, ends_at__gt=now).update(ends_at=now)  # the newest alone opens
    row = PhoneCode.objects.create(
        tenant_id=by.tenant_id, number_mac=mac, browser_mac=_mac("browser", browser, by.tenant_id),
        code_mac=_mac("code", f"{browser}:{code}", by.tenant_id), asked_at=now, ends_at=now + LIFE,
    )  # fmt: skip
    return Asked(row.id, carriers.Letter(f"jishi-{by.tenant_id}-code-{row.id}", number, "", _text(code, lang)))


@transaction.atomic
def take_back(code_id: int, *, by: Actor) -> None:
    """This will forget a code that was never sent: it does not count towards the hour."""
    PhoneCode.objects.filter(tenant_id=by.tenant_id, id=code_id, used_at=None).delete()


def enter(said: str, code: str, *, browser: str, by: Actor, now: datetime) -> Account:
    """This will give the account of a number whose code was right; the first time it is opened, without a name.

    A wrong code is counted all the same: the caller lets that be stored although this refuses.
    :raises Invalid: no number. :raises CodeWrong: with how many tries are left. :raises CodeOver: none, too late, too
    often, or another browser.
    """
    found = _entered(number_of(said), code, browser=browser, by=by, now=now)
    if isinstance(found, Refused):
        raise found
    return found


@transaction.atomic
def _entered(number: str, code: str, *, browser: str, by: Actor, now: datetime) -> Account | Refused:
    return tried(number, code, browser=browser, by=by, now=now) or _account(number, by.tenant_id, now)


def tried(number: str, code: str, *, browser: str, by: Actor, now: datetime) -> Refused | None:
    """This will count one try for a number in a transaction of the caller, and use the code up if it is right.

    Gives why it is not: given back, not raised, so that the count is stored.
    """
    mac, browser_mac = _mac("number", number, by.tenant_id), _mac("browser", browser, by.tenant_id)
    scope.one_at_a_time("phone_code", _lock(mac))
    row = PhoneCode.objects.filter(tenant_id=by.tenant_id, number_mac=mac, browser_mac=browser_mac).first()
    if row is None or row.used_at is not None or row.ends_at <= now or row.tries >= TRIES:
        return CodeOver()
    shown = _mac("code", f"{browser}:{code.strip()}", by.tenant_id)
    if not hmac.compare_digest(shown, row.code_mac):
        row.change(tries=row.tries + 1)
        return CodeWrong(left=TRIES - row.tries) if row.tries < TRIES else CodeOver()
    row.change(used_at=now)
    return None


def forget_old(*, by: Actor, now: datetime) -> int:
    """This will delete codes of yesterday; nightly. Gives how many."""
    return PhoneCode.objects.filter(tenant_id=by.tenant_id, asked_at__lt=now - KEEP).delete()[0]


def way_of(number: str, tenant_id: int, now: datetime) -> PhoneWay | None:
    """Give the way in that this number opens, of an account that is open."""
    rows = [row for table, row in sealed.find(PURPOSE.code, number, tenant_id=tenant_id, now=now) if table == TABLE]
    ways = PhoneWay.objects.filter(tenant_id=tenant_id, id__in=rows, account__is_active=True)
    return ways.select_related("account").order_by("id").first()


def _account(number: str, tenant_id: int, now: datetime) -> Account:
    way = way_of(number, tenant_id, now)
    if way is not None:
        return way.account
    username = f"r-{secrets.token_hex(8)}"
    account = accounts.open_account(username, "", None, staff=False, by=system(tenant_id), now=now)
    way = PhoneWay.objects.create(tenant_id=tenant_id, account=account, since=now)
    secret = sealed.Secret(PURPOSE.code, TABLE, way.id, FIELD, number, searchable=True)
    sealed.seal([secret], tenant_id=tenant_id, now=now, new=True)
    return account


def _text(code: str, lang: str) -> str:
    if lang.startswith("zh"):
        return f"登录验证码 {code}，5 分钟内有效。谁来要都不要告诉。"
    return f"Your sign-in code is {code}. It lasts five minutes. Give it to nobody."


def _mac(use: str, value: str, tenant_id: int) -> str:
    context = f"sign-in-phone:{use}:{tenant_id}".encode()
    return keys.provider().mac(value.encode(), context=context, suite="a").hex()


def _lock(mac: str) -> int:
    return int(mac[:15], 16)
