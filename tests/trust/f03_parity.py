"""F3: the button's answer, the verb's answer and the list agree, for drawn actors on drawn cases at drawn moments."""

from collections import Counter
from datetime import timedelta
from random import Random

from django.db import transaction

from conftest import MONDAY_TEN
from jishi.cases import policies
from jishi.cases.actions import moving
from jishi.cases.models import Case
from jishi.cases.states import CASE, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.random_steps import STEPS, World
from jishi.cases.tests.test_random_lives import stand
from jishi.foundation import scope
from jishi.foundation.refusals import NotAllowed, NotFound, Refused
from tests.trust.sizes import say, size

EACH = size(30, 10_000)  # triples a verb
MOMENTS = (Status.RECEIVED, Status.OFFERED, Status.HANDLING, Status.CONSULTING, Status.REPLIED, Status.CLOSED)


def button(case_id: int, verb: str, by) -> bool | None:
    """What the page would show; None: this state knows no such move, no page shows it."""
    with scope.work(by):
        try:
            held = moving.hold(case_id, by=by)
        except NotFound:
            return False
        known = CASE.open_moves(held.case.status, held.case.status_before or None)
        row = next((m for m in known if m.verb == verb), None)
        return None if row is None else policies.may(row, by, held.stand)


def listed(case_id: int, by) -> bool:
    with scope.work(by):
        return policies.visible_to(by, Case.objects.filter(id=case_id)).exists()


def tried(world: World, step, now, row, by) -> str:
    """What the verb says: done, no (not this actor), hidden, or another refusal. Nothing of it stays."""
    verb, subject, said = step.call(world, now, row)
    try:
        with scope.work(by):
            verb(subject, by=by, now=world.now, **said)
            transaction.set_rollback(True)
    except NotFound:
        return "hidden"
    except NotAllowed:
        return "no"
    except Refused:
        return "other"
    return "done"


def test_button_verb_and_list_agree(town, record_property):
    world = World(town, Random(90), MONDAY_TEN + timedelta(days=2))
    cases = [f.a_case_at(town, moment).id for moment in MOMENTS]
    moves = {m.verb for m in CASE.moves}
    steps = [s for s in STEPS if s.verb in moves and s.row is None]
    differ, triples, told = [], 0, Counter()
    for step in steps:
        for turn in range(EACH):
            world.cases = list(cases)  # a report that was taken in a moment ago has been put back
            now = stand(town, cases[turn % len(cases)])
            by = step.who(world, now, None) if world.rng.random() < 0.4 else world.anybody(now)
            with transaction.atomic():
                shown, seen = button(now.id, step.verb, by), listed(now.id, by)
                try:
                    said = tried(world, step, now, None, by)
                except NotFound:
                    said = "hidden"
                transaction.set_rollback(True)
            triples += 1
            told[said] += 1
            if (shown is False and said == "done") or (shown and said in ("no", "hidden")):
                differ.append(f"{step.verb}: button {shown}, verb {said}")
            if shown is not None and said == "no" and not seen:
                differ.append(f"{step.verb}: not in the list, and the verb says not allowed")
    say(record_property, f"{triples} triples of {len(steps)} verbs, {len(differ)} differences; {dict(told)}")
    assert not differ, differ[:5]
