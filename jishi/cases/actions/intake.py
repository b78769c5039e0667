"""受理: a report comes in, once, and is placed, classified, compared, routed and promised in the same breath.

What may come in: `arrival`; the rows made of it: `making`; what is kept closed: `safekeeping`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import localdate

from jishi.cases import policies, triage
from jishi.cases.actions import (
    arrival,
    choosing,
    dangers,
    knowing,
    making,
    moving,
    naming,
    receivers,
    reckoning,
    recusing,
    safekeeping,
)
from jishi.cases.actions.arrival import Incoming
from jishi.cases.events import CaseMoved, ReportReceived
from jishi.cases.models import Addendum, Case, Clock, Membership, Recording, Report, Suggestion
from jishi.cases.refusals import (
    AlreadyKnown,
    GroundNeeded,
    NothingSaid,
    NotOnTheSpotList,
    ObjectedBefore,
    ReopenWindowClosed,
    TooLong,
)
from jishi.cases.states import CASE, DeclineGround, Kind, Status, Voice
from jishi.duties import queries as duties
from jishi.foundation import numbers, outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound, Refused, Stale
from jishi.foundation.together import Together
from jishi.kernels.text.minimise import minimise_one
from jishi.kernels.text.risk import RiskMark


@dataclass(frozen=True, slots=True)
class Received:
    """What the sender gets: number, word (once, never stored), the promise and why.

    `aside`: the sender is of a body complained about and finds nothing of it from now on; who goes on instead.
    `heard`: what the words warn of; whoever said them hears `risks.of_own_words`.
    """

    report_id: int
    number: str
    case_id: int
    case_number: str
    word: str
    promise_due_at: datetime | None
    suggestions: tuple[triage.Suggested, ...]
    aside: receivers.Aside | None = None
    heard: tuple[RiskMark, ...] = ()


Also = Callable[[Received, Together], None]  # puts what belongs to a report beside what is stored with it


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One of a batch that was not taken in; nothing of it is stored."""

    index: int
    refusal: Refused


def receive(
    one: Incoming, *, by: Actor, now: datetime, tenant_code: str, also: Also | None = None
) -> Received:
    """Take one report in. The same code as a million, with a batch of one. `also` is stored with it.

    :raises Refused: nothing said, too long, a point without datum, an unknown matter … (spec 10 §18).
    """
    taken, refused = receive_many([one], by=by, now=now, tenant_code=tenant_code, also=also)
    if refused:
        raise refused[0].refusal
    return taken[0]


@transaction.atomic(savepoint=False)  # what is refused is given back, not raised: nothing to go back to
def receive_many(
    batch: Sequence[Incoming],
    *,
    by: Actor,
    now: datetime,
    tenant_code: str,
    suggested: Sequence[triage.Looked] | None = None,
    also: Also | None = None,
) -> tuple[list[Received], list[RefusedRow]]:
    """Take a batch in, in a number of statements that does not grow with it; refuse row by row.

    `also` is asked with each that is taken in: what it puts beside is stored by the same statement.
    """
    refused = [
        RefusedRow(i, no)
        for i, one in enumerate(batch)
        if (no := arrival.refusal_of(one, now=now) or arrival.beyond(one, by))
    ]
    out = {row.index for row in refused}
    rows = [one for i, one in enumerate(batch) if i not in out]
    if not rows:
        return [], refused
    looked = _of_these(suggested, out) if suggested else arrival.look(rows, now=now, by=by)
    return _store(rows, looked, by=by, now=now, tenant_code=tenant_code, also=also), refused


def _store(
    rows: Sequence[Incoming], looked: Sequence[triage.Looked], *, by: Actor, now: datetime, tenant_code: str,
    also: Also | None,
) -> list[Received]:  # fmt: skip
    _ensure_unknown(rows, by)
    today, by = localdate(now), _speaker(rows, by)
    joined = _cases_to_join(rows, by)
    rows = [_apart(r, joined) for r in rows]
    fresh = [i for i, r in enumerate(rows) if r.join_case_id not in joined]
    tables = {Report._meta.db_table: len(rows), Case._meta.db_table: len(fresh)}
    given, ids = numbers.take_with_ids({"R": len(rows), "C": len(fresh)}, tenant_code, today, tables)
    reports = [making.make_report(r, s, n, by=by, now=now) for r, s, n in zip(rows, looked, given["R"], strict=True)]
    for report, row_id in zip(reports, ids[Report._meta.db_table], strict=True):
        report.id = row_id
    word_by_row = safekeeping.give_words(rows, reports)
    receivers.set_receivers(reports, by=by, now=now)
    asides = [receivers.aside(report, by=by, now=now) for report in reports]
    done: list[Received] = []

    def finish(cases: Mapping[int, Case], kept: Together) -> None:
        for i, report in enumerate(reports):
            done.append(Received(
                report.id, report.number, cases[i].id, cases[i].number, word_by_row[i], cases[i].promise_due_at,
                looked[i].suggested, asides[i], looked[i].dangers if dangers.is_fresh(report, now=now) else (),
            ))  # fmt: skip
            if also is not None:
                also(done[-1], kept)

    with receivers.keeping(asides, by=by):
        named = dict(zip(fresh, zip(ids[Case._meta.db_table], given["C"], strict=True), strict=True))
        _keep(rows, reports, looked, joined, named, by=by, now=now, finish=finish)
    return done


def _keep(
    rows: Sequence[Incoming], reports: Sequence[Report], looked: Sequence[triage.Looked], joined: Mapping[int, Case],
    fresh: Mapping[int, tuple[int, str]], *, by: Actor, now: datetime,
    finish: Callable[[Mapping[int, Case], Together], None],
) -> None:  # fmt: skip
    """Store reports with all that hangs on them, in one statement. `fresh`: ids and numbers of new cases, by row;
    `finish` is told the case of each row before it.

    What is said in confidence gets a key of its own row by row: then the rows are stored before, by one more.
    """
    kept = Together()
    cases = {i: making.make_case(reports[i], rows[i], looked[i], number, now) for i, (_, number) in fresh.items()}
    for i, (case_id, _) in fresh.items():
        cases[i].id = case_id
    running = _promises(cases, looked, now)
    kept.rows(reports)
    kept.rows(list(cases.values()))
    kept.rows(running)
    for i, row in enumerate(rows):
        cases.setdefault(i, joined.get(row.join_case_id or 0))  # type: ignore[arg-type]
    _belong(rows, reports, cases, by=by, now=now, into=kept)
    _keep_suggestions(reports, looked, cases, now, into=kept)
    dangers.mark(reports, looked, cases, now=now, into=kept)
    if any(row.voice == Voice.CONFIDENTIAL for row in rows):
        _insert(kept, reports)
    safekeeping.seal_words(rows, reports, into=kept)
    _record(rows, reports, cases, set(fresh), by=by, now=now, into=kept)
    finish(cases, kept)
    _insert(kept, reports)


def _cases_to_join(rows: Sequence[Incoming], by: Actor) -> dict[int, Case]:
    wanted = sorted({r.join_case_id for r in rows if r.join_case_id})
    if not wanted:
        return {}
    sealed_ones = Membership.objects.filter(case=OuterRef("pk"), to_at=None, report__voice=Voice.CONFIDENTIAL)
    found = Case.objects.select_for_update().filter(~Exists(sealed_ones), tenant_id=by.tenant_id, id__in=wanted)
    return {c.id: c for c in found if c.status not in CASE.ends and c.status != Status.FEEDBACK}


def _ensure_unknown(rows: Sequence[Incoming], by: Actor) -> None:
    """Refuse a number of another system that stands here already; an import has sorted its own before."""
    wanted = Q()
    for one in rows:
        if one.external_id and not one.external_hash:
            wanted |= Q(external_system=one.external_system, external_id=one.external_id)
    met = Report.objects.filter(wanted, tenant_id=by.tenant_id).first() if wanted else None
    if met is not None:
        raise AlreadyKnown(system=met.external_system, number=met.external_id)


def _insert(kept: Together, reports: Sequence[Report]) -> None:
    """Store what was gathered. Another connection may have taken an external number in since; it was first.

    :raises AlreadyKnown: it did.
    """
    try:
        kept.store()
    except IntegrityError as twice:
        if getattr(getattr(twice.__cause__, "diag", None), "constraint_name", "") != "one_report_per_external_id":
            raise
        met = next(r for r in reports if r.external_id)
        raise AlreadyKnown(system=met.external_system, number=met.external_id) from None


def _apart(row: Incoming, joined: Mapping[int, Case]) -> Incoming:
    """Let a word stand alone that must not be mixed with others: confidential, or about other bodies (spec 10 §4)."""
    case = joined.get(row.join_case_id or 0)
    if case is None:
        return row if row.join_case_id is None else replace(row, join_case_id=None)
    mixes = row.voice != Voice.CONFIDENTIAL and set(row.accused_body_ids) == set(case.accused_body_ids)
    return row if mixes else replace(row, join_case_id=None)


def _speaker(rows: Sequence[Incoming], by: Actor) -> Actor:
    """Who speaks anonymously or confidentially leaves no number of an account in any record (spec 10 §13)."""
    hides = by.kind in ("resident", "reporter") and any(r.voice != Voice.OPEN for r in rows)
    return Actor(tenant_id=by.tenant_id, kind="anonymous") if hides else by


def _promises(cases: Mapping[int, Case], looked: Sequence[triage.Looked], now: datetime) -> list[Clock]:
    """Start promise and dispatch of every case; one calendar, one pass."""
    made = []
    row = CASE.move("intake.receive", "")
    for i, case in cases.items():
        amounts = dict(looked[i].promises)
        for kind in getattr(row, "starts", ()):
            clock = reckoning.start(case, None, [], kind, now=now, amounts=amounts)
            made.append(clock)
            if kind == "promise":
                case.promise_due_at = clock.due_at
    return made


def _belong(
    rows: Sequence[Incoming], reports: Sequence[Report], cases: Mapping[int, Case], *, by: Actor, now: datetime,
    into: Together,
) -> None:  # fmt: skip
    into.rows([
        Membership(
            tenant_id=by.tenant_id, report=report, case=cases[i], from_at=now, by=naming.actor_in(cases[i].id, by),
            why="joined" if rows[i].join_case_id == cases[i].id else "received", promise_due_at=cases[i].promise_due_at,
        )
        for i, report in enumerate(reports)
    ])  # fmt: skip
    for case in {cases[i].id: cases[i] for i, r in enumerate(rows) if r.join_case_id == cases[i].id}.values():
        more = sum(1 for r in rows if r.join_case_id == case.id)
        case.change(reports_count=case.reports_count + more, changed_at=now)


def _of_these(suggested: Sequence[triage.Looked], refused: set[int]) -> list[triage.Looked]:
    """What was found out about the rows that are taken in; a likely duplicate among them keeps its row."""
    kept = [i for i in range(len(suggested)) if i not in refused]
    return [
        suggested[i].renumbered({old: new for new, old in enumerate(kept)}) if refused else suggested[i] for i in kept
    ]


def _keep_suggestions(
    reports: Sequence[Report], looked: Sequence[triage.Looked], cases: Mapping[int, Case], now: datetime,
    *, into: Together,
) -> None:  # fmt: skip
    """Store what triage said; a likely duplicate of the same batch has its case by now."""
    stored = {i: (c.id, c.number) for i, c in cases.items()}
    looked = [seen.with_cases(stored) for seen in looked]
    into.values(
        Suggestion,
        ({
            "tenant_id": report.tenant_id, "report_id": report.id, "stage": s.stage, "candidates": s.candidates,
            "abstained": s.abstained, "edition": s.edition, "ms": s.ms, "made_at": now,
        }
        for report, seen in zip(reports, looked, strict=True)
        for s in seen.suggested),
    )  # fmt: skip


def _record(
    rows: Sequence[Incoming], reports: Sequence[Report], cases: Mapping[int, Case], fresh: set[int], *, by: Actor,
    now: datetime, into: Together,
) -> None:  # fmt: skip
    move: Any = CASE.move("intake.receive", "")
    rule = f"{CASE.code}@{CASE.edition}"
    first, later = [], []
    for i, report in enumerate(reports):
        codes = {"report": report.number, "channel": report.channel, "kind": report.kind, "voice": report.voice}
        if i in fresh:
            facts = {**codes, "matter": cases[i].matter, "urgency": cases[i].urgency, "division": report.division_code}
            first.append(trail.Note(move.trail, ("case", cases[i].id), now, facts, rule=rule))
        else:
            later.append(trail.Note("case.joined", ("case", cases[i].id), now, codes, rule=rule))
    trail.record_many(first, by=by, new=True, into=into)
    trail.record_many(later, by=by)
    news: list[outbox.Event] = [ReportReceived(r.id, cases[i].id) for i, r in enumerate(reports)]
    for case in (cases[i] for i in sorted(fresh)):
        tells = [*move.tells, *([recusing.UNPLACED] if policies.nobody_places(case) else [])]
        news.append(CaseMoved(case.id, move.verb, case.status, tuple(tells)))
    outbox.announce(*news, at=now, into=into)


@transaction.atomic
def answer_at_once(case_id: int, *, text: str = "", knowledge: int = 0, by: Actor, now: datetime,
                   version: int | None = None) -> Case:  # fmt: skip
    """Answer an inquiry on the spot and close it, in words or by a kept answer (its number): then the entry names the
    item and its version, and what it says is the answer unless the operator put it in other words.

    :raises GroundNeeded: not an inquiry, or no answer. :raises NotFound, KnowledgeStale: no such item, or no longer.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "intake.answer_at_once", by=by)
    if held.case.kind != Kind.INQUIRY:
        raise GroundNeeded(what="咨询类（其他诉求要派单）", what_en="an inquiry (other reports are placed with a body)")
    item = knowing.answer_of(knowledge, by=by, now=now) if knowledge else None
    said = text.strip() or (item.answer if item else "")
    if not said:
        raise GroundNeeded(what="答复", what_en="the answer")
    if item:
        choosing.keep_answer(case_id, number=item.number, by=by, now=now)
    codes = {"knowledge": item.number, "knowledge_version": item.version} if item else {}
    return moving.carry_out(
        held, move, by=by, now=now, case_values={"closed_at": now, "outcome": "explained"}, codes=codes,
        words={"text": said},
    )  # fmt: skip


@transaction.atomic
def settle_on_spot(case_id: int, *, text: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Settle a spot matter where it stands. :raises NotOnTheSpotList: the code book does not list it."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "intake.settle_on_spot", by=by)
    matter = duties.matter(held.case.matter) if held.case.matter else None
    if matter is None or not matter.spot:
        raise NotOnTheSpotList(matter=matter.name if matter else "—")
    return moving.carry_out(
        held, move, by=by, now=now, case_values={"closed_at": now, "outcome": "solved"},
        words={"text": text.strip()} if text.strip() else None,
    )  # fmt: skip


@transaction.atomic
def decline(case_id: int, *, ground: str, text: str, channel: str, by: Actor, now: datetime,
            version: int | None = None) -> Case:  # fmt: skip
    """Decline by a coded legal ground, telling the caller why and where to go (spec 10 §5.2)."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "intake.decline", by=by)
    if ground not in DeclineGround.values or not text.strip():
        raise GroundNeeded(what="不予受理的理由和给诉求人的说明", what_en="the ground, and the words for the caller")
    if ground in ("other_procedure", "beyond_duty") and not channel.strip():
        raise GroundNeeded(what="应当找哪里", what_en="where to go instead")
    return moving.carry_out(
        held, move, by=by, now=now,
        case_values={"decline_ground": ground, "decline_text": text.strip(), "decline_channel": channel.strip()},
        codes={"ground": ground, "by": by.label}, words={"text": text.strip(), "channel": channel.strip()},
    )  # fmt: skip


@transaction.atomic
def accept_after_objection(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Overturn a decline after the caller's one objection; another dispatcher than the one who declined."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "intake.accept_after_objection", by=by)
    entries = trail.of("case", held.case.id)
    if not any(e.verb == "case.objected" for e in entries):
        raise GroundNeeded(what="诉求人的申诉", what_en="an objection of the caller")
    return moving.carry_out(
        held, move, by=by, now=now, case_values={"decline_ground": "", "decline_text": "", "decline_channel": ""},
        words={"why": why.strip()} if why.strip() else None,
    )  # fmt: skip


@transaction.atomic
def object_to_decline(case_id: int, *, text: str, by: Actor, now: datetime, version: int | None = None) -> None:
    """Object to a decline, once. :raises ObjectedBefore: it was done."""
    held = moving.hold(case_id, by=by, version=version)
    policies.ensure_may_see(by, held.stand)
    for_him = policies.PARTIES["caller"](by, held.stand) or policies.PARTIES["operator"](by, held.stand)
    if not for_him and by.kind != "system":
        raise NotAllowed(why="申诉由诉求人提出，话务员可以代他记下。")
    if held.case.status != Status.DECLINED or not text.strip():
        raise GroundNeeded(what="哪里不同意", what_en="what you disagree with")
    if any(e.verb == "case.objected" for e in trail.of("case", held.case.id)):
        raise ObjectedBefore
    moving.beside(held, "case.objected", by=by, now=now, words={"text": text.strip()}, case_values={"objected_at": now})


def _refuse_addendum(report: Report, by: Actor) -> None:
    """:raises NotAllowed: who sees the report may still not speak for the person. :raises NotFound: anybody else."""
    if policies.visible_to(by, Case.objects.filter(memberships__report=report, memberships__to_at=None)).exists():
        raise NotAllowed(why="补充由说的人自己写，或者由话务员代记。")
    raise NotFound


def _spoke(report: Report, by: Actor) -> bool:
    """Tell whether a colleague's own voice is beside it: he puts right what was written down of him."""
    mine = Recording.objects.filter(tenant_id=by.tenant_id, report=report, spoken_by=by.label.partition("/")[0])
    return by.kind == "staff" and mine.exists()


@transaction.atomic
def add_addendum(report_id: int, *, text: str, by: Actor, now: datetime, version: int | None = None) -> Addendum:
    """Add a later word of the same person; the report itself is never edited. The lead is told.

    `version` is that of the report: it counts what was added.
    :raises ReopenWindowClosed: every case it belongs to has ended, and the time for reopening is over.
    :raises Stale: something was added meanwhile.
    """
    report = Report.objects.select_for_update().filter(tenant_id=by.tenant_id, id=report_id).first()
    if report is None:
        raise NotFound
    own = (by.kind == "reporter" and by.report_id == report.id) or (
        by.kind == "resident" and by.account_id == report.reporter_id and by.account_id is not None
    )
    if not (own or by.has("operator", "system", policies.PROGRAM) or _spoke(report, by)):
        _refuse_addendum(report, by)
    if not text.strip():
        raise NothingSaid
    if len(text) > arrival.LIMIT:
        raise TooLong(length=len(text), limit=arrival.LIMIT)
    if version is not None and version != report.version:
        raise Stale(version=report.version, seen=version)
    cases = list(Case.objects.filter(memberships__report=report, memberships__to_at=None))
    if not any(policies.may_be_added_to(case, now) for case in cases):
        raise ReopenWindowClosed(days=max((policies.window_of(c).days for c in cases), default=0))
    report.change()
    row = Addendum.objects.create(
        tenant_id=by.tenant_id, report=report, at=now, text_shown=minimise_one(text).shown,
        entered_by=making.entered_by(by),
    )  # fmt: skip
    ids = [case.id for case in cases]
    trail.record_many([trail.Note("report.added_to", ("case", i), now, {"report": report.number}) for i in ids], by=by)
    outbox.announce(*[CaseMoved(i, "intake.add_addendum", "", ("added_lead",)) for i in ids], at=now)
    return row
