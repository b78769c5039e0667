"""调解 · 枫桥: a dispute between people, with their consent, free of charge; the case goes on (spec 10 §11).

Its life is institutions/procedures/mediation.toml. Names, notes and terms are sealed (`papers`); no word of a party
goes on the trail. A party acts as an `Actor` of kind ``party``, whom `papers` makes of a link or of a caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from jishi.cases import mediation_rules
from jishi.cases.actions import alongside, asking, disputes, moving, papers, reckoning
from jishi.cases.actions.alongside import Beside, worded
from jishi.cases.actions.disputes import Proposal
from jishi.cases.models import Mediation, MediationParty, Report, Sitting
from jishi.cases.refusals import GroundNeeded
from jishi.cases.states import MEDIATION, MediationEnd, RecusalGround
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Refused
from jishi.kernels import worktime
from jishi.kernels.procedure import Move
from jishi.kernels.text.minimise import minimise_one

LONGEST_NOTES = 20_000  # characters of a sitting's notes, and of the terms


class SaidAlready(Refused):
    code, status = "said_already", 409
    zh, en = "您已经说过了，还在等别的当事人。", "You have said so already; the others are still asked."
    next_zh, next_en = "不用再做什么；想退出，随时可以。", "Nothing more is needed; you may leave at any time."


class MediatorRecused(Refused):
    code, status = "mediator_recused", 409
    zh, en = "调解员回避了，还没有另请。", "The mediator has stepped aside, and no other is named yet."
    next_zh, next_en = "等主办单位另请一位；也可以退出。", "Wait until the lead names another; or leave."


class NobodyStoodAside(Refused):
    code, status = "nobody_stood_aside", 409
    zh, en = "调解员没有回避，不用另请。", "The mediator has not stepped aside."
    next_zh, next_en = "当事人或调解员说明要回避的情形以后再请。", "First a party or the mediator says why."


class NothingWritten(Refused):
    code, status = "nothing_written", 409
    zh, en = "调解员还没有写下协议。", "The mediator has not written the terms yet."
    next_zh = "谈妥了，请调解员写下来，再各自同意。"
    next_en = "Once you agree, the mediator writes them down; then each of you says yes."


@dataclass(frozen=True, slots=True)
class Proposed:
    """A mediation just proposed, with the links of those who are no callers; nobody here keeps them."""

    mediation: Mediation
    links: tuple[tuple[int, str], ...]  # (party, token), in the order in which they were named


@dataclass(frozen=True, slots=True)
class Sat:
    """One sitting: when, where, which parties came, and the mediator's notes."""

    held_at: datetime
    where: str
    came: Sequence[int]
    notes: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The terms as the mediator wrote them: by word of mouth or in writing, and by which days what is done."""

    terms: str
    dates: Sequence[date]
    oral: bool = False


# --- how it begins -----------------------------------------------------------------------------------------


@transaction.atomic
def propose(
    case_id: int, *, proposal: Proposal, by: Actor, now: datetime, version: int | None = None
) -> Proposed:
    """This will ask the parties whether they would sit together with this mediator; nothing happens without them.

    :raises NotMediated: violence, danger to a child. :raises SpokenInConfidence: somebody is not to be known.
    :raises MediationRuns: one is open. :raises Conflicted, NotRegistered: the mediator. :raises GroundNeeded, TooMany.
    """
    held = moving.hold(case_id, by=by, version=version)
    stand = disputes.stand_of(held, proposal.mediator_id)
    move = alongside.ensure_birth(stand, MEDIATION, "mediation.propose", by=by)
    alongside.ensure_case_in(held, disputes.WHILE, by=by)
    disputes.ensure_none_runs(held.case)
    sound = disputes.ensure_sound(held, proposal, now=now)
    row = Mediation.objects.create(
        tenant_id=by.tenant_id, case=held.case, kind=proposal.kind, mediator=sound.mediator, status_since=now,
        what=minimise_one(proposal.what.strip()).shown[:200], proposed_at=now,
        accused_body_ids=held.case.recused_body_ids,
    )  # fmt: skip
    links = _add_parties(row, proposal, sound.reports, now)
    around = Beside(held, row)
    alongside.turn_clocks(around, move, now=now)
    alongside.tell(
        around, move, by=by, now=now, words={"what": row.what},
        codes={"kind": row.kind, "mediator": row.mediator_id, "parties": len(sound.reports) + len(links)},
    )  # fmt: skip
    return Proposed(row, links)


def _add_parties(
    row: Mediation, proposal: Proposal, reports: Sequence[Report], now: datetime
) -> tuple[tuple[int, str], ...]:
    common = {"tenant_id": row.tenant_id, "mediation": row, "accused_body_ids": row.accused_body_ids}
    for report in reports:
        MediationParty.objects.create(**common, report=report)
    links = []
    for other in proposal.others:
        link, token = papers.new_link(row.tenant_id)
        party = MediationParty.objects.create(**common, **link)
        papers.seal_party(party, name=other.name, contact=other.contact, now=now)
        links.append((party.id, token))
    return tuple(links)


@transaction.atomic
def consent(
    mediation_id: int, *, name: str = "", contact: str = "", by: Actor, now: datetime, version: int | None = None
) -> Mediation:
    """This will say yes for oneself; when all have, the mediation begins.

    `name`, `contact`: how the mediator may call and reach this party, if the party wishes; sealed.
    :raises SaidAlready: said before. :raises MediatorRecused: there is no mediator now.
    """
    around, row = hold(mediation_id, by=by, version=version)
    move, own = _last_or_not(around, "consent", "consented_at", by=by)
    _ensure_mediator(row)
    own.change(consented_at=now)
    papers.seal_party(own, name=name, contact=contact, now=now)
    begun = {"begun_at": now, "status_since": now} if move.to else {}
    alongside.carry_out(around, move, by=by, now=now, values=begun, codes={"party": own.id})
    return row


note_consent = consent  # the same press: the row of the table differs while others are still asked


@transaction.atomic
def recuse(
    mediation_id: int, *, ground: str, by: Actor, now: datetime, version: int | None = None
) -> Mediation:
    """This will let the mediator step aside, by his own word or a party's. :raises GroundNeeded: no known ground."""
    around, row = hold(mediation_id, by=by, version=version)
    move = alongside.ensure(around, "mediation.recuse", by=by)
    _ensure_mediator(row)
    if ground not in RecusalGround.values:
        raise GroundNeeded(what="为什么回避", what_en="why the mediator steps aside")
    alongside.carry_out(
        around, move, by=by, now=now, values={"recused_ground": ground, "recused_at": now},
        codes={"ground": ground, "mediator": row.mediator_id},
    )  # fmt: skip
    return row


@transaction.atomic
def name_mediator(
    mediation_id: int, *, mediator_id: int, by: Actor, now: datetime, version: int | None = None
) -> Mediation:
    """This will name another mediator; before the beginning everybody is asked anew.

    :raises NobodyStoodAside: the present one is there. :raises Conflicted, NotRegistered: the new one.
    """
    around, row = hold(mediation_id, by=by, version=version)
    move = alongside.ensure(around, "mediation.name_mediator", by=by)
    if not row.recused_ground:
        raise NobodyStoodAside
    named = disputes.ensure_mediator(around.held, mediator_id, row.kind, now=now)
    if named.id == row.mediator_id:
        raise disputes.Conflicted
    for party in parties_of(row):
        party.change(**({"consented_at": None} if row.begun_at is None else {}), agreed_at=None)
    alongside.carry_out(
        around, move, by=by, now=now, codes={"mediator": named.id},
        values={"mediator": named, "recused_ground": "", "recused_at": None, "drafted_at": None},
    )  # fmt: skip
    return row


@transaction.atomic
def give_link(
    mediation_id: int, *, party_id: int, by: Actor, now: datetime, version: int | None = None
) -> Proposed:
    """This will make a new link for a party who is no caller; the former one is over at once. :raises NotFound."""
    around, row = hold(mediation_id, by=by, version=version)
    move = alongside.ensure(around, "mediation.give_link", by=by)
    party = next((p for p in parties_of(row) if p.id == party_id and p.token_hash), None)
    if party is None:
        raise NotFound
    link, token = papers.new_link(party.tenant_id)
    party.change(**link)
    alongside.carry_out(around, move, by=by, now=now, codes={"party": party.id})
    return Proposed(row, ((party.id, token),))


# --- sitting together --------------------------------------------------------------------------------------


@transaction.atomic
def prolong(
    mediation_id: int, *, days: int, by: Actor, now: datetime, version: int | None = None
) -> Mediation:
    """This will ask for so many natural days more, or agree to them; with the last party the term moves.

    Another number of days is another question: whoever agreed to the former one is asked again.
    :raises Invalid: not within the rules. :raises SaidAlready: agreed before.
    """
    around, row = hold(mediation_id, by=by, version=version)
    if not 1 <= days <= worktime.parse_amount(mediation_rules.load().prolong_most).n:
        raise Invalid(detail=f"days: 1–{worktime.parse_amount(mediation_rules.load().prolong_most).n}")
    if days != row.prolong_days:
        row.prolong_days = days
        for party in parties_of(row):
            party.change(longer_at=None)
    move, own = _last_or_not(around, "prolong", "longer_at", by=by)
    own.change(longer_at=now)
    codes: dict[str, Any] = {"party": own.id, "days": days}
    if move.verb == "mediation.prolong":
        term = next(c for c in around.clocks if c.kind == "med_term" and c.stopped_at is None)
        reckoning.extend(term, f"{days}nd", now=now)
        reckoning.save(reckoning.Turn(changed=[term]))
        for party in parties_of(row):
            party.change(longer_at=None)
        row.prolong_days = 0
        codes["due"] = term.due_at.isoformat() if term.due_at else ""
    alongside.carry_out(around, move, by=by, now=now, values={"prolong_days": row.prolong_days}, codes=codes)
    return row


note_prolong = prolong


@transaction.atomic
def note_sitting(
    mediation_id: int, *, sat: Sat, by: Actor, now: datetime, version: int | None = None
) -> Sitting:
    """This will keep that they sat together; the notes are sealed at once.

    :raises Invalid: it lies ahead, or somebody else came. :raises GroundNeeded, TooShortOrLong: place or notes.
    """
    around, row = hold(mediation_id, by=by, version=version)
    move = alongside.ensure(around, "mediation.note_sitting", by=by)
    _ensure_mediator(row)
    if sat.held_at > now or not set(sat.came) <= {p.id for p in parties_of(row)}:
        raise Invalid(detail="held_at, came")
    where = worded(sat.where, least=2, most=120, what="在哪里谈的", what_en="where it was")
    notes = worded(sat.notes, least=2, most=LONGEST_NOTES, what="谈了什么", what_en="what was said")
    made = Sitting.objects.create(
        tenant_id=by.tenant_id, mediation=row, accused_body_ids=row.accused_body_ids, held_at=sat.held_at,
        where=minimise_one(where).shown[:120], came=sorted(set(sat.came)),
    )  # fmt: skip
    papers.seal(made, "notes", notes, now=now)
    alongside.carry_out(around, move, by=by, now=now, codes={"sitting": made.id, "came": made.came})
    return made


@transaction.atomic
def draft(
    mediation_id: int, *, draft: Draft, by: Actor, now: datetime, version: int | None = None
) -> Mediation:
    """This will write down what they came to, for each to say yes to; written anew, all say yes anew.

    :raises GroundNeeded, TooShortOrLong: no terms. :raises NotAhead, TooFar: the days.
    """
    around, row = hold(mediation_id, by=by, version=version)
    move = alongside.ensure(around, "mediation.draft", by=by)
    _ensure_mediator(row)
    least = mediation_rules.load().terms_least
    terms = worded(draft.terms, least=least, most=LONGEST_NOTES, what="协议的内容", what_en="the terms")
    dates = disputes.ensure_days(draft.dates, now=now)
    papers.seal(row, "terms", terms, now=now)
    for party in parties_of(row):
        party.change(agreed_at=None)
    alongside.carry_out(
        around, move, by=by, now=now, codes={"oral": draft.oral, "dates": [d.isoformat() for d in dates]},
        values={"drafted_at": now, "oral": draft.oral, "performance_dates": dates},
    )  # fmt: skip
    return row


@transaction.atomic
def agree(mediation_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Mediation:
    """This will say yes to the terms as they stand; with the last party they hold.

    :raises NothingWritten: the mediator has not written them. :raises SaidAlready, MediatorRecused.
    """
    around, row = hold(mediation_id, by=by, version=version)
    move, own = _last_or_not(around, "agree", "agreed_at", by=by)
    _ensure_mediator(row)
    if row.drafted_at is None:
        raise NothingWritten
    own.change(agreed_at=now)
    if not move.to:
        alongside.carry_out(around, move, by=by, now=now, codes={"party": own.id})
        return row
    amounts = {"med_perform": _until(next((d for d in row.performance_dates if d >= localdate(now)), None), now)}
    alongside.turn_clocks(around, move, now=now, amounts=amounts)
    confirm = next(c for c in around.clocks if c.kind == "med_confirm" and c.stopped_at is None)
    end = MediationEnd.ORAL_AGREED if row.oral else MediationEnd.AGREED
    row.change(
        status=move.to, status_since=now, agreed_at=now, end=end,
        confirm_until_on=disputes.last_day(confirm, now),
    )  # fmt: skip
    alongside.tell(around, move, by=by, now=now, codes={"party": own.id, "end": end})
    return row


note_agree = agree


@transaction.atomic
def leave(
    mediation_id: int, *, end: str = "", by: Actor, now: datetime, version: int | None = None
) -> Mediation:
    """This will end it: a party leaves without a reason, the mediator says how it ended, the clock ran out.

    :raises GroundNeeded: a mediator says neither not agreed nor unsuitable.
    """
    around, row = hold(mediation_id, by=by, version=version)
    move = alongside.ensure(around, "mediation.leave", by=by)
    how = {"party": MediationEnd.WITHDRAWN, "clock": MediationEnd.NOT_AGREED}.get(by.kind) or end
    if how not in (MediationEnd.WITHDRAWN, MediationEnd.NOT_AGREED, MediationEnd.UNSUITABLE):
        raise GroundNeeded(what="没有谈成，还是不适合调解", what_en="whether it was not agreed, or unsuitable")
    values = {"end": how, "ended_at": now, "status_since": now}
    alongside.carry_out(around, move, by=by, now=now, values=values, codes={"end": how})
    return row


# --- afterwards --------------------------------------------------------------------------------------------


@transaction.atomic
def confirm_performed(mediation_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Mediation:
    """This will say that the terms were kept; with the last party it is over. :raises SaidAlready."""
    around, row = hold(mediation_id, by=by, version=version)
    move, own = _last_or_not(around, "confirm_performed", "performed_at", by=by, before="note_performed")
    own.change(performed_at=now)
    over = {"ended_at": now, "status_since": now} if move.to else {}
    alongside.carry_out(around, move, by=by, now=now, values=over, codes={"party": own.id})
    return row


note_performed = confirm_performed


@transaction.atomic
def report_broken(mediation_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Mediation:
    """This will say that the terms were not kept; the page shows the next lawful road."""
    around, row = hold(mediation_id, by=by, version=version)
    move = alongside.ensure(around, "mediation.report_broken", by=by)
    own = _own(row, by)
    values = {"ended_at": now, "status_since": now}
    alongside.carry_out(around, move, by=by, now=now, values=values, codes={"party": own.id})
    return row


@transaction.atomic
def remind(mediation_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Mediation:
    """This will tell the parties that an agreed day has come, and wait for the next one."""
    around, row = hold(mediation_id, by=by, version=version)
    move = alongside.ensure(around, "mediation.remind", by=by)
    clock = next(c for c in around.clocks if c.kind == "med_perform" and c.stopped_at is None)
    came = disputes.last_day(clock, now)
    ahead = next((d for d in row.performance_dates if d > came), None)
    if ahead is not None:
        clock.amount, clock.expired_at = f"{(ahead - localdate(clock.started_at)).days}nd", None
        reckoning.pin(clock, reckoning.calendar_of(clock))
        reckoning.save(reckoning.Turn(changed=[clock]))
    codes = {"day": came.isoformat(), "next": ahead.isoformat() if ahead else ""}
    alongside.carry_out(around, move, by=by, now=now, codes=codes)
    return row


# --- pieces ------------------------------------------------------------------------------------------------


def hold(mediation_id: int, *, by: Actor, version: int | None = None) -> tuple[Beside, Mediation]:
    """Lock the case and the mediation. :raises NotFound: no such mediation. :raises Stale: it has moved since."""
    rows = Mediation.objects.filter(tenant_id=by.tenant_id, id=mediation_id)
    case_id = rows.values_list("case_id", flat=True).first()
    if case_id is None:
        raise NotFound
    held = moving.hold(case_id, by=by)
    row = Mediation.objects.select_for_update(of=("self",)).select_related("mediator").get(id=mediation_id)
    alongside.ensure_seen(held, row, version, by)
    return Beside(held, row), row


def parties_of(row: Mediation) -> list[MediationParty]:
    """Give the parties, in the order in which they were named."""
    return list(MediationParty.objects.filter(mediation=row).order_by("id"))


def _own(row: Mediation, by: Actor) -> MediationParty:
    found = next((p for p in parties_of(row) if p.id == by.party_id and by.kind == "party"), None)
    if found is None:
        raise NotFound
    return found


def _last_or_not(
    around: Beside, name: str, said: str, *, by: Actor, before: str = ""
) -> tuple[Move, MediationParty]:
    """Choose the row of the table: the move of the last party, or the act of one while others are asked."""
    assert isinstance(around.row, Mediation)
    others = [p for p in parties_of(around.row) if not (by.kind == "party" and p.id == by.party_id)]
    is_last = all(getattr(p, said) is not None for p in others)
    move = alongside.ensure(around, f"mediation.{name if is_last else before or f'note_{name}'}", by=by)
    own = _own(around.row, by)
    if getattr(own, said) is not None:
        raise SaidAlready
    return move, own


def _ensure_mediator(row: Mediation) -> None:
    if row.recused_ground:
        raise MediatorRecused


def _until(day: date | None, now: datetime) -> str:
    """Give the amount that ends with `day`; a day that has come leaves one."""
    return "1nd" if day is None or day <= localdate(now) else asking.days_until(day, now)

