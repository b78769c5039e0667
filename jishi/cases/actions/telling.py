"""通知: who is told of what, on which channel, and not before when (spec 10 §14).

Who follows from `tells` and `to` of the lives' tables. Nobody is disturbed at night or on a rest day, danger excepted.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localdate, localtime

from jishi.accounts import queries as accounts
from jishi.accounts.actions import reaching
from jishi.accounts.actions.reaching import SITE
from jishi.bodies import queries as bodies
from jishi.cases import notices, policies
from jishi.cases.actions import wording
from jishi.cases.actions.wording import Told
from jishi.cases.models import Case, Consultation, Mediation, MediationParty, Membership, Message, Report, Topic
from jishi.cases.models.news import QUIET_FIELD
from jishi.cases.states import MembershipEnd, Urgency, Voice
from jishi.foundation import carriers, scope, sealed
from jishi.kernels import worktime

DESKS = {
    "dispatcher": ("dispatcher",), "reviewer": ("reviewer",), "supervisor": ("supervisor",),
    "leading_office": ("office",), "district_office": ("office",), "ruling_body": ("ruler",),
    "exclusion_desk": ("supervisor", "office"), "unsealing_approver": ("supervisor", "office"),
}  # fmt: skip
OF_ONE = frozenset(  # of one caller of a case, not of all
    {
        "exclusion.asked", "exclusion.decided", "exclusion.revoked", "report.photo_shown", "report.photo_hidden",
        "report.redacted", "report.hidden", "unsealing.granted", "unsealing.looked", "case.recheck_denied",
    }
)  # fmt: skip
PARTY_TABLE = MediationParty._meta.db_table
LONGEST_WAIT = 60  # days ahead in which a working day is looked for


@dataclass(frozen=True, slots=True)
class Person:
    """One who is told: in a post, a caller by the report, a party by a link. `body_id`: whose calendar holds."""

    account_id: int | None
    report: Report | None
    channel: str
    lang: str
    body_id: int | None = None
    party: MediationParty | None = None


def tell(facts: Mapping[str, Any], *, now: datetime) -> None:
    """Owe what this announcement tells, to everybody whom it tells; a handful of statements."""
    codes = facts.get("tells") or ()
    case = Case.objects.filter(id=facts["case_id"]).first() if codes else None
    if case is None:
        return
    edition = notices.on(localdate(now))
    told = wording.gather(case, facts)
    rows: list[Message] = []
    for code in codes:
        template = edition.templates[code]
        pinned = wording.pin(told, template)
        rows += [message(case, template, edition, pinned, person, facts, now) for person in people(told, template, now)]
    Message.objects.bulk_create(rows, ignore_conflicts=True)


def message(
    about: Case | Topic, template: notices.Template, edition: notices.Edition, pinned: Mapping[str, Any],
    person: Person, facts: Mapping[str, Any], now: datetime,
) -> Message:  # fmt: skip
    """Give the message that one person is owed, not stored."""
    case, topic = (about, None) if isinstance(about, Case) else (None, about)
    danger = case is not None and case.urgency == Urgency.EMERGENCY
    free = danger or person.channel == SITE
    return Message(
        tenant_id=about.tenant_id, case=case, topic=topic, news_id=facts.get("news", 0), code=template.code,
        edition=edition.number, account_id=person.account_id, report=person.report, party=person.party,
        channel=person.channel, lang=person.lang, at_once=danger or template.at_once, at=now,
        facts={**pinned, **({"of": person.body_id} if person.body_id else {})},
        not_before=now if free else may_disturb(now, edition, person.body_id),
    )  # fmt: skip


# --- when ----------------------------------------------------------------------------------------------------


def may_disturb(now: datetime, edition: notices.Edition, body_id: int | None = None) -> datetime:
    """Give the first moment from `now` on at which a person may be disturbed: by day, on no rest day.

    A year whose calendar nobody has published counts its week days alone.
    """
    calendar = bodies.hours_of([body_id])[body_id].calendar
    local = localtime(now)
    day = local.date()
    if edition.quiet_from <= edition.quiet_to:
        quiet = edition.quiet_from <= local.time() < edition.quiet_to
    else:
        quiet = local.time() >= edition.quiet_from or local.time() < edition.quiet_to
    if not quiet and _is_worked(day, calendar):
        return now
    if local.time() >= edition.quiet_to:
        day += timedelta(days=1)
    for _ in range(LONGEST_WAIT):
        if _is_worked(day, calendar):
            break
        day += timedelta(days=1)
    return datetime.combine(day, edition.quiet_to, local.tzinfo)


def quiet_until(message: Message, now: datetime) -> datetime | None:
    """Give until when this message may not leave; None: it may. Asked again on leaving: the worker may have slept."""
    if message.case is not None and message.case.urgency == Urgency.EMERGENCY:
        return None
    free = may_disturb(now, notices.numbered(message.edition), message.facts.get("of"))
    return free if free > now else None


def _is_worked(day: Any, calendar: worktime.Calendar) -> bool:
    try:
        return calendar.day(day).is_worked
    except worktime.CalendarNotKnown:
        return bool(day.weekday() < 5)


# --- who -----------------------------------------------------------------------------------------------------


def people(told: Told, template: notices.Template, now: datetime) -> list[Person]:
    """Name whom a template reaches: every caller of the case, or the people of a body or desk who are not recused."""
    if template.to == "caller":
        whose = told.codes.get("report") if told.entry is not None and told.entry.verb in OF_ONE else None
        return [p for p in callers(told.case, template, now) if p.report is None or whose in (None, p.report.id)]
    if template.to == "party":
        return _parties(told, template, now)
    if template.to in DESKS:
        found = _at_desks(told.case, DESKS[template.to], now)
    elif template.to == "mediator":
        chairs = Mediation.objects.filter(id=told.facts.get("mediation_id") or 0, recused_ground="")
        found = list(chairs.values_list("mediator__account", "mediator__body"))
    else:
        found = _of_bodies(_bodies(told, template), now)
    recused = _recused(told.case, now)
    if template.code == "recheck_reviewer" and policies.nobody_looks_again(told.case):
        found = _at_desks(told.case, ("office",), now)
    if template.to == "dispatcher" and policies.nobody_places(told.case):
        found = _at_desks(told.case, ("office",), now)
    return in_posts(found, without=recused)


def _parties(told: Told, template: notices.Template, now: datetime) -> list[Person]:
    """Callers as callers; who came by a link is told, by the number that was given for it, that there is news."""
    mine = list(MediationParty.objects.filter(mediation=told.facts.get("mediation_id") or 0).order_by("id"))
    of_them = {p.report_id for p in mine} - {None}
    found = [p for p in callers(told.case, template, now) if p.report is not None and p.report.id in of_them]
    outside = [p for p in mine if p.report_id is None]
    kept = sealed.sealed_fields([(PARTY_TABLE, p.id) for p in outside], tenant_id=told.case.tenant_id)
    reach = [p for p in outside if "contact" in kept.get((PARTY_TABLE, p.id), ())]
    return found + [Person(None, None, carriers.SMS, "zh", None, p) for p in reach if carriers.SMS in carriers.every()]


def in_posts(found: Sequence[tuple[int, int | None]], *, without: Collection[int] = ()) -> list[Person]:
    """Give those people of posts who can be told, each on the channel that he chose."""
    ids = {account for account, _ in found} - set(without)
    wishes = reaching.wishes(ids)
    return [
        Person(account, None, _offered(wishes[account].channel), wishes[account].lang, body)
        for account, body in dict(found).items()
        if account in wishes
    ]


def _bodies(told: Told, template: notices.Template) -> list[int]:
    """Name the bodies that a party of the tables stands for here."""
    case, last = told.case, told.handovers[-1].body_id if told.handovers else None
    if template.bodies == "invited":
        talk = Consultation.objects.filter(case=case).order_by("-id").first()
        return list(talk.invited) if talk is not None else []
    if template.bodies == "last":
        return [last] if last else []
    street = told.whistle.blown_by_id if told.whistle is not None else None
    asked = told.part.asked_body_id if told.part is not None else told.codes.get("body")
    holder = case.lead_id or last
    parties: dict[str, list[int | None]] = {
        "lead": [holder], "answering_body": [holder], "offered_body": [holder],
        "asked_body": [asked], "street": [street], "unsealing_asker": [told.codes.get("body")],
        "host": [street, told.whistle.lead_body_id if told.whistle is not None else None],
        "called_body": [told.body_id] if told.body_id else [*wording.participants(told.whistle)],
    }  # fmt: skip
    return [b for b in dict.fromkeys(parties.get(template.to, [])) if b is not None]


def _of_bodies(ids: Sequence[int], now: datetime) -> list[tuple[int, int | None]]:
    found = accounts.accounts_of_bodies(ids, "handler", now=now)
    return [(account, body) for body in ids for account in found.get(body, [])]


def _at_desks(case: Case, roles: Sequence[str], now: datetime) -> list[tuple[int, int | None]]:
    holders = accounts.people_of_many(roles, now=now)
    return [(h.account_id, h.body_id) for r in roles for h in holders[r] if case.division_code.startswith(h.area)]


def _recused(case: Case, now: datetime) -> set[int]:
    """Nobody is told who acts, in whichever post, for an accused body or its line, or stands aside (spec 90 §4.2)."""
    aside = set(case.aside_account_ids)
    if not case.accused_body_ids:
        return aside
    found = accounts.accounts_of_bodies(case.recused_body_ids, now=now)
    return aside | {account for ids in found.values() for account in ids}


def callers(case: Case, template: notices.Template, now: datetime) -> list[Person]:
    """Give every caller of the case who can be told: those of an absorbed case went with it, and are told too."""
    rows = Membership.objects.filter(case=case).select_related("report").order_by("id")
    gone = (MembershipEnd.ABSORBED, MembershipEnd.WITHDRAWN)
    members = [m for m in rows if m.to_at is None] or [m for m in rows if m.end in gone]
    reports = list({m.report_id: m.report for m in members if m.report.channel not in template.not_from}.values())
    wishes = reaching.wishes(r.reporter_id for r in reports if r.reporter_id is not None)
    contacts = sealed.sealed_fields([("cases_report", r.id) for r in reports], tenant_id=case.tenant_id)
    found = [_caller(r, wishes, contacts.get(("cases_report", r.id), ())) for r in reports]
    return [one for one in found if one is not None]


def _caller(report: Report, wishes: Mapping[int, reaching.Wish], fields: Collection[str]) -> Person | None:
    """A wish goes first; else the contact that was given for this matter; else the own page, if there is one."""
    wish = wishes.get(report.reporter_id or 0)
    if wish is not None and wish.row:
        return Person(None, report, _offered(wish.channel), wish.lang)
    lang = wish.lang if wish is not None else report.lang[:2]
    if report.voice == Voice.OPEN and (channel := _given(fields)):
        return Person(None, report, channel, lang)
    if report.voice == Voice.CONFIDENTIAL and QUIET_FIELD in fields and carriers.SMS in carriers.every():
        return Person(None, report, carriers.SMS, lang)  # one sentence that says nothing (`wording.letter`)
    return Person(None, report, SITE, lang) if wish is not None else None


def _given(fields: Iterable[str]) -> str:
    known = set(fields)
    if "caller_contact" in known and carriers.SMS in carriers.every():
        return carriers.SMS
    return carriers.MAIL if "caller_mail" in known and carriers.MAIL in carriers.every() else ""


def _offered(channel: str) -> str:
    return channel if channel in carriers.every() else SITE


def still_recused(messages: Sequence[Message], now: datetime) -> set[int]:
    """Give those messages to somebody in a post whom the case has accused since."""
    owed = [(m, m.case) for m in messages if m.account_id and m.case is not None]
    if not any(case.accused_body_ids or case.aside_account_ids for _, case in owed):
        return set()
    return {m.id for m, case in owed if m.account_id in _recused(case, now)}


def tenant() -> int:
    """Give the tenant of this transaction."""
    return scope.current().actor.tenant_id
