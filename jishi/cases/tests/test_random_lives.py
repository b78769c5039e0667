"""Random sequences of verbs never leave two leads, a report without a case, an open clock on an ended case,
or a clock that stops before it starts (spec 10 §19.3). 10,000 verbs in the nightly profile."""

import os
from datetime import timedelta
from random import Random

import pytest
from django.db.models import Count, F, Q

from conftest import MONDAY_TEN
from jishi.cases.actions import handling
from jishi.cases.models import Case, Clock, Handover, Membership, Report
from jishi.cases.states import CASE
from jishi.cases.tests import factories as f
from jishi.cases.tests.test_moves import WAYS, Way
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.refusals import Refused

VERBS = 10_000 if os.environ.get("JISHI_PROFILE") == "nightly" else 80
HELD = ("OFFERED", "SIGNED", "RETURN_ASKED", "CONTESTED")


def faults(town: int) -> list[str]:
    """Name every broken invariant in the whole town."""
    with scope.work(system(town)):
        leads = (
            Handover.objects.filter(role="lead", status__in=HELD).values("case").annotate(n=Count("id")).filter(n__gt=1)
        )
        belongs = Membership.objects.filter(to_at=None).values("report")
        ended = Clock.objects.filter(stopped_at=None, case__status__in=CASE.ends)
        backwards = Clock.objects.filter(stopped_at__lt=F("started_at"))
        held = Case.objects.filter(status__in=("OFFERED", "HANDLING", "REPLIED")).exclude(
            handovers__in=Handover.objects.filter(role="lead", status__in=HELD)
        )
        stale = Case.objects.filter(~Q(lead=None), status="RECEIVED")
        return [
            *(f"two leads on {row['case']}" for row in leads),
            *(f"report {r.id} has no case" for r in Report.objects.exclude(id__in=belongs)),
            *(f"{c.kind} runs on ended case {c.case_id}" for c in ended),
            *(f"{c.kind} of {c.case_id} stops before it starts" for c in backwards),
            *(f"{c.number} is {c.status} and nobody holds it" for c in held),
            *(f"{c.number} is on the desk and has a lead" for c in stale),
        ]


def attempt(rng: Random, way: Way, case: Case, step: int) -> bool:
    """Try one verb by whom it suits, or by a stranger; refusals are as good as moves."""
    now = MONDAY_TEN + timedelta(minutes=17 * step)
    try:
        if way.verb == "handling.reply":
            f.do(f.handler_of(case), handling.note_contact, case.id, how="phone", reached="yes", now=now)
        elif way.prepare is not None and rng.random() < 0.8:
            way.prepare(case, now)
        way.perform(
            f.again(case.tenant_id, case.id), way.right(case) if rng.random() < 0.9 else f.stranger(case.tenant_id), now
        )
    except (Refused, AssertionError):
        return False
    return True


@pytest.mark.parametrize("seed", [1, 2])
def test_no_sequence_of_verbs_breaks_an_invariant(seed: int, town: int) -> None:
    rng = Random(seed)
    ids = [f.a_case(town, kind=kind).id for kind in ("report", "inquiry", "complaint")]
    moved = 0

    for step in range(VERBS // 2):
        at = rng.randrange(len(ids))
        case = f.again(town, ids[at])
        open_now = {m.verb for m in CASE.open_moves(case.status, case.status_before or None)}
        if not open_now:  # withdrawn: its life is over, another begins
            case = f.a_case(town)
            ids[at], open_now = case.id, {m.verb for m in CASE.open_moves(case.status)}
        likely = [w for w in WAYS if w.verb in open_now] or WAYS
        way = rng.choice(likely if rng.random() < 0.8 else WAYS)
        moved += attempt(rng, way, case, step + 1)

    assert moved >= VERBS // 8, "too few verbs succeeded: the walk proves nothing"
    assert faults(town) == []
