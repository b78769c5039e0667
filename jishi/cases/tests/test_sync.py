"""What a device brings when it has network again: once by key, in its own order, late, with a wrong clock."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.cases.actions import errands, syncing
from jishi.cases.actions.errands import Setting
from jishi.cases.models import Case, Errand, Report
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague, statements
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.models import IdempotencyRecord
from jishi.places import queries as places

pytestmark = pytest.mark.django_db
AREA = "990181001002"
GRID = "990181001002003"
CLUTTER = "04.01.04"  # on the spot list
NOW = datetime.now(UTC)


@pytest.fixture
def device(town) -> Client:
    account = an_account(town)
    a_grant(account, "grid_worker", body_id=f.body_id(town, "sqcz"), post_id=9901, post_title="网格员", area=AREA)
    return signed_in(Client(headers=HOST), account, post=9901)


def key(n: int) -> str:
    return f"device-key-{n:04d}"


def said(n: int, **row: Any) -> dict[str, Any]:
    return {"key": key(n), "verb": "report", "seq": n, "text": f"翠竹苑{n % 6 + 1}号楼前路灯不亮，第{n}盏。", **row}


def send(device: Client, rows: list[Any], status: int = 200, **batch: Any) -> Any:
    answer = device.post("/api/v1/sync", json.dumps({"rows": rows, **batch}), content_type="application/json")
    assert answer.status_code == status, answer.content.decode()
    return answer.json()["rows"] if status == 200 else answer.json()


def states(answers: list[dict[str, Any]]) -> list[str]:
    return [a["state"] for a in answers]


def reports(town: int) -> list[Report]:
    with scope.work(system(town)):
        return list(Report.objects.order_by("id"))


def cases(town: int) -> list[Case]:
    with scope.work(system(town)):
        return list(Case.objects.order_by("id"))


def an_errand(town: int, **more: Any) -> str:
    by = f.dispatcher(town)
    given = {"kind": "deliver", "what": "贴停水通知", "division_code": AREA, "place_text": "南门公告栏", **more}
    with scope.work(by):
        return errands.set_(Setting(**given), by=by, now=NOW - timedelta(hours=1), tenant_code="990181").number


def status_of(town: int, number: str) -> str:
    with scope.work(system(town)):
        return Errand.objects.get(number=number).status


class TestByItsKey:
    def test_a_row_is_applied_once_however_often_it_comes(self, town, device):
        rows = [said(1), said(2, verb="settle", matter=CLUTTER, how="一起搬走了", text="", grid=GRID)]

        first, again = send(device, rows), send(device, [*rows, rows[0]])

        assert states(first) == ["done", "done"] and states(again) == ["again", "again", "again"]
        assert [a["number"] for a in again[:2]] == [a["number"] for a in first]
        assert [c.status for c in cases(town)] == [Status.RECEIVED, Status.CLOSED] and len(reports(town)) == 2

    def test_the_same_key_twice_in_one_batch_is_one(self, town, device):
        assert states(send(device, [said(1), said(1)])) == ["done", "done"]
        assert len(reports(town)) == 1

    def test_the_same_key_with_other_words_is_refused_and_harms_no_other(self, town, device):
        send(device, [said(1)])

        answers = send(device, [said(1, text="另一件事"), said(2)])

        assert states(answers) == ["refused", "done"] and answers[0]["problem"]["code"] == "key_reused"

    def test_the_keys_are_kept_for_thirty_days_and_of_refused_rows_for_none(self, town, device):
        send(device, [said(1), said(2, text=" ")])

        with scope.work(system(town)):
            kept = IdempotencyRecord.objects.filter(route=syncing.ROUTE)
            assert [r.key for r in kept] == [key(1)]
            assert kept[0].expires_at - datetime.now(UTC) > timedelta(days=29)
        assert states(send(device, [said(2, text="改好了：门坏了")])) == ["done"]

    def test_another_worker_with_the_same_key_is_another_matter(self, town, device):
        other = colleague(town, "grid_worker", body="sqcz")
        send(device, [said(1)])

        assert states(send(other, [said(1)])) == ["done"]

    def test_a_change_of_post_between_two_attempts_makes_nothing_twice(self, town):
        first = f.staff(town, "grid_worker", account=4711, body="sqcz", area=AREA)
        later = f.staff(town, "grid_worker", account=4712, body="sqcz", area=AREA)
        later = type(later)(**{**{s: getattr(later, s) for s in later.__slots__}, "account_id": 4711})
        row = syncing.Row(key(1), "report", text="门坏了")

        got = [f.do(by, syncing.sync, [row], now=NOW, tenant_code="990181")[0] for by in (first, later)]

        assert [a.state for a in got] == ["done", "again"]


class TestErrands:
    def test_are_applied_in_the_order_of_the_device_whatever_the_order_of_the_rows(self, town, device):
        number = an_errand(town)
        rows = [
            {"key": key(n), "verb": f"errand.{verb}", "seq": n, "errand": number, **more}
            for n, (verb, more) in enumerate(
                [("take", {}), ("put_back", {}), ("take", {}), ("finish", {"finding": "done", "text": "贴好了"})]
            )
        ]
        mixed = rows[:]
        random.Random(7).shuffle(mixed)

        assert states(send(device, mixed)) == ["done"] * 4 and mixed != rows
        assert status_of(town, number) == "DONE"

    def test_a_finding_opens_its_report(self, town, device):
        number = an_errand(town)

        answers = send(device, [
            {"key": key(1), "verb": "errand.take", "seq": 1, "errand": number},
            {"key": key(2), "verb": "errand.find", "seq": 2, "errand": number, "text": "公告栏玻璃碎了"},
        ])  # fmt: skip

        assert states(answers) == ["done", "done"] and answers[1]["number"] == reports(town)[0].number
        assert reports(town)[0].channel == "patrol"

    def test_a_verb_whose_guard_no_longer_holds_comes_back_to_be_seen(self, town, device):
        dropped, gone = an_errand(town), an_errand(town)
        f.do(f.dispatcher(town), errands.drop, dropped, words="有人贴了", now=NOW)
        other = f.staff(town, "grid_worker", account=an_account(town).id, body="sqcz", area=AREA)
        f.do(other, errands.take, gone, now=NOW)

        answers = send(device, [
            {"key": key(1), "verb": "errand.take", "seq": 1, "errand": dropped},
            {"key": key(2), "verb": "errand.find", "seq": 2, "errand": gone, "text": "公告栏玻璃碎了"},
            said(3),
        ])  # fmt: skip

        assert states(answers) == ["conflict", "conflict", "done"]
        assert [a["problem"]["code"] for a in answers[:2]] == ["wrong_moment", "wrong_moment"]
        assert all(a["problem"]["next"] for a in answers[:2])
        assert len(reports(town)) == 1

    def test_a_settling_that_no_longer_holds_leaves_the_report_and_says_why(self, town, device):
        elsewhere = said(1, verb="settle", matter=CLUTTER, how="搬走了", where="石坊里12号楼", text="堆物")

        answers = send(device, [elsewhere])

        assert states(answers) == ["conflict"] and answers[0]["problem"]["code"] in ("not_allowed", "not_found")
        assert [c.status for c in cases(town)] == [Status.RECEIVED]
        assert answers[0]["number"] == reports(town)[0].number


class TestOneBadRow:
    @pytest.mark.parametrize(
        "bad",
        [{"verb": "close"}, {"verb": "errand.drop"}, {"text": ""}, {"text": "字" * 10_001}, {"matter": "99.99.99"},
         {"verb": "settle", "matter": "01.02.01", "how": "修好了"}, {"verb": "settle"}, {"seq": "x"}, {"at": "昨天"},
         {"key": "short"}, {"here": {"lng": 999, "lat": 0}}, {"here": {"lng": 30.1, "lat": 120.2, "crs": "wgs84"}},
         {"verb": "errand.take", "errand": "E-none"}],
    )  # fmt: skip
    def test_comes_back_by_name_and_harms_no_other(self, town, device, bad):
        answers = send(device, [said(1), said(2, **bad), said(3)])

        assert [answers[0]["state"], answers[2]["state"]] == ["done", "done"]
        assert answers[1]["state"] in ("refused", "conflict") and answers[1]["problem"]["title"]
        assert len(reports(town)) == 2

    def test_that_the_database_refuses_is_left_out_by_itself(self, town, device, monkeypatch):
        from django.db import DataError, connection

        from jishi.cases.actions import intake

        real = intake.receive_many

        def fussy(batch: Any, **rest: Any) -> Any:
            if any("第2盏" in one.text for one in batch):
                with connection.cursor() as cursor, pytest.raises(DataError):
                    cursor.execute("SELECT 1/0")
                raise DataError
            return real(batch, **rest)

        monkeypatch.setattr(syncing.intake, "receive_many", fussy)

        answers = send(device, [said(1), said(2), said(3)])

        assert states(answers) == ["done", "refused", "done"] and len(reports(town)) == 2


class TestTheClock:
    def test_three_weeks_late_is_received_now_and_said_then(self, town, device):
        then = datetime.now(UTC) - timedelta(days=21)

        send(device, [said(1, at=then.isoformat())], device_now=datetime.now(UTC).isoformat())

        report = reports(town)[0]
        assert report.said_at == then and report.received_at > then + timedelta(days=20) and report.attributes == {}

    @pytest.mark.parametrize("off", [timedelta(days=400), timedelta(minutes=11), timedelta(days=-20_000)])
    def test_that_cannot_be_believed_is_kept_raw_and_replaced_by_the_receipt(self, town, device, off):
        at = datetime.now(UTC) + off

        assert states(send(device, [said(1, at=at.isoformat())], device_now=at.isoformat())) == ["done"]

        report = reports(town)[0]
        assert report.said_at == report.received_at
        assert report.attributes["device_said_at"].startswith(at.strftime("%Y-%m-%dT%H:%M"))
        assert abs(report.attributes["device_clock_off_s"] - off.total_seconds()) < 300

    def test_a_few_minutes_ahead_is_believed_up_to_the_receipt(self, town, device):
        send(device, [said(1, at=(datetime.now(UTC) + timedelta(minutes=5)).isoformat())])

        report = reports(town)[0]
        assert report.said_at == report.received_at and report.attributes == {}


class TestThePlace:
    def test_is_the_grid_that_was_chosen_and_nothing_is_typed(self, town, device):
        with scope.work(system(town)):
            grid = places.grids_in(AREA)[-1]

        gone = said(2, text="水管又漏了", grid="990181001002999")  # of an edition that is no more

        send(device, [said(1, text="绿化带水管漏水", grid=grid.code), gone])

        assert [r.grid_id for r in reports(town)] == [grid.id, None]
        assert reports(town)[1].attributes == {"device_grid": "990181001002999"}

    def test_is_the_point_only_where_here_was_pressed(self, town, device):
        with scope.work(system(town)):
            lng, lat = places.centres([places.grids_in(AREA)[0].id]).popitem()[1]
        here = {"lng": lng / 1e7, "lat": lat / 1e7, "crs": "wgs84", "accuracy_m": 12}

        send(device, [said(1, text="井盖翘了", here=here), said(2, text="井盖又翘了")])

        assert [r.source_crs for r in reports(town)] == ["wgs84", ""]

    @pytest.mark.parametrize("crs", ["", "beijing54"])
    def test_does_not_enter_without_a_system_that_is_known(self, town, device, crs):
        here = {"lng": 115.2, "lat": 30.1, "crs": crs}

        answers = send(device, [said(1, text="井盖翘了", here=here), said(2, text="井盖又翘了")])

        assert states(answers) == ["refused", "done"] and answers[0]["problem"]["code"] == "unknown_datum"
        assert len(reports(town)) == 1


class TestTheDoor:
    def test_is_for_those_who_go_and_nobody_else(self, town, device):
        send(colleague(town, "dispatcher"), [said(1)], status=403)
        assert Client(headers=HOST).post(
            "/api/v1/sync", json.dumps({"rows": [said(1)]}), content_type="application/json"
        ).status_code in (401, 403)  # fmt: skip
        assert reports(town) == []

    def test_takes_five_hundred_rows_and_refuses_more(self, town, device):
        answer = send(device, [said(n) for n in range(501)], status=422)

        assert answer["code"] == "too_many_rows" and reports(town) == []

    def test_five_hundred_rows_cost_hardly_more_statements_than_five(self, town, device):
        send(device, [said(9000)])
        numbers = [an_errand(town) for _ in range(4)]

        def batch(start: int, n: int) -> list[dict[str, Any]]:
            rows = [said(start + i) for i in range(n - 3)]
            rows += [said(start + n - 3, verb="settle", matter=CLUTTER, how="搬走了", text="", grid=GRID)]
            number = numbers.pop()
            rows += [{"key": key(start + n - 2), "verb": "errand.take", "seq": start + n - 2, "errand": number}]
            return [*rows, {"key": key(start + n - 1), "verb": "errand.find", "seq": start + n - 1, "errand": number,
                            "text": "公告栏玻璃碎了"}]  # fmt: skip

        with statements() as few:
            send(device, batch(1000, 5))
        with statements() as many:
            assert set(states(send(device, batch(2000, 500)))) == {"done"}

        assert len(many) <= len(few) + 2 and len(many) <= 60, (len(few), len(many))
