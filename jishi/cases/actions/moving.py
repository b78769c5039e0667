"""The common way of every verb that moves a case: lock, may, move, change, record, announce.

The table of the life decides (institutions/procedures/case.toml, handover.toml); nothing here knows a state by name.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jishi.cases import policies
from jishi.cases.actions import dangers, reckoning, running
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Clock, Handover, Membership
from jishi.cases.refusals import LivesOn, SamePerson
from jishi.cases.states import CASE, HANDOVER, LIVES, HandoverStatus, Role, Status
from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.procedures import ensure_move
from jishi.foundation.refusals import NotFound, Stale
from jishi.kernels.procedure import Act, Move, effects

# The lead has answered, or the case has ended: by no road while another body still has a part of it (spec 10 §7).
ANSWERED = frozenset({Status.REPLIED.value, *CASE.ends})
OPEN_HANDOVER = (HandoverStatus.OFFERED, HandoverStatus.SIGNED, HandoverStatus.RETURN_ASKED, HandoverStatus.CONTESTED)


# Entries that change nothing of what a stranger sees: the end after the answer, what the parties say to each other.
QUIET = frozenset(
    {
        "case.closed", "case.urgency_set", "case.contacted", "case.objected", "handover.return_asked",
        "handover.return_denied", "feedback.answered", "feedback.attempted", "case.termination_asked",
        "case.termination_denied", "case.suspension_asked", "case.suspension_denied", "case.banking_asked",
        "case.banking_denied", "case.bank_condition_true", "case.urged", "clock.extension_asked",
        "clock.extension_denied", "case.attended", "case.recheck_called", "case.recheck_denied", "case.recheck_dropped",
    }
)  # fmt: skip
# Entries of other lives on a case.
AMONG_BODIES = ("part.", "whistle.", "participant.", "supervision.", "exclusion.", "mediation.")


@dataclass(slots=True)
class Held:
    """A locked case with its open lead and its clocks."""

    case: Case
    lead: Handover | None
    clocks: list[Clock]
    members: tuple[tuple[int, int | None], ...]

    @property
    def stand(self) -> policies.Stand:
        return policies.Stand(self.case, self.lead, self.members)

    def clock(self, kind: str) -> Clock | None:
        """Give the running clock of `kind`, if any."""
        return next((c for c in self.clocks if c.kind == kind and c.stopped_at is None), None)


def hold(case_id: int, *, by: Actor, version: int | None = None) -> Held:
    """Lock a case and read what a verb needs (4 statements). `version` is what the person saw.

    :raises NotFound: no such case for this actor. :raises Stale: somebody saved meanwhile.
    """
    case = Case.objects.select_for_update().filter(tenant_id=by.tenant_id, id=case_id).first()
    if case is None:
        raise NotFound
    if version is not None and version != case.version:
        raise stale(case, version, by)
    lead = Handover.objects.filter(case=case, role=Role.LEAD, status__in=OPEN_HANDOVER).select_related("body").first()
    members = Membership.objects.filter(case=case, to_at=None).values_list("report_id", "report__reporter_id")
    return Held(case, lead, list(Clock.objects.filter(case=case)), tuple(members))


def hold_two(case_id: int, other_id: int, *, by: Actor, version: int | None = None) -> tuple[Held, Held]:
    """Lock two cases, the lower id first whatever their roles: two opposite merges wait for each other, never forever.

    `version` is what the person saw of the first. :raises NotFound: one is not there. :raises Stale: saved meanwhile.
    """
    rows = Case.objects.select_for_update().filter(tenant_id=by.tenant_id, id__in=[case_id, other_id])
    list(rows.order_by("id").values_list("id"))
    return hold(case_id, by=by, version=version), hold(other_id, by=by)


def stale(case: Case, seen: int, by: Actor) -> Stale:
    """Say what has happened to the case since version `seen`, and to colleagues and programs who did it."""
    since = [e for e in trail.of("case", case.id) if int(e.codes.get("version", 0)) > seen]
    told = [
        {"seq": e.seq, "at": trail.stamp(e.at), "verb": e.verb}
        | ({"by": e.actor} if by.kind not in ("resident", "reporter") else {})
        for e in since
        if policies.may_read(by, case, e.verb)
    ]
    return Stale(version=case.version, status=case.status, seen=seen, since=told)


def beside(
    held: Held, verb: str, *, by: Actor, now: datetime, codes: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None, rule: str = "", case_values: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Record what was done to a case without moving it: its version grows, the entry says to which."""
    held.case.change(**{**seen_outside(verb, now), **(case_values or {})})
    said = {"version": held.case.version, **(codes or {})}
    trail.record(verb, ("case", held.case.id), by=by, at=now, codes=said, words=words, rule=rule)


def carry_out_beside(
    held: Held, row: Move, *, by: Actor, now: datetime, codes: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None, case_values: Mapping[str, Any] | None = None,
    tells: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """Record and announce a row of a table that leaves the case where it is. `tells` as in `carry_out`."""
    life = next(life for life in LIVES if row in (*life.moves, *life.acts))
    rule = f"{life.code}@{life.edition}"
    beside(held, row.trail, by=by, now=now, codes=codes, words=words, rule=rule, case_values=case_values)
    owed = tuple(m for m in row.tells if tells is None or m in tells)
    outbox.announce(CaseMoved(held.case.id, row.verb, held.case.status, owed), at=now)


def seen_outside(entry: str, now: datetime) -> dict[str, datetime]:
    """Give what `Case.change` must set so that strangers' programs read the case again (spec 13 §6, trap 13)."""
    return {} if entry in QUIET or entry.startswith(AMONG_BODIES) else {"changed_at": now}


def ensure(held: Held, verb: str, *, by: Actor) -> Move:
    """Find the row of the case's table and insist that `by` may.

    :raises WrongMoment: the case's state does not know this verb. :raises NotAllowed, NotFound: not this actor.
    """
    policies_first = CASE.open_moves(held.case.status, held.case.status_before or None)
    row = next((m for m in policies_first if m.verb == verb), None)
    if row is not None:
        policies.ensure_may(row, by, held.stand)
        ensure_another_person(held, verb, by=by)
        return row
    policies.ensure_may_see(by, held.stand)
    if held.case.absorbed_into_id is not None:
        raise LivesOn(number=Case.objects.values_list("number", flat=True).get(id=living(held.case)))
    return ensure_move(CASE, verb, held.case.status, held.case.status_before)


def ensure_beside(held: Held, verb: str, *, by: Actor, asked: int | None = None) -> Move:
    """Find the row of a verb that leaves the case where it is, and insist that `by` may.

    `asked`: the body that the row beside the case asks. Raises as `ensure`.
    """
    stand = replace(held.stand, asked=asked)
    found = CASE.move(verb, held.case.status, held.case.status_before or None)
    if isinstance(found, Move):
        policies.ensure_may(found, by, stand)
        ensure_another_person(held, verb, by=by)
        return found
    policies.ensure_may_see(by, stand)
    return ensure_move(CASE, verb, held.case.status, held.case.status_before)


def living(case: Case) -> int:
    """Give the case in which an absorbed one lives on, however often that was absorbed in its turn; else itself."""
    found, on = case.id, case.absorbed_into_id
    while on is not None:
        found, on = on, Case.objects.values_list("absorbed_into", flat=True).get(id=on)
    return found


def ensure_another_person(held: Held, verb: str, *, by: Actor) -> None:
    """Insist on the pairs that one person may not both do on one case: `[[separation]]` of all tables (90 §4.2).

    It counts over the whole life of the case and over every post of the person, whoever holds the case by now.
    :raises SamePerson: says why.
    """
    apart = [pair for life in LIVES for pair in life.separations if verb in pair.verbs]
    if by.kind not in ("staff", "client") or not apart:
        return
    done_by: dict[str, str] = {}
    for pair in apart:
        other = pair.verbs[1] if pair.verbs[0] == verb else pair.verbs[0]
        done_by |= dict.fromkeys(_ENTRIES[other], other)
    entries = trail.Entry.objects.filter(
        tenant_id=by.tenant_id, subject_kind="case", subject_id=held.case.id, verb__in=list(done_by)
    )
    own = {done_by[verb_] for verb_, actor in entries.values_list("verb", "actor") if person(actor) == person(by.label)}
    for pair in apart:
        if own & set(pair.verbs):
            raise SamePerson(why=pair.why.zh, why_en=pair.why.en)


def person(label: str) -> str:
    """Give the person of an actor's label, in whichever post."""
    return label.split("/")[0]


def _entries_by_verb() -> dict[str, frozenset[str]]:
    """Name the entries that a verb leaves on the case, by the rows of all tables."""
    found: dict[str, set[str]] = {}
    for life in LIVES:
        for move in (*life.moves, *life.acts):
            found.setdefault(move.verb, set()).add(move.trail)
    return {verb: frozenset(trails) for verb, trails in found.items()}


_ENTRIES = _entries_by_verb()


def carry_out(
    held: Held,
    move: Move,
    *,
    by: Actor,
    now: datetime,
    handover_move: Move | None = None,
    amounts: Mapping[str, str] | None = None,
    case_values: Mapping[str, Any] | None = None,
    handover_values: Mapping[str, Any] | None = None,
    codes: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
    new_lead: Handover | None = None,
    tells: Sequence[str] | None = None,
    spares: Collection[str] = (),
    also: Mapping[str, Act] | None = None,
) -> Case:
    """Change the states and clocks as the rows say, record one entry, announce. `held` is locked.

    A move that steps aside remembers where it came from; one that steps back forgets it. `tells` are those of the
    row's messages that are owed this time; all of them if not given. `spares` are kinds of clocks left as they are;
    `also` are clocks of other tables that go with it.
    """
    case, lead = held.case, held.lead
    moves = [m for m in (move, handover_move) if m is not None]
    values: dict[str, Any] = {**seen_outside(move.trail, now), **(case_values or {})}
    target = move.target(case.status)
    if target != case.status:
        ended = target in CASE.ends and by.kind not in ("resident", "reporter")  # who takes it back may be in danger
        dangers.acted([case.id], by=by, now=now, over=ended)
    if target != case.status and target in ANSWERED:
        running.ensure_nothing_runs(case)
    if target != case.status:
        aside = CASE.state(target).is_aside
        values |= {"status": target, "status_since": now, "status_before": case.status if aside else ""}
    if handover_move is not None and lead is not None:
        settle(lead, handover_move, dict(handover_values or {}))
    acts = {kind: act for kind, act in effects(moves).items() if kind not in spares} | dict(also or {})
    if target in CASE.ends:
        acts["supervision"] = Act.STOP  # it is lifted or stays listed; no clock runs on an ended case
    turn = reckoning.turn(case, new_lead or lead, held.clocks, acts, now=now, amounts=amounts)
    reckoning.save(turn)
    held.clocks += turn.new
    moved = [c for c in turn.changed if c.kind == "promise" and c.stopped_at is None]
    case.change(**{**({"promise_due_at": moved[0].due_at} if moved else {}), **values})
    entry = {"status": case.status, "version": case.version, **(codes or {})}
    trail.record(
        move.trail, ("case", case.id), by=by, at=now, codes=entry, words=words, rule=f"{CASE.code}@{CASE.edition}"
    )
    owed = tuple(m for m in move.tells if tells is None or m in tells)
    outbox.announce(CaseMoved(case.id, move.verb, case.status, owed), at=now)
    return case


def carry_out_handover(
    held: Held,
    move: Move,
    *,
    by: Actor,
    now: datetime,
    handover_values: Mapping[str, Any] | None = None,
    codes: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
) -> Case:
    """Move the handover alone; the case stays where it is, its version grows."""
    lead = held.lead
    if lead is None:
        raise NotFound
    ensure_another_person(held, move.verb, by=by)
    settle(lead, move, dict(handover_values or {}))
    reckoning.save(reckoning.turn(held.case, lead, held.clocks, effects([move]), now=now))
    held.case.change()
    trail.record(
        move.trail, ("case", held.case.id), by=by, at=now, words=words, 
        codes={"version": held.case.version, "handover": lead.id, **(codes or {})},
        rule=f"{HANDOVER.code}@{HANDOVER.edition}",
    )  # fmt: skip
    outbox.announce(CaseMoved(held.case.id, move.verb, held.case.status, tuple(move.tells)), at=now)
    return held.case


def handover_row(held: Held, verb: str) -> Move:
    """Find the row of the handover's table.

    :raises NotFound: nobody holds the case. :raises WrongMoment: the handover does not know this verb now.
    """
    if held.lead is None:
        raise NotFound
    return ensure_move(HANDOVER, verb, held.lead.status, held.lead.status_before_return)


def settle(lead: Handover, move: Move, values: dict[str, Any]) -> None:
    """Move the locked handover along its own table and store it."""
    target = move.target(lead.status)
    state = HANDOVER.state(target)
    came_aside = HANDOVER.state(lead.status).is_aside
    if state.is_aside:
        values["status_before_return"] = lead.status_before_return if came_aside else lead.status
    lead.change(status=target, **values)
