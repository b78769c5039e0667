"""The newest of a matter, for strangers: found without reading the whole history, and the very same rows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jishi.cases.actions import publishing
from jishi.cases.models import Report
from jishi.cases.queries import public
from jishi.cases.queries.public import Wanted
from jishi.cases.tests import factories as f
from jishi.foundation import scope
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db
DRAIN, LAMP = "01.02.01", "02.01.02"  # both public at once


@pytest.fixture
def lived(town: int) -> int:
    """Cases of two matters by the hour, a pair in the same moment, one joined late, one closed, four hidden."""
    began = timezone.now() - timedelta(days=9)
    made = [
        f.a_case(town, now=began + timedelta(hours=k - k % 5 // 4), matter=DRAIN if k % 3 else LAMP) for k in range(12)
    ]
    f.receive(town, now=began + timedelta(hours=30), join_case_id=made[1].id, text=f.DRAIN + "又堵了。")
    f.do(f.reviewer(town), publishing.close, made[8].id, why="有人认得出", now=timezone.now())
    with scope.work(system(town)):  # the newest cases of it are public, and hardly a report of theirs is shown
        told = Report.objects.filter(memberships__case__matter=DRAIN, memberships__case__in=[m.id for m in made[6:]])
        assert told.update(hidden_at=timezone.now(), hidden_by="desk") == 4
    return town


@pytest.mark.parametrize("matters", [(DRAIN,), (LAMP,), (DRAIN, LAMP), ("01",), ("02.04.03",)])
def test_the_newest_of_a_matter_are_those_of_the_whole_list(lived: int, matters: tuple[str, ...]) -> None:
    with scope.work(system(lived)):
        joined = Report.objects.order_by("-received_at").values_list("id", flat=True)[0]
        wanted = Wanted(matters=matters)
        whole = list(public.filtered(wanted, tenant_id=lived).order_by("-received_at", "-id"))

        for limit in (1, 2, 3, 20):
            keys = [None, *((r.received_at, r.id) for r in whole)]
            for after in keys:
                rest = whole if after is None else whole[whole.index(next(r for r in whole if r.id == after[1])) + 1 :]
                found = public.listed(wanted, tenant_id=lived, limit=limit, after=after)
                assert [s.report.id for s in found] == [r.id for r in rest[:limit]]
            for skip in range(len(whole) + 1):
                found = public.listed(wanted, tenant_id=lived, limit=limit, skip=skip)
                assert [s.report.id for s in found] == [r.id for r in whole[skip : skip + limit]]
            if whole:
                until = whole[len(whole) // 2].received_at
                found = public.listed(public.replace(wanted, until=until), tenant_id=lived, limit=limit)
                assert [s.report.id for s in found] == [r.id for r in whole if r.received_at <= until][:limit]

    assert bool(whole) is (matters != ("02.04.03",))
    assert DRAIN not in matters or whole[0].id == joined, "of an old case, and yet the newest"


def test_a_page_of_a_matter_reads_its_newest_and_not_its_history(lived: int) -> None:
    """S02 · what is older than the newest few cases of the matter is not asked for at all."""
    with scope.work(system(lived)):
        with CaptureQueriesContext(connection) as asked:
            found = public.listed(Wanted(matters=(DRAIN,)), tenant_id=lived, limit=2)
        lists = [
            q["sql"] for q in asked.captured_queries if 'FROM "cases_report"' in q["sql"] and "ORDER BY" in q["sql"]
        ]

    assert len(found) == 2
    assert len(lists) == 1 and '"received_at" >=' in lists[0].replace('"cases_report".', "")
    assert "LATERAL" in "".join(q["sql"] for q in asked.captured_queries)


def test_a_page_asks_at_most_eight_statements_however_much_is_hidden(lived: int) -> None:
    """S10 · nearly all of the matter is hidden from strangers: four statements look for what is left, four dress it."""
    with scope.work(system(lived)):
        told = list(Report.objects.filter(memberships__case__matter=DRAIN, hidden_at=None).order_by("received_at"))
        Report.objects.filter(id__in=[r.id for r in told[1:]]).update(hidden_at=timezone.now(), hidden_by="desk")
        public.listed(Wanted(), tenant_id=lived, limit=2)  # what a process keeps
        with CaptureQueriesContext(connection) as asked:
            found = public.listed(Wanted(matters=(DRAIN,)), tenant_id=lived, limit=1)
        with CaptureQueriesContext(connection) as plain:
            public.listed(Wanted(), tenant_id=lived, limit=20)

    assert [s.report.id for s in found] == [told[0].id]
    assert sum('"received_at" >=' in q["sql"].replace('"cases_report".', "") for q in asked.captured_queries) == 2
    assert len(asked.captured_queries) <= 8
    assert len(plain.captured_queries) <= 5
