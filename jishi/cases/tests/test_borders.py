"""A border that moves behind a report moves neither its grid nor its edition (spec 20 §5)."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from conftest import MONDAY_TEN
from jishi.accounts.web import tenants
from jishi.cases.models import Case, Membership
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.test_attacks import client_of
from jishi.cases.triage import routing
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.places import queries as places
from jishi.places.actions import grids

RECEIVED, MOVED = date(2026, 3, 9), date(2026, 5, 1)
AFTER = MONDAY_TEN + timedelta(days=90)


@pytest.fixture(autouse=True)
def _towns_afresh(town: int):
    tenants.forget()
    yield
    tenants.forget()


@pytest.fixture
def case(town: int) -> Case:
    found = f.a_case(town)
    assert found.grid_id is not None and found.grid_edition_id is not None
    return found


def renumbered(case: Case) -> str:
    """The community's grids drawn where they are, under codes and names that no grid had: every general grid ends."""
    rows = {g.code: g for g in places.grids_in(case.division_code, RECEIVED)}
    layer = [x for x in places.as_geojson("grids", RECEIVED)["features"] if x["properties"]["code"] in rows]
    for number, one in enumerate(layer, 501):
        row = rows[one["properties"]["code"]]
        said = {"code": row.code, "name": row.name, "kind": row.kind, "special_of": row.special_of}
        if row.kind == "general":
            said |= {"code": f"{case.division_code}{number}", "name": f"新划第{number}网格"}
        one["properties"] = {**said, "owner_ref": row.owner_ref}
    return json.dumps({"type": "FeatureCollection", "features": layer})


@pytest.fixture
def moved(town: int, case: Case) -> Any:
    by = system(town)
    with scope.work(by):
        report = grids.check(renumbered(case), division=case.division_code, crs="cgcs2000", by=by)
        assert report.blockers == ()
        number = places.grid_of_edition(case.grid_id, case.grid_edition_id).edition
        return grids.adopt(
            report, effective_from=MOVED, document_no="云办〔2026〕9号", by=by, now=MONDAY_TEN, replaces=number
        )


def located(town: int, case: Case, day: date) -> str:
    with scope.work(system(town)):
        lng, lat = (case.lng_e7 or 0) / 1e7, (case.lat_e7 or 0) / 1e7
        return places.locate([lng], [lat], crs="cgcs2000", day=day)[0].grid


def test_the_report_and_its_case_keep_the_grid_and_the_edition_of_receipt(town: int, case: Case, moved: Any):
    after = f.again(town, case.id)

    with scope.work(system(town)):
        report = Membership.objects.select_related("report").get(case=case).report
        row = places.grid_of_edition(after.grid_id, after.grid_edition_id)
    assert (after.grid_id, after.grid_edition_id) == (case.grid_id, case.grid_edition_id)
    assert (report.grid_id, report.grid_edition_id) == (case.grid_id, case.grid_edition_id)
    assert row is not None and row.edition_id == case.grid_edition_id != moved.id


def test_a_question_as_of_that_day_has_the_old_answer_and_one_of_today_the_new(town: int, case: Case, moved):
    before, last, first = located(town, case, RECEIVED), located(town, case, MOVED - timedelta(days=1)), moved

    now = located(town, case, MOVED)

    with scope.work(system(town)):
        row = places.grid_of_edition(case.grid_id, case.grid_edition_id)
    assert before == last == row.code
    assert now != before and now[12:15] >= "501" and first.number > 1


def test_the_desk_and_the_api_show_the_grid_and_edition_of_receipt(town: int, case: Case, moved: Any):
    with scope.work(system(town)):
        row = places.grid_of_edition(case.grid_id, case.grid_edition_id)

    page = colleague(town, "dispatcher", title="派单员").get(f"/desk/dispatch?case={case.number}").content.decode()
    told = client_of(town, "dispatcher").get(f"/api/v1/cases/{case.number}").json()

    assert row.name in page and "新划第" not in page
    assert (told["grid"], told["grid_edition"]) == (row.code, row.edition)


def test_the_lists_still_know_the_place_as_it_was_when_its_grid_has_ended(town: int, case: Case, moved: Any):
    with scope.work(system(town)):
        facts = routing.facts_of_case(f.again(town, case.id))
        place = facts["place"].value
        decided = duties.decide([facts], day=RECEIVED)[0]

    assert (place.exact, place.community) == (True, case.division_code)
    assert place.kinds and decided.item is not None


def test_who_was_not_there_before_is_received_by_the_new_edition(town: int, moved: Any, case: Case):
    later = f.a_case(town, now=AFTER, text="翠竹苑5号楼门口的雨水井又堵了，请来看看。")

    assert later.grid_edition_id == moved.id != case.grid_edition_id


def test_a_stranger_learns_no_more_of_the_place_than_before(town: int, case: Case, moved: Any):
    assert Client(SERVER_NAME="town.example").get(f"/api/v1/cases/{case.number}").status_code in (401, 404)
