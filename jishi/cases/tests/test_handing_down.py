"""工作量: what was done is counted by house and month and handed down; nobody fills in a form (spec 20 §3.2)."""

from datetime import date, timedelta

import pytest

from conftest import MONDAY_TEN
from jishi.accounts.web import tenants
from jishi.cases.actions import handing_down
from jishi.cases.models import Case, Membership, Report
from jishi.cases.states import Channel
from jishi.cases.tests import factories as f
from jishi.cases.tests.test_attacks import client_of
from jishi.foundation import scope
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import NotAllowed
from jishi.places import queries as places
from jishi.places.actions import workloads

NEXT = MONDAY_TEN + timedelta(days=40)  # in the month after
QUARTER = MONDAY_TEN + timedelta(days=60)
SINCE = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def _towns_afresh(town: int):
    tenants.forget()
    yield
    tenants.forget()


def counted(town: int, now=NEXT) -> int:
    by = clock(town, "nightly:1")
    with scope.work(by):
        return handing_down.hand_down(by=by, now=now)


def shown(town: int, code: str) -> dict[str, int | None]:
    with scope.work(system(town)):
        return {r.kind: r.value for r in places.workloads_of_grids([code], day=QUARTER.date()) if r.since == SINCE}


def code_of(case: Case) -> str:
    assert case.lng_e7 is not None
    return str(places.grid(case.grid_id).code)


def test_months_of_cases_are_counted_at_their_houses_once(town: int) -> None:
    cases = [f.a_case(town) for _ in range(5)]
    with scope.work(system(town)):
        code = code_of(cases[0])

    assert counted(town, MONDAY_TEN) == 0, "the month is not over"
    assert counted(town) == 1
    assert shown(town, code) == {"requests": 5, "found": None}
    assert counted(town) == 0
    assert shown(town, code) == {"requests": 5, "found": None}


def test_what_accuses_a_body_or_has_no_point_is_counted_at_no_house(town: int) -> None:
    accusing, nowhere = f.a_case(town), f.a_case(town)
    month = MONDAY_TEN.date().replace(day=1)
    with scope.work(system(town)):
        by = system(town)
        assert sum(handing_down._counted(month, False, by).values()) == 2
        assert handing_down._counted(month, True, by) == {}, "nobody found these first"
        Case.objects.filter(id=nowhere.id).update(lng_e7=None, lat_e7=None)
        assert sum(handing_down._counted(month, False, by).values()) == 1
        Case.objects.filter(id=accusing.id).update(accused_body_ids=[1], visibility="closed")
        assert handing_down._counted(month, False, by) == {}


def test_a_request_that_was_taken_out_of_a_found_case_makes_no_request_of_it(town: int) -> None:
    case, emptied, other = f.a_case(town), f.a_case(town), f.a_case(town)
    month, by = MONDAY_TEN.date().replace(day=1), system(town)
    with scope.work(by):
        wrong = Report.objects.get(memberships__case=other)
        Report.objects.filter(memberships__case__in=[case, emptied]).update(channel=Channel.PATROL)
        Membership.objects.filter(case__in=[emptied, other]).update(to_at=NEXT, end="left")
        Membership.objects.create(tenant_id=town, case=case, report=wrong, from_at=MONDAY_TEN, by="t")

        def both() -> list[int]:
            return [sum(handing_down._counted(month, found, by).values()) for found in (False, True)]

        assert both() == [1, 0], "while it is in it, somebody asked; a case without any report is neither"
        there = Membership.objects.filter(report=wrong, case=case)
        there.update(to_at=NEXT, end="withdrawn")
        assert both() == [1, 0], "who withdraws has asked"
        there.update(end="left")
        assert both() == [0, 1]


def test_a_person_hands_nothing_down(town: int) -> None:
    f.a_case(town)
    by = Actor(tenant_id=town, kind="staff", account_id=1, roles=frozenset({"office"}))
    with scope.work(by), pytest.raises(NotAllowed):
        handing_down.hand_down(by=by, now=NEXT)


def test_the_api_gives_quarters_as_data_or_as_a_sheet_and_says_nothing_below_five(town: int) -> None:
    case = f.a_case(town)
    counted(town)
    with scope.work(system(town)):
        code = code_of(case)
    client, after = client_of(town, "operator"), QUARTER.date().isoformat()

    told = client.get("/api/v1/workloads", {"grid": code, "day": after}).json()
    assert told["least"] == 5
    assert {(i["kind"], i["value"]) for i in told["items"]} == {("requests", None), ("found", None)}
    sheet = client.get("/api/v1/workloads", {"community": code[:12], "day": after, "form": "csv"})
    assert sheet["content-type"].startswith("text/csv")
    lines = sheet.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "grid,since,until,kind,value" and f"{code},2026-01-01,2026-04-01,requests,<5" in lines
    of_twelve = {"community": code[:12], "day": after}
    assert client.get("/api/v1/workloads", {**of_twelve, "limit": 26}).status_code == 422
    first = client.get("/api/v1/workloads", {**of_twelve, "limit": 1}).json()
    second = client.get("/api/v1/workloads", {**of_twelve, "limit": 1, "after": first["next"]}).json()
    assert len({i["grid"] for i in first["items"]}) == 1
    assert {i["grid"] for i in second["items"]} != {i["grid"] for i in first["items"]}
    for few in ("3", code[:2], code[:9], "１" * 12, code):
        assert client.get("/api/v1/workloads", {"community": few}).status_code == 422
    for nothing in ({}, {"grid": code, "community": code[:12]}, {"grid": code, "form": "xml"}):
        assert client.get("/api/v1/workloads", nothing).status_code == 422
    assert client.get("/api/v1/workloads", {"grid": "1" * 15}).status_code == 404


def test_a_day_to_come_is_answered_as_today(town: int) -> None:
    case, by = f.a_case(town), system(town)
    with scope.work(by):
        code = code_of(case)
        for month in (10, 11, 12):
            for kind in ("requests", "found"):
                workloads.record({}, kind=kind, period=date(2099, month, 1), source="t", by=by, now=NEXT)
        house = next(iter(handing_down._counted(MONDAY_TEN.date().replace(day=1), False, by)))
        workloads.record({house: 9}, kind="requests", period=SINCE, source="t", by=by, now=NEXT)

    told = client_of(town, "operator").get("/api/v1/workloads", {"grid": code, "day": "2100-01-10"})

    assert told.json()["items"] == []
