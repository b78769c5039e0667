"""复核: what a caller calls not solved is judged by another person, and closed by nobody before (spec 10 §5, 21–22).

Whose answer waits is read from the answers and the judgements themselves. Meanwhile the feedback clock stands still and
the reviewer's runs; when that is over nothing counts as agreed and nothing is closed: he is reminded, then those above.
Where he does not agree the caller has a time to answer again (rule `second_look`), and nobody closes before it is over.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from jishi.bodies import queries as bodies
from jishi.cases import limits
from jishi.cases.actions import handover, moving, reckoning
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Feedback, Recheck
from jishi.cases.refusals import (
    GroundNeeded,
    MayAnswerAgain,
    NothingToLookAt,
    NotSolvedAgain,
    NotSolvedWaits,
    SamePerson,
)
from jishi.cases.states import CASE, NotBackGround, Solved, Status
from jishi.foundation import ends
from jishi.foundation.actor import Actor
from jishi.foundation.procedures import ensure_move
from jishi.kernels import worktime
from jishi.kernels.procedure import Move, effects

MOST_LOOKS = 2  # at one caller's "not solved" in one round: then two persons have said why it does not go back
WHY = (10, 500)  # characters


# --- what stands -------------------------------------------------------------------------------------------


def said_no(cases: QuerySet[Case] | Collection[int]) -> QuerySet[Feedback]:
    """Give the answers "not solved" that hold in the present round of these cases: of whoever still belongs to them."""
    later = Feedback.objects.filter(case=OuterRef("case"), round__gt=OuterRef("round"))
    rows = Feedback.objects.filter(case__in=cases, solved=Solved.NO, superseded_by=None, membership__to_at=None)
    return rows.filter(~Exists(later))


def unjudged(cases: QuerySet[Case] | Collection[int]) -> QuerySet[Feedback]:
    """Keep those that nobody has judged; a caller at whom two persons have looked in this round is not looked at again.

    Of the second round and later ones too: those go back without being judged (`is_second`).
    """
    of_this = Recheck.objects.filter(feedback=OuterRef("pk"))
    twice = Recheck.objects.filter(
        feedback__membership=OuterRef("membership"), feedback__round=OuterRef("round"), verdict="denied"
    ).order_by("id")
    nth = twice.values("id")[MOST_LOOKS - 1 : MOST_LOOKS]
    return said_no(cases).filter(~Exists(of_this), ~Exists(nth))


def standing(case: Case) -> list[Feedback]:
    """Give the answers "not solved" of the present round that nobody has judged, the oldest first."""
    return list(unjudged([case.id]).select_related("membership__report").order_by("answered_at", "id"))


def is_second(case: Case) -> bool:
    """Tell whether it was said of this case in an earlier round that it is not solved: now it goes back unreviewed."""
    return case.id in second_of([case.id])


def second_of(cases: Collection[int]) -> set[int]:
    """Tell of which of these cases an earlier round holds an answer "not solved"; one statement."""
    later = Feedback.objects.filter(case=OuterRef("case"), round__gt=OuterRef("round"))
    rows = Feedback.objects.filter(Exists(later), case__in=cases, solved=Solved.NO, superseded_by=None)
    return set(rows.values_list("case_id", flat=True))


def waiting(case: Case) -> list[Feedback]:
    """Give the answers that wait for a reviewer: the first "not solved" of a case, by each of its callers."""
    found = standing(case) if case.status == Status.FEEDBACK else []
    return [] if found and is_second(case) else found


def ensure_nothing_stands(case: Case, now: datetime) -> None:
    """Insist that nobody's "not solved" of this round is unjudged, and that nobody may still answer again.

    :raises NotSolvedWaits: it is the reviewer's turn. :raises NotSolvedAgain: it goes back without review.
    :raises MayAnswerAgain: a reviewer did not agree, and the caller's time to answer again is not over.
    """
    if standing(case):
        raise NotSolvedAgain if is_second(case) else NotSolvedWaits
    until = answer_until(case)
    if until is not None and now < until:
        raise MayAnswerAgain(until=ends.named(until))


def answer_until(case: Case) -> datetime | None:
    """Say until when the last of those with whom no reviewer agreed may answer again; None where nobody may."""
    rows = Recheck.objects.filter(feedback__in=said_no([case.id]), verdict="denied").exclude(answer_until=None)
    return rows.order_by("-answer_until").values_list("answer_until", flat=True).first()


def answer_of(case_id: int, report: str) -> int:
    """Name the answer that waits of the report of this number; 0 for none."""
    rows = unjudged([case_id]).filter(membership__report__number=report)
    return rows.values_list("id", flat=True).first() or 0


# --- what follows of an answer -----------------------------------------------------------------------------


def answered(held: Held, row: Feedback, *, by: Actor, now: datetime) -> None:
    """Put a caller's "not solved" before a reviewer; take it away from him where it was corrected meanwhile."""
    waits = waiting(held.case)
    mine = next((one for one in waits if one.id == row.id), None)
    if mine is not None:
        call(held, mine, by=by, now=now)
    else:
        settle(held, by=by, now=now)


def call(held: Held, row: Feedback, *, by: Actor, now: datetime) -> None:
    """Put one "not solved" before a reviewer: the feedback clock stands still, his runs; one for all who say so."""
    runs = held.clock("recheck") is not None or _runs_on(held, row, now)
    _beside(
        held, "rechecking.call", by=by, now=now, spares={"recheck"} if runs else (),
        codes={"report": row.membership.report_id, "answer": row.id, "round": row.round},
    )  # fmt: skip


def _runs_on(held: Held, row: Feedback, now: datetime) -> bool:
    """Run the reviewer's clock on with what was left where it stopped because a caller took his "not solved" back.

    Who says yes and no in turn does not start it anew: only a judgement, another round, or another caller does, and the
    end of its time, of which those above were told.
    """
    last = max((c for c in held.clocks if c.kind == "recheck"), key=lambda c: (c.started_at, c.id), default=None)
    if last is None or last.stopped_at is None or last.expired_at is not None or last.started_at < row.asked_at:
        return False
    own = Feedback.objects.filter(membership=row.membership_id, round=row.round, solved=Solved.NO)
    if not own.filter(answered_at__lte=last.stopped_at).exclude(id=row.id).exists():
        return False
    if Recheck.objects.filter(case=held.case, at__gte=last.started_at).exists():
        return False
    reckoning.run_on(last, now)
    return True


def settle(held: Held, *, by: Actor, now: datetime) -> None:
    """Let the feedback clock run on where nobody's "not solved" waits any more: corrected, or gone to another case."""
    if held.case.status == Status.FEEDBACK and held.clock("recheck") is not None and not waiting(held.case):
        drop(held, by=by, now=now)


def drop(held: Held, *, by: Actor, now: datetime) -> None:
    """Note that no second look is needed any more."""
    _beside(held, "rechecking.drop", by=by, now=now, codes={})
    _run_out_later(held, now)


# --- what a reviewer does ----------------------------------------------------------------------------------


@transaction.atomic
def agree(case_id: int, *, answer_id: int, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Send the case back to the body that answered: a reviewer finds with its caller that it is not solved.

    `why` is what the body still has to do; the caller's own words stay his until the case is closed (spec 10 §9).
    :raises NothingToLookAt, NotSolvedAgain, SamePerson, GroundNeeded: see each.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "rechecking.agree", by=by)
    row = _looked_at(held, answer_id, by)
    said = _sentence(why, "还要做什么", "what is still to be done")
    _keep(row, "agreed", "", said, by=by, now=now)
    return again(held, move, said, by=by, now=now)


@transaction.atomic
def disagree(
    case_id: int, *, answer_id: int, ground: str, why: str, by: Actor, now: datetime, version: int | None = None
) -> Case:
    """Leave the answer as it is, by a coded ground and a sentence that its caller reads; he may answer again.

    Raises as `agree`; the ground is of `NotBackGround`.
    """
    held = moving.hold(case_id, by=by, version=version)
    moving.ensure_beside(held, "rechecking.disagree", by=by)
    row = _looked_at(held, answer_id, by)
    if ground not in NotBackGround.values:
        raise GroundNeeded(what="不退回的理由", what_en="the ground for not sending it back")
    said = _sentence(why, "给诉求人的话", "a sentence for the caller")
    until = _again_until(row, now)
    _keep(row, "denied", ground, said, by=by, now=now, until=until)
    _beside(
        held, "rechecking.disagree", by=by, now=now, words={"why": said},
        spares={"recheck", "feedback"} if waiting(held.case) else (),
        codes={"report": row.membership.report_id, "answer": row.id, "round": row.round, "ground": ground,
               "until": until.isoformat() if until else ""},
    )  # fmt: skip
    _run_out_later(held, now)
    stay_open(held, now)
    return held.case


def stay_open(held: Held, now: datetime) -> bool:
    """Let the feedback clock end no sooner than whoever may answer again has had his time; tell whether he has it."""
    clock, until = held.clock("feedback"), answer_until(held.case)
    if clock is None or until is None or until <= now:
        return False
    if clock.due_at is not None and clock.due_at < until:
        clock.change(due_at=until, expired_at=None)
    return True


def _again_until(row: Feedback, now: datetime) -> datetime | None:
    """Say until when this caller may answer again; None after the last look, or where no table says what a day is."""
    looks = Recheck.objects.filter(feedback__membership=row.membership_id, feedback__round=row.round, verdict="denied")
    if looks.count() + 1 >= MOST_LOOKS:
        return None
    amount = worktime.parse_amount(limits.load().answer_again)
    try:
        return worktime.add(now, amount, bodies.hours_of([None])[None].calendar).moment
    except worktime.CalendarNotKnown:
        return None


def again(held: Held, move: Move, why: str, *, by: Actor, now: datetime) -> Case:
    """Carry row 22 out: the same body signs at once, with the clock of a reopening."""
    lead = handover.sign_again(held, move.verb, now=now)
    return moving.carry_out(
        held, move, by=by, now=now, new_lead=lead,
        case_values={"lead_id": lead.body_id},
        codes={"body": lead.body_id, "handover": lead.id}, words={"why": why} if why else None,
    )  # fmt: skip


def _looked_at(held: Held, answer_id: int, by: Actor) -> Feedback:
    """Give the answer that waits, and insist that nobody looks twice at one caller in one round."""
    found = standing(held.case)
    if found and is_second(held.case):
        raise NotSolvedAgain
    row = next((one for one in found if one.id == answer_id), None)
    if row is None:
        raise NothingToLookAt
    if moving.person(by.label) == moving.person(row.recorded_by):  # before this rule no entry said who took it down
        raise SamePerson(
            why="这个回答是您记下的，由另一人复核。", why_en="You took this answer down; another person judges it."
        )
    before = Recheck.objects.filter(feedback__membership=row.membership_id, feedback__round=row.round)
    if moving.person(by.label) in {moving.person(label) for label in before.values_list("reviewer", flat=True)}:
        raise SamePerson(
            why="这位诉求人的回答您复核过一次，再说一次由另一人看。",
            why_en="You have looked at this caller's answer once; another person looks at the next.",
        )
    return row


def _sentence(why: str, what: str, what_en: str) -> str:
    said = why.strip()
    if not WHY[0] <= len(said) <= WHY[1]:
        raise GroundNeeded(
            what=f"{what}（{WHY[0]} 到 {WHY[1]} 字）", what_en=f"{what_en} ({WHY[0]} to {WHY[1]} characters)"
        )
    return said


def _keep(
    row: Feedback, verdict: str, ground: str, why: str, *, by: Actor, now: datetime, until: datetime | None = None
) -> None:
    Recheck.objects.create(
        tenant_id=row.tenant_id, case_id=row.case_id, feedback=row, reviewer=by.label, verdict=verdict, ground=ground,
        why=why, at=now, answer_until=until,
    )  # fmt: skip


def _beside(
    held: Held, verb: str, *, by: Actor, now: datetime, codes: dict[str, object], words: dict[str, str] | None = None,
    spares: Collection[str] = (),
) -> None:  # fmt: skip
    """Do an act of the table that turns clocks and leaves the case where it is."""
    row = ensure_move(CASE, verb, held.case.status)
    acts = {kind: act for kind, act in effects([row]).items() if kind not in spares}
    turn = reckoning.turn(held.case, held.lead, held.clocks, acts, now=now)
    reckoning.save(turn)
    held.clocks += turn.new
    moving.carry_out_beside(held, row, by=by, now=now, codes=codes, words=words)


def _run_out_later(held: Held, now: datetime) -> None:
    """A feedback clock that ran out while somebody looked runs out once more: the sweep ends what nobody holds."""
    clock = held.clock("feedback")
    if clock is not None and clock.expired_at is not None and not reckoning.is_paused(clock):
        clock.change(expired_at=None)
