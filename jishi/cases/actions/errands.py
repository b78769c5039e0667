"""跑腿单: set, take, put back, finish, find, cannot, drop (spec 10 §12).

Many presses are judged and stored in a number of statements that does not grow with them; one press is a batch of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies, walkers
from jishi.cases.actions import arrival, intake, recordings
from jishi.cases.actions.alongside import worded
from jishi.cases.actions.arrival import Here, Incoming
from jishi.cases.actions.intake import Received
from jishi.cases.actions.lending import ensure_lists_allow
from jishi.cases.events import ErrandMoved
from jishi.cases.legwork import ERRAND, FINDINGS, LOOKING, OPEN_ERRAND, ErrandKind, ErrandStatus
from jishi.cases.models import Case, Errand, RoutePoint
from jishi.cases.refusals import GroundNeeded
from jishi.cases.states import ENDS, Channel
from jishi.foundation import numbers, outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.procedures import ensure_move
from jishi.foundation.refusals import Invalid, NotFound, Refused, Stale, WrongMoment
from jishi.kernels import worktime
from jishi.kernels.procedure import BIRTH, Move
from jishi.kernels.text.minimise import minimise_one

RULE = f"{ERRAND.code}@{ERRAND.edition}"
MOST_WORDS = 500
AT_MOST = 500  # rows acted upon in one transaction


class FindingNeeded(Refused):
    code, status = "finding_needed", 422
    zh, en = "要选一项看到的情况：{known}。", "Choose what you found: {known_en}."
    next_zh, next_en = "选一项就行，可以不写字。", "One press is enough; no words are needed."


class NotForEverybody(Refused):
    code, status = "errand_not_for_everybody", 422
    zh, en = "核实和核查不能让志愿者、骑手接。", "Verifying a case is not for volunteers or couriers."
    next_zh, next_en = "去掉“都可以接”，由这一片的网格员接。", "Leave it to the grid worker of the place."


class SomebodyHasIt(WrongMoment):
    """Equal to any wrong moment, but says what happened: the other one took it first."""

    zh, en = "别人先接了这张跑腿单。", "Somebody else has taken this errand."
    next_zh = "这张不用您办了。看到了什么，可以另外报上来。"
    next_en = "You need not do it. What you saw can be reported."


@dataclass(frozen=True, slots=True)
class Setting:
    """A small job to be done. Of a case: its place is the case's, nothing of it is typed again."""

    kind: str
    what: str
    case_id: int | None = None
    division_code: str = ""
    grid_id: int | None = None
    place_text: str = ""
    lng_e7: int | None = None
    lat_e7: int | None = None
    free: bool = False
    due_at: datetime | None = None
    item_id: int | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """One verb on one errand. `said_at`: what the device's clock says, a claim; `here`: only if it was pressed."""

    number: str
    verb: str
    finding: str = ""
    words: str = ""
    matter: str = ""
    said_at: datetime | None = None
    here: Here | None = None
    version: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)  # raw facts of intake: the device's own clock
    spoken: bool = False  # what was found was spoken: its recording follows


@dataclass(frozen=True, slots=True)
class Pressed:
    """What became of a press: the errand as it is now; the report that a finding opened; or why not."""

    errand: Errand | None = None
    report: Received | None = None
    refusal: Refused | None = None


@dataclass(slots=True)
class _Judged:
    """A press that holds: what it changes. Nothing is stored yet."""

    index: int
    errand: Errand
    move: Move
    press: Press
    words: str
    incoming: Incoming | None = None


# --- setting ----------------------------------------------------------------------------------------------------


@transaction.atomic
def set_(setting: Setting, *, by: Actor, now: datetime, tenant_code: str) -> Errand:
    """Set a small job for whoever is on the ground there.

    :raises PushDownRefused: the guard of 11 §4. :raises NotForEverybody: verifying is for workers of the grid.
    :raises GroundNeeded, TooShortOrLong: what to do, where, not in the past. :raises WrongMoment: the case has ended.
    """
    case = _case_of(setting, by)
    errand = _errand(setting, case, by=by, now=now)
    move = ensure_move(ERRAND, "errands.set", BIRTH)
    walkers.ensure_may(move, by, errand)
    ensure_lists_allow(errand, by=by, now=now)
    store([errand], by=by, now=now, tenant_code=tenant_code)
    return errand


def _case_of(setting: Setting, by: Actor) -> Case | None:
    if setting.case_id is None:
        return None
    case = Case.objects.select_for_update().filter(tenant_id=by.tenant_id, id=setting.case_id).first()
    if case is None:
        raise NotFound
    policies.ensure_may_see(by, policies.Stand(case, None))
    if case.status in ENDS:
        raise WrongMoment(state=case.status, state_zh=case.get_status_display(), state_en=case.status, open=[])
    return case


def _errand(setting: Setting, case: Case | None, *, by: Actor, now: datetime) -> Errand:
    if setting.kind not in ErrandKind.values or (setting.kind == ErrandKind.PATROL and by.kind == "staff"):
        raise Invalid(detail="kind")
    if setting.free and setting.kind in LOOKING:
        raise NotForEverybody
    what = worded(setting.what, least=2, most=200, what="要做什么", what_en="what is to be done")
    place = _place(setting, case)
    return Errand(
        tenant_id=by.tenant_id, kind=setting.kind, case=case, what=minimise_one(what).shown[:200], free=setting.free,
        duty_item_id=setting.item_id, set_by=by.label, set_by_body_id=min(by.body_ids, default=None), set_at=now,
        due_at=_due(setting.due_at, now), changed_at=now, **place,
    )  # fmt: skip


def _place(setting: Setting, case: Case | None) -> dict[str, Any]:
    """Take the place from the case, where it is of one. :raises GroundNeeded: nobody knows where to go."""
    said = minimise_one(setting.place_text.strip()).shown[:200]
    if case is not None:
        return {
            "division_code": case.division_code, "grid_id": case.grid_id, "lng_e7": case.lng_e7,
            "lat_e7": case.lat_e7, "place_text": said or case.place_name or case.address_text,
        }  # fmt: skip
    if not said or not setting.division_code:
        raise GroundNeeded(what="去哪里", what_en="where to go")
    return {
        "division_code": setting.division_code, "grid_id": setting.grid_id, "place_text": said,
        "lng_e7": setting.lng_e7, "lat_e7": setting.lat_e7,
    }  # fmt: skip


def _due(asked: datetime | None, now: datetime) -> datetime:
    """Say by when: as asked, else the table's amount by the town's calendar; a year without table counts days."""
    if asked is not None:
        if asked <= now:
            raise GroundNeeded(what="什么时候以前（不能在过去）", what_en="by when, not in the past")
        return asked
    amount = worktime.parse_amount(next(c.amount for c in ERRAND.clocks if c.kind == "errand"))
    try:
        due = worktime.add(now, amount, bodies.hours_of([None])[None].calendar).moment
    except worktime.CalendarNotKnown:
        due = None
    return due or now + timedelta(days=1)


def store(errands: Sequence[Errand], *, by: Actor, now: datetime, tenant_code: str) -> None:
    """Store errands that are allowed: one entry and one announcement each, in a handful of statements."""
    move = ensure_move(ERRAND, "errands.set", BIRTH)
    given = numbers.take("E", tenant_code, localdate(now), len(errands)) if errands else []
    for errand, number in zip(errands, given, strict=True):
        errand.number = number
    Errand.objects.bulk_create(errands)
    trail.record_many([_note(e, move, now, words={"what": e.what}) for e in errands], by=by, new=True)
    outbox.announce(*[_news(e, move) for e in errands], at=now)


# --- presses ----------------------------------------------------------------------------------------------------


def take(number: str, *, by: Actor, now: datetime, version: int | None = None) -> Errand:
    """Take an errand of one's grid, or a free one. :raises SomebodyHasIt: somebody was quicker."""
    return _one(Press(number, "take", version=version), by=by, now=now).errand  # type: ignore[return-value]


def put_back(number: str, *, by: Actor, now: datetime, version: int | None = None) -> Errand:
    """Put an errand back for others; no reason is asked for."""
    return _one(Press(number, "put_back", version=version), by=by, now=now).errand  # type: ignore[return-value]


def finish(
    number: str, *, finding: str, words: str = "", by: Actor, now: datetime, version: int | None = None
) -> Errand:
    """End an errand with what was found, in one press. :raises FindingNeeded: none that fits its kind."""
    press = Press(number, "finish", finding=finding, words=words, version=version)
    return _one(press, by=by, now=now).errand  # type: ignore[return-value]


def find(press: Press, *, by: Actor, now: datetime, tenant_code: str) -> Pressed:
    """Report what was found on an errand: it opens a report of its own, with channel patrol."""
    return _one(press, by=by, now=now, tenant_code=tenant_code)


def cannot(number: str, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Errand:
    """Say why an errand could not be done. :raises GroundNeeded: no reason."""
    press = Press(number, "cannot", words=words, version=version)
    return _one(press, by=by, now=now).errand  # type: ignore[return-value]


def drop(number: str, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Errand:
    """Drop an errand that nobody has taken. :raises GroundNeeded: no reason."""
    press = Press(number, "drop", words=words, version=version)
    return _one(press, by=by, now=now).errand  # type: ignore[return-value]


def _one(press: Press, *, by: Actor, now: datetime, tenant_code: str = "") -> Pressed:
    done = press_many([press], by=by, now=now, tenant_code=tenant_code)[0]
    if done.refusal is not None:
        raise done.refusal
    return done


@transaction.atomic(savepoint=False)  # what is refused is given back, not raised: nothing to go back to
def press_many(presses: Sequence[Press], *, by: Actor, now: datetime, tenant_code: str) -> list[Pressed]:
    """Judge presses in their order, each on what the ones before left; store those that hold."""
    rows = {
        e.number: e
        for e in Errand.objects.select_for_update(of=("self",))
        .filter(tenant_id=by.tenant_id, number__in=sorted({p.number for p in presses}))
        .select_related("case").order_by("id")
    }  # fmt: skip
    done = [Pressed() for _ in presses]
    held: list[_Judged] = []
    for i, press in enumerate(presses):
        try:
            judged = _judge(i, press, rows, by=by, now=now)
        except Refused as no:
            done[i] = Pressed(refusal=no)
            continue
        _apply(judged, by=by, now=now)
        held.append(judged)
    reports = _report([j for j in held if j.incoming], by=by, now=now, tenant_code=tenant_code)
    _store_moved(held, reports, by=by, now=now)
    for judged in held:
        done[judged.index] = Pressed(judged.errand, reports.get(judged.index))
    return done


def _judge(index: int, press: Press, rows: Mapping[str, Errand], *, by: Actor, now: datetime) -> _Judged:
    errand = rows.get(press.number)
    if errand is None:
        raise NotFound
    verb = f"errands.{press.verb}"
    row = next((m for m in ERRAND.moves if m.verb == verb and m.fits(errand.status, None)), None)
    if row is None:
        _say_why_not(errand, verb, by)
    assert row is not None
    _ensure_nobody_else_has_it(errand, by)
    walkers.ensure_may(row, by, errand)
    if press.version is not None and press.version != errand.version:
        raise Stale(version=errand.version, status=errand.status, seen=press.version, since=[])
    words = _words(press, errand)
    incoming = _incoming(press, errand, by) if press.verb == "find" else None
    if incoming is not None:
        no = arrival.refusal_of(incoming, now=now) or arrival.beyond(incoming, by)
        if no is not None:
            raise no
    return _Judged(index, errand, row, press, words, incoming)


def _say_why_not(errand: Errand, verb: str, by: Actor) -> None:
    """Refuse by name.

    :raises NotFound: not to be seen. :raises SomebodyHasIt, WrongMoment: what it is now, and what is open.
    """
    _ensure_nobody_else_has_it(errand, by)
    if not walkers.sees(by, errand):
        raise NotFound
    ensure_move(ERRAND, verb, errand.status)


def _ensure_nobody_else_has_it(errand: Errand, by: Actor) -> None:
    """Tell a worker of the place that a colleague was quicker. :raises SomebodyHasIt: he was."""
    if errand.status == ErrandStatus.TAKEN and errand.taken_by_id != by.account_id and walkers.may_take(by, errand):
        raise SomebodyHasIt(state=errand.status, state_zh="已接", state_en="taken", open=[])


def _words(press: Press, errand: Errand) -> str:
    """Check what is said with a verb; what names a person is taken out."""
    if press.verb == "finish" and press.finding not in FINDINGS[errand.kind]:
        known = FINDINGS[errand.kind]
        raise FindingNeeded(known="、".join(f.label for f in known), known_en=", ".join(f.value for f in known))
    said = press.words.strip()
    if press.verb in ("cannot", "drop"):
        said = worded(said, least=2, most=300, what="为什么", what_en="why")
    if press.verb == "finish" and len(said) > MOST_WORDS:
        said = worded(said, least=0, most=MOST_WORDS, what="看到的情况", what_en="what you found")
    return minimise_one(said).shown[:MOST_WORDS] if said and press.verb != "find" else ""


def _incoming(press: Press, errand: Errand, by: Actor) -> Incoming:
    """What was found as a report: at the errand's own place, unless "here" was pressed."""
    place: dict[str, Any] = {"address_text": errand.place_text}
    if press.here is not None:
        place |= press.here._asdict()
    elif errand.lng_e7 is not None and errand.lat_e7 is not None:
        place |= {"lng": errand.lng_e7 / 1e7, "lat": errand.lat_e7 / 1e7, "crs": "cgcs2000"}
    one = Incoming(
        text=press.words, channel=Channel.PATROL if by.has("grid_worker") else Channel.WEB, matter=press.matter,
        said_at=press.said_at, attributes=press.attributes, **place,
    )  # fmt: skip
    return recordings.only_spoken(one) if press.spoken else one


def _apply(judged: _Judged, *, by: Actor, now: datetime) -> None:
    """Change the row in memory: the next press on it is judged by what this one leaves."""
    errand, press = judged.errand, judged.press
    errand.status, errand.changed_at = judged.move.to, now
    errand.version += 1
    taken = errand.status == ErrandStatus.TAKEN
    errand.taken_by_id, errand.taken_at = (by.account_id, now) if taken else (None, errand.taken_at)
    if errand.status == ErrandStatus.DUE:
        errand.taken_at = None
    if errand.status not in OPEN_ERRAND:
        said_at = press.said_at if press.said_at and errand.set_at <= press.said_at <= now else None  # never negative
        errand.ended_at, errand.said_at = now, said_at
        errand.finding, errand.words = press.finding if press.verb == "finish" else "", judged.words


def _report(found: Sequence[_Judged], *, by: Actor, now: datetime, tenant_code: str) -> dict[int, Received]:
    if not found:
        return {}
    taken, refused = intake.receive_many(
        [j.incoming for j in found if j.incoming], by=by, now=now, tenant_code=tenant_code
    )
    if refused:  # they were asked before; nothing may be half stored
        raise refused[0].refusal
    for judged, received in zip(found, taken, strict=True):
        judged.errand.report_id = received.report_id
    return {judged.index: received for judged, received in zip(found, taken, strict=True)}


_KEPT = (
    "status", "changed_at", "version", "taken_by", "taken_at", "ended_at", "said_at", "finding", "words", "report",
)  # fmt: skip


def _store_moved(held: Sequence[_Judged], reports: Mapping[int, Received], *, by: Actor, now: datetime) -> None:
    if not held:
        return
    Errand.objects.bulk_update({j.errand.id: j.errand for j in held}.values(), _KEPT)
    looked = [j.errand.point_id for j in held if j.errand.point_id and j.move.to in ("DONE", "FOUND")]
    if looked:
        RoutePoint.objects.filter(tenant_id=by.tenant_id, id__in=looked).update(last_at=now)
    notes = []
    for judged in held:
        codes: dict[str, Any] = {"finding": judged.press.finding} if judged.press.verb == "finish" else {}
        if judged.press.said_at is not None:
            codes["said_at"] = trail.stamp(judged.press.said_at)
        if judged.index in reports:
            codes["report"] = reports[judged.index].number
        notes.append(_note(judged.errand, judged.move, now, codes=codes, words={"words": judged.words}))
    trail.record_many(notes, by=by)
    outbox.announce(*[_news(j.errand, j.move) for j in held], at=now)


def _note(
    errand: Errand, move: Move, now: datetime, *, codes: Mapping[str, Any] | None = None, words: Mapping[str, str]
) -> trail.Note:
    said = {"kind": errand.kind, "version": errand.version, "case": errand.case_id, **(codes or {})}
    told = {k: v for k, v in words.items() if v}
    return trail.Note(move.trail, ("errand", errand.id), now, said, words=told or None, rule=RULE)


def _news(errand: Errand, move: Move) -> ErrandMoved:
    return ErrandMoved(errand.id, errand.case_id, move.verb, move.to, tuple(move.tells))


# --- the clock --------------------------------------------------------------------------------------------------


def tell_setter(*, by: Actor, now: datetime) -> int:
    """Mark what has run out, once each: it stands first on the lists of whoever set it and of the workers."""
    rows = Errand.objects.select_for_update(skip_locked=True).filter(
        tenant_id=by.tenant_id, status__in=sorted(OPEN_ERRAND), overdue_at=None, due_at__lte=now
    )
    late = list(rows.order_by("due_at", "id")[:AT_MOST])
    for errand in late:
        errand.overdue_at = errand.changed_at = now
        errand.version += 1
    Errand.objects.bulk_update(late, ("overdue_at", "changed_at", "version"))
    notes = [
        trail.Note("errand.overdue", ("errand", e.id), now, {"version": e.version, "case": e.case_id}, rule=RULE)
        for e in late
    ]
    trail.record_many(notes, by=by)
    outbox.announce(*[ErrandMoved(e.id, e.case_id, "errands.tell_setter", e.status) for e in late], at=now)
    return len(late)


def drop_idle(*, by: Actor, now: datetime) -> int:
    """Drop what nobody has taken to verify before an offer, of cases that have ended: nobody walks for nothing."""
    rows = Errand.objects.filter(
        tenant_id=by.tenant_id, status=ErrandStatus.DUE, kind=ErrandKind.VERIFY_BEFORE, case__status__in=sorted(ENDS)
    )
    idle = rows.order_by("id").values_list("number", flat=True)[:AT_MOST]
    presses = [Press(number, "drop", words="事件已经了结") for number in idle]
    done = press_many(presses, by=by, now=now, tenant_code="") if presses else []
    return sum(1 for one in done if one.refusal is None)
