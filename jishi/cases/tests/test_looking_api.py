"""Looking by interface: the timeline of one case, and the tiles of the public map (spec 10 §16)."""

from datetime import timedelta
from math import asinh, pi, radians, tan
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jishi.accounts.tests.factories import an_account, signed_in
from jishi.cases.actions import publishing
from jishi.cases.models import Case
from jishi.cases.queries import tiles
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague
from jishi.cases.tests.open311_steps import program
from jishi.foundation.refusals import NotFound

ELSEWHERE = (0, 0)
WHERE = "翠竹苑3号楼"


def at() -> Any:
    return timezone.now()


def returned(town: int, **facts: Any) -> Case:
    """A case that a body signed after another had given it back."""
    return f.a_case_at(town, Status.FEEDBACK, now=at() - timedelta(hours=12), **facts)


class TestTheTimeline:
    def test_of_a_caller_is_the_honest_one_of_his_own_report(self, town: int) -> None:
        me = an_account(town, staff=False)
        case = returned(town, reporter_id=me.id, channel="web")
        browser = signed_in(Client(headers=HOST), me)

        answer = browser.get(f"/api/v1/cases/{case.number}/timeline")
        told = answer.json()

        assert answer["ETag"] == f'"{case.version}"'
        assert (told["case"], told["status"]) == (case.number, "FEEDBACK")
        assert told["promise"]["first_due_at"]
        assert told["promise"]["why"]
        assert told["may"]["judge"] is True
        whats = [one["what"] for one in told["happened"]]
        assert (whats[-1], whats[0]) == ("report.said", "case.reply_approved")
        assert all(one["title"] != one["what"] for one in told["happened"])
        signed = next(one for one in told["happened"] if one["what"] == "handover.signed")
        assert signed["body"]
        assert signed["item"]["number"]
        assert "case.contacted" not in whats or not next(
            one["words"] for one in told["happened"] if one["what"] == "case.contacted"
        )

    def test_of_a_colleague_is_the_life_as_his_page_tells_it(self, town: int) -> None:
        case = returned(town)

        told = colleague(town, "dispatcher").get(f"/api/v1/cases/{case.number}/timeline").json()

        assert [one["what"] for one in told["happened"]][-1] == "case.received"
        assert {"at", "what", "title", "seq", "who", "body", "item", "ground", "words"} == set(told["happened"][0])
        assert "readings" not in told

    def test_of_another_caller_or_a_hidden_case_was_never_there(self, town: int) -> None:
        case = returned(town)
        other = signed_in(Client(headers=HOST), an_account(town, staff=False))

        found = [c.get(f"/api/v1/cases/{case.number}/timeline").status_code for c in (other, Client(headers=HOST))]

        assert found == [404, 404]
        assert colleague(town, "dispatcher").get("/api/v1/cases/C-nothing/timeline").status_code == 404

    def test_takes_as_many_statements_for_a_long_life_as_for_a_short_one(self, town: int) -> None:
        desk, counted = colleague(town, "dispatcher"), []
        for status in (Status.OFFERED, Status.FEEDBACK):
            case = f.a_case_at(town, status, now=at() - timedelta(hours=12))
            with CaptureQueriesContext(connection) as found:
                assert desk.get(f"/api/v1/cases/{case.number}/timeline").status_code == 200
            counted.append(len(found))

        assert counted[0] >= counted[1] - 1
        assert max(counted) <= 15


def tile_at(lng: float, lat: float, z: int) -> tuple[int, int]:
    n = 2**z
    return int((lng + 180) / 360 * n), int((1 - asinh(tan(radians(lat))) / pi) / 2 * n)


def asked(z: int, x: int, y: int, **headers: str) -> Any:
    return program().get(f"/api/v1/tiles/cases/{z}/{x}/{y}", headers=headers)


def point_of(case: Case) -> tuple[float, float]:
    rows = program().get("/api/v1/public/cases", {"limit": 200}).json()["items"]
    row = next(r for r in rows if r["case"] == case.number)
    return row["lng"], row["lat"]


class TestATile:
    def test_near_by_holds_the_open_public_points_inside_it_as_the_list_gives_them(self, town: int) -> None:
        case = f.a_case(town, now=at() - timedelta(hours=1), address_text=WHERE)
        x, y = tile_at(*point_of(case), 16)

        here, beside = asked(16, x, y), asked(16, x + 1, y)

        (one,) = here.json()["features"]
        assert one["properties"]["case"] == case.number
        assert one["geometry"]["coordinates"] == list(point_of(case))
        assert set(one["properties"]) == set(program().get("/api/v1/public/cases").json()["items"][0]) - {"lng", "lat"}
        assert here.json()["more"] is False
        assert beside.json()["features"] == []

    def test_shows_nothing_that_strangers_may_not_read(self, town: int) -> None:
        seen = f.a_case(town, now=at() - timedelta(hours=2), address_text=WHERE)
        given = {"now": at() - timedelta(hours=2), "address_text": WHERE}
        f.a_case(town, voice="confidential", **given)
        f.a_case(town, kind="tip_off", **given)
        f.a_case(town, accused_body_ids=(f.body_id(town, "cgj"),), **given)
        shut = f.a_case(town, **given)
        f.do(f.reviewer(town), publishing.close, shut.id, why="有人认得出", now=at())
        x, y = tile_at(*point_of(seen), 16)

        found = asked(16, x, y).json()["features"]

        assert [one["properties"]["case"] for one in found] == [seen.number]

    def test_far_away_counts_by_grid_from_five_on(self, town: int) -> None:
        for _ in range(4):
            case = f.a_case(town, now=at() - timedelta(hours=1), address_text=WHERE)
        x, y = tile_at(*point_of(case), 10)
        few = asked(10, x, y).json()["features"]
        f.a_case(town, now=at() - timedelta(hours=1), address_text=WHERE)

        (one,) = asked(10, x, y).json()["features"]

        assert few == []
        assert one["properties"]["count"] == 5
        assert set(one["properties"]) == {"grid", "name", "community", "count"}
        assert asked(10, *ELSEWHERE).json()["features"] == []

    def test_is_kept_for_a_minute_and_not_sent_twice(self, town: int) -> None:
        first = asked(3, 1, 1)

        again = asked(3, 1, 1, **{"If-None-Match": first["ETag"]})

        assert first["Cache-Control"] == "public, max-age=60"
        assert first["Content-Type"] == "application/geo+json"
        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.parametrize(("z", "x", "y"), [(21, 0, 0), (-1, 0, 0), (3, 8, 0), (3, 0, 8), (0, 0, 10**30)])
    def test_that_is_none_is_not_found(self, z: int, x: int, y: int) -> None:
        with pytest.raises(NotFound):
            tiles.box_of(z, x, y)

    def test_says_where_it_was_cut(self, town: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tiles, "MOST", 1)
        for _ in range(2):
            case = f.a_case(town, now=at() - timedelta(hours=1), address_text=WHERE)
        x, y = tile_at(*point_of(case), 16)

        told = asked(16, x, y).json()

        assert (len(told["features"]), told["more"]) == (1, True)

    def test_costs_the_same_whatever_it_holds(self, town: int) -> None:
        counted = []
        for n in (1, 3):
            for _ in range(n):
                case = f.a_case(town, now=at() - timedelta(hours=1), address_text=WHERE)
            x, y = tile_at(*point_of(case), 16)
            with CaptureQueriesContext(connection) as found:
                asked(16, x, y)
            counted.append(len(found))

        assert counted[0] == counted[1] <= 15
