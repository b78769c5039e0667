"""吹哨报到: a street calls several bodies together; each answers, comes, and writes its own result (spec 10 §8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import alongside, moving, naming, reckoning
from jishi.cases.actions.alongside import Beside, worded
from jishi.cases.actions.moving import Held
from jishi.cases.models import Participant, Rating, Whistle
from jishi.cases.refusals import (
    BodyDoesNotExist,
    CitationNeeded,
    ComeFirst,
    GroundNeeded,
    OnlyAStreetBlows,
    QuorumUnclear,
    ResultsMissing,
    WhistleRuns,
    WhyThisBody,
)
from jishi.cases.states import (
    PARTICIPANT,
    PARTICIPANT_OPEN,
    WHISTLE,
    WHISTLE_WORKING,
    ParticipantStatus,
    ReturnGround,
    Role,
    Status,
    WhistleKind,
    WhistleStatus,
)
from jishi.cases.triage import routing
from jishi.duties.actions import deciding
from jishi.foundation.actor import Actor, system
from jishi.foundation.procedures import ensure_move
from jishi.kernels import worktime

BLOWABLE = frozenset({Status.RECEIVED.value, Status.CONSULTING.value, Status.OFFERED.value, Status.HANDLING.value})
STREETS = frozenset({"street", "town"})
ANSWERING = (ParticipantStatus.ACCEPTED, ParticipantStatus.ARRIVED, ParticipantStatus.REPORTED)
LAST_PLAN = 40  # half days: nobody gathers for longer; beyond it the matter is no whistle


@dataclass(frozen=True, slots=True)
class Called:
    """One body that is called: as what, by which item of its list, or why it is called although none names it."""

    body_id: int
    role: str = Role.ASSIST.value
    item_id: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A whistle as the street blows it. Nothing said of the quorum: every body must answer."""

    kind: str
    what: str
    where: str
    gather_at: datetime
    bodies: Sequence[Called]
    quorum_bodies: Sequence[int] = ()
    quorum_count: int = 0
    lead_body_id: int | None = None
    act_amount: str = ""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a body says it is not its to come: ground, its own words, the item it rests on."""

    ground: str
    words: str
    cited_item_id: int | None


# --- the street calls --------------------------------------------------------------------------------------


@transaction.atomic
def blow(case_id: int, *, call: Call, by: Actor, now: datetime, version: int | None = None) -> Whistle:
    """Call several bodies together; half a working day to answer, 30 minutes in an emergency. `version`: the case's.

    :raises WhyThisBody: neither a duty item nor a reason. :raises PushDownRefused: the guard of 11 §4.
    :raises OnlyAStreetBlows: not by the town or street of the place. :raises WhistleRuns: one has not ended.
    :raises QuorumUnclear, GroundNeeded, TooShortOrLong, BodyDoesNotExist, NotAllowed: what is called is not sound.
    """
    held = moving.hold(case_id, by=by, version=version)
    alongside.ensure_case_in(held, BLOWABLE, by=by)
    street = _street(held, by)
    before = list(Whistle.objects.filter(case=held.case).order_by("-id").values_list("id", "status")[:20])
    if any(status in WHISTLE_WORKING for _id, status in before):
        raise WhistleRuns
    whistle = _whistle(held, call, street, now)
    _ensure_sound(held, whistle, call, now)
    rows = _participants(held, whistle, call, by=by, now=now)
    whistle.previous_id = before[0][0] if before and before[0][1] != WhistleStatus.RATED else None
    whistle.save()
    _send_out(held, whistle, rows, by=by, now=now)
    return whistle


def _street(held: Held, by: Actor) -> int:
    """Find the town or street for which the actor acts, at whose place the matter is or which leads the case.

    :raises NotFound: the actor may not see the case. :raises OnlyAStreetBlows: no such body.
    """
    known = bodies.names()
    mine = [known[i] for i in sorted(by.body_ids) if i in known and known[i].level in STREETS]
    for body in mine:
        here = held.case.division_code.startswith(body.division_code.rstrip("0") or "-")
        stand = replace(held.stand, street=body.id)
        if (here or held.case.lead_id == body.id) and by.has("handler"):
            alongside.ensure_birth(stand, WHISTLE, "whistle.blow", by=by)
            policies.ensure_may_see(by, stand)
            return body.id
    policies.ensure_may_see(by, held.stand)
    raise OnlyAStreetBlows


def _whistle(held: Held, call: Call, street: int, now: datetime) -> Whistle:
    if call.kind not in WhistleKind.values:
        raise GroundNeeded(what="哪一种吹哨", what_en="which kind of whistle")
    table = reckoning.table_clock("whistle_act")
    return Whistle(
        tenant_id=held.case.tenant_id, case=held.case, blown_by_id=street, kind=call.kind,
        what=worded(call.what, least=5, most=300, what="要一起办什么", what_en="what is to be done together"),
        where=worded(call.where, least=2, most=200, what="在哪里集结", what_en="where to gather"),
        gather_at=call.gather_at, lead_body_id=call.lead_body_id, quorum_bodies=sorted(set(call.quorum_bodies)),
        quorum_count=call.quorum_count or (0 if call.quorum_bodies else len(call.bodies)),
        act_amount=_amount(call.act_amount or table.amount), status_since=now, blown_at=now,
    )  # fmt: skip


def _amount(text: str) -> str:
    """Read how long acting may take. :raises GroundNeeded: unreadable, or longer than anybody gathers for."""
    try:
        amount = worktime.parse_amount(text)
        longest = {"wd": LAST_PLAN // 2, "hd": LAST_PLAN, "nd": LAST_PLAN, "wh": 160, "nh": 480, "nm": 1440, "wm": 1440}
        if 0 < amount.n <= longest.get(text.lstrip("0123456789"), 0):
            return str(amount)
    except worktime.AmountRefused:
        pass
    raise GroundNeeded(what="处置时限（如 2wd、4wh）", what_en="how long acting may take (2wd, 4wh)")


def _ensure_sound(held: Held, whistle: Whistle, call: Call, now: datetime) -> None:
    called = [c.body_id for c in call.bodies]
    named = set(call.quorum_bodies)
    if whistle.gather_at < now:
        raise GroundNeeded(what="什么时候集结（不能在过去）", what_en="when to gather, not in the past")
    if not called or len(set(called)) < len(called) or whistle.blown_by_id in called:
        raise GroundNeeded(what="叫哪几个单位（每个一次，不含自己）", what_en="which bodies, each once, not oneself")
    if any(c.role not in Role.values for c in call.bodies):
        raise GroundNeeded(what="来主办还是协办", what_en="as lead or as assist")
    if not named <= set(called) or (named and call.quorum_count) or not 0 <= whistle.quorum_count <= len(called):
        raise QuorumUnclear(called=len(called))
    naming.ensure_bodies([*called, call.lead_body_id], case=held.case, now=now)
    if call.lead_body_id is not None and call.lead_body_id not in {*called, whistle.blown_by_id}:
        raise BodyDoesNotExist(body=bodies.names()[call.lead_body_id].name, day=str(localdate(now)))


def _participants(held: Held, whistle: Whistle, call: Call, *, by: Actor, now: datetime) -> list[Participant]:
    """Hold the guard for each body, and find the line by which it is called."""
    emergency = whistle.kind == WhistleKind.EMERGENCY
    routed = routing.route_case(held.case, now=now)
    rows = []
    for one in call.bodies:
        item = deciding.ensure_item(one.item_id) if one.item_id else alongside.line_for(routed, one.body_id)
        why = one.why.strip()[:500]
        if item is None and not why and not emergency:
            raise WhyThisBody(body=bodies.names()[one.body_id].name)
        alongside.ensure_may_help(
            routed, item, one.body_id, what=whistle.what, emergency=emergency, case=held.case, by=by, now=now
        )
        rows.append(Participant(
            tenant_id=whistle.tenant_id, body_id=one.body_id, role=one.role, duty_item_id=item, why=why, called_at=now
        ))  # fmt: skip
    return rows


def _send_out(held: Held, whistle: Whistle, rows: list[Participant], *, by: Actor, now: datetime) -> None:
    """Start the clock of the whistle and of each body, and record it once."""
    for row in rows:
        row.whistle = whistle
    Participant.objects.bulk_create(rows)
    birth, body_birth = ensure_move(WHISTLE, "whistle.blow", ""), ensure_move(PARTICIPANT, "whistle.blow", "")
    amounts = {k: _answer_time(whistle, k) for k in ("whistle_answer", "body_answer")}
    around = Beside(held, whistle, whistle)
    alongside.turn_clocks(around, birth, now=now, amounts=amounts)
    for row in rows:
        alongside.turn_clocks(Beside(held, row, whistle), body_birth, now=now, amounts=amounts)
    alongside.tell(
        around, birth, by=by, now=now, words={"what": whistle.what},
        codes={"body": whistle.blown_by_id, "kind": whistle.kind, "called": [r.body_id for r in rows],
               "items": [r.duty_item_id for r in rows], "quorum": whistle.quorum_bodies or whistle.quorum_count},
    )  # fmt: skip


def _answer_time(whistle: Whistle, kind: str) -> str:
    rule = reckoning.table_clock(kind)
    return str(rule.emergency_amount if whistle.kind == WhistleKind.EMERGENCY else rule.amount)


# --- each body answers -------------------------------------------------------------------------------------


@transaction.atomic
def answer(participant_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Participant:
    """Say that the body comes. The last acceptance of the quorum gathers the whistle."""
    beside, row, whistle = alongside.hold_participant(participant_id, by=by, version=version)
    move = alongside.ensure(beside, "whistle.answer", by=by)
    alongside.carry_out(beside, move, by=by, now=now, values={"accepted_at": now})
    _gather_if_met(beside, whistle, now=now)
    return row


@transaction.atomic
def object_(
    participant_id: int, *, why: Objection, by: Actor, now: datetime, version: int | None = None
) -> Participant:
    """Say that it is not the body's to come, citing an item; the district office rules within half a working day.

    :raises ComeFirst: in an emergency. :raises CitationNeeded, GroundNeeded: what an objection must carry.
    """
    beside, row, whistle = alongside.hold_participant(participant_id, by=by, version=version)
    move = alongside.ensure(beside, "whistle.object_", by=by)
    if whistle.kind == WhistleKind.EMERGENCY:
        raise ComeFirst
    if why.ground not in ReturnGround.values or not why.words.strip():
        raise GroundNeeded(what="异议的理由和原话", what_en="the ground, in your own words")
    if why.cited_item_id is None:
        raise CitationNeeded
    item, words = deciding.ensure_item(why.cited_item_id), why.words.strip()
    alongside.carry_out(
        beside, move, by=by, now=now, codes={"ground": why.ground, "item": item}, words={"words": words},
        values={"objected_at": now, "objection_ground": why.ground, "objection_words": words, "cited_item_id": item},
    )  # fmt: skip
    return row


@transaction.atomic
def uphold(participant_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Participant:
    """Rule that the body need not come; it no longer counts for the quorum."""
    beside, row, whistle = alongside.hold_participant(participant_id, by=by, version=version)
    move = alongside.ensure(beside, "whistle.uphold", by=by)
    said = worded(words, least=2, most=2000, what="裁定理由", what_en="the reasons of the ruling")
    alongside.carry_out(
        beside, move, by=by, now=now, codes={"ruling": "upheld"}, words={"words": said},
        values={"ruled_at": now, "ruling_words": said, "ended_at": now},
    )  # fmt: skip
    _gather_if_met(beside, whistle, now=now)
    return row


@transaction.atomic
def deny(participant_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Participant:
    """Rule that the body comes; it counts as having answered."""
    beside, row, whistle = alongside.hold_participant(participant_id, by=by, version=version)
    move = alongside.ensure(beside, "whistle.deny", by=by)
    said = worded(words, least=2, most=2000, what="裁定理由", what_en="the reasons of the ruling")
    alongside.carry_out(
        beside, move, by=by, now=now, codes={"ruling": "denied"}, words={"words": said},
        values={"ruled_at": now, "ruling_words": said, "accepted_at": now},
    )  # fmt: skip
    _gather_if_met(beside, whistle, now=now)
    return row


@transaction.atomic
def arrive(participant_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Participant:
    """Note that the body has come, in a sentence; no photo, no position."""
    beside, row, _whistle_ = alongside.hold_participant(participant_id, by=by, version=version)
    move = alongside.ensure(beside, "whistle.arrive", by=by)
    said = worded(words, least=2, most=500, what="一句话：谁来了", what_en="one sentence: who came")
    alongside.carry_out(
        beside, move, by=by, now=now, words={"words": said}, values={"arrived_at": now, "arrival_words": said}
    )
    return row


@transaction.atomic
def miss(
    participant_id: int, *, words: str = "", by: Actor, now: datetime, version: int | None = None
) -> Participant:
    """Record that the body did not come: by the host or itself with a sentence, or because its answer clock ran out."""
    beside, row, _whistle_ = alongside.hold_participant(participant_id, by=by, version=version)
    move = alongside.ensure(beside, "whistle.miss", by=by)
    by_clock = by.kind in ("clock", "system")
    said = words.strip() if by_clock else worded(words, least=2, most=500, what="一句话：为什么没有来",
                                                 what_en="one sentence: why it did not come")  # fmt: skip
    alongside.carry_out(
        beside, move, by=by, now=now, words={"words": said},
        values={"absent_at": now, "absence_words": said, "ended_at": now},
    )  # fmt: skip
    return row


@transaction.atomic
def report(participant_id: int, *, result: str, by: Actor, now: datetime, version: int | None = None) -> Participant:
    """Write the body's own result; nobody writes it for another.

    :raises TooShortOrLong: not 10 to 2,000 characters. :raises WrongMoment: the host has not started.
    """
    beside, row, whistle = alongside.hold_participant(participant_id, by=by, version=version)
    move = alongside.ensure(beside, "whistle.report", by=by)
    if whistle.status != WhistleStatus.ACTING:
        ensure_move(WHISTLE, "whistle.conclude", whistle.status)
    said = worded(result, least=10, most=2000, what="本单位做了什么", what_en="what your body did")
    alongside.carry_out(
        beside, move, by=by, now=now, words={"result": said},
        values={"result": said, "reported_at": now, "ended_at": now},
    )  # fmt: skip
    return row


# --- the whistle as a whole --------------------------------------------------------------------------------


def _gather_if_met(beside: Beside, whistle: Whistle, *, now: datetime) -> None:
    """Gather when those who must answer have; a body that was released no longer must."""
    if whistle.status == WhistleStatus.CALLED and _is_met(whistle):
        gather(whistle.id, by=system(whistle.tenant_id), now=now)


def _is_met(whistle: Whistle) -> bool:
    rows = list(Participant.objects.filter(whistle=whistle).values_list("body_id", "status"))
    coming = {body for body, status in rows if status in ANSWERING}
    released = {body for body, status in rows if status == ParticipantStatus.RELEASED}
    if whistle.quorum_bodies:
        return bool(coming) and set(whistle.quorum_bodies) - released <= coming
    return bool(coming) and len(coming) >= min(whistle.quorum_count, len(rows) - len(released))


@transaction.atomic
def gather(whistle_id: int, *, by: Actor, now: datetime) -> Whistle:
    """Let the host begin, because the quorum has answered; bodies still to answer may."""
    beside, whistle = alongside.hold_whistle(whistle_id, by=by)
    move = alongside.ensure(beside, "whistle.gather", by=by)
    alongside.carry_out(beside, move, by=by, now=now, values={"status_since": now})
    return whistle


@transaction.atomic
def lapse(whistle_id: int, *, by: Actor, now: datetime) -> Whistle:
    """End a whistle that was not answered in time: the district office is told, it may be blown again."""
    beside, whistle = alongside.hold_whistle(whistle_id, by=by)
    move = alongside.ensure(beside, "whistle.lapse", by=by)
    _stand_down(beside, whistle, move.verb, now=now)
    alongside.carry_out(beside, move, by=by, now=now, values={"status_since": now, "ended_at": now})
    return whistle


@transaction.atomic
def start(whistle_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Whistle:
    """Begin to act; the time set when it was blown starts."""
    beside, whistle = alongside.hold_whistle(whistle_id, by=by, version=version)
    move = alongside.ensure(beside, "whistle.start", by=by)
    alongside.carry_out(
        beside, move, by=by, now=now, values={"status_since": now, "started_at": now},
        amounts={"whistle_act": whistle.act_amount},
    )  # fmt: skip
    return whistle


@transaction.atomic
def conclude(whistle_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Whistle:
    """End the work; rating begins.

    :raises ResultsMissing: a body has neither its own result nor a recorded absence.
    """
    beside, whistle = alongside.hold_whistle(whistle_id, by=by, version=version)
    move = alongside.ensure(beside, "whistle.conclude", by=by)
    rows = Participant.objects.filter(whistle=whistle, status__in=sorted(PARTICIPANT_OPEN)).select_related("body")
    missing = list(rows.order_by("id"))
    if missing:
        raise ResultsMissing(
            list_zh="、".join(f"{r.body.name}（{PARTICIPANT.state(r.status).name.zh}）" for r in missing),
            list_en=", ".join(
                f"{r.body.name_en or r.body.name} ({PARTICIPANT.state(r.status).name.en})" for r in missing
            ),
            open=[{"participant": r.id, "body": r.body_id, "status": r.status} for r in missing],
        )  # fmt: skip
    said = worded(words, least=10, most=2000, what="这次一起办的结果", what_en="what came of it")
    alongside.carry_out(
        beside, move, by=by, now=now, words={"conclusion": said},
        values={"status_since": now, "concluded_at": now, "conclusion": said},
    )  # fmt: skip
    return whistle


@transaction.atomic
def call_off(whistle_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Whistle:
    """Call it off with a reason; every body is told."""
    beside, whistle = alongside.hold_whistle(whistle_id, by=by, version=version)
    move = alongside.ensure(beside, "whistle.call_off", by=by)
    said = worded(words, least=2, most=1000, what="为什么取消", what_en="why it is called off")
    _stand_down(beside, whistle, move.verb, now=now)
    alongside.carry_out(
        beside, move, by=by, now=now, words={"words": said},
        values={"status_since": now, "called_off_words": said, "ended_at": now},
    )  # fmt: skip
    return whistle


@transaction.atomic
def rate(whistle_id: int, *, by: Actor, now: datetime) -> Whistle:
    """End the rating: both sides have rated, or the time is up; who has not is shown as "not rated"."""
    beside, whistle = alongside.hold_whistle(whistle_id, by=by)
    move = alongside.ensure(beside, "whistle.rate", by=by)
    given = Rating.objects.filter(participant__whistle=whistle).count()
    alongside.carry_out(
        beside, move, by=by, now=now, codes={"ratings": given}, values={"status_since": now, "ended_at": now}
    )
    return whistle


def _stand_down(beside: Beside, whistle: Whistle, verb: str, *, now: datetime) -> None:
    """End what the bodies still have, with the whistle: one entry, the whistle's own."""
    rows = Participant.objects.select_for_update().filter(whistle=whistle, status__in=sorted(PARTICIPANT_OPEN))
    for row in rows.order_by("id"):
        absent = {"absent_at": now} if row.status == ParticipantStatus.CALLED and verb == "whistle.lapse" else {}
        move = ensure_move(PARTICIPANT, verb, row.status)
        alongside.change(Beside(beside.held, row, whistle), move, now=now, values={"ended_at": now, **absent})
