"""Webhooks: what happens to cases that a program may see is sent to it, signed, in order per case (spec 10 §14).

`Jishi-Signature: t=<seconds>,v1=<hex>`: HMAC-SHA256 of ``<seconds>.<body>`` with the secret of the webhook. After a
change of secret a second ``v1`` of the former one follows for a day. What is sent holds ids and codes alone.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from jishi.accounts.actions import clients
from jishi.cases import policies
from jishi.cases.models import Case, Webhook
from jishi.cases.refusals import TooManyWebhooks
from jishi.cases.states import LIVES
from jishi.foundation import keys, outbox, outgoing, scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.outbox import Told
from jishi.foundation.outside import Call, Owed
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Stale

MOST = 20  # open webhooks of one program
OVERLAP = timedelta(hours=24)
EVENTS = ("CaseMoved", "PartMoved", "WhistleMoved", "MediationMoved", "ReportReceived")
CODES = ("verb", "status", "part_id", "whistle_id", "mediation_id", "body_id")  # what is sent of an event's facts
BESIDE = ("case.received_report", "intake.add_addendum", "intake.correct_matter", "intake.set_urgency")
REACTION = "jishi.cases.actions.calling.call"


def verbs() -> frozenset[str]:
    """Name what a program can ask to hear of."""
    return frozenset(m.verb for life in LIVES for m in (*life.moves, *life.acts)) | frozenset(BESIDE)


# --- keeping them --------------------------------------------------------------------------------------------


@transaction.atomic
def open_(url: str, wanted: Sequence[str], *, by: Actor, now: datetime) -> tuple[Webhook, str]:
    """This will send news to `url` from now on, and give the secret with which it is signed.

    :raises NotAllowed: not a program. :raises AddressRefused: the address lies inside, or is none.
    :raises Invalid: an unknown verb. :raises TooManyWebhooks: there are twenty already.
    """
    if by.kind != "client" or by.client_id is None:
        raise NotAllowed(why="webhook 由登记过的系统用自己的密钥建立。")
    outgoing.target(url)
    if unknown := sorted(set(wanted) - verbs()):
        raise Invalid(detail=f"verbs: {', '.join(unknown[:5])}")
    scope.one_at_a_time("webhooks", by.client_id)  # two requests would both count nineteen
    mine = Webhook.objects.select_for_update().filter(tenant_id=by.tenant_id, client_id=by.client_id, active_to=None)
    held = {row.url: row for row in mine}
    if url in held:
        raise Invalid(detail=f"url: #{held[url].id}")
    if len(held) >= MOST:
        raise TooManyWebhooks(most=MOST)
    row, is_new = Webhook.objects.get_or_create(  # a program may ask twice at once
        tenant_id=by.tenant_id, client_id=by.client_id, url=url, active_to=None,
        defaults={"verbs": sorted(set(wanted)), "active_from": now},
    )  # fmt: skip
    if not is_new:
        raise Invalid(detail=f"url: #{row.id}")
    trail.record(
        "webhook.opened", ("webhook", row.id), by=by, at=now, new=True,
        codes={"client": row.client_id, "verbs": row.verbs}, words={"url": url},
    )  # fmt: skip
    return row, secret_of(row)


@transaction.atomic
def change_secret(webhook_id: int, *, version: int, by: Actor, now: datetime) -> tuple[Webhook, str]:
    """This will make a new secret; the former one signs beside it for a day. :raises NotFound: not one's own."""
    row = _held(webhook_id, version, by)
    row.change(secret_no=row.secret_no + 1, former_until=now + OVERLAP)
    trail.record("webhook.secret_changed", ("webhook", row.id), by=by, at=now, codes={"secret": row.secret_no})
    return row, secret_of(row)


@transaction.atomic
def end(webhook_id: int, *, version: int, by: Actor, now: datetime) -> None:
    """This will send nothing more to it. :raises NotFound: not one's own, or ended."""
    row = _held(webhook_id, version, by)
    row.change(active_to=now)
    trail.record("webhook.ended", ("webhook", row.id), by=by, at=now)


def _held(webhook_id: int, version: int, by: Actor) -> Webhook:
    row = own(by).select_for_update().filter(id=webhook_id).first()
    if row is None:
        raise NotFound
    if row.version != version:
        raise Stale
    return row


def own(by: Actor) -> QuerySet[Webhook]:
    """Give the open webhooks that this actor keeps: a program its own, the system administrator all.

    :raises NotAllowed: anybody else.
    """
    rows = Webhook.objects.filter(tenant_id=by.tenant_id, active_to=None).order_by("id")
    if by.kind == "client" and by.client_id is not None:
        return rows.filter(client_id=by.client_id)
    if by.has("system_admin"):
        return rows
    raise NotAllowed(why="webhook 由登记过的系统自己管，或由系统管理员管。")


def secret_of(row: Webhook, number: int | None = None) -> str:
    """Give the secret: made from the key of this installation each time, so no copy of the database holds it."""
    of = f"{row.tenant_id}:{row.id}:{number or row.secret_no}".encode()
    return "whsec_" + keys.provider().mac(of, context=b"webhook.secret", suite="a").hex()


# --- telling them --------------------------------------------------------------------------------------------


def owe(facts: Mapping[str, Any], *, now: datetime) -> None:
    """Owe an announcement to every webhook that asked for its verb; whether it may see the case is asked on leaving."""
    verb = facts.get("verb", "case.received_report")
    rows = Webhook.objects.filter(tenant_id=scope.current().actor.tenant_id, active_to=None).order_by("id")
    if ids := [row.id for row in rows if not row.verbs or verb in row.verbs]:
        outbox.owe(facts["news"], REACTION, ids, at=now)


def call(owed: Owed, *, now: datetime) -> Call | None:
    """Give the call of one announcement to one webhook; None when it has ended or may not see the case (any more)."""
    row = Webhook.objects.filter(id=owed.receiver, active_to=None).first()
    if row is None:
        return None
    told = visible([owed.news], client_of(row, now), now=now)
    if not told:
        return None
    body = json.dumps(told[0], ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json", "Jishi-Event": told[0]["id"], "Jishi-Attempt": str(owed.attempt),
        "Jishi-Signature": signature(row, body, now),
    }  # fmt: skip
    url = row.url
    return lambda: outgoing.post(url, body, headers)


def client_of(row: Webhook, now: datetime) -> Actor | None:
    """Give the program behind a webhook as it is now; None when its key has ended."""
    return clients.actor_by_id(row.client_id, tenant_id=row.tenant_id, now=now)


def signature(row: Webhook, body: bytes, now: datetime) -> str:
    """Sign a body, with the former secret too while it is valid."""
    at = str(int(now.timestamp()))
    numbers = [row.secret_no]
    if row.former_until is not None and now < row.former_until:
        numbers.append(row.secret_no - 1)
    signed = [
        hmac.new(secret_of(row, n).encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest() for n in numbers
    ]
    return ",".join([f"t={at}", *(f"v1={one}" for one in signed)])


def visible(news: Sequence[Told], reader: Actor | None, *, now: datetime) -> list[dict[str, Any]]:
    """Write those announcements that the reader may know of as they are sent: ids and codes; three statements.

    Recusal is the database's: it is asked in the reader's own scope, at this moment.
    """
    if reader is None:
        return []
    with scope.within(reader):
        rows = policies.visible_to(reader, Case.objects.filter(id__in={n.subject_id for n in news}))
        cases = {case.id: case for case in rows}
        heads = trail.heads("case", cases)
    return [
        _written(n, cases[n.subject_id].number, heads.get(n.subject_id, (0, "")))
        for n in news
        if n.subject_id in cases and _open_to(reader, cases[n.subject_id], n)
    ]


def _open_to(reader: Actor, case: Case, news: Told) -> bool:
    """What the record keeps from a reader, the news keeps from it too."""
    return all(policies.may_read(reader, case, entry) for entry in _ENTRIES.get(news.facts.get("verb", ""), ()))


def _written(news: Told, number: str, head: tuple[int, str]) -> dict[str, Any]:
    codes = {code: news.facts[code] for code in CODES if news.facts.get(code)}
    return {
        "id": str(news.position), "event": news.name, "case": number, "sequence": news.sequence,
        "at": news.at.isoformat(), **codes, "head": {"seq": head[0], "hash": head[1]},
    }  # fmt: skip


def _entries() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for life in LIVES:
        for move in (*life.moves, *life.acts):
            found.setdefault(move.verb, set()).add(move.trail)
    return {verb: frozenset(entries) for verb, entries in found.items()}


_ENTRIES = _entries()
