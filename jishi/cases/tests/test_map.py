"""The map: counts by grid; the public reads none below five; no request leaves the host (tests/browser)."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from jishi.cases.models import Case
from jishi.cases.queries import ground
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague, statements
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.places import queries as places

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def some_grids(town, n):
    with scope.work(f.the_clock(town)):
        return [(p["id"], p["code"]) for p in (x["properties"] for x in places.as_geojson("grids")["features"][:n])]


def stand(town, grid_id, count, **facts):
    """Let `count` open cases stand in one grid."""
    made = [f.a_case(town, text=f"{grid_id}号格第{i}处路灯不亮，晚上看不见。", **facts) for i in range(count)]
    with scope.work(f.the_clock(town)):
        Case.objects.filter(id__in=[c.id for c in made]).update(grid=grid_id)
    return made


def counts(town, by=None):
    actor = by or Actor(tenant_id=town, kind="anonymous")
    with scope.work(actor):
        return {r.code: r.count for r in ground.ground(by=actor, now=NOW).rows}


class TestThePublic:
    def test_reads_counts_from_five_on_and_fewer_than_five_below(self, town):
        (five, five_code), (four, four_code), (_, none_code) = some_grids(town, 3)
        stand(town, five, 5)
        stand(town, four, 4)

        seen = counts(town)

        assert (seen[five_code], seen[four_code], seen[none_code]) == (5, None, None)

    def test_gets_no_number_below_five_in_page_nor_in_geojson(self, town):
        (four, code), (five, other) = some_grids(town, 2)
        made = stand(town, four, 4)
        stand(town, five, 5)
        anybody = Client(headers=HOST)

        html = anybody.get(reverse("map")).content.decode()
        data = json.loads(anybody.get(reverse("map-grids")).content)

        facts = [x["properties"] for x in data["features"]]
        labels = {p["code"]: p["name"] for p in facts if "code" in p}
        assert (labels[code], labels[other]) == ("<5", "5")
        assert made[0].title not in html
        assert made[0].number not in html
        assert {k for x in data["features"] for k in x["properties"]} <= {"code", "name", "fill", "kind"}

    def test_is_not_told_of_complaints_about_a_body(self, town):
        ((grid, code),) = some_grids(town, 1)
        accused = f.body_id(town, "cgj")
        stand(town, grid, 5, accused_body_ids=(accused,), voice="confidential")

        assert counts(town)[code] is None

    def test_gets_every_grid_and_its_row(self, town):
        data = json.loads(Client(headers=HOST).get(reverse("map-grids")).content)
        html = Client(headers=HOST).get(reverse("map")).content.decode()

        codes = [x["properties"]["code"] for x in data["features"] if "code" in x["properties"]]
        assert len(codes) == len(set(codes)) > 10
        assert all(f'data-code="{c}"' in html for c in codes)


class TestAColleague:
    def test_reads_the_counts_of_what_he_may_see_and_its_cases(self, town):
        ((grid, code),) = some_grids(town, 1)
        made = stand(town, grid, 2)
        desk = colleague(town, "dispatcher")

        html = desk.get(reverse("desk-map"), {"grid": code}).content.decode()

        assert counts(town, f.dispatcher(town))[code] == 2
        assert all(c.title in html for c in made)

    def test_of_a_body_without_cases_counts_none(self, town):
        ((grid, code),) = some_grids(town, 1)
        stand(town, grid, 2)

        assert counts(town, f.handler(town, "gaj"))[code] == 0

    def test_without_a_post_is_led_to_sign_in_and_an_unknown_grid_is_not_found(self, town):
        assert Client(headers=HOST).get(reverse("desk-map")).status_code == 302
        assert colleague(town, "dispatcher").get(reverse("desk-map"), {"grid": "nowhere"}).status_code == 404

    def test_costs_the_same_statements_whatever_the_rows(self, town):
        (one, _), (two, _) = some_grids(town, 2)
        by = f.dispatcher(town)
        with scope.work(by):
            ground.ground(by=by, now=NOW)
            with statements() as few:
                ground.ground(by=by, now=NOW)
        stand(town, one, 3)
        stand(town, two, 3)
        with scope.work(by), statements() as many:
            ground.ground(by=by, now=NOW)

        assert len(many) <= len(few) + 3  # entering a scope, and asking whether the ground has changed


@given(st.lists(st.integers(1, 60), max_size=80))
def test_classes_hold_every_count_once_and_rise(found):
    bounds = ground.classes(found)

    assert len(bounds) <= 5
    assert all(sum(low <= n <= top for _, low, top in bounds) == 1 for n in found)
    assert [b[0] for b in bounds] == sorted(b[0] for b in bounds)
