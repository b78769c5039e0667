"""Random verbs by random people never leave two leads, a report without a case, an open clock on an ended case, a clock
that stops before it starts, a verb without its entry, or anything at all of a verb that was refused (spec 10 §19.3).

A small model goes along: of each case its state, by the table of moves alone. 1,000 steps in every build, 10,000 at
night. A failure names the seed, the step and the steps before it.
"""

import ast
import os
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Q

from conftest import MONDAY_TEN
from jishi.cases import actions
from jishi.cases.actions import replaying
from jishi.cases.legwork import ERRAND
from jishi.cases.models import (
    Case,
    Clock,
    Errand,
    Handover,
    Mediation,
    Membership,
    Part,
    Participant,
    Report,
    Topic,
    Unsealing,
    Whistle,
)  # fmt: skip
from jishi.cases.states import (
    CASE,
    LIVES,
    MEDIATION,
    MEDIATION_TALKING,
    PART,
    PARTICIPANT,
    TOPIC,
    UNSEALING,
    WHISTLE,
)  # fmt: skip
from jishi.cases.tests import factories as f
from jishi.cases.tests import random_beside, random_steps
from jishi.cases.tests.random_steps import MATTERS, TEXTS, Now, Step, World
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.refusals import Refused

WALKS = 20 if os.environ.get("JISHI_PROFILE") == "nightly" else 2
STEPS = (*random_steps.STEPS, *random_beside.STEPS)
NEXT = {
    verb: random_steps.NEXT.get(verb, ()) + random_beside.NEXT.get(verb, ())
    for verb in {*random_steps.NEXT, *random_beside.NEXT}
}  # fmt: skip
BY_NAME = {s.verb: s for s in STEPS}
LENGTH, CASES, LOOKED_AT_EVERY = 700, 5, 100
BESIDE = {
    Part: PART, Whistle: WHISTLE, Participant: PARTICIPANT, Mediation: MEDIATION, Errand: ERRAND, Topic: TOPIC,
    Unsealing: UNSEALING,
}  # fmt: skip
OUTLIVING = {c.kind for life in LIVES for c in life.clocks if c.outlives}
HELD = ("OFFERED", "SIGNED", "RETURN_ASKED", "CONTESTED")
# What is written on another subject than the case that was drawn: a plan, another case, a report's other case.
ELSEWHERE = {"bulk.preview", "bulk.apply", "bulk.undo", "intake.receive", "links.open_", "links.answer"}
ELSEWHERE |= random_beside.ELSEWHERE
SELDOM = {
    "withdrawing.withdraw", "intake.decline", "intake.answer_at_once", "intake.settle_on_spot", "merging.absorb",
    "dispatch.take_back", "handling.terminate", "consultation.contest", "handover.accept_return",
    "handover.return_by_time", "reopening.redispatch", "ruling.uphold", "clocks.suspend", "banking.bank",
    "handling.reply", "intake.accept_after_objection", "feedback.send_back",
}  # fmt: skip
LEADS_TO = {move.verb: {m.to for m in CASE.moves if m.verb == move.verb} for move in CASE.moves}
MOVES_BESIDE = {  # verbs that are no row of the case's table, and what they may lead to besides
    "feedback.answer": {"CLOSED", "HANDLING"},
    "feedback.end_by_time": {"CLOSED", "HANDLING"},
    "handover.return_": {"CONSULTING"},  # a second one
}  # fmt: skip


def faults(town: int) -> list[str]:
    """Name every broken invariant in the whole town."""
    with scope.work(system(town)):
        leads = Handover.objects.filter(role="lead", status__in=HELD).values("case").annotate(n=Count("id"))
        belongs = Membership.objects.filter(to_at=None).values("report")
        double = Membership.objects.filter(to_at=None).values("report", "case").annotate(n=Count("id"))
        ended = Clock.objects.filter(stopped_at=None, case__status__in=CASE.ends).exclude(kind__in=OUTLIVING)
        beyond = Clock.objects.filter(stopped_at=None, kind__in=OUTLIVING).exclude(
            Q(whistle__status="CONCLUDED") | Q(mediation__status="AGREED")
        )
        talks = Mediation.objects.filter(status__in=MEDIATION_TALKING, case__status__in=CASE.ends)
        backwards = Clock.objects.filter(stopped_at__lt=F("started_at"))
        held = Case.objects.filter(status__in=("OFFERED", "HANDLING", "REPLIED")).exclude(
            handovers__in=Handover.objects.filter(role="lead", status__in=HELD)
        )
        stale = Case.objects.filter(~Q(lead=None), status="RECEIVED")
        asking = Case.objects.filter(status="FEEDBACK")
        ticking = Clock.objects.filter(kind__in=("feedback", "recheck"), stopped_at=None, due_at__isnull=False)
        parts = Part.objects.filter(status__in=("ASKED", "SIGNED", "CONTESTED"), case__status__in=CASE.ends)
        whistles = Whistle.objects.filter(status__in=("CALLED", "GATHERED", "ACTING"), case__status__in=CASE.ends)
        return [
            *(f"two leads on {row['case']}" for row in leads.filter(n__gt=1)),
            *(f"report {r.id} has no case" for r in Report.objects.exclude(id__in=belongs)),
            *(f"twice in one case {row}" for row in double.filter(n__gt=1)),
            *(f"{c.kind} runs on ended case {c.case_id}" for c in ended),
            *(f"{c.kind} of {c.case_id} runs on after what it belongs to" for c in beyond),
            *(f"nobody's turn on {c.id}, which waits for answers" for c in asking.exclude(clocks__in=ticking)),
            *(f"mediation {m.id} goes on for an ended case" for m in talks),
            *(f"{c.kind} of {c.case_id} stops before it starts" for c in backwards),
            *(f"{c.number} is {c.status} and nobody holds it" for c in held),
            *(f"{c.number} is on the desk and has a lead" for c in stale),
            *(f"part {p.id} is open on an ended case" for p in parts),
            *(f"whistle {w.id} goes on for an ended case" for w in whistles),
            *_gaps(),
        ]


def _gaps() -> list[str]:
    """Entries of one subject are numbered without a gap, each on the one before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject_id, seq FROM (SELECT subject_id, seq, prev, lag(hash) OVER w AS before, row_number() OVER w"
            " AS n FROM foundation_entry WHERE subject_kind = 'case' WINDOW w AS (PARTITION BY subject_id ORDER BY seq)"
            ") e WHERE seq <> n OR (before IS NOT NULL AND prev <> before)"
        )
        return [f"case {case} has no sound entry {seq}" for case, seq in cursor.fetchall()]


def stand(town: int, case_id: int) -> Now:
    """What the model compares: the case's state, and how much is written about it."""
    with scope.work(system(town)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.status, c.status_before, c.lead_id, c.version, (SELECT count(*) FROM foundation_entry e "
            "WHERE e.tenant_id = c.tenant_id AND e.subject_kind = 'case' AND e.subject_id = c.id) "
            "FROM cases_case c WHERE c.id = %s",
            [case_id],
        )
        return Now(*cursor.fetchone())


def likely(rng: Random, case: Now, just: str) -> Step:
    """What answers the verb before, a move that this state knows, a verb beside it, or anything at all.

    Ways out of work are taken seldom, and so is what must be asked for first.
    """
    if just in NEXT and rng.random() < 0.8:
        return BY_NAME[rng.choice(NEXT[just])]
    open_now = {m.verb for m in CASE.open_moves(case.status, case.before or None)}
    moves = [s for s in STEPS if s.verb in open_now]
    beside = [s for s in STEPS if s.verb not in LEADS_TO]
    chance = rng.random()
    weights = [1 if s.verb in SELDOM else 8 for s in moves]
    if moves and chance < (0.3 if case.status == "HANDLING" or max(weights) == 1 else 0.7):
        return rng.choices(moves, weights)[0]
    return rng.choice(beside if chance < 0.95 else STEPS)


def fitting(rng: Random, step: Step, row: Any) -> Step:
    """Mostly a verb that the row beside the case knows where it stands."""
    table = BESIDE.get(type(row))
    known = {m.verb for m in (*table.open_moves(row.status), *table.acts)} if table else {step.verb}
    if step.verb in known or rng.random() < 0.2:
        return step
    return rng.choice([s for s in STEPS if s.verb in known] or [step])


def take(world: World, step: Step, case: Now) -> tuple[Step, bool]:
    """Try one verb by whom it suits, or by anybody; refusals are as good as moves. Gives what was tried."""
    try:
        row = step.row(world, case) if step.row else None
        step = fitting(world.rng, step, row)
        by = step.who(world, case, row) if world.rng.random() < 0.85 else world.anybody(case)
        verb, subject, said = step.call(world, case, row)
        with scope.work(by):
            verb(subject, by=by, now=world.now, **said)
    except Refused:
        return step, False
    return step, True


def judged(step: Step, before: Now, after: Now, *, done: bool) -> str:
    """Say what the model does not expect, if anything."""
    if not done:
        return "" if after == before else f"a refused verb left {before} as {after}"
    if step.verb in ELSEWHERE:
        return ""
    if after.entries == before.entries:
        return "no entry"
    allowed = LEADS_TO.get(step.verb, set()) | MOVES_BESIDE.get(step.verb, set()) | {before.status}
    back = "" in allowed or None in allowed or after.status == before.before
    return "" if back or after.status in allowed else f"it led from {before.status} to {after.status}"


def walk(town: int, seed: int) -> Counter[str]:
    """Go LENGTH steps; gives how often each verb was done. Fails at the first thing the model does not expect."""
    rng = Random(seed)
    world, told = World(town, rng, MONDAY_TEN), Counter[str]()
    world.cases = [f.a_case(town, matter=MATTERS[n % 2], text=TEXTS[n % 3]).id for n in range(CASES)]
    last: list[str] = []
    before, just = None, ""
    for n in range(LENGTH):
        world.now += timedelta(minutes=rng.choice((1, 1, 4, 17, 55, 300)))
        if before is None or before.id not in world.cases or rng.random() < 0.2:  # people stay with a matter a while
            before, just = stand(town, rng.choice(world.cases)), ""
        step, done = take(world, likely(rng, before, just), before)
        just = step.verb if done else ""
        last = [*last[-12:], f"{step.verb} on {before.id} {before.status}: {'done' if done else 'refused'}"]
        after = stand(town, before.id)
        wrong = judged(step, before, after, done=done)
        assert not wrong, (seed, n, wrong, step.verb, last)
        told[step.verb] += done
        before = after
        if after.status == "WITHDRAWN" and after.id in world.cases:  # its life is over: another matter takes its place
            fresh = f.a_case(town, now=world.now, matter=rng.choice(MATTERS))
            world.cases[world.cases.index(after.id)] = fresh.id
        if n % LOOKED_AT_EVERY == LOOKED_AT_EVERY - 1:
            assert not (found := faults(town)), (seed, n, found, last)
    with scope.work(system(town)):
        assert not (found := replaying.page(0, by=system(town)).different), (seed, found)
    return told


def test_no_sequence_of_verbs_breaks_an_invariant(town: int) -> None:
    told: Counter[str] = Counter()
    for seed in range(WALKS):
        with transaction.atomic():
            told += walk(town, seed)
            transaction.set_rollback(True)

    never = {s.verb for s in STEPS} - {verb for verb, times in told.items() if times}
    assert sum(told.values()) >= WALKS * LENGTH // 5, told
    assert len(never) < len(STEPS) // (2 if WALKS == 2 else 3), f"the walks prove nothing of {sorted(never)}"


def test_the_walk_knows_every_verb_of_the_table_of_cases() -> None:
    assert {m.verb for m in CASE.moves} - {s.verb for s in STEPS} == set()


def verbs_of_the_room() -> set[str]:
    """Name every verb: what the modules of actions offer that takes an actor and a moment."""
    found = set()
    for path in Path(actions.__path__[0]).glob("*.py"):
        for one in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"):
                named = {a.arg for a in one.args.kwonlyargs}
                found |= {f"{path.stem}.{one.name.rstrip('_')}"} if {"by", "now"} <= named else set()
    return found


def test_every_verb_of_the_room_is_walked_or_says_why_not() -> None:
    walked = {s.verb.rstrip("_") for s in STEPS}
    excused = {verb.rstrip("_") for verb in random_beside.NOT_WALKED}

    assert verbs_of_the_room() - walked - excused == set()
    assert excused - verbs_of_the_room() == set(), "no such verb any more"
    assert excused & walked == set()
    assert all(len(why) > 9 for why in random_beside.NOT_WALKED.values())
