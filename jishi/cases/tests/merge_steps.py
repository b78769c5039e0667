"""Steps of the tests of merging, parting and withdrawing: each verb by whom it suits, and what it left behind."""

from datetime import datetime, timedelta
from typing import Any

from conftest import MONDAY_TEN, TOWN
from jishi.cases.actions import merging, withdrawing
from jishi.cases.models import Case, Clock, Membership, Report
from jishi.cases.tests import factories as f
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system

LATER = MONDAY_TEN + timedelta(hours=8)
NEXT_DAY = MONDAY_TEN + timedelta(days=1)


def absorb(case: Case, into: Case, now: datetime = LATER, by: Actor | None = None, **more: Any) -> Case:
    f.do(by or f.dispatcher(case.tenant_id), merging.absorb, case.id, into=into.id, now=now, **more)
    return f.again(case.tenant_id, case.id)


def restore(case: Case, now: datetime = NEXT_DAY, by: Actor | None = None, **more: Any) -> Case:
    f.do(by or f.dispatcher(case.tenant_id), merging.restore, case.id, now=now, **more)
    return f.again(case.tenant_id, case.id)


def leave(case: Case, report_id: int, now: datetime = LATER) -> Case:
    given = {"report_id": report_id, "tenant_code": TOWN, "now": now}
    done: Case = f.do(f.dispatcher(case.tenant_id), merging.leave, case.id, **given)
    return f.again(case.tenant_id, done.id)


def members(case: Case) -> set[int]:
    with scope.work(system(case.tenant_id)):
        return set(Membership.objects.filter(case=case, to_at=None).values_list("report_id", flat=True))


def report_of(case: Case) -> Report:
    with scope.work(system(case.tenant_id)):
        return Report.objects.filter(memberships__case=case, memberships__to_at=None).order_by("id")[0]


def the_caller(report: Report) -> Actor:
    return Actor(tenant_id=report.tenant_id, kind="reporter", report_id=report.id)


def withdraw(report: Report, now: datetime = LATER, by: Actor | None = None, **more: Any) -> list[Case]:
    given = {"tenant_code": TOWN, "now": now, **more}
    done: list[Case] = f.do(by or the_caller(report), withdrawing.withdraw, report.id, **given)
    return done


def picture(town: int, *ids: int) -> list[Any]:
    """All that a refusal must leave as it was."""
    with scope.work(system(town)):
        return [
            list(Case.objects.filter(id__in=ids).order_by("id").values()),
            list(Membership.objects.filter(case__in=ids).order_by("id").values()),
            list(Clock.objects.filter(case__in=ids).order_by("id").values()),
            [len(trail.of("case", i)) for i in ids],
        ]


def entries(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [e.verb for e in trail.of("case", case.id)]


def promise_of(case: Case) -> Clock:
    with scope.work(system(case.tenant_id)):
        return Clock.objects.get(case=case, kind="promise", stopped_at=None)
