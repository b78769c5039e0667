"""Ending sessions by an administrator's word: a resident's whose telephone is lost, and everybody's when a town is
under attack (spec 90 §2 A3, A4; ASVS V7.4.5). Whoever is put out signs in again; nothing of theirs is lost.
"""

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F

from jishi.accounts import policies
from jishi.accounts.actions import by_phone, proving, signing_in
from jishi.accounts.events import PhoneLost
from jishi.accounts.models import Device, SignedIn
from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid

LEAST, MOST = 10, 300  # characters of the reason


@transaction.atomic
def end_number(said: str, *, by: Actor, now: datetime) -> None:
    """This will end every session of the resident who signs in by this number, and tell him.

    It says nothing of whether anybody does: the same answer for each number.
    :raises NotAllowed: not the security administrator. :raises FreshSignInNeeded: the session is old.
    :raises Invalid: no number.
    """
    policies.ensure_may_keep_accounts(by)
    proving.ensure_fresh(by, now=now)
    way = by_phone.way_of(by_phone.number_of(said), by.tenant_id, now)
    if way is None:
        return
    signing_in.end_sessions(way.account_id, by=by, now=now)
    trail.record("account.phone_lost", ("account", way.account_id), by=by, at=now, codes={"devices": 0})
    outbox.announce(PhoneLost(way.account_id), at=now)


@transaction.atomic
def end_everyone(why: str, *, by: Actor, now: datetime) -> int:
    """This will end every session and every device of the town, that of `by` too; gives how many sessions.

    Keys of programs stay: each is revoked by itself. Other towns of this installation are not touched.
    :raises NotAllowed: not the security administrator. :raises FreshSignInNeeded: the session is old.
    :raises Invalid: no reason that somebody could check later.
    """
    policies.ensure_may_keep_accounts(by)
    proving.ensure_fresh(by, now=now)
    if not LEAST <= len(why.strip()) <= MOST:
        raise Invalid(detail=f"{LEAST}–{MOST}")
    rows = SignedIn.objects.select_for_update().filter(tenant_id=by.tenant_id)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    devices = Device.objects.filter(tenant_id=by.tenant_id, ended_at=None)
    ended = devices.update(ended_at=now, session_key="", version=F("version") + 1)
    trail.record(
        "session.everyone_ended", ("tenant", by.tenant_id), by=by, at=now, words={"why": why.strip()},
        codes={"sessions": len(keys), "devices": ended},
    )  # fmt: skip
    return len(keys)
