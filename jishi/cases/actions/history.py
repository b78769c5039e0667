"""Taking in lives that were lived elsewhere: last year's cases of a former system, or of the demonstration.

Each life is replayed in memory by the same tables and the same clocks as a living case, then stored in batches,
in a number of statements that does not grow with it. A step that the tables do not allow refuses that life alone.
Entries carry the moment of the step in `at`; `recorded_at` is the truth: the moment of taking in.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from jishi.cases import triage
from jishi.cases.actions import arrival, asking, making, moving, reckoning, safekeeping
from jishi.cases.actions.arrival import Incoming
from jishi.cases.actions.intake import RefusedRow
from jishi.cases.models import (
    Banking,
    Case,
    Clock,
    Consultation,
    ContactNote,
    Feedback,
    Handover,
    Membership,
    Progress,
    Reply,
    Report,
    Review,
    Ruling,
    Suspension,
)  # fmt: skip
from jishi.cases.states import CASE, HANDOVER, Role, Verdict
from jishi.duties.actions import deciding
from jishi.foundation import numbers, procedures, scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Refused
from jishi.kernels.procedure import Move, effects

BATCH = 500
_ROWS = (Handover, Clock, Consultation, Ruling, ContactNote, Progress, Reply, Review, Feedback, Suspension, Banking)


class NotALife(Refused):
    code, status = "not_a_life", 422
    zh, en = "第 {step} 步“{verb}”接不上：{why}", "Step {step} “{verb}” does not follow: {why}"
    next_zh, next_en = "核对这一件的经过，改好再导入。", "Check the history of this case and take it in again."


@dataclass(frozen=True, slots=True)
class Happened:
    """One step of a life: a verb of the table, its moment, the body that acted or was named, words, facts."""

    verb: str
    at: datetime
    body_id: int | None = None
    words: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PastLife:
    """A report with everything that became of it, oldest step first. `join` names the external id it was joined to."""

    incoming: Incoming
    received_at: datetime
    steps: Sequence[Happened]


@dataclass(slots=True)
class _Life:
    report: Report
    case: Case
    member: Membership
    routed: Any = None
    lead: Handover | None = None
    clocks: list[Clock] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    notes: list[tuple[str, datetime, dict[str, Any], dict[str, str] | None, str]] = field(default_factory=list)


def known_ids(external_system: str) -> set[str]:
    """Give the ids of an outside system that were taken in already."""
    rows = Report.objects.filter(tenant_id=scope.current().actor.tenant_id, external_system=external_system)
    return set(rows.values_list("external_id", flat=True))


@transaction.atomic
def take_in(
    lives: Sequence[PastLife], *, by: Actor, now: datetime, tenant_code: str
) -> tuple[list[int], list[RefusedRow]]:
    """Store past lives; gives the case ids in order and what was refused."""
    ids: list[int] = []
    refused: list[RefusedRow] = []
    for start in range(0, len(lives), BATCH):
        done, no = _take_batch(lives[start : start + BATCH], by=by, now=now, tenant_code=tenant_code)
        ids += done
        refused += [replace(r, index=r.index + start) for r in no]
    return ids, refused


def _take_batch(
    lives: Sequence[PastLife], *, by: Actor, now: datetime, tenant_code: str
) -> tuple[list[int], list[RefusedRow]]:
    refused = [RefusedRow(i, no) for i, one in enumerate(lives) if (no := arrival.refusal_of(one.incoming, now=now))]
    bad = {r.index for r in refused}
    rows = [one for i, one in enumerate(lives) if i not in bad]
    looked = arrival.look([one.incoming for one in rows], now=now, compare=False)
    given = _numbers(rows, tenant_code)
    made: list[tuple[PastLife, _Life]] = []
    for one, seen, (report_no, case_no) in zip(rows, looked, given, strict=True):
        life = _born(one, seen, report_no, case_no, by)
        try:
            _live(life, one)
        except Refused as no:
            refused.append(RefusedRow(lives.index(one), no))
            continue
        made.append((one, life))
    _store(made, looked_at=now, by=by)
    return [life.case.id for _, life in made], refused


def _numbers(rows: Sequence[PastLife], tenant_code: str) -> list[tuple[str, str]]:
    by_day: dict[Any, list[int]] = {}
    for i, one in enumerate(rows):
        by_day.setdefault(localdate(one.received_at), []).append(i)
    out: list[tuple[str, str]] = [("", "")] * len(rows)
    for day, at in sorted(by_day.items()):
        given = (numbers.take(letter, tenant_code, day, len(at)) for letter in "RC")
        for i, pair in zip(at, zip(*given, strict=True), strict=True):
            out[i] = pair
    return out


def _born(one: PastLife, seen: triage.Looked, report_no: str, case_no: str, by: Actor) -> _Life:
    report = making.make_report(one.incoming, seen, report_no, by=by, now=one.received_at)
    case = making.make_case(report, one.incoming, seen, case_no, one.received_at)
    member = Membership(
        tenant_id=by.tenant_id, report=report, case=case, from_at=one.received_at, by=by.label, why="taken_in"
    )
    life = _Life(report, case, member, seen.routed)
    move = procedures.ensure_move(CASE, "intake.receive", "")
    _turn(life, [move], one.received_at, dict(seen.promises))
    promise = next((c for c in life.clocks if c.kind == "promise"), None)
    case.promise_due_at = member.promise_due_at = promise.due_at if promise else None
    codes = {"report": report_no, "channel": report.channel, "matter": case.matter, "urgency": case.urgency}
    life.notes.append((move.trail, one.received_at, codes, None, by.label))
    return life


def _live(life: _Life, one: PastLife) -> None:
    for number, step in enumerate(one.steps, 1):
        try:
            _STEPS.get(step.verb, _plain)(life, step)
        except Refused as no:
            raise NotALife(step=number, verb=step.verb, why=no.sentence("zh")) from None


def _turn(life: _Life, moves: list[Move], at: datetime, amounts: Mapping[str, str], *spares: str) -> None:
    acts = {k: act for k, act in effects(moves).items() if k not in spares}
    result = reckoning.turn(life.case, life.lead, life.clocks, acts, now=at, amounts=amounts)
    life.clocks += result.new
    for clock in (c for c in result.changed if c.kind == "promise" and c.stopped_at is None):
        life.case.promise_due_at = clock.due_at  # none while it stands still


def _move(
    life: _Life, step: Happened, *, lead: Handover | None = None, amounts: Mapping[str, str] | None = None,
    spares: Collection[str] = (), **case_values: Any,
) -> Move:  # fmt: skip
    """Move the case (and its handover, where its table knows the verb) in memory; `spares`: clocks left alone."""
    case = life.case
    move = procedures.ensure_move(CASE, step.verb, case.status, case.status_before)
    moves = [move]
    if life.lead is not None and lead is None and any(m.verb == step.verb for m in HANDOVER.moves):
        moves.append(_move_handover(life.lead, step))
    life.lead = lead or life.lead
    target = move.target(case.status)
    if target != case.status:
        aside = CASE.state(target).is_aside
        case.status_before = case.status if aside else ""
        case.status, case.status_since = target, step.at
    case.version += 1
    for name, value in case_values.items():
        setattr(case, name, value)
    _turn(life, moves, step.at, amounts or {}, *spares)
    _note(life, move.trail, step)
    return move


def _move_handover(lead: Handover, step: Happened) -> Move:
    row = procedures.ensure_move(HANDOVER, step.verb, lead.status, lead.status_before_return)
    target = row.target(lead.status)
    if HANDOVER.state(target).is_aside and not HANDOVER.state(lead.status).is_aside:
        lead.status_before_return = lead.status
    lead.status = target
    lead.version += 1
    return row


def _note(life: _Life, verb: str, step: Happened) -> None:
    case = life.case
    codes: dict[str, Any] = {"status": case.status, "version": case.version}
    codes |= {"body": step.body_id} if step.body_id else {}
    codes |= {k: v for k, v in step.facts.items() if k in ("ground", "item", "outcome", "proposed", "missing", "how")}
    life.notes.append((verb, step.at, codes, {"words": step.words} if step.words else None, "history"))


def _body(step: Happened) -> int:
    if step.body_id is None:
        raise NotALife(step=0, verb=step.verb, why="没有写是哪个单位")
    return step.body_id


def _plain(life: _Life, step: Happened) -> None:
    _move(life, step)


def _offered(life: _Life, step: Happened) -> None:
    lead = Handover(
        tenant_id=life.case.tenant_id, case=life.case, received_at=life.case.received_at, body_id=_body(step),
        role=Role.LEAD, offered_at=step.at,
        duty_item_id=step.facts.get("item"), duty_edition=step.facts.get("edition"),
        designated=step.verb == "ruling.rule",
    )  # fmt: skip
    if step.verb == "ruling.rule" and life.lead is not None:
        _move_handover(life.lead, step)
        life.lead.ended_at, life.lead.end = step.at, "superseded"
    life.rows.append(lead)
    _move(life, step, lead=lead, lead_id=step.body_id)
    if step.verb == "ruling.rule":
        _ruled(life, step)


def _ruled(life: _Life, step: Happened) -> None:
    for talk in (r for r in life.rows if isinstance(r, Consultation) and r.concluded_at is None):
        talk.concluded_at = step.at
    life.rows.append(
        Ruling(
            tenant_id=life.case.tenant_id, case=life.case, number=f"Z{life.case.number[1:]}",
            ruler_body_id=step.facts.get("ruler") or _body(step), named_body_id=_body(step),
            cited_items=[i for i in [step.facts.get("item")] if i], reasons=step.words or "历史裁定，理由见原档案。",
            ruled_at=step.at, matter=life.case.matter, precedent=bool(step.facts.get("precedent")),
        )
    )  # fmt: skip


def _signed(life: _Life, step: Happened) -> None:
    _move(life, step)
    if life.lead is not None:
        life.lead.signed_at, life.lead.signed_by_clock = step.at, step.verb == "handover.sign_by_time"


def _return_asked(life: _Life, step: Happened) -> None:
    lead = life.lead
    if lead is None:
        raise NotALife(step=0, verb=step.verb, why="没有承办单位")
    row = _move_handover(lead, step)
    lead.return_asked_at, lead.return_ground = step.at, str(step.facts.get("ground", "missing_facts"))
    lead.return_words = step.words
    lead.cited_item_id, lead.proposed_body_id = step.facts.get("item"), step.facts.get("proposed")
    _turn(life, [row], step.at, {})
    _note(life, row.trail, step)


def _returned(life: _Life, step: Happened) -> None:
    lead = life.lead
    _move(life, step, lead_id=None, returns_count=life.case.returns_count + 1)
    if lead is not None:
        lead.ended_at, lead.end = step.at, "returned"
    life.lead = None


def _contested(life: _Life, step: Happened) -> None:
    life.rows.append(
        Consultation(
            tenant_id=life.case.tenant_id, case=life.case, handover=life.lead,
            question=step.words or "请各方说明依据。",
            invited=list(step.facts.get("invited", [])), opened_at=step.at,
        )
    )  # fmt: skip
    _move(life, step)


def _contacted(life: _Life, step: Happened) -> None:
    row = procedures.ensure_move(CASE, step.verb, life.case.status)
    reached = "yes" if step.facts.get("reached", True) else "no"
    life.rows.append(
        ContactNote(
            tenant_id=life.case.tenant_id, case=life.case, body_id=_body(step), at=step.at,
            how=str(step.facts.get("how", "phone")), reached=reached, by="history", gist=step.words[:500],
        )
    )  # fmt: skip
    if reached == "yes":
        _turn(life, [row], step.at, {})
    _note(life, "case.contacted", step)


def _progressed(life: _Life, step: Happened) -> None:
    life.rows.append(
        Progress(
            tenant_id=life.case.tenant_id, case=life.case, body_id=_body(step), at=step.at, text=step.words[:1000],
            waiting_for=str(step.facts.get("waiting_for", ""))[:200],
        )
    )  # fmt: skip
    _note(life, "case.progressed", step)


def _suspended(life: _Life, step: Happened) -> None:
    """Let the clocks stand still until a day; the promise runs on where the caller was not told (row 14)."""
    until, told = _day(step, "until"), str(step.facts.get("told", ""))
    how_long = asking.days_until(until, step.at)
    _move(life, step, amounts={"suspension": how_long}, spares=() if told else ("promise",))
    life.rows.append(
        Suspension(
            **_granted(life, step), ground=str(step.facts.get("ground", "")), words=step.words, told_caller=told,
            evidence=str(step.facts.get("evidence", "")), until_date=until,
            until_at=next(c.due_at for c in life.clocks if c.kind == "suspension" and c.stopped_at is None),
        )
    )  # fmt: skip


def _banked(life: _Life, step: Happened) -> None:
    """Put the case aside until its review day; its caller was told why (row 16)."""
    review_on = _day(step, "review_on")
    _move(life, step, amounts={"bank_review": asking.days_until(review_on, step.at)})
    life.rows.append(
        Banking(
            **_granted(life, step), why_unsolvable=step.words, waits_for=str(step.facts.get("waits_for", ""))[:500],
            told_caller=str(step.facts.get("told", "")), review_date=review_on,
        )
    )  # fmt: skip


def _goes_on(life: _Life, step: Happened) -> None:
    """End what the case waited under; its time runs on (rows 15, 17)."""
    _move(life, step)
    for row in (r for r in life.rows if isinstance(r, Suspension | Banking) and r.ended_at is None):
        row.ended_at, row.ended_by = step.at, "history"


def _day(step: Happened, name: str) -> date:
    found = step.facts.get(name)
    if not isinstance(found, date) or found <= localdate(step.at):
        raise NotALife(step=0, verb=step.verb, why="没有写到哪一天")
    return found


def _granted(life: _Life, step: Happened) -> dict[str, Any]:
    """Give the columns of a request that was granted when it was made: who asked and who agreed is not known here."""
    if life.lead is None:
        raise NotALife(step=0, verb=step.verb, why="没有承办单位")
    return {
        "tenant_id": life.case.tenant_id, "case": life.case, "handover": life.lead, "asked_at": step.at,
        "asked_body_id": life.lead.body_id, "asked_by": "history", "verdict": Verdict.APPROVED,
        "decided_at": step.at, "decided_by": "history", "from_at": step.at,
    }  # fmt: skip


def _replied(life: _Life, step: Happened) -> None:
    lead = life.lead
    if lead is None:
        raise NotALife(step=0, verb=step.verb, why="没有承办单位")
    contact = next((r for r in reversed(life.rows) if isinstance(r, ContactNote)), None)
    life.rows.append(
        Reply(
            tenant_id=life.case.tenant_id, case=life.case, handover=lead, by_body_id=lead.body_id, author="history",
            outcome=step.facts.get("outcome", "explained"), contacted_at=contact.at if contact else step.at,
            contacted_how=contact.how if contact else "phone", what_was_done=step.words, text_for_caller=step.words,
            replied_at=step.at,
        )
    )  # fmt: skip
    _move(life, step)


def _reviewed(life: _Life, step: Happened) -> None:
    reply = next(r for r in reversed(life.rows) if isinstance(r, Reply))
    approved = step.verb == "review.approve"
    missing = set(step.facts.get("missing", []) if not approved else [])
    elements = {n: n not in missing for n in ("time_of_contact", "with_whom", "measures", "by_when")}
    life.rows.append(
        Review(
            tenant_id=life.case.tenant_id, reply=reply, case=life.case, reviewer="history", at=step.at,
            why=step.words[:500],
            verdict="approved" if approved else "sent_back", **elements,
        )
    )  # fmt: skip
    _move(life, step, outcome=reply.outcome if approved else life.case.outcome)
    if approved:
        reply.approved_at = step.at
        if life.lead is not None:
            life.lead.ended_at, life.lead.end = step.at, "replied"
        asked = sum(1 for r in life.rows if isinstance(r, Feedback)) + 1
        life.rows.append(
            Feedback(
                tenant_id=life.case.tenant_id, membership=life.member, case=life.case, round=asked, asked_at=step.at
            )
        )


def _answered(life: _Life, step: Happened) -> None:
    row = next((r for r in reversed(life.rows) if isinstance(r, Feedback)), None)
    if row is None:
        raise NotALife(step=0, verb=step.verb, why="还没有回访")
    row.contacted = step.facts.get("contacted", "no_answer")
    row.solved, row.satisfied = step.facts.get("solved", "no_answer"), step.facts.get("satisfied", "no_answer")
    row.channel, row.answered_at, row.recorded_by = str(step.facts.get("channel", "link")), step.at, "history"
    codes = {"contacted": row.contacted, "solved": row.solved, "satisfied": row.satisfied, "round": row.round}
    life.notes.append(("feedback.answered", step.at, codes, None, "history"))


def _ended(life: _Life, step: Happened) -> None:
    values: dict[str, Any] = {"closed_at": step.at}
    if step.verb == "intake.answer_at_once":
        values["outcome"] = "explained"
    if step.verb == "intake.settle_on_spot":
        values["outcome"] = "solved"
    _move(life, step, **values)


def _declined(life: _Life, step: Happened) -> None:
    ground = str(step.facts.get("ground", "other_procedure"))
    where = str(step.facts.get("channel", ""))
    _move(life, step, decline_ground=ground, decline_text=step.words, decline_channel=where)


def _reopened(life: _Life, step: Happened) -> None:
    last = next(r for r in reversed(life.rows) if isinstance(r, Handover))
    again = Handover(
        tenant_id=life.case.tenant_id, case=life.case, received_at=life.case.received_at, body_id=last.body_id,
        role=Role.LEAD, status="SIGNED",
        duty_item_id=last.duty_item_id, duty_edition=last.duty_edition, offered_at=step.at, signed_at=step.at,
    )  # fmt: skip
    life.rows.append(again)
    _move(life, step, lead=again, lead_id=last.body_id, closed_at=None)


_STEPS: Mapping[str, Any] = {
    "dispatch.offer": _offered,
    "ruling.rule": _offered,
    "handover.sign": _signed,
    "handover.sign_by_time": _signed,
    "handover.return_": _return_asked,
    "handover.accept_return": _returned,
    "handover.return_by_time": _returned,
    "consultation.contest": _contested,
    "consultation.open": _contested,
    "handling.note_contact": _contacted,
    "handling.note_progress": _progressed,
    "clocks.suspend": _suspended,
    "clocks.resume": _goes_on,
    "banking.bank": _banked,
    "banking.take_up": _goes_on,
    "handling.reply": _replied,
    "review.approve": _reviewed,
    "review.send_back": _reviewed,
    "feedback.answer": _answered,
    "feedback.conclude": _ended,
    "feedback.send_back": _reopened,
    "reopening.reopen": _reopened,
    "intake.answer_at_once": _ended,
    "intake.settle_on_spot": _ended,
    "intake.decline": _declined,
}


def _store(made: Sequence[tuple[PastLife, _Life]], *, looked_at: datetime, by: Actor) -> None:
    if not made:
        return
    lives = [life for _, life in made]
    for life in lives:
        life.case.changed_at = max(at for verb, at, *_ in life.notes if moving.seen_outside(verb, at))
    Report.objects.bulk_create(life.report for life in lives)
    Case.objects.bulk_create(life.case for life in lives)
    Membership.objects.bulk_create(life.member for life in lives)
    rows = [row for life in lives for row in (*life.rows, *life.clocks)]
    for kind in _ROWS:  # handovers first: clocks and replies point to them
        manager: Any = kind.objects
        manager.bulk_create([r for r in rows if isinstance(r, kind)])
    _keep_decisions(lives)
    safekeeping.seal_words([one.incoming for one, _ in made], [life.report for life in lives])
    notes = [
        trail.Note(verb, ("case", life.case.id), at, codes, words, None, f"{CASE.code}@{CASE.edition}")
        for life in lives
        for verb, at, codes, words, _ in life.notes
    ]
    trail.record_many(notes, by=by, new=True)


def _keep_decisions(lives: Sequence[_Life]) -> None:
    """Keep what the lists in force say of each case that was offered, at the moment of its first offer.

    A new edition is tried on it (spec 11 §8). No handover names it: the former system decided, not these lists.
    """
    offered = ((life.routed, next((r for r in life.rows if isinstance(r, Handover)), None)) for life in lives)
    deciding.keep_past([(routed, first.offered_at) for routed, first in offered if routed and first])
