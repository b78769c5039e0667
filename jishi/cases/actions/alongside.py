"""The common way of lives beside a case (parts, whistles, who was called, mediations): the six beats of `moving`.

The case is locked first, always: its row orders everything that happens to it and beside it. What was seen is the
version of the part, whistle or participant itself, so that five bodies may answer one whistle at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import moving, reckoning
from jishi.cases.actions.moving import Held
from jishi.cases.events import MediationMoved, PartMoved, WhistleMoved
from jishi.cases.models import Case, Clock, Mediation, MediationParty, Part, Participant, Whistle
from jishi.cases.refusals import GroundNeeded, TooShortOrLong
from jishi.cases.states import CASE, MEDIATION, PART, PARTICIPANT, WHISTLE
from jishi.duties.actions import deciding
from jishi.duties.actions.deciding import PushDownRefused
from jishi.duties.queries import Routed
from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.procedures import ensure_move
from jishi.foundation.refusals import NotFound, Stale, WrongMoment
from jishi.kernels.procedure import BIRTH, Act, Move, Procedure, effects

Row = Part | Whistle | Participant | Mediation
LIFE: Mapping[type, tuple[str, Procedure]] = {
    Part: ("part", PART), Whistle: ("whistle", WHISTLE), Participant: ("participant", PARTICIPANT),
    Mediation: ("mediation", MEDIATION),
}  # fmt: skip


@dataclass(slots=True)
class Beside:
    """A locked row beside a locked case, with its own clocks."""

    held: Held
    row: Row
    whistle: Whistle | None = None  # of a participant, or the row itself

    @property
    def key(self) -> str:
        return LIFE[type(self.row)][0]

    @property
    def life(self) -> Procedure:
        return LIFE[type(self.row)][1]

    @property
    def case(self) -> Case:
        return self.held.case

    @property
    def clocks(self) -> list[Clock]:
        return [c for c in self.held.clocks if getattr(c, f"{self.key}_id") == self.row.id]

    @property
    def stand(self) -> policies.Stand:
        asked = {"part": "asked_body_id", "participant": "body_id"}.get(self.key)
        called = self.whistle
        if isinstance(self.row, Mediation):
            mine = MediationParty.objects.filter(mediation=self.row).values_list("id", flat=True)
            chair = None if self.row.recused_ground else self.row.mediator.account_id
            return replace(self.held.stand, mediator=chair, parties=frozenset(mine))
        return replace(
            self.held.stand, asked=getattr(self.row, asked) if asked else None,
            street=called.blown_by_id if called else None, host=called.lead_body_id if called else None,
        )  # fmt: skip


def hold_part(part_id: int, *, by: Actor, version: int | None = None) -> tuple[Beside, Part]:
    """Lock the case and the part. :raises NotFound: no such part. :raises Stale: it has moved since `version`."""
    case_id = Part.objects.filter(tenant_id=by.tenant_id, id=part_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NotFound
    held = moving.hold(case_id, by=by)
    part = Part.objects.select_for_update().get(id=part_id)
    ensure_seen(held, part, version, by)
    return Beside(held, part), part


def hold_whistle(whistle_id: int, *, by: Actor, version: int | None = None) -> tuple[Beside, Whistle]:
    """Lock the case and the whistle. :raises NotFound: no such whistle. :raises Stale: it has moved since `version`."""
    case_id = Whistle.objects.filter(tenant_id=by.tenant_id, id=whistle_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NotFound
    held = moving.hold(case_id, by=by)
    whistle = Whistle.objects.select_for_update().get(id=whistle_id)
    ensure_seen(held, whistle, version, by)
    return Beside(held, whistle, whistle), whistle


def hold_participant(
    participant_id: int, *, by: Actor, version: int | None = None
) -> tuple[Beside, Participant, Whistle]:
    """Lock the case, the whistle and the one body called. :raises NotFound, Stale: as above."""
    rows = Participant.objects.filter(tenant_id=by.tenant_id, id=participant_id)
    whistle_id = rows.values_list("whistle_id", flat=True).first()
    if whistle_id is None:
        raise NotFound
    around, whistle = hold_whistle(whistle_id, by=by)
    row = Participant.objects.select_for_update().get(id=participant_id)
    ensure_seen(around.held, row, version, by)
    return Beside(around.held, row, whistle), row, whistle


def ensure_seen(held: Held, row: Row, seen: int | None, by: Actor) -> None:
    """Insist that the person saw the row as it is. :raises Stale: with what has happened to it since."""
    if seen is None or seen == row.version:
        return
    key = LIFE[type(row)][0]
    since = [
        {"seq": e.seq, "at": trail.stamp(e.at), "verb": e.verb, "by": e.actor}
        for e in trail.of("case", held.case.id)
        if e.codes.get(key) == row.id and int(e.codes.get(f"{key}_version", 0)) > seen
    ]
    raise Stale(version=row.version, status=row.status, seen=seen, since=since)


def ensure(beside: Beside, verb: str, *, by: Actor) -> Move:
    """Find the row of the table and insist that `by` may.

    :raises WrongMoment: the state does not know this verb. :raises NotAllowed, NotFound: not this actor.
    """
    life, status = beside.life, beside.row.status
    rows = [m for m in (*life.moves, *life.acts) if m.verb == verb and m.fits(status, None)]
    if not rows:
        if not any(policies.PARTIES[p](by, beside.stand) for p in ("party", "mediator")):  # they see it, not the case
            policies.ensure_may_see(by, beside.held.stand)
        return ensure_move(life, verb, status)
    policies.ensure_may(rows[0], by, beside.stand)
    moving.ensure_another_person(beside.held, verb, by=by)
    return rows[0]


def ensure_birth(stand: policies.Stand, life: Procedure, verb: str, *, by: Actor) -> Move:
    """Give the row by which a life beside the case begins, and insist that `by` may."""
    move = ensure_move(life, verb, BIRTH)
    policies.ensure_may(move, by, stand)
    return move


def ensure_case_in(held: Held, states: frozenset[str], *, by: Actor) -> None:
    """Insist on the moment of the case itself.

    :raises WrongMoment: names its state and in which ones it can be done. :raises NotFound: it may not be seen.
    """
    if held.case.status in states:
        return
    policies.ensure_may_see(by, held.stand)
    here, open_ = CASE.state(held.case.status).name, [s for s in CASE.states if s.code in states]
    raise WrongMoment(
        state=held.case.status, state_zh=here.zh, state_en=here.en, open=[s.code for s in open_],
        open_zh="、".join(s.name.zh for s in open_), open_en=", ".join(s.name.en for s in open_),
    )  # fmt: skip


def carry_out(
    beside: Beside, move: Move, *, by: Actor, now: datetime, values: Mapping[str, Any] | None = None,
    amounts: Mapping[str, str] | None = None, codes: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Change the row and its clocks as the table says, record one entry on the case, announce."""
    change(beside, move, now=now, values=values, amounts=amounts)
    tell(beside, move, by=by, now=now, codes=codes, words=words)


def change(
    beside: Beside, move: Move, *, now: datetime, values: Mapping[str, Any] | None = None,
    amounts: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Change the row and its clocks; the caller records."""
    status = move.target(beside.row.status) if move.to else beside.row.status
    turn_clocks(beside, move, now=now, amounts=amounts)
    beside.row.change(status=status, **(values or {}))


def turn_clocks(beside: Beside, move: Move, *, now: datetime, amounts: Mapping[str, str] | None = None) -> None:
    """Stop, go on and start the row's own clocks."""
    acts = effects([move])
    others = {kind: act for kind, act in acts.items() if act is not Act.START}
    turn = reckoning.turn(beside.case, None, beside.clocks, others, now=now)
    new = [kind for kind, act in acts.items() if act is Act.START]
    turn.new += [started(beside, kind, now=now, amount=(amounts or {}).get(kind)) for kind in new]
    reckoning.save(turn)
    beside.held.clocks += turn.new


def started(beside: Beside, kind: str, *, now: datetime, amount: str | None = None) -> Clock:
    """Make one clock of the row with its due moment pinned; `amount`: as it was set, else the table's."""
    owner = _owner(beside, kind)
    hours = bodies.hours_of([owner])[owner]
    rule = reckoning.table_clock(kind)
    set_by = f"{beside.key}:{kind}" if amount else f"{beside.life.code}@{beside.life.edition}:{kind}"
    clock = Clock(
        tenant_id=beside.case.tenant_id, case=beside.case, kind=kind, owner_body_id=owner, amount=amount or rule.amount,
        rule=set_by, calendar=hours.label, started_at=now, **{f"{beside.key}_id": beside.row.id},
    )  # fmt: skip
    return reckoning.pin(clock, hours.calendar)


def _owner(beside: Beside, kind: str) -> int | None:
    """Whose clock it is: the asked body's, the street's, the host's; the desk's where a ruling is owed."""
    called = beside.whistle
    if isinstance(beside.row, Mediation):
        return beside.row.mediator.body_id
    if kind in ("part", "part_sign", "body_answer"):
        return beside.stand.asked
    if kind == "whistle_act" and called is not None:
        return called.lead_body_id or called.blown_by_id
    return called.blown_by_id if kind == "whistle_rate" and called is not None else None


def tell(
    beside: Beside, move: Move, *, by: Actor, now: datetime, codes: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Record one entry on the case and announce."""
    row, key = beside.row, beside.key
    said = {key: row.id, f"{key}_version": row.version, "status": beside.case.status, **(codes or {})}
    if beside.key != "mediation" and beside.stand.asked is not None:
        said.setdefault("body", beside.stand.asked)
    if beside.whistle is not None:
        said["whistle"] = beside.whistle.id
    moving.beside(
        beside.held, move.trail, by=by, now=now, codes=said, words={k: v for k, v in (words or {}).items() if v},
        rule=f"{beside.life.code}@{beside.life.edition}",
    )  # fmt: skip
    outbox.announce(_news(beside, move), at=now)


def _news(beside: Beside, move: Move) -> PartMoved | WhistleMoved | MediationMoved:
    row, case_id, tells = beside.row, beside.case.id, tuple(move.tells)
    if isinstance(row, Mediation):
        return MediationMoved(case_id, row.id, move.verb, row.status, tells)
    if beside.whistle is None:
        return PartMoved(case_id, row.id, move.verb, row.status, tells)
    body_id = row.body_id if isinstance(row, Participant) else None
    return WhistleMoved(case_id, beside.whistle.id, body_id, move.verb, row.status, tells)


# --- the guard, for those who help -------------------------------------------------------------------------


def line_for(routed: Routed, body_id: int) -> int | None:
    """Give the line of the lists by which this body has to do with the matter; None: no list names it."""
    chosen = routed.offer_to(body_id)
    if chosen is not None and chosen.item_id:
        return chosen.item_id
    for each in routed.decision.assists:
        row = routed.law.items.get(each.item.key)
        if routed.law.body_ids.get(each.body) == body_id and row is not None:
            return row.id
    return next((row.id for body, row in routed.candidates if body == body_id), None)


def ensure_may_help(
    routed: Routed, item_id: int | None, body_id: int, *, what: str, emergency: bool, case: Case, by: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Hold the guard of 11 §4 for a body that assists, or acts first in an emergency.

    Naming no line, or another one, is no way round: one line of the lists must let the matter go there.
    :raises PushDownRefused: none does, or a community is named without a line of its own.
    """
    facts: dict[str, Any] = {"role": "act_first" if emergency else "assist", "part_text": what, "emergency": emergency}
    deciding.ensure_not_pushed_down(item_id, body_id, by=by, now=now, **facts)
    if emergency or (item_id is not None and item_id == line_for(routed, body_id)):
        return
    refused: list[PushDownRefused] = []
    lines = [routed.item] if routed.item is not None else [row for _body, row in routed.candidates]
    for line in lines:
        try:
            deciding.ensure_not_pushed_down(line.id, body_id, by=by, now=now, **facts)
        except PushDownRefused as no:
            refused.append(no)
    if refused and len(refused) == len(lines):
        raise refused[0]
    if not lines and not item_id:
        deciding.ensure_no_community(body_id, matter=case.matter, by=by, now=now)


# --- words -------------------------------------------------------------------------------------------------


def worded(text: str, *, least: int, most: int, what: str, what_en: str) -> str:
    """Give the text without its edges.

    :raises GroundNeeded: nothing is said. :raises TooShortOrLong: with the limits and the length; nothing is cut.
    """
    words = text.strip()
    if not words:
        raise GroundNeeded(what=what, what_en=what_en)
    if not least <= len(words) <= most:
        raise TooShortOrLong(what=what, what_en=what_en, least=least, most=f"{most:,}", length=len(words))
    return words
