"""Notices leave: one parcel a person and half day, what does not wait on its own, the address opened on leaving.

Opening it is written down before a byte leaves (`accounts.actions.reading`); the person sees it among the readings.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from jishi.accounts.actions import reaching, reading
from jishi.cases.actions import telling, wording
from jishi.cases.actions.reminding import half_day, next_half_day
from jishi.cases.events import ParcelMade
from jishi.cases.models import Message, Parcel
from jishi.cases.models.mediation import PARTY
from jishi.cases.models.news import QUIET, QUIET_FIELD
from jishi.cases.states import Voice
from jishi.foundation import carriers, outbox, scope
from jishi.foundation.actor import Actor
from jishi.foundation.outgoing import NotDelivered
from jishi.foundation.outside import Call, NotYet, Owed

BATCH = 2000
REACTION = "jishi.cases.actions.sending.send"
REASON = gettext_noop("把通知发给您")
To = tuple[int | None, int | None, int | None]  # (account, report, party): exactly one


def pack(*, by: Actor, now: datetime) -> int:
    """Put what may leave by now into parcels: at most one a person and half day, and one for what does not wait.

    Gives how many parcels were made.
    """
    with scope.work(by), transaction.atomic():
        rows = Message.objects.select_for_update(of=("self",), skip_locked=True).filter(
            tenant_id=by.tenant_id, parcel=None, not_before__lte=now
        )
        found = rows.exclude(channel=reaching.SITE).select_related("report", "case").order_by("id")[:BATCH]
        waiting = _by_day(found, now)
        groups: dict[tuple[To, str, bool], list[Message]] = {}
        for one in waiting:
            groups.setdefault((_to(one), one.channel, one.at_once), []).append(one)
        had = _had([to for to, _, _ in groups], now)
        made, later = 0, []
        for (to, channel, at_once), messages in groups.items():
            if at_once or to not in had:
                had |= set() if at_once else {to}
                _make(to, channel, messages, now, at_once=at_once)
                made += 1
            else:
                later += [one.id for one in messages]
        Message.objects.filter(id__in=later).update(not_before=next_half_day(now))  # nobody waits behind them
    return made


def _by_day(found: Iterable[Message], now: datetime) -> list[Message]:
    """Keep what may leave now; the rest gets the moment from which it may."""
    kept: list[Message] = []
    later: dict[datetime, list[int]] = {}
    for one in found:
        until = telling.quiet_until(one, now)
        if until is None:
            kept.append(one)
        else:
            later.setdefault(until, []).append(one.id)
    for until, ids in later.items():
        Message.objects.filter(id__in=ids).update(not_before=until)
    return kept


def _to(message: Message) -> To:
    """A caller with an account is one person, whatever he has said; without one, each report is for itself."""
    if message.report is None:
        return (message.account_id, None, message.party_id)
    if message.report.reporter_id is not None and message.report.voice == Voice.OPEN:
        return (message.report.reporter_id, None, None)
    return (None, message.report_id, None)


def _had(people: Sequence[To], now: datetime) -> set[To]:
    """Name those who have had the parcel of this half day."""
    wanted = set(people)
    mine = Q(account__in=[a for a, _, _ in wanted if a]) | Q(report__in=[r for _, r, _ in wanted if r])
    mine |= Q(party__in=[p for _, _, p in wanted if p])
    rows = Parcel.objects.filter(mine, tenant_id=telling.tenant(), half_day=half_day(now), at_once=False)
    return wanted & set(rows.values_list("account_id", "report_id", "party_id"))


def _make(to: To, channel: str, messages: Sequence[Message], now: datetime, *, at_once: bool) -> None:
    parcel = Parcel.objects.create(
        tenant_id=telling.tenant(), account_id=to[0], report_id=to[1], party_id=to[2], channel=channel,
        lang=messages[-1].lang,
        half_day=half_day(now), at_once=at_once, made_at=now,
    )  # fmt: skip
    Message.objects.filter(id__in=[m.id for m in messages]).update(parcel=parcel)
    outbox.announce(ParcelMade(parcel.id), at=now)


def owe(facts: Mapping[str, Any], *, now: datetime) -> None:
    """Owe a parcel to its carrier."""
    outbox.owe(facts["news"], REACTION, [1], at=now)


def send(owed: Owed, *, now: datetime) -> Call | None:
    """Write the letter, open the address (a reading), and give the call; None when there is nobody left to tell.

    :raises NotDelivered: the channel has no carrier now. :raises NotYet: a later try fell into the quiet hours.
    """
    parcel = Parcel.objects.select_related("report").get(id=owed.news.subject_id)
    held = Message.objects.filter(parcel=parcel).order_by("id")
    messages = list(held.select_related("case__absorbed_into", "report", "topic", "party"))
    over = telling.still_recused(messages, now)
    messages = [m for m in messages if m.id not in over]
    until = [telling.quiet_until(m, now) for m in messages]
    if messages and all(until):
        raise NotYet(min(u for u in until if u is not None))
    address = _address(parcel, messages, now) if messages else ""
    if not address:
        return None
    channel = carriers.MAIL if "@" in address else carriers.SMS
    carrier = carriers.every().get(channel)
    if carrier is None:
        raise NotDelivered("no_carrier")
    written = wording.letter(messages, parcel.channel, parcel.lang, to_reader=True)
    letter = carriers.Letter(f"jishi-{parcel.tenant_id}-{parcel.id}", address, written.subject, written.text)
    return lambda: carrier.carry(letter)


def _address(parcel: Parcel, messages: Sequence[Message], now: datetime) -> str:
    """Open the one address of the one person; empty when it has ended, or the person wants to be told otherwise now."""
    by = scope.current().actor
    if parcel.account_id is not None:
        wish = reaching.wishes([parcel.account_id]).get(parcel.account_id)
        if wish is not None and wish.row:
            if wish.channel != parcel.channel:
                return ""
            owner, field = (reaching.TABLE, wish.row), reaching.FIELD
            found = reading.read([owner], [field], purpose=reaching.PURPOSE.code, reason=REASON, by=by, now=now)
            return found[owner].get(field, "")
    if parcel.party_id is not None:
        owner, name, purpose = (telling.PARTY_TABLE, parcel.party_id), "contact", PARTY
    else:
        report = messages[-1].report
        if report is None:
            return ""
        owner, purpose = ("cases_report", report.id), "contact.caller"
        name = "caller_contact" if parcel.channel == carriers.SMS else "caller_mail"
        if report.voice == Voice.CONFIDENTIAL:
            name, purpose = QUIET_FIELD, QUIET
    found = reading.read([owner], [name], purpose=purpose, reason=REASON, by=by, now=now)
    return found[owner].get(name, "")
