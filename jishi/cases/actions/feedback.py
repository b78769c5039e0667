"""回访: three answers, each may be missing; silence is never "satisfied" (spec 10 §9)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils.timezone import localtime

from jishi.cases import policies
from jishi.cases.actions import linking, moving, naming, rechecking
from jishi.cases.actions.handover import from_outside
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Feedback, Handover, Membership
from jishi.cases.refusals import GroundNeeded, LinkIsOver, NoCallNow, NotSolvedNeedsReview
from jishi.cases.states import Contacted, Satisfied, Solved, Status, Voice
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound, Stale
from jishi.kernels.text.minimise import minimise_one

ANSWER_FOR = timedelta(days=30)
ATTEMPTS = 3  # half days in which somebody was called
FROM, TO, NOON = time(8, 30), time(20, 0), time(12, 0)  # when people are called (spec 10 §9)


@dataclass(frozen=True, slots=True)
class Answers:
    """Three answers; what is not said is `no_answer`."""

    contacted: str = Contacted.NO_ANSWER.value
    solved: str = Solved.NO_ANSWER.value
    satisfied: str = Satisfied.NO_ANSWER.value
    text: str = ""
    reasons: tuple[str, ...] = field(default_factory=tuple)


def ask(case: Case, *, now: datetime) -> list[Feedback]:
    """Ask every member of the case, each for himself; the links go out with the news of the approved reply."""
    members = Membership.objects.filter(case=case, to_at=None)
    last = Feedback.objects.filter(case=case).order_by("-round").values_list("round", flat=True).first() or 0
    rows = [Feedback(tenant_id=case.tenant_id, membership=m, case=case, round=last + 1, asked_at=now) for m in members]
    return list(Feedback.objects.bulk_create(rows))


def ask_also(case: Case, members: Sequence[Membership], *, now: datetime) -> list[Feedback]:
    """Ask those who came to the case while it waits for answers, in the present round."""
    last = Feedback.objects.filter(case=case).order_by("-round").values_list("round", flat=True).first() or 1
    rows = [Feedback(tenant_id=case.tenant_id, membership=m, case=case, round=last, asked_at=now) for m in members]
    return list(Feedback.objects.bulk_create(rows))


def go_with(left: Membership, stays: Membership) -> None:
    """Let what a caller was asked, and answered, stay his in the same case: the desk parted what he said in two."""
    Feedback.objects.filter(membership=left, case_id=stays.case_id).update(membership=stays)


def link_for(feedback_id: int) -> str:
    """Give the token that opens this asking for its caller: the same each time, only its hash is kept."""
    return linking.for_feedback(Feedback.objects.get(id=feedback_id))


def by_link(token: str, *, now: datetime) -> Feedback:
    """Find what a link asks. :raises LinkIsOver: used up, too old, or of a case that has gone on."""
    wanted = Feedback.objects.filter(token_hash=linking.hashed(token), superseded_by=None, membership__to_at=None)
    row = wanted.select_related("case").first()
    if row is None or now > row.asked_at + ANSWER_FOR:
        raise LinkIsOver
    if row.answered_at is not None or row.case.status != Status.FEEDBACK:
        raise LinkIsOver
    return row


def ensure_not_rated(row: Feedback, opener: Actor) -> None:
    """Refuse who is signed in for the body that is rated, or holds a post in it, whatever link he was given.

    :raises NotAllowed: the handling body neither records nor answers feedback about itself (spec 10 §9).
    """
    if row.case.lead_id in opener.body_ids | opener.tied_to:
        raise NotAllowed(why="被评价的单位不能替诉求人回答。")


def holder_of_link(token: str, *, opener: Actor, now: datetime) -> tuple[Feedback, Actor]:
    """Give what a link asks, and the actor that its holder is: the reporter asked, and nobody else.

    :raises NotAllowed: `opener` works for the body that is rated.
    """
    row = by_link(token, now=now)
    ensure_not_rated(row, opener)
    report_id = Membership.objects.values_list("report_id", flat=True).get(id=row.membership_id)
    return row, Actor(tenant_id=row.tenant_id, kind="reporter", report_id=report_id)


@transaction.atomic
def answer(feedback_id: int, *, answers: Answers, by: Actor, now: datetime, version: int | None = None) -> Feedback:
    """Keep one caller's answers; a later answer supersedes, both stay. All members answered "solved" → closed.

    `version` is that of the asking, not of the case: other callers answer at the same time.
    :raises GroundNeeded: an answer outside its list. :raises NotFound: not this caller's to answer.
    :raises Stale: answered meanwhile.
    """
    asked = Feedback.objects.filter(tenant_id=by.tenant_id, id=feedback_id).values_list("case_id", flat=True).first()
    if asked is None:
        raise NotFound
    held = moving.hold(asked, by=by)
    old = _newest(feedback_id)  # read behind the lock: somebody may have answered meanwhile
    _ensure_caller_or_desk(held, old, by)
    if version is not None and (old.id, old.version) != (feedback_id, version):
        raise Stale(version=old.version, status=held.case.status, seen=version)
    _ensure_known(answers)
    row = _write(old, answers, by=by, now=now)
    moving.beside(
        held, "feedback.answered", by=by, now=now,
        codes={"contacted": row.contacted, "solved": row.solved, "satisfied": row.satisfied, "round": row.round},
        words={"text": row.text_shown} if row.text_shown else None,
    )  # fmt: skip
    if held.case.status == Status.FEEDBACK:
        rechecking.answered(held, row, by=by, now=now)
    if held.case.status == Status.FEEDBACK and _all_solved(held.case, row.round):
        _conclude(held, by=Actor(tenant_id=by.tenant_id, kind="system", run="all_answered"), now=now)
    return row


@transaction.atomic
def note_attempt(case_id: int, *, result: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Note a call that reached nobody; three in different half days, 08:30–20:00, exhaust the attempts.

    :raises NoCallNow: outside these hours, a second time in one half day, or nobody is left to call (spec 10 §9).
    """
    held = moving.hold(case_id, by=by, version=version)
    if not policies.PARTIES["feedback_body"](by, held.stand):
        from_outside(held, by)
    moving.ensure_another_person(held, "feedback.conclude", by=by)
    rows = _to_call(held.case)
    if not any(why_no_call(row, now) == "" for row in rows):
        raise NoCallNow
    for row in (r for r in rows if why_no_call(r, now) == ""):
        row.change(attempts=[*row.attempts, [now.isoformat(), result]])
    moving.beside(held, "feedback.attempted", by=by, now=now, codes={"result": result})
    return held.case


@transaction.atomic
def conclude(case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Close the case: the answers are there, the attempts exhausted, or the clock has run out.

    :raises GroundNeeded: a person closes it while a caller can still be asked.
    :raises NotSolvedWaits, NotSolvedAgain: somebody says it is not solved, and nobody has judged it; it goes back.
    :raises MayAnswerAgain: a reviewer did not agree, and the caller's time to answer again is not over.
    """
    held = moving.hold(case_id, by=by, version=version)
    moving.ensure(held, "feedback.conclude", by=by)
    rechecking.ensure_nothing_stands(held.case, now)
    if by.kind not in ("clock", "system") and _is_somebody_to_ask(held.case, now):
        raise GroundNeeded(
            what="每个人的回答，或三个半天的电话", what_en="an answer of everybody, or calls in 3 half days"
        )
    return _conclude(held, by=by, now=now)


def half_day(moment: datetime) -> tuple[date, bool]:
    """Give the day and whether it is afternoon: one call in each counts (spec 10 §9)."""
    local = localtime(moment)
    return local.date(), local.time() >= NOON


def tries_of(row: Feedback) -> tuple[datetime, ...]:
    """Give the moments at which somebody called and reached nobody."""
    return tuple(datetime.fromisoformat(at) for at, _ in row.attempts)


def why_no_call(row: Feedback, now: datetime) -> str:
    """Say why this caller is not called now: answered, anonymous, not_drawn, exhausted, hours, half_day; else empty.

    Only who was drawn is called: nobody chooses (spec 10 §9).
    """
    half_days = {half_day(t) for t in tries_of(row)}
    if row.answered_at is not None:
        return "answered"
    if row.membership.report.voice == Voice.ANONYMOUS:
        return "anonymous"
    if not row.sampled:
        return "not_drawn"
    if len(half_days) >= ATTEMPTS:
        return "exhausted"
    if not FROM <= localtime(now).time() < TO:
        return "hours"
    return "half_day" if half_day(now) in half_days else ""


def _to_call(case: Case) -> list[Feedback]:
    """The askings of the present round that nobody has answered."""
    rows = Feedback.objects.filter(case=case, superseded_by=None, membership__to_at=None)
    found = list(rows.select_related("membership__report").order_by("id"))
    last = max((r.round for r in found), default=0)
    return [r for r in found if r.round == last and r.answered_at is None]


def _is_somebody_to_ask(case: Case, now: datetime) -> bool:
    return any(why_no_call(row, now) not in ("anonymous", "exhausted") for row in _to_call(case))


def _newest(feedback_id: int) -> Feedback:
    row = Feedback.objects.select_related("case").get(id=feedback_id)
    while row.superseded_by_id is not None:
        row = Feedback.objects.select_related("case").get(id=row.superseded_by_id)
    return row


def _conclude(held: Held, *, by: Actor, now: datetime) -> Case:
    move = moving.ensure(held, "feedback.conclude", by=by)
    return moving.carry_out(
        held, move, by=by, now=now, case_values={"closed_at": now}, codes={"outcome": held.case.outcome}
    )


def what_follows(case_id: int) -> str:
    """Say what becomes of a "not solved" that was just said: review, back (the second), reopen (it has ended), told.

    told: two persons have said in this round why it does not go back.
    """
    case = Case.objects.get(id=case_id)
    if case.status != Status.FEEDBACK:
        return "reopen" if case.status == Status.CLOSED else "told"
    if not rechecking.standing(case):
        return "told"
    return "back" if rechecking.is_second(case) else "review"


@transaction.atomic
def send_back(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Send the case back to the body that answered: it is said a second time not to be solved, so nobody reviews it.

    :raises NotSolvedNeedsReview: it is the first time (`rechecking.agree`). :raises GroundNeeded: nobody says so, or
    the body is not told what is still to be done.
    """
    held = moving.hold(case_id, by=by, version=version)
    moving.ensure(held, "feedback.send_back", by=by)
    if not rechecking.standing(held.case):
        raise GroundNeeded(what="诉求人“没解决”的回答", what_en="an answer 'not solved' of a caller")
    if not rechecking.is_second(held.case):
        raise NotSolvedNeedsReview
    if not why.strip():
        raise GroundNeeded(what="还要做什么", what_en="what is still to be done")
    return _send_back(held, why.strip(), by=by, now=now)


@transaction.atomic
def end_by_time(case_id: int, *, by: Actor, now: datetime) -> Case:
    """Do what follows when nobody is left to wait for: close; what is called not solved is never closed by the clock.

    The first time it is put before a reviewer, if it does not lie there already; the second time it goes back.
    """
    held = moving.hold(case_id, by=by)
    if rechecking.standing(held.case) and rechecking.is_second(held.case):
        return _send_back(held, "", by=by, now=now)
    if waits := rechecking.waiting(held.case):
        rechecking.call(held, waits[0], by=by, now=now)
        return held.case
    if rechecking.stay_open(held, now):
        return held.case
    return _conclude(held, by=by, now=now)


def _send_back(held: Held, why: str, *, by: Actor, now: datetime) -> Case:
    move = moving.ensure(held, "feedback.send_back", by=by)
    return rechecking.again(held, move, why, by=by, now=now)


def _write(old: Feedback, answers: Answers, *, by: Actor, now: datetime) -> Feedback:
    shown = minimise_one(answers.text).shown if answers.text.strip() else ""
    values = {
        "contacted": answers.contacted, "solved": answers.solved, "satisfied": answers.satisfied,
        "reasons": list(answers.reasons), "text_shown": shown,
        "recorded_by": naming.actor_in(old.case_id, by), "answered_at": now,
        "channel": "phone" if by.has("feedback") else "link",
    }  # fmt: skip
    if old.answered_at is None:
        old.change(**values)
        return old
    new = Feedback.objects.create(
        tenant_id=old.tenant_id, membership_id=old.membership_id, case_id=old.case_id, round=old.round,
        asked_at=old.asked_at, attempts=old.attempts, sampled=old.sampled, token_hash=old.token_hash, **values,
    )  # fmt: skip
    old.change(superseded_by=new, token_hash="")
    return new


def _ensure_caller_or_desk(held: Held, row: Feedback, by: Actor) -> None:
    """The caller himself, or the feedback body; never the body that handled it."""
    member = Membership.objects.select_related("report").get(id=row.membership_id)
    own = (by.kind == "reporter" and by.report_id == member.report_id) or (
        by.kind == "resident" and by.account_id is not None and by.account_id == member.report.reporter_id
    )
    if own or by.kind == "system":
        return
    if not policies.PARTIES["feedback_body"](by, held.stand) or _handled_by(held.case, by.body_ids):
        from_outside(held, by)
    moving.ensure_another_person(held, "feedback.conclude", by=by)


def _handled_by(case: Case, body_ids: Iterable[int]) -> bool:
    return Handover.objects.filter(case=case, body_id__in=list(body_ids)).exists()


def _all_solved(case: Case, round_: int) -> bool:
    rows = Feedback.objects.filter(case=case, round=round_, superseded_by=None, membership__to_at=None)
    return all(r.answered_at is not None and r.solved in (Solved.YES, Solved.PARTLY) for r in rows)


def _ensure_known(answers: Answers) -> None:
    if answers.contacted not in Contacted.values or answers.solved not in Solved.values:
        raise GroundNeeded(what="联系过没有、解决没有", what_en="whether contacted and solved")
    if answers.satisfied not in Satisfied.values:
        raise GroundNeeded(what="满意不满意", what_en="whether satisfied")
