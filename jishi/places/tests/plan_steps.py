"""What tests of plans share: a community of nine compounds, its runs, and a plan lived up to a state."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.places import plan_rules
from jishi.places.actions import gridplan, ground, plans
from jishi.places.models import GridPlan, PlanRun
from jishi.places.tests.factories import CRS, SINCE, A, a_town, at
from jishi.places.tests.factories import office as an_office

DAYS = timedelta(days=1)
LATER = MONDAY_TEN + 8 * DAYS
RULES = plan_rules.load()
HOMES = (200, 180, 260, 150, 210, 190, 240, 170, 320)  # nine compounds on three rows of community A


@pytest.fixture
def by(other_tenant: int):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        compounds(HOMES, other_tenant)
        actor = an_office(other_tenant)
        with scope.within(actor):
            yield actor


def compounds(homes, tenant: int) -> None:
    rows = [
        ground.NewCompound(f"p{n}", f"新村{n + 1}区", A, *at(0.34 + 0.66 * (n % 3), 0.34 + 0.66 * (n // 3)),
                           households_planned=h)
        for n, h in enumerate(homes)
    ]  # fmt: skip
    ground.add_compounds(rows, crs=CRS, active_from=SINCE, by=system(tenant), now=MONDAY_TEN)


def another(by: Actor) -> Actor:
    """A colleague of the same office: who adopts did nothing else to the plan."""
    return replace(by, account_id=2)


def worked_off(by: Actor, now=MONDAY_TEN) -> None:
    plans.work_off(by.tenant_id, clock=lambda: now)


def a_run(by: Actor, **rules) -> PlanRun:
    run = plans.ask(A, rules=plans.Rules(**rules), by=by, now=MONDAY_TEN)
    worked_off(by)
    run.refresh_from_db()
    return run


def a_plan_at(status: str, by: Actor) -> GridPlan:
    """Reach a state by living it."""
    plan = gridplan.draft(a_run(by).id, by=by, now=MONDAY_TEN)
    later = MONDAY_TEN + 8 * DAYS
    steps = {
        "CHECKED": lambda: gridplan.check(plan.id, by=by, now=MONDAY_TEN),
        "NOTICED": lambda: gridplan.publish(plan.id, by=by, now=MONDAY_TEN),
        "ANSWERED": lambda: gridplan.conclude(plan.id, by=by, now=later),
        "ADOPTED": lambda: gridplan.adopt(plan.id, document_no="试〔2026〕9号", by=another(by), now=later,
                                          effective_from=later.date() + 7 * DAYS),
    }  # fmt: skip
    for name, step in steps.items():
        if status == "DRAFTED":
            break
        step()
        if name == status:
            break
    plan.refresh_from_db()
    assert plan.status == status
    return plan


def entries(kind: str, row: int) -> int:
    return len(trail.of(kind, [row]))
