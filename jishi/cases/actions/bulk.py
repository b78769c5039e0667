"""成批办: look at many cases, do one thing to each, put it back for a while (spec 10 §14).

A look runs the very verbs in savepoints that are rolled back, so that look and deed agree row by row. Each row is a
savepoint of its own; only a row whose version is the one that was seen is touched, by the deed and by its undo.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate, localtime

from jishi.cases import policies
from jishi.cases.actions import clocks, correcting, dispatch, moving, putting_back, tagging, urging
from jishi.cases.models import BulkPlan, BulkRow, Case, Handover
from jishi.cases.states import BulkState, BulkVerb
from jishi.cases.triage import routing
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused, Stale

AT_MOST = 500  # cases of one plan
PART = 50  # rows of one call: a transaction of a second or two
APPLY_WITHIN, UNDO_WITHIN = timedelta(minutes=15), timedelta(minutes=30)
KEEP = timedelta(days=30)
PUT_BACK = "成批派单撤回"  # what the body reads


class TooMany(Refused):
    code, status = "too_many_at_once", 422
    zh, en = "一次最多 {most} 件，选了 {n} 件。", "At most {most} at once; {n} are chosen."
    next_zh, next_en = "筛选得细一些，分几次办。", "Filter further and do it in parts."


class NothingChosen(Refused):
    code, status = "nothing_chosen", 422
    zh, en = "还没有选事件。", "No case is chosen."
    next_zh, next_en = "回到列表，在前面打钩；键盘按 X。", "Tick cases in the list; the key is X."


class PlanIsOver(Refused):
    code, status = "plan_is_over", 409
    zh = "这一批已经过了时间（{until}），没有再动。"
    en = "The time of this plan is over ({until}); nothing more was done."
    next_zh, next_en = "要再办，重新选、重新看一遍。", "Choose again and look again."


class NothingLeft(Refused):
    code, status = "nothing_left", 409
    zh, en = "没有还能办的行了。", "No row is left to do."
    next_zh, next_en = "看一下每一行的结果。", "Look at what became of each row."


class ListsNameNobody(Refused):
    code, status = "lists_name_nobody", 409
    zh, en = "清单没有定下单位：{outcome}。", "The lists name no single body: {outcome}."
    next_zh, next_en = "在派单台单独派。", "Offer it at the desk, by itself."


class SaidIsSaid(Refused):
    code, status = "said_is_said", 409
    zh, en = "催过的话对方已经看到，收不回。", "The other side has read the urging; it cannot be unsaid."
    next_zh, next_en = "要更正，再写一句。", "To correct it, write another word."


@dataclass(frozen=True, slots=True)
class Told:
    """What the verb is told for every case. `body_id` empty: each goes to the body that the lists name."""

    body_id: int | None = None
    item_id: int | None = None
    instruction: str = ""
    why: str = ""
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    matter: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of the rows of one call, and how many wait for the next."""

    plan: BulkPlan
    rows: tuple[BulkRow, ...]
    left: int


# --- the verbs and their ways back -------------------------------------------------------------------------

Run = Callable[[int, Told, dict[str, Any]], Case]
Back = Callable[[BulkRow, dict[str, Any]], Case]


def _offer(case_id: int, told: Told, who: dict[str, Any]) -> Case:
    body_id, item_id = told.body_id, told.item_id
    if body_id is None:
        routed = routing.route_case(Case.objects.get(id=case_id), now=who["now"])
        if routed.body_id is None:
            raise ListsNameNobody(outcome=routed.outcome)
        body_id, item_id = routed.body_id, routed.item.id if routed.item else None
    to = dispatch.Offer(body_id, item_id, instruction=told.instruction, why=told.why)
    return dispatch.offer(case_id, to=to, **who)


def _take_back(case_id: int, told: Told, who: dict[str, Any]) -> Case:
    return dispatch.take_back(case_id, reason=told.words, **who)


def _tag(case_id: int, told: Told, who: dict[str, Any]) -> Case:
    return tagging.tag(case_id, add=told.add, remove=told.remove, **who)


def _matter(case_id: int, told: Told, who: dict[str, Any]) -> Case:
    return correcting.correct_matter(case_id, matter=told.matter, **who)


def _urge(case_id: int, told: Told, who: dict[str, Any]) -> Case:
    return urging.urge(case_id, words=told.words, **who).case


def _extend(case_id: int, told: Told, who: dict[str, Any]) -> Case:
    return clocks.extend(case_id, **who)


def _offer_again(row: BulkRow, who: dict[str, Any]) -> Case:
    was = Handover.objects.get(id=row.before["handover"])
    to = dispatch.Offer(
        was.body_id, was.duty_item_id, was.instruction, was.why_not_the_list, designated=was.designated
    )
    return dispatch.offer(row.case_id, to=to, **who)


def _tag_back(row: BulkRow, who: dict[str, Any]) -> Case:
    before, after = row.before["tags"], row.after["tags"]
    gone, new = [t for t in before if t not in after], [t for t in after if t not in before]
    return tagging.tag(row.case_id, add=gone, remove=new, **who)


def _matter_back(row: BulkRow, who: dict[str, Any]) -> Case:
    if not row.before["matter"]:
        return putting_back.unsay_matter(row.case_id, **who)
    return correcting.correct_matter(row.case_id, matter=row.before["matter"], **who)


def _unsay(row: BulkRow, who: dict[str, Any]) -> Case:
    raise SaidIsSaid


_VERBS: Mapping[str, tuple[Run, Back]] = {
    BulkVerb.OFFER: (_offer, lambda row, who: dispatch.take_back(row.case_id, reason=PUT_BACK, **who)),
    BulkVerb.TAKE_BACK: (_take_back, _offer_again),
    BulkVerb.TAG: (_tag, _tag_back),
    BulkVerb.MATTER: (_matter, _matter_back),
    BulkVerb.URGE: (_urge, _unsay),
    BulkVerb.EXTEND: (_extend, lambda row, who: putting_back.unextend(row.case_id, **who)),
}


# --- looking, doing, undoing -------------------------------------------------------------------------------


@transaction.atomic
def preview(verb: str, case_ids: Collection[int], *, told: Told, by: Actor, now: datetime) -> BulkPlan:
    """Try the verb on each case and put all of it back; keep as it was seen, as it would be, or why not.

    :raises Invalid: no such verb. :raises NothingChosen, TooMany: how many. :raises NotFound: a case that `by` may
    not see. :raises NotAllowed: neither a colleague nor a program.
    """
    if by.kind not in ("staff", "client"):
        raise NotAllowed
    if verb not in _VERBS:
        raise Invalid(detail=f"verb: {verb}")
    ids = set(case_ids)
    if not ids:
        raise NothingChosen
    if len(ids) > AT_MOST:
        raise TooMany(most=AT_MOST, n=len(ids))
    cases = list(policies.visible_to(by, Case.objects.filter(id__in=ids)).order_by("id"))
    if len(cases) != len(ids):
        raise NotFound
    with scope.within(system(by.tenant_id)):  # a plan goes with all its rows, also those that `by` does not see
        BulkPlan.objects.filter(tenant_id=by.tenant_id, ends_on__lt=localdate(now)).delete()
    plan = BulkPlan.objects.create(
        tenant_id=by.tenant_id, verb=verb, said=_kept(told), by=by.label, made_at=now, apply_until=now + APPLY_WITHIN,
        ends_on=localdate(now + KEEP),
    )  # fmt: skip
    offered = _offered(cases) if verb == BulkVerb.TAKE_BACK else {}
    rows = [_looked(plan, case, told, offered.get(case.id), by=by, now=now) for case in cases]
    BulkRow.objects.bulk_create(rows)
    ready = sum(r.state == BulkState.READY for r in rows)
    codes = {"verb": verb, "rows": len(rows), "ready": ready}
    trail.record("bulk.looked_at", ("bulk", plan.id), by=by, at=now, codes=codes, new=True)
    return plan


@transaction.atomic
def apply(plan_id: int, *, by: Actor, now: datetime, version: int | None = None, most: int = PART) -> Done:
    """Do the next rows, each in a savepoint of its own, each only as it was seen. Called again while some are left.

    :raises PlanIsOver: 15 minutes after the look, or it was undone. :raises NothingLeft: every row is done.
    """
    plan = _own(plan_id, by, version)
    if plan.undone_at is not None or now > plan.apply_until:
        raise PlanIsOver(until=_clock(plan.undone_at or plan.apply_until))
    rows = _next(plan, BulkState.READY, most)
    told, run = _told(plan), _VERBS[plan.verb][0]
    for row in rows:
        who = {"by": by, "now": now, "version": row.seen}
        _step(row, partial(run, row.case_id, told, who), BulkState.DONE, BulkState.FAILED)
    return _keep(plan, rows, "bulk.applied", by=by, now=now, applied_at=now, undo_until=now + UNDO_WITHIN)


@transaction.atomic
def undo(plan_id: int, *, by: Actor, now: datetime, version: int | None = None, most: int = PART) -> Done:
    """Put the next rows back, each only while nobody has moved its case since. Called again while some are left.

    :raises PlanIsOver: 30 minutes after the deed, or nothing was done. :raises NothingLeft: every row was looked at.
    """
    plan = _own(plan_id, by, version)
    if plan.undo_until is None or now > plan.undo_until:
        raise PlanIsOver(until=_clock(plan.undo_until or plan.apply_until))
    rows = _next(plan, BulkState.DONE, most)
    back = _VERBS[plan.verb][1]
    for row in rows:
        who = {"by": by, "now": now, "version": row.made}
        _step(row, partial(back, row, who), BulkState.UNDONE, BulkState.KEPT)
    return _keep(plan, rows, "bulk.undone", by=by, now=now, undone_at=now)


def _own(plan_id: int, by: Actor, version: int | None) -> BulkPlan:
    plan = BulkPlan.objects.select_for_update().filter(tenant_id=by.tenant_id, id=plan_id, by=by.label).first()
    if plan is None:
        raise NotFound
    if version is not None and version != plan.version:
        raise Stale(version=plan.version, seen=version)
    return plan


def _next(plan: BulkPlan, state: BulkState, most: int) -> list[BulkRow]:
    """The next rows, by case: two plans over the same cases wait for each other, never forever."""
    rows = list(BulkRow.objects.filter(plan=plan, state=state).order_by("case_id")[:most])
    if not rows:
        raise NothingLeft
    return rows


def _looked(
    plan: BulkPlan, case: Case, told: Told, handover: int | None, *, by: Actor, now: datetime
) -> BulkRow:
    """Try one case and put it back."""
    before = _standing(case) | ({"handover": handover} if handover else {})
    row = BulkRow(tenant_id=plan.tenant_id, plan=plan, case=case, seen=case.version, before=before)
    who = {"by": by, "now": now, "version": case.version}
    run = _VERBS[plan.verb][0]
    try:
        with transaction.atomic():
            row.after, row.state = _standing(run(case.id, told, who)), BulkState.READY
            raise _OnlyTried
    except _OnlyTried:
        pass
    except Refused as no:  # an attempt that must be counted is counted when it is made, not when it is looked at
        row.state, row.code, row.facts = BulkState.REFUSED, no.code, _plain(no.facts)
    return row


class _OnlyTried(Exception):
    """What was tried is rolled back."""


def _step(row: BulkRow, run: Callable[[], Case], done: BulkState, not_done: BulkState) -> None:
    """Do one row in a savepoint; a refusal leaves the case as it is and stands in the row."""
    try:
        with transaction.atomic():
            case = run()
    except Refused as no:
        row.state = BulkState.MOVED if isinstance(no, Stale) and done == BulkState.DONE else not_done
        row.code, row.facts = no.code, _plain(no.facts)
        if no.afterwards is not None:
            no.afterwards()
    else:
        row.state, row.code, row.facts = done, "", {}
        row.made, row.after = case.version, row.after if done == BulkState.UNDONE else _standing(case)
    row.version += 1


def _keep(
    plan: BulkPlan, rows: list[BulkRow], entry: str, *, by: Actor, now: datetime, **values: datetime
) -> Done:
    BulkRow.objects.bulk_update(rows, ["state", "code", "facts", "made", "after", "version"])
    plan.change(**values)
    counted = {state.value: sum(r.state == state for r in rows) for state in BulkState}
    codes = {"verb": plan.verb, **{state: n for state, n in counted.items() if n}}
    trail.record(entry, ("bulk", plan.id), by=by, at=now, codes=codes)
    goes_on = BulkState.READY if entry == "bulk.applied" else BulkState.DONE
    return Done(plan, tuple(rows), BulkRow.objects.filter(plan=plan, state=goes_on).count())


def _standing(case: Case) -> dict[str, Any]:
    """What of a case these verbs change."""
    return {
        "status": case.status, "lead": case.lead_id, "matter": case.matter, "tags": list(case.tags),
        "due": case.promise_due_at.isoformat() if case.promise_due_at else "",
    }  # fmt: skip


def _offered(cases: list[Case]) -> dict[int, int]:
    rows = Handover.objects.filter(case__in=cases, role="lead", status__in=moving.OPEN_HANDOVER)
    return dict(rows.values_list("case_id", "id"))


def _kept(told: Told) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(told).items() if v}


def _told(plan: BulkPlan) -> Told:
    said: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in plan.said.items()}
    return Told(**said)


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a sentence needs of the facts, and not more."""
    return {k: v if isinstance(v, int | float) else str(v)[:200] for k, v in facts.items() if k != "since"}


def _clock(moment: datetime) -> str:
    return localtime(moment).strftime("%Y-%m-%d %H:%M")
