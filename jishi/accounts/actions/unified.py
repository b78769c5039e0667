"""统一身份认证: accounts join by issuer and subject, never by phone, mail or identity number (spec 90 §3).

Who comes for the first time gets a resident's account without a name. Staff join their own account themselves, signed
in; then the unified sign-in opens it only when its assurance level says two factors. The three administrators enter by
passkey alone. Of a subject nothing is kept but a keyed hash.
"""

import secrets
from collections.abc import Collection
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction

from jishi.accounts import queries
from jishi.accounts.actions import accounts, proving
from jishi.accounts.actions.grants import THREE
from jishi.accounts.models import Account, OutsideIdentity, PhoneWay
from jishi.foundation import keys, scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Refused

_KNOWS, _HAS, _IS = {"pwd", "pin", "kba"}, {"otp", "hwk", "swk", "sc"}, {"fpt", "face", "iris", "retina", "vbm"}


class OneFactorOnly(Refused):
    code, status = "one_factor_only", 403
    zh = "统一认证这次只认了一步，工作人员登录要两步。"
    en = "The unified sign-in has seen one factor; staff need two."
    next_zh, next_en = "请在那边用两步登录，或用通行密钥登录。", "Sign in there with two factors, or by passkey here."


class PasskeyOnly(Refused):
    code, status = "passkey_only", 403
    zh = "系统、安全、审计管理员只用通行密钥登录。"
    en = "System, security and audit administrators enter by passkey alone."
    next_zh, next_en = "请用通行密钥登录。", "Sign in by passkey."


class SubjectTaken(Refused):
    code, status = "subject_taken", 409
    zh, en = "这个统一身份已经连着另一个账号。", "This unified identity belongs to another account."
    next_zh = "用它登录那个账号，在“登录方式和安全”里断开，再来连。"
    next_en = "Sign in with it, part it under “Ways in and safety”, then join it here."


class LastWayIn(Refused):
    code, status = "last_way_in", 409
    zh, en = "这是您登录的唯一办法，断开就进不来了。", "This is your only way in."
    next_zh, next_en = "先加一把通行密钥。", "Add a passkey first."


def shows_two_factors(acr: str, amr: Collection[str], *, levels: Collection[str]) -> bool:
    """Tell whether an assurance level or the methods named by it are two factors (RFC 8176); a message is none.

    >>> shows_two_factors("aal2", (), levels=("aal2",)), shows_two_factors("", ("pwd", "sms"), levels=())
    (True, False)
    >>> shows_two_factors("", ("pwd", "otp"), levels=()), shows_two_factors("", ("mfa", "sms"), levels=())
    (True, False)
    """
    said = set(amr)
    if acr and acr in levels:
        return True
    if "mfa" in said and not said & {"sms", "tel"}:
        return True
    return sum(1 for kind in (_KNOWS, _HAS, _IS) if kind & said) >= 2


@transaction.atomic
def enter(issuer: str, subject: str, *, two_factors: bool, by: Actor, now: datetime) -> Account:
    """This will give the account of this subject; the first time one is opened, a resident's.

    :raises OneFactorOnly: of staff, and the level says less. :raises PasskeyOnly: one of the three administrators.
    """
    mac = subject_mac(issuer, subject, by.tenant_id)
    scope.one_at_a_time("subject", int(mac[:15], 16))
    known = OutsideIdentity.objects.filter(tenant_id=by.tenant_id, subject_mac=mac, account__is_active=True)
    found = known.select_related("account").first()
    if found is None:
        account = accounts.open_account(
            f"u-{secrets.token_hex(8)}", "", None, staff=False, by=system(by.tenant_id), now=now
        )
        _join(account, issuer, mac, by=system(by.tenant_id), now=now)
        return account
    if found.account.is_staff_member:
        held = queries.identity_of(found.account_id, now=now)
        if held is not None and any(right.role in THREE for right in held.rights):
            raise PasskeyOnly
        if not two_factors:
            raise OneFactorOnly
    return found.account


@transaction.atomic
def join(issuer: str, subject: str, *, by: Actor, now: datetime) -> None:
    """This will join the actor's own account to this subject.

    :raises NotAllowed: nobody with an account. :raises FreshSignInNeeded: not shown within ten minutes.
    :raises SubjectTaken: it, or this account, is joined already.
    """
    if by.account_id is None:
        raise NotAllowed("account")
    proving.ensure_fresh(by, now=now)
    account = Account.objects.select_for_update().get(tenant_id=by.tenant_id, id=by.account_id)
    mac = subject_mac(issuer, subject, by.tenant_id)
    scope.one_at_a_time("subject", int(mac[:15], 16))
    rows = OutsideIdentity.objects.filter(tenant_id=by.tenant_id)
    if rows.filter(subject_mac=mac).exists() or rows.filter(account=account, issuer=issuer).exists():
        raise SubjectTaken
    _join(account, issuer, mac, by=by, now=now)


@transaction.atomic
def part(issuer: str, *, by: Actor, now: datetime) -> None:
    """This will part the actor's own account from the unified sign-in.

    :raises NotFound: it is not joined. :raises FreshSignInNeeded. :raises LastWayIn: nothing else opens it.
    """
    row = OutsideIdentity.objects.select_for_update().filter(
        tenant_id=by.tenant_id, account_id=by.account_id or 0, issuer=issuer
    ).first()  # fmt: skip
    if row is None:
        raise NotFound
    proving.ensure_fresh(by, now=now)
    account = Account.objects.get(tenant_id=by.tenant_id, id=row.account_id)
    passkeys = Authenticator.objects.filter(user_id=account.id, type=Authenticator.Type.WEBAUTHN)
    numbers = PhoneWay.objects.filter(tenant_id=by.tenant_id, account=account)
    if not (account.has_usable_password() or passkeys.exists() or numbers.exists()):
        raise LastWayIn
    row.delete()
    trail.record("account.parted", ("account", account.id), by=by, at=now, codes={"issuer": issuer})


def is_joined(account_id: int, issuer: str, *, by: Actor) -> bool:
    """Tell whether this account is joined to this issuer."""
    return OutsideIdentity.objects.filter(tenant_id=by.tenant_id, account_id=account_id, issuer=issuer).exists()


def subject_mac(issuer: str, subject: str, tenant_id: int) -> str:
    """Hide who it is there: a subject is sometimes an identity number."""
    context = f"unified:{tenant_id}".encode()
    return keys.provider().mac(f"{len(issuer)}:{issuer}{subject}".encode(), context=context, suite="a").hex()


def _join(account: Account, issuer: str, mac: str, *, by: Actor, now: datetime) -> None:
    OutsideIdentity.objects.create(
        tenant_id=by.tenant_id, account=account, issuer=issuer, subject_mac=mac, since=now
    )
    trail.record("account.joined", ("account", account.id), by=by, at=now, codes={"issuer": issuer})
