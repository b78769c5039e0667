"""Grids on any day and what that day changed; the tree of divisions of a year with what became of them."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.places.actions import grids
from jishi.places.models import DivisionChange, DivisionLoad, DivisionVersion, Succession
from jishi.places.queries import through_years as looking
from jishi.places.tests.factories import CRS, SINCE, STREET, A, B, a_town, collection, feature, ring

pytestmark = pytest.mark.django_db
LATER = localdate(MONDAY_TEN) + timedelta(days=30)
AT = "/desk/ground/years"


def redrawn() -> list[dict]:
    """The border between the first two moved, the third renamed, the fourth given to a market of its own."""
    moved = [feature(f"{A}001", ring(0, 0, 0.8, 1)), feature(f"{A}002", ring(0.8, 0, 2, 1))]
    renamed = feature(f"{A}003", ring(0, 1, 1, 2), name="柳岸网格")
    market = feature(f"{A}901", ring(1, 1, 2, 2), name="河西市场", kind="special", special_of="market", owner_ref="scj")
    return [*moved, renamed, market]


@pytest.fixture
def town(other_tenant):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        by = system(other_tenant)
        report = grids.check(collection(redrawn()), division=A, crs=CRS, by=by)
        grids.adopt(report, effective_from=LATER, document_no="试〔2026〕2号", by=by, now=MONDAY_TEN, replaces=1)
    return other_tenant


@pytest.fixture
def desk(client, town):
    client.defaults["HTTP_HOST"] = "other.example"
    account = an_account(town)
    a_grant(account, "office", post_id=31)
    return signed_in(client, account, post=31, at=datetime.now(UTC))


class TestGrids:
    def test_of_a_day_say_what_that_day_changed(self, town):
        with scope.work(system(town)):
            rows = {r.code: r.change for r in looking.grids_then(LATER) if r.community == A}
            after = {r.change for r in looking.grids_then(LATER + timedelta(days=1))}

        assert rows == {f"{A}001": "moved", f"{A}002": "moved", f"{A}003": "renamed", f"{A}004": "gone",
                        f"{A}901": "new"}  # fmt: skip
        assert after == {""}

    def test_of_yesterday_are_those_of_yesterday(self, town):
        with scope.work(system(town)):
            before = looking.grids_then(LATER - timedelta(days=1))
            first = looking.grids_then(SINCE)

        assert [r.code for r in before if r.community == A] == [f"{A}{n:03d}" for n in (1, 2, 3, 4)]
        assert {r.change for r in first} == {"new"} and not looking_on(town, SINCE - timedelta(days=1))

    def test_the_days_on_which_they_changed_are_each_a_mark_of_the_slider(self, town):
        with scope.work(system(town)):
            days = looking.edition_days()

        assert [(d.day, d.ended) for d in days] == [(SINCE, 0), (LATER, 1)]
        assert days[1].began == ((A, 2, "试〔2026〕2号"),) and {b[0] for b in days[0].began} == {A, B}

    def test_are_asked_by_two_statements_however_long_ago(self, town):
        with scope.work(system(town)), CaptureQueriesContext(connection) as asked:
            looking.grids_then(LATER)

        assert len(asked) == 2

    def test_that_ended_are_not_drawn_and_what_changed_is_marked(self, town):
        with scope.work(system(town)):
            drawn = looking.drawn_then(looking.grids_then(LATER))["features"]

        marked = {f["properties"]["code"]: f["properties"]["changed"] for f in drawn}
        assert f"{A}004" not in marked and marked[f"{A}901"] and not marked[f"{B}001"]


def looking_on(tenant: int, day: date) -> list:
    with scope.work(system(tenant)):
        return looking.grids_then(day)


class TestThePages:
    def test_of_grids_opens_a_day_by_its_mark_or_by_its_date_with_the_same_rows_as_the_map(self, desk):
        by_mark = desk.get(AT, {"at": "2"}).content.decode()
        by_date = desk.get(AT, {"day": LATER.isoformat()}).content.decode()
        first = desk.get(AT, {"at": "1"}).content.decode()
        drawn = json.loads(desk.get(f"{AT}/map", {"day": LATER.isoformat()}).content)

        for page in (by_mark, by_date):
            assert "河西市场" in page and "边界动了" in page and "这天起没有了" in page and 'value="2"' in page
            assert f'data-days="{SINCE}|{LATER}"' in page and f"day={LATER}" in page
        assert "河西市场" not in first and 'value="1"' in first
        assert {f["properties"]["code"] for f in drawn["features"]} >= {f"{A}901", f"{B}001"}

    def test_in_english_and_with_nonsense_for_a_day_show_today(self, desk):
        page = desk.get(AT, {"day": "yesterday", "at": "99"}, headers={"Accept-Language": "en"}).content.decode()

        assert "Grids through the years" in page and "Days on which grids changed" in page
        assert f'value="{localdate()}"' in page

    def test_of_special_grids_names_who_answers_for_the_ground(self, desk):
        page = desk.get("/desk/ground/special", {"day": LATER.isoformat()}).content.decode()
        before = desk.get("/desk/ground/special", {"day": SINCE.isoformat()}).content.decode()

        assert "河西市场" in page and "scj" in page and "market" in page and "河西市场" not in before

    def test_a_stranger_is_led_to_the_sign_in_and_a_dispatcher_refused(self, client, town):
        client.defaults["HTTP_HOST"] = "other.example"
        assert client.get(AT).status_code == 302
        account = an_account(town)
        a_grant(account, "dispatcher", post_id=32)
        client = signed_in(client, account, post=32, at=datetime.now(UTC))
        assert {client.get(a).status_code for a in (AT, f"{AT}/map", "/desk/ground/special")} == {403}


class TestDivisions:
    @pytest.fixture
    def merged(self, town):
        """翠竹 was merged into 青溪 by a table that a person settled; 青溪 waits for a person, too."""
        gone = localdate() - timedelta(days=3)
        a, b = (DivisionVersion.objects.get(code=c, valid_to=None) for c in (A, B))
        DivisionVersion.objects.filter(id=b.id).update(valid_to=gone)
        Succession.objects.create(
            predecessor_id=b.division_id, successor_id=a.division_id, kind="merged", on_date=gone, share_households=1.0,
            document_no="云民〔2026〕8号",
        )  # fmt: skip
        load = DivisionLoad.objects.create(
            year=2026, source="试验", sha256="", rows=0, loaded_at=MONDAY_TEN, loaded_by="x"
        )
        DivisionChange.objects.create(
            load=load, division_id=a.division_id, kind="gone", code=A, name=a.name, evidence="同名同级 · 3 个下级相同"
        )
        return gone

    def test_of_a_day_hang_below_each_other_and_say_what_became_of_them(self, merged):
        now, before = looking.branch(STREET, localdate()), looking.branch(STREET, merged - timedelta(days=1))

        assert [b.code for b in now.below] == [A] and [b.code for b in before.below] == [A, B]
        assert [p.code for p in now.path] == ["990000000000", "990800000000", "990882000000"]
        (turn,) = now.turns
        assert (turn.code, turn.kind, turn.became_code, turn.share) == (B, "merged", A, 1.0) and not before.turns
        assert [w.code for w in now.waiting] == [A] and looking.branch("123456789012", localdate()) is None

    def test_that_are_no_more_are_shown_as_on_their_last_day(self, merged):
        found = looking.branch(B, localdate())

        assert found.row.code == B and found.row.valid_to == merged and [p.code for p in found.path][-1] == STREET

    def test_are_a_page_in_both_languages_with_years_to_choose(self, desk, merged):
        page = desk.get("/desk/ground/divisions", {"code": STREET}).content.decode()
        english = desk.get("/desk/ground/divisions", headers={"Accept-Language": "en"}).content.decode()

        assert "云民〔2026〕8号" in page and "并到别处" in page and "同名同级" in page and "等人确认的变动" in page
        assert "What changed" in english and f"code={STREET}" in english
        for wrong in ("123456789012", "abc", "x' OR 1"):
            assert desk.get("/desk/ground/divisions", {"code": wrong}).status_code == 404
        assert desk.get("/desk/ground/divisions", {"code": STREET, "year": "0000"}).status_code == 200
        assert desk.get("/desk/ground/divisions", {"code": STREET, "year": "1" * 5000}).status_code == 200

    def test_cost_a_few_statements_however_many_hang_below(self, merged):
        with CaptureQueriesContext(connection) as asked:
            looking.branch(STREET, localdate())

        assert len(asked) <= 10
