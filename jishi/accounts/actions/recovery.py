"""重新登录: staff who lost every factor come back by two persons (spec 90 §3), never by mail or text message.

The security administrator asks, a person of the account's own body approves, both shown by passkey within ten minutes.
Each of the two gets one half of a code and hands it over in person. With the approval every session, password and
factor of the account ends, and its holder is told. Both halves together let the holder set a new password, once.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import QuerySet

from jishi.accounts import policies, queries
from jishi.accounts.actions import passwords, proving, signing_in
from jishi.accounts.events import AccountRecovered
from jishi.accounts.models import Account, OutsideIdentity, Recovery
from jishi.foundation import keys, outbox, scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused, Stale, WrongMoment

WAITS, LIFE = timedelta(hours=24), timedelta(hours=24)
LEAST, MOST = 10, 300  # characters of the reason
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # 32: none is read for another
HALF = 8  # letters: 40 bits; nobody guesses two of them, so tries are counted and never locked
NAMES = {"asked": ("等第二人证明", "waiting for the second person"),
         "approved": ("等本人来登录", "waiting for its holder"), "denied": ("没有批准", "refused"),
         "used": ("已经用过", "used"), "ended": ("已经结束", "over")}  # fmt: skip
CAN = {"asked": ("批准、不批准、收回", "approve, refuse, take back"), "approved": ("结束", "end")}


class PasskeyNeeded(Refused):
    code, status = "passkey_needed", 403
    zh, en = "这一步只认通行密钥。", "Only a passkey counts for this."
    next_zh = "请用通行密钥再确认一次是您，再回来。"
    next_en = "Show once more by passkey that it is you, then come back."


class SamePersonTwice(Refused):
    code, status = "same_person_twice", 409
    zh, en = "申请的人、批准的人、要重新登录的人，是三个不同的人。", "Asker, approver and holder are three persons."
    next_zh, next_en = "请本单位另一位同事来证明。", "Another colleague of the same body approves."


class AskedAlready(Refused):
    code, status = "asked_already", 409
    zh, en = "这个账号已经有一个没有结束的。", "One for this account is running."
    next_zh, next_en = "先结束它。", "End it first."


class NobodyToApprove(Refused):
    code, status = "second_person_needed", 409
    zh, en = "这个账号现在不在任何单位任职，没有人能证明。", "This account has no post now, so nobody can vouch for it."
    next_zh, next_en = "先让任职开始。", "Let its term begin first."


class HalvesWrong(Refused):
    code, status = "halves_wrong", 403
    zh, en = "登录名或两半密码不对，或者已经过了时间。", "Name or halves are wrong, or their time is over."
    next_zh = "核对两张条子；从批准起 24 小时内有效，用一次就完。"
    next_en = "Look at both slips; they last 24 hours from the approval, and open once."


@dataclass(frozen=True, slots=True)
class Given:
    """What one of the two is shown once: the row and the half of the code."""

    row: Recovery
    half: str = field(repr=False)


@transaction.atomic
def ask(username: str, why: str, *, by_passkey: bool, by: Actor, now: datetime) -> Given:
    """This will ask for a way back for an account of staff.

    :raises NotAllowed: not the security administrator. :raises PasskeyNeeded. :raises FreshSignInNeeded.
    :raises NotFound: no open account of staff. :raises SamePersonTwice: the own one. :raises Invalid: no reason.
    :raises NobodyToApprove: it has no post. :raises AskedAlready: one is running.
    """
    if by.kind != "staff" or by.account_id is None:
        raise NotAllowed("security_admin")
    policies.ensure_may_keep_accounts(by)
    _ensure_passkey(by, now, by_passkey=by_passkey)
    said = why.strip()
    if not LEAST <= len(said) <= MOST:
        raise Invalid(detail=f"怎么核实的 / how it was checked: {LEAST}–{MOST}")
    account_id = queries.by_username(username.strip())
    if account_id is None:
        raise NotFound
    if account_id == by.account_id:
        raise SamePersonTwice
    if not queries.bodies_of(account_id, now=now):
        raise NobodyToApprove
    scope.one_at_a_time("recovery", account_id)
    if _running(by.tenant_id, now).filter(account_id=account_id).exists():
        raise AskedAlready
    half = _half()
    row = Recovery.objects.create(
        tenant_id=by.tenant_id, account_id=account_id, status="asked", why=said, asked_by=by.account_id, asked_at=now,
        first_mac=_mac(half, by.tenant_id), ends_at=now + WAITS,
    )  # fmt: skip
    _record("recovery.asked", row, by=by, now=now, words={"text": said}, new=True)
    return Given(row, half)


@transaction.atomic
def approve(recovery_id: int, *, by_passkey: bool, by: Actor, now: datetime, version: int | None = None) -> Given:
    """This will vouch for the person: every session, password and factor of the account ends this second.

    :raises NotFound: none is there for a body of `by`. :raises SamePersonTwice: asker or holder. :raises PasskeyNeeded.
    :raises FreshSignInNeeded. :raises WrongMoment: decided or too old. :raises Stale: changed since it was read.
    """
    row = _to_decide(recovery_id, by=by, now=now, version=version)
    _ensure_passkey(by, now, by_passkey=by_passkey)
    half = _half()
    row.change(
        status="approved", decided_by=by.account_id, decided_title=queries.title_of(by, now=now), decided_at=now,
        second_mac=_mac(half, by.tenant_id), ends_at=now + LIFE,
    )  # fmt: skip
    _end_every_way_in(row.account_id, by=by, now=now)
    _record("recovery.approved", row, by=by, now=now)
    outbox.announce(AccountRecovered(row.account_id, row.id), at=now)
    return Given(row, half)


@transaction.atomic
def deny(recovery_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Recovery:
    """This will not vouch for the person. Raises as `approve` does, but asks for no passkey."""
    row = _to_decide(recovery_id, by=by, now=now, version=version)
    row.change(
        status="denied", decided_by=by.account_id, decided_title=queries.title_of(by, now=now), decided_at=now,
        ended_at=now,
    )  # fmt: skip
    _record("recovery.denied", row, by=by, now=now)
    return row


@transaction.atomic
def end(recovery_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Recovery:
    """This will take it back or end it before it is used; a security administrator may.

    :raises NotAllowed: somebody else. :raises NotFound. :raises WrongMoment: it is over. :raises Stale.
    """
    policies.ensure_may_keep_accounts(by)
    row = _locked(recovery_id, by=by, version=version)
    if row.status not in CAN:
        raise _wrong(row)
    row.change(status="ended", ended_at=now)
    _record("recovery.ended", row, by=by, now=now)
    return row


def use(username: str, first: str, second: str, password: str, *, by: Actor, now: datetime) -> None:
    """This will give the account of both halves a new password. A wrong try is counted although this refuses.

    :raises HalvesWrong: whatever is wrong, the same. :raises Invalid: the password is unfit; nothing is used up.
    """
    passwords.ensure_fit(password, names=(username,))
    if not _tried(username, (first, second), password, by=by, now=now):
        raise HalvesWrong


@transaction.atomic
def _tried(username: str, halves: tuple[str, str], password: str, *, by: Actor, now: datetime) -> bool:
    shown = [_mac(half, by.tenant_id) for half in halves]
    account_id = queries.by_username(username.strip())
    rows = Recovery.objects.select_for_update().filter(tenant_id=by.tenant_id, status="approved", ends_at__gt=now)
    row = rows.filter(account_id=account_id or 0).first()
    if row is None:
        return False
    right = [hmac.compare_digest(a, b) for a, b in zip(shown, (row.first_mac, row.second_mac), strict=True)]
    if not all(right):
        row.change(tries=row.tries + 1)
        return False
    account = Account.objects.select_for_update().get(tenant_id=by.tenant_id, id=row.account_id)
    account.change(password=make_password(password))
    row.change(status="used", ended_at=now)
    _record("recovery.used", row, by=by, now=now)
    return True


def _end_every_way_in(account_id: int, *, by: Actor, now: datetime) -> None:
    account = Account.objects.select_for_update().get(tenant_id=by.tenant_id, id=account_id)
    account.set_unusable_password()
    account.change(password=account.password)
    Authenticator.objects.filter(user_id=account_id).delete()
    OutsideIdentity.objects.filter(tenant_id=by.tenant_id, account_id=account_id).delete()
    signing_in.end_sessions(account_id, by=system(by.tenant_id), now=now)


def _to_decide(recovery_id: int, *, by: Actor, now: datetime, version: int | None) -> Recovery:
    row = _locked(recovery_id, by=by, version=version)
    if by.account_id in (row.account_id, row.asked_by):
        raise SamePersonTwice
    if not policies.may_vouch(by, queries.bodies_of(row.account_id, now=now)):
        raise NotFound
    if row.status != "asked" or row.ends_at <= now:
        raise _wrong(row)
    return row


def _locked(recovery_id: int, *, by: Actor, version: int | None) -> Recovery:
    row = Recovery.objects.select_for_update().filter(tenant_id=by.tenant_id, id=recovery_id).first()
    if row is None or by.kind != "staff":
        raise NotFound
    if version is not None and version != row.version:
        raise Stale
    return row


def _running(tenant_id: int, now: datetime) -> QuerySet[Recovery]:
    return Recovery.objects.filter(tenant_id=tenant_id, status__in=["asked", "approved"], ends_at__gt=now)


def _ensure_passkey(by: Actor, now: datetime, *, by_passkey: bool) -> None:
    proving.ensure_fresh(by, now=now)
    if not by_passkey:
        raise PasskeyNeeded


def _half() -> str:
    letters = "".join(secrets.choice(LETTERS) for _ in range(HALF))
    return f"{letters[:4]}-{letters[4:]}"


def _mac(half: str, tenant_id: int) -> str:
    plain = half.upper().translate(str.maketrans("OIL", "011", " -\t"))[:40]
    return keys.provider().mac(plain.encode(), context=f"recovery:{tenant_id}".encode(), suite="a").hex()


def _wrong(row: Recovery) -> Refused:
    (state_zh, state_en), (open_zh, open_en) = NAMES[row.status], CAN.get(row.status, ("没有", "nothing"))
    return WrongMoment(state_zh=state_zh, state_en=state_en, open_zh=open_zh, open_en=open_en)


def _record(
    verb: str, row: Recovery, *, by: Actor, now: datetime, words: dict[str, str] | None = None, new: bool = False
) -> None:
    told = {"account": row.account_id, "status": row.status}
    trail.record(verb, ("recovery", row.id), by=by, at=now, codes=told, words=words, new=new)
