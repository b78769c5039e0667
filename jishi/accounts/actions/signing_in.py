"""Signing in: slow for whoever guesses, never locked for the owner (spec 90 §3). Sessions begin and end here.

Failures are counted per (name, known device) and per (name, all unknown devices together): an attacker delays
himself, the owner's device keeps its own bucket. After 5 failures the next try waits 1, 2, 4 … 60 s.
"""

import hashlib
import hmac
import math
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from jishi.accounts import policies, queries
from jishi.accounts.actions import devices, proving
from jishi.accounts.events import PhoneLost
from jishi.accounts.models import Account, Device, SignedIn, SignInFailure, SignInKept
from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound

FREE_TRIES = 5
LONGEST = 60  # seconds
FORGET_AFTER = timedelta(days=1)  # a bucket that rested a day is empty
KEEP = timedelta(days=180)  # the sign-in log serves security only: six months (spec 90 §3)
WAYS = ("password", "code", "passkey", "phone", "unified", "demo")

_COUNT = """
    INSERT INTO accounts_signinfailure AS f (tenant_id, name_mac, device, count, last_at) VALUES (%s, %s, %s, 1, %s)
    ON CONFLICT (tenant_id, name_mac, device) DO UPDATE
    SET count = CASE WHEN f.last_at < %s THEN 1 ELSE f.count + 1 END, last_at = EXCLUDED.last_at
"""

WORD_TRIES = 200  # wrong safe words an hour per receipt number: numbers can be counted up, so none is ever locked
WORD_PAUSE = 3600 / WORD_TRIES  # seconds after which one of them is forgotten
WORD = "word"  # instead of a device: these are nobody's account

_COUNT_WORD = """
    INSERT INTO accounts_signinfailure AS f (tenant_id, name_mac, device, count, last_at) VALUES (%s, %s, %s, 1, %s)
    ON CONFLICT (tenant_id, name_mac, device) DO UPDATE
    SET count = GREATEST(0, f.count - floor(extract(epoch FROM EXCLUDED.last_at - f.last_at) / %s)::int) + 1,
        last_at = EXCLUDED.last_at
"""


def wait_for(username: str, device: str, *, by: Actor, now: datetime) -> int:
    """Give how many seconds this name must wait on this device; 0: try now. Unknown names wait like known ones."""
    row = SignInFailure.objects.filter(
        tenant_id=by.tenant_id, name_mac=name_mac(by.tenant_id, username), device=device
    ).first()
    if row is None or row.count < FREE_TRIES or now - row.last_at > FORGET_AFTER:
        return 0
    rest = row.last_at + timedelta(seconds=delay_after(row.count)) - now
    return max(0, math.ceil(rest.total_seconds()))


def delay_after(failures: int) -> int:
    """Give the seconds to wait after so many failures: 0 before the fifth, then 1, 2, 4 … 60.

    >>> [delay_after(n) for n in (4, 5, 6, 7, 10, 11, 500)]
    [0, 1, 2, 4, 32, 60, 60]
    """
    return 0 if failures < FREE_TRIES else min(LONGEST, 2 ** min(failures - FREE_TRIES, 10))


def failed(username: str, device: str, *, by: Actor, now: datetime) -> None:
    """This will count one failure; one statement, known name or not."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [by.tenant_id, name_mac(by.tenant_id, username), device, now, now - FORGET_AFTER])


def wait_for_word(number: str, *, by: Actor, now: datetime) -> int:
    """Give how many seconds the next safe word for this receipt number must wait; known number or not."""
    row = SignInFailure.objects.filter(
        tenant_id=by.tenant_id, name_mac=_number_mac(by.tenant_id, number), device=WORD
    ).first()
    if row is None or row.count < WORD_TRIES:
        return 0
    return max(0, math.ceil(WORD_PAUSE - (now - row.last_at).total_seconds()))


def word_failed(number: str, *, by: Actor, now: datetime) -> None:
    """This will count one wrong safe word for a receipt number; one statement. No source is written down."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_WORD, [by.tenant_id, _number_mac(by.tenant_id, number), WORD, now, WORD_PAUSE])


@transaction.atomic
def succeeded(
    account_id: int, *, username: str, device: str, label: str, way: str, session_key: str, ends_at: datetime,
    by: Actor, now: datetime,
) -> None:  # fmt: skip
    """This will empty this device's bucket, note the open session, and keep for its holder that there was a sign-in.

    Other devices' failures stay counted. `way`: one of `WAYS`.
    """
    SignInKept.objects.create(tenant_id=by.tenant_id, account_id=account_id, at=now, way=way, device=label)
    mac = name_mac(by.tenant_id, username)
    SignInFailure.objects.filter(tenant_id=by.tenant_id, name_mac=mac, device=device).delete()
    SignedIn.objects.filter(tenant_id=by.tenant_id, account_id=account_id, ends_at__lte=now).delete()
    SignedIn.objects.create(
        tenant_id=by.tenant_id, account_id=account_id, session_key=session_key, device=label[:60], began_at=now,
        ends_at=ends_at,
    )  # fmt: skip


@transaction.atomic
def rename_session(old: str, new: str, *, by: Actor) -> None:
    """This will follow a session that got a new id because a right changed."""
    SignedIn.objects.filter(tenant_id=by.tenant_id, account_id=by.account_id or 0, session_key=old).update(
        session_key=new
    )
    Device.objects.filter(tenant_id=by.tenant_id, account_id=by.account_id or 0, session_key=old).update(
        session_key=new
    )


@transaction.atomic
def end_session(session_id: int, *, by: Actor, now: datetime) -> None:
    """This will end one of the actor's own sessions, here or elsewhere.

    :raises NotFound: it is not one of them.
    """
    row = (
        SignedIn.objects.select_for_update()
        .filter(tenant_id=by.tenant_id, account_id=by.account_id or 0, id=session_id)
        .first()
    )
    if row is None:
        raise NotFound
    Session.objects.filter(session_key=row.session_key).delete()
    row.delete()
    trail.record("session.ended", ("account", by.account_id or 0), by=by, at=now)


@transaction.atomic
def end_sessions(account_id: int, *, by: Actor, now: datetime, keep: str = "") -> int:
    """This will end every session of an account, but for that with the key `keep`, and give how many; its holder or
    the security administrator may. Where none is kept, the devices of its pocket end too.

    :raises NotAllowed: somebody else asks.
    """
    if by.account_id != account_id:
        policies.ensure_may_keep_accounts(by)
    return _end_sessions(account_id, by=by, now=now, keep=keep)


def _end_sessions(account_id: int, *, by: Actor, now: datetime, keep: str = "") -> int:
    rows = SignedIn.objects.select_for_update().filter(tenant_id=by.tenant_id, account_id=account_id)
    rows = rows.exclude(session_key=keep) if keep else rows
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    if not keep:
        devices.end_all(account_id, by=by, now=now)
    if keys:
        trail.record("session.all_ended", ("account", account_id), by=by, at=now, codes={"sessions": len(keys)})
    return len(keys)


@transaction.atomic
def end_lost(username: str, *, by: Actor, now: datetime) -> int:
    """This will end every device and session of an account whose telephone is lost, as the security administrator or
    the head of a body in which its holder has a post; gives how many devices. Which ones, and since when, is shown to
    nobody but their holder, who is told at once (spec 90 §2 A4: one verb ends every session of an account).

    :raises NotAllowed: anybody else. :raises NotFound: no such account; to a head, none of his body either, nor one
        that watches or keeps the platform. :raises FreshSignInNeeded: the session is old.
    """
    policies.ensure_may_end_lost(by)
    proving.ensure_fresh(by, now=now)
    named = Account.objects.filter(tenant_id=by.tenant_id, username=username.strip()[:60])
    account = named.filter(is_staff_member=True).first()
    if account is None:
        raise NotFound
    if not policies.may_keep_accounts(by):
        own = by.body_ids & queries.bodies_of(account.id, now=now)
        if not own or queries.watches(account.id, now=now):
            raise NotFound
    count = Device.objects.filter(tenant_id=by.tenant_id, account=account, ended_at=None).count()
    _end_sessions(account.id, by=by, now=now)
    trail.record("account.phone_lost", ("account", account.id), by=by, at=now, codes={"devices": count})
    if by.account_id != account.id:
        outbox.announce(PhoneLost(account.id), at=now)
    return count


@transaction.atomic
def signed_out(session_key: str, *, by: Actor) -> None:
    """This will forget an open session that its holder has left."""
    SignedIn.objects.filter(tenant_id=by.tenant_id, session_key=session_key).delete()


def forget_old(*, by: Actor, now: datetime) -> int:
    """This will delete failures, sign-ins and sessions that have ended; nightly. Gives how many failures went."""
    SignedIn.objects.filter(tenant_id=by.tenant_id, ends_at__lte=now).delete()
    Session.objects.filter(expire_date__lte=now).delete()
    SignInFailure.objects.filter(tenant_id=by.tenant_id, device=WORD, last_at__lt=now - FORGET_AFTER).delete()
    SignInKept.objects.filter(tenant_id=by.tenant_id, at__lt=now - KEEP).delete()
    devices.forget_old(by=by, now=now)
    return SignInFailure.objects.filter(tenant_id=by.tenant_id, last_at__lt=now - KEEP).delete()[0]


def name_mac(tenant_id: int, username: str) -> str:
    """Hide a name that was typed: what people type into that field is sometimes a password."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"sign-in:{tenant_id}:{username.strip()}".encode(), hashlib.sha256).hexdigest()


def _number_mac(tenant_id: int, number: str) -> str:
    return name_mac(tenant_id, f"word:{number.strip().upper()[:40]}")
