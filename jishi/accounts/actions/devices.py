"""随身设备: the browsers in which a pocket works (spec 90 §2 A4, §3): seen, named and ended by their holder.

A device makes a number for itself; we keep a keyed hash of it. It opens nothing: what may be done is the session's.
After a sign-in it is given the key by which it seals what lies on it. Ended, it is given none, and what it holds stays
closed there until the same person has signed in on it anew. No moment, no place, no count of uses is kept.
The key is another one each time its holder sets an unlock code there (decision 0018). What is written while no key is
there is sealed for a box that only the server opens: its lock is public.
"""

import base64
import hashlib
import re
from datetime import date, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import localdate

from jishi.accounts.models import Device, Grant, SignedIn
from jishi.foundation import keys, scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound

GOING = ("grid_worker", "volunteer")  # whose pocket it is
MOST = 10  # of one account
KEEP = timedelta(days=30)  # an ended one is named that long; one that was not seen for twice as long is forgotten
MOST_KEYS = 10_000  # of one device: more is no count that it kept
_NUMBER = re.compile(r"[0-9a-f]{32}")
_CURVE, _ORDER = ec.SECP256R1(), 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2, 2.4.2
Told = dict[str, Any]


class DeviceEnded(NotAllowed):
    code = "device_ended"
    zh, en = "这台设备已经停用，没有收下。", "This device was ended; nothing was taken."
    next_zh = "在这台设备上重新登录一次就接着用；没发的都还在。"
    next_en = "Sign in once more on this device and go on; what was not sent is still here."


@transaction.atomic(savepoint=False)
def met(number: str, *, session: str, by: Actor, now: datetime, key_no: int = 0) -> Told:
    """This will note the device in which the actor's pocket works, and give the key that seals what lies on it; the one
    before too, while something may lie there under it.

    Written once a day, or when another session began on it. Of more than ten the one not seen for longest goes.
    `key_no` is what such a device says of itself: which of its keys it was given last.
    :raises Invalid: no number of a device.
    :raises DeviceEnded: ended, and nobody has signed in on it since.
    """
    if by.kind != "staff" or by.account_id is None or not by.has(*GOING):
        raise NotAllowed("grid_worker")
    mac, day = mac_of(number, by.tenant_id), localdate(now)
    row = _mine(by).select_for_update().filter(number_mac=mac).first()  # one that is being ended is read as ended
    if row is None:
        scope.one_at_a_time("account", by.account_id)
        kept = _mine(by).order_by("-last_day", "-id").values_list("id", flat=True)[: MOST - 1]
        _mine(by).exclude(id__in=list(kept)).delete()  # not seen for longest: closed there until she signs in on it
        signed = SignedIn.objects.filter(tenant_id=by.tenant_id, session_key=session).first()
        no = key_no if 0 <= key_no <= MOST_KEYS else 0
        row = Device.objects.create(
            tenant_id=by.tenant_id, account_id=by.account_id, number_mac=mac, name=signed.device[:40] if signed else "",
            first_day=day, last_day=day, session_key=session, key_no=no, is_settled=not no,
        )  # fmt: skip
        trail.record("device.began", ("account", by.account_id), by=by, at=now)
    else:
        _ensure_open(row, session)
        if (row.last_day, row.session_key, row.ended_at) != (day, session, None):
            row.change(last_day=day, session_key=session, ended_at=None)
    return _told(number, row, by)


@transaction.atomic(savepoint=False)
def renew(number: str, *, of: str, session: str, by: Actor, now: datetime) -> Told:
    """This will give the device another key in the place of the one called `of`: its holder has set an unlock code.

    A copy of before shall open nothing of what comes (decision 0018). The former one is given beside it until `settle`.

    Asked again for the same key it is one renewal: an answer is lost on the way, two tabs ask. Nothing is renewed while
    something may lie there under the key before, nor for a key that is not the one in use.
    :raises Invalid: no number of a device. :raises NotFound: not met. :raises DeviceEnded.
    """
    row = _met(number, session, by)
    if row.is_settled and _key(number, row.key_no, by)["id"] == of and row.key_no < MOST_KEYS:
        row.change(key_no=row.key_no + 1, is_settled=False)
        trail.record("device.key_renewed", ("account", row.account_id), by=by, at=now)
    return _told(number, row, by)


@transaction.atomic(savepoint=False)
def settle(number: str, *, of: str, session: str, by: Actor, now: datetime) -> Told:
    """This will give the key before the one called `of` never again: the device says that nothing lies there under it.

    :raises Invalid, NotFound, DeviceEnded: as `renew`.
    """
    row = _met(number, session, by)
    if not row.is_settled and _key(number, row.key_no, by)["id"] == of:
        row.change(is_settled=True)
    return _told(number, row, by)


def _met(number: str, session: str, by: Actor) -> Device:
    row = _mine(by).select_for_update().filter(number_mac=mac_of(number, by.tenant_id)).first()
    if row is None:
        raise NotFound
    _ensure_open(row, session)
    return row


def ensure_open(number: str, *, session: str, by: Actor) -> None:
    """Insist that what is sent comes from no device that was ended; one that gives no number is asked nothing.

    :raises DeviceEnded: it was, and nobody has signed in on it since.
    """
    if not _NUMBER.fullmatch(number):
        return
    row = _mine(by).filter(ended_at__isnull=False, number_mac=mac_of(number, by.tenant_id)).first()
    if row is not None:
        _ensure_open(row, session)


def is_known(number: str, *, by: Actor, now: datetime) -> bool:
    """Tell a device on which nobody is signed in whether it may keep what it holds open: not ended, its holder's
    account and term running. One that we do not know may not."""
    if not _NUMBER.fullmatch(number):
        return False
    rows = Device.objects.filter(tenant_id=by.tenant_id, number_mac=mac_of(number, by.tenant_id), ended_at=None)
    account = rows.filter(account__is_active=True).values_list("account_id", flat=True).first()
    held = Grant.objects.filter(tenant_id=by.tenant_id, account_id=account or 0, role__in=GOING, active_from__lte=now)
    return any(g.active_to is None or g.active_to > now for g in held)


def of(account_id: int, *, by: Actor) -> list[Device]:
    """Give the actor's own devices, those in use first; nobody else's."""
    if by.account_id != account_id:
        raise NotAllowed("own")
    return list(_mine(by).order_by("-last_day", "-id")[: 2 * MOST])


@transaction.atomic
def rename(device_id: int, name: str, *, by: Actor, now: datetime) -> Device:
    """This will give one of the actor's own devices a name. :raises Invalid: no word, or over forty characters."""
    said = " ".join(name.split())
    if not 1 <= len(said) <= 40 or not said.isprintable():
        raise Invalid(detail="1–40")
    row = _own(device_id, by)
    row.change(name=said)
    return row


@transaction.atomic
def end(device_id: int, *, by: Actor, now: datetime) -> Device:
    """This will end one of the actor's own devices, and the session that ran on it. :raises NotFound: not his."""
    row = _own(device_id, by)
    _end([row], by=by, now=now)
    return row


def end_all(account_id: int, *, by: Actor, now: datetime) -> int:
    """This will end every device of an account, within the verb that ends its sessions; gives how many."""
    rows = Device.objects.select_for_update().filter(tenant_id=by.tenant_id, account_id=account_id, ended_at=None)
    return _end(list(rows), by=by, now=now)


@transaction.atomic
def left(session: str, *, by: Actor, now: datetime) -> None:
    """This will close the devices of a session that its holder leaves, until she signs in there anew. Nothing is
    written on the trail: nobody counts when she leaves (red line 5)."""
    if session:
        for row in _mine(by).select_for_update().filter(session_key=session, ended_at=None):
            row.change(ended_at=now, session_key="")


def forget_old(*, by: Actor, now: datetime) -> int:
    """This will forget devices that were ended, or not seen, long ago; nightly. Gives how many."""
    rows = Device.objects.filter(tenant_id=by.tenant_id)
    gone = rows.filter(ended_at__lt=now - KEEP).delete()[0]
    return gone + rows.filter(last_day__lt=_days_ago(now)).delete()[0]


def mac_of(number: str, tenant_id: int) -> str:
    """Hide the number of a device. :raises Invalid: it is none."""
    if not _NUMBER.fullmatch(number):
        raise Invalid(detail="X-Jishi-Device")
    return keys.provider().mac(number.encode(), context=f"pocket-device:{tenant_id}".encode(), suite="a").hex()


def _days_ago(now: datetime) -> date:
    return localdate(now - 2 * KEEP)


def _told(number: str, row: Device, by: Actor) -> Told:
    former = None if row.is_settled else _key(number, row.key_no - 1, by)
    pair = _pair(by).private_numbers()
    x, y, d = (base64.urlsafe_b64encode(n.to_bytes(32, "big")).decode().rstrip("=")
               for n in (pair.public_numbers.x, pair.public_numbers.y, pair.private_value))  # fmt: skip
    box = {"kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d}
    return {**_key(number, row.key_no, by), "no": row.key_no, "former": former, "box": box}


def _key(number: str, no: int, by: Actor) -> dict[str, str]:
    """The same key each time for this person on this device, until it is renewed, and for no other; nothing of it is
    stored."""
    context = f"pocket-seal:{by.tenant_id}:{by.account_id}{f':{no}' if no else ''}".encode()
    key = keys.provider().mac(number.encode(), context=context, suite="a")[:32]
    return {"id": hashlib.sha256(key).hexdigest()[:16], "key": base64.b64encode(key).decode()}


def lock_of(by: Actor) -> str:
    """Give the public lock of the actor's box: whatever a device seals with it, only the server's answer opens."""
    point = _pair(by).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.b64encode(point).decode()


def _pair(by: Actor) -> ec.EllipticCurvePrivateKey:
    context = f"pocket-box:{by.tenant_id}".encode()
    said = keys.provider().mac(str(by.account_id).encode(), context=context, suite="a")[:32]
    return ec.derive_private_key(int.from_bytes(said) % (_ORDER - 1) + 1, _CURVE)


def _ensure_open(row: Device, session: str) -> None:
    if row.ended_at is None:
        return
    since = SignedIn.objects.filter(tenant_id=row.tenant_id, account_id=row.account_id, session_key=session)
    if not since.filter(began_at__gt=row.ended_at).exists():
        raise DeviceEnded


def _mine(by: Actor) -> QuerySet[Device]:
    return Device.objects.filter(tenant_id=by.tenant_id, account_id=by.account_id or 0)


def _own(device_id: int, by: Actor) -> Device:
    row = _mine(by).select_for_update().filter(id=device_id).first()
    if row is None:
        raise NotFound
    return row


def _end(rows: list[Device], *, by: Actor, now: datetime) -> int:
    sessions = [row.session_key for row in rows if row.session_key]
    Session.objects.filter(session_key__in=sessions).delete()
    SignedIn.objects.filter(tenant_id=by.tenant_id, session_key__in=sessions).delete()
    for row in rows:
        row.change(ended_at=now, session_key="")
    if rows:
        trail.record("device.ended", ("account", rows[0].account_id), by=by, at=now, codes={"devices": len(rows)})
    return len(rows)
