"""What only an undo does: a matter that was said is unsaid, an extension that was granted waits again (spec 10 §14).

Each is a verb with its own entry; nothing that was recorded goes away.
"""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from jishi.cases import policies
from jishi.cases.actions import correcting, moving, reckoning
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Extension
from jishi.cases.states import Status
from jishi.cases.triage import routing
from jishi.duties import queries as duties
from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, Refused


class NotLonger(Refused):
    code, status = "not_longer", 409
    zh, en = "这次延期已经不是最后一次，不能撤回。", "This extension is not the last any more."
    next_zh, next_en = "看一下各个时限。", "Look at the clocks."


@transaction.atomic
def unsay_matter(case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Let a case that waits at the desk be without a matter again; its promise is the common one from its own start.

    :raises WrongMoment: somebody was asked already, by what the matter was. :raises NotAllowed: not the dispatcher's.
    """
    held = moving.hold(case_id, by=by, version=version)
    policies.ensure_may_see(by, held.stand)
    if not policies.PARTIES["dispatcher"](by, held.stand):
        raise NotAllowed(why="事项由派单员说定。")
    case = held.case
    if case.status != Status.RECEIVED:
        moving.ensure(held, "dispatch.offer", by=by)  # tells which moves are open
    before, due_before = case.matter, case.promise_due_at
    case.matter = ""
    routed = routing.route_case(case, now=now)
    case.change(matter="", book_edition=duties.book_edition(day=localdate(now)), routed=routed.outcome, changed_at=now)
    correcting.count_promise_again(held, routed.promises, now)
    trail.record(
        "case.matter_unsaid", ("case", case.id), by=by, at=now,
        codes={"version": case.version, "from": before, "matter": "", "due_from": correcting.written(due_before),
               "due": correcting.written(case.promise_due_at)},
    )  # fmt: skip
    outbox.announce(CaseMoved(case.id, "intake.correct_matter", case.status, ()), at=now)
    return case


@transaction.atomic
def unextend(case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Let the last extension that `by` granted wait for a decision again: the clocks end when they did before.

    Who told the caller tells him again: the day is on his page. :raises NotLonger: not by this person, not the last,
    its clock has stopped, or another was asked for. :raises NotAllowed: not who may grant it.
    """
    held = moving.hold(case_id, by=by, version=version)
    moving.ensure_beside(held, "clocks.extend", by=by)
    rows = list(Extension.objects.filter(case=held.case).order_by("-id")[:1])
    clock = next((c for c in held.clocks if rows and c.id == rows[0].clock_id and c.stopped_at is None), None)
    if clock is None or rows[0].verdict != "approved" or rows[0].decided_by != by.label:
        raise NotLonger
    asked, promise = rows[0], held.clock("promise")
    shorter = [c for c in (clock, promise) if c is not None and c.extensions and c.extensions[-1] == asked.amount]
    due_from = held.case.promise_due_at
    for one in shorter:
        one.extensions = one.extensions[:-1]
        reckoning.pin(one, reckoning.calendar_of(one))
    reckoning.save(reckoning.Turn(changed=shorter))
    asked.change(
        verdict="", decided_at=None, decided_by="", due_before=None, due_after=None, told_caller_at=None,
        told_hotline_at=None,
    )  # fmt: skip
    due = promise.due_at if promise is not None and promise in shorter else due_from
    moving.beside(
        held, "clock.extension_undone", by=by, now=now, case_values={"promise_due_at": due, "changed_at": now},
        codes={"extension": asked.id, "amount": asked.amount, "clock": clock.kind,
               "due_from": correcting.written(due_from), "due": correcting.written(due)},
    )  # fmt: skip
    outbox.announce(CaseMoved(held.case.id, "clocks.unextend", held.case.status, ()), at=now)
    return held.case
