"""The API of cases: created once, readable at once, never overwritten unseen, refused by name."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from conftest import TOWN
from jishi.accounts.actions import clients
from jishi.cases.models import Case, Report
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope
from jishi.foundation.actor import system

HOST = "town.example"


@pytest.fixture
def api(town: int) -> Client:
    return _client(town, "operator", "dispatcher")


def _client(town: int, *roles: str, bodies: tuple[int, ...] = ()) -> Client:
    with scope.work(system(town)):
        _, key = clients.issue(
            "test", roles=list(roles), body_ids=list(bodies), by=system(town), now=timezone.now() - timedelta(days=400)
        )
    return Client(SERVER_NAME=HOST, HTTP_AUTHORIZATION=f"Bearer {key}")


def send(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.post(f"/api/v1{path}", data=json.dumps(body), content_type="application/json", headers=headers)


def create(client: Client, key: str = "k1", **facts: Any) -> Any:
    return send(client, "/reports", {"text": f.DRAIN, "matter": "01.02.01", **facts}, **{"Idempotency-Key": key})


class TestCreating:
    def test_a_report_is_readable_in_the_answer_after_its_creation(self, api: Client) -> None:
        made = create(api)

        assert made.status_code == 201, made.content
        number = made.json()["number"]
        assert api.get(f"/api/v1/reports/{number}").json()["text"] == f.DRAIN
        assert api.get("/api/v1/cases?q=雨水井").json()["items"][0]["number"] == made.json()["case"]

    def test_routing_and_promise_are_there_when_the_creation_answers(self, api: Client) -> None:
        answer = create(api).json()

        stages = {s["stage"]: s for s in answer["suggestions"]}
        assert answer["promise_due_at"]
        assert stages["route"]["candidates"][0]["label"]
        assert stages["route"]["candidates"][0]["reason"]

    def test_takes_at_most_6_statements(self, api: Client, django_assert_max_num_queries: Any) -> None:
        create(api, key="warm")

        with django_assert_max_num_queries(9):  # 25 is the goal; 6, and 3 of the test's savepoint
            answer = create(api, key="counted")

        assert answer.status_code == 201

    def test_the_same_key_and_body_make_one_report(self, api: Client, town: int) -> None:
        first, second = create(api, key="same"), create(api, key="same")

        assert first.json() == second.json()
        with scope.work(system(town)):
            assert Report.objects.count() == 1

    def test_the_same_key_with_another_body_is_refused(self, api: Client) -> None:
        create(api, key="same")

        answer = create(api, key="same", text="别的事情，路灯不亮。")

        assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")

    def test_another_actors_key_is_another_key(self, api: Client, town: int) -> None:
        mine = create(api, key="same")

        theirs = create(_client(town, "operator"), key="same")

        assert theirs.status_code == 201
        assert theirs.json()["number"] != mine.json()["number"]

    def test_without_a_key_is_refused_with_what_to_do(self, api: Client) -> None:
        answer = send(api, "/reports", {"text": f.DRAIN})

        assert (answer.status_code, answer.json()["code"]) == (400, "key_missing")
        assert answer.json()["next"]


BAD = [
    ({"text": ""}, "nothing_said"),
    ({"text": "   \n"}, "nothing_said"),
    ({"text": "长" * 10_001}, "too_long"),
    ({"text": f.DRAIN, "lng": 115.2, "lat": 30.1}, "unknown_datum"),
    ({"text": f.DRAIN, "lng": 115.2, "lat": 30.1, "crs": "beijing54"}, "unknown_datum"),
    ({"text": f.DRAIN, "lng": 30.1, "lat": 115.2, "crs": "wgs84"}, "swapped_axes"),
    ({"text": f.DRAIN, "matter": "99.99"}, "unknown_matter"),
    ({"text": f.DRAIN, "said_at": "2099-01-01T00:00:00Z"}, "said_in_the_future"),
    ({"text": f.DRAIN, "voice": "anonymous", "caller_contact": "13900000417"}, "anonymous_has_no_person"),
    ({"text": f.DRAIN, "caller_contact": "1390000041"}, "bad_contact"),
    ({"words": "x"}, "invalid"),
]


class TestBadInput:
    @pytest.mark.parametrize(("body", "code"), BAD, ids=[c for _, c in BAD])
    def test_is_refused_by_name_and_leaves_nothing(
        self, api: Client, town: int, body: dict[str, Any], code: str
    ) -> None:
        answer = send(api, "/reports", body, **{"Idempotency-Key": "bad"})

        assert answer.status_code == 422, answer.content
        assert answer["Content-Type"].startswith("application/problem+json")
        assert answer.json()["code"] == code
        assert answer.json()["title"]
        with scope.work(system(town)):
            assert Report.objects.count() == 0

    def test_broken_json_is_refused(self, api: Client) -> None:
        answer = api.post(
            "/api/v1/reports", data="{", content_type="application/json", headers={"Idempotency-Key": "x"}
        )

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")

    def test_html_in_text_stays_text(self, api: Client) -> None:
        made = create(api, text="<script>alert(1)</script>翠竹苑路灯不亮")

        assert api.get(f"/api/v1/reports/{made.json()['number']}").json()["text"].startswith("<script>")

    def test_a_wrong_key_is_nobody(self, town: int) -> None:
        answer = Client(SERVER_NAME=HOST, HTTP_AUTHORIZATION="Bearer nonsense").get("/api/v1/cases")

        assert answer.status_code == 401


class TestWorkingTogether:
    def test_a_write_without_if_match_is_refused(self, api: Client, town: int) -> None:
        case = f.a_case(town)

        answer = send(
            api, f"/cases/{case.number}/decline", {"ground": "other_procedure", "text": "x", "channel": "法院"}
        )

        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_missing")

    def test_a_stale_write_is_refused_with_what_differs_and_changes_nothing(self, api: Client, town: int) -> None:
        case = f.a_case(town)
        body, item = f.routed_body(case)
        seen = api.get(f"/api/v1/cases/{case.number}")["ETag"]
        first = send(api, f"/cases/{case.number}/offer", {"body": body, "item": item}, **{"If-Match": seen})

        second = send(
            api, f"/cases/{case.number}/decline", {"ground": "other_procedure", "text": "x", "channel": "法院"},
            **{"If-Match": seen},
        )  # fmt: skip

        assert first.status_code == 200, first.content
        assert (second.status_code, second.json()["code"]) == (412, "stale")
        assert second.json()["facts"]["status"] == Status.OFFERED
        assert f.again(town, case.id).status == Status.OFFERED

    def test_a_move_that_the_state_does_not_know_names_the_state_and_what_is_open(self, api: Client, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED)
        etag = api.get(f"/api/v1/cases/{case.number}")["ETag"]

        answer = send(api, f"/cases/{case.number}/offer", {"body": 1}, **{"If-Match": etag})

        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_moment")
        assert "办结" in answer.json()["title"]
        assert "reopening.reopen" in answer.json()["facts"]["open"]


class TestLists:
    def test_a_page_takes_at_most_8_statements_whatever_the_rows(
        self, api: Client, town: int, django_assert_max_num_queries: Any
    ) -> None:
        for n in range(3):
            f.a_case(town, text=f"翠竹苑{n + 1}号楼路灯不亮，晚上看不见路。")
        api.get("/api/v1/cases")
        with django_assert_max_num_queries(8) as few:
            api.get("/api/v1/cases?limit=50")
        for n in range(12):
            f.a_case(town, text=f"青溪里{n + 1}号楼垃圾没人收，已经三天了。")

        with django_assert_max_num_queries(8) as many:
            answer = api.get("/api/v1/cases?limit=50")

        assert len(answer.json()["items"]) == 15
        assert len(many) == len(few)

    def test_paging_gives_every_case_once(self, api: Client, town: int) -> None:
        made = {f.a_case(town, text=f"青溪里{n + 1}号楼楼道灯坏了，老人摸黑。").number for n in range(7)}

        seen = list(_all_pages(api, limit=3))

        assert sorted(seen) == sorted(made)

    def test_an_unknown_filter_value_is_refused(self, api: Client) -> None:
        assert api.get("/api/v1/cases?status=NONSENSE").json()["code"] == "invalid"

    def test_a_body_sees_its_own_cases_only(self, api: Client, town: int) -> None:
        ours, theirs = f.a_case_at(town, Status.OFFERED), f.a_case(town, text="桥东菜市场门口垃圾桶满了没人清。")
        client = _client(town, "handler", bodies=(ours.lead_id or 0,))

        numbers = [c["number"] for c in client.get("/api/v1/cases").json()["items"]]

        assert numbers == [ours.number]
        assert client.get(f"/api/v1/cases/{theirs.number}").status_code == 404

    def test_the_accused_body_finds_nothing_of_the_case(self, town: int) -> None:
        accused = f.body_id(town, "cgj")
        case = f.a_case(town, voice="confidential", kind="tip_off", accused_body_ids=(accused,))
        client = _client(town, "handler", "dispatcher", bodies=(accused,))

        assert client.get("/api/v1/cases").json()["items"] == []
        assert client.get(f"/api/v1/cases/{case.number}").status_code == 404
        assert client.get("/api/v1/cases?q=雨水井").json()["items"] == []


def _all_pages(client: Client, limit: int) -> Iterator[str]:
    after = ""
    while True:
        page = client.get(f"/api/v1/cases?limit={limit}&after={after}").json()
        yield from (c["number"] for c in page["items"])
        if not page["after"]:
            return
        after = page["after"]


class TestTriage:
    def test_looks_without_storing(self, api: Client, town: int) -> None:
        answer = send(api, "/triage", {"texts": [f.DRAIN, "123"]})

        assert answer.status_code == 200, answer.content
        assert len(answer.json()) == 2
        with scope.work(system(town)):
            assert Case.objects.count() == 0

    def test_more_than_500_texts_are_refused(self, api: Client) -> None:
        assert send(api, "/triage", {"texts": ["路灯不亮了"] * 501}).status_code == 422


def test_another_towns_address_bar_finds_nothing(api: Client, town: int, other_tenant: int) -> None:
    number = create(api).json()["number"]

    answer = api.get(f"/api/v1/reports/{number}", SERVER_NAME="other.example")

    assert answer.status_code == 401
    assert TOWN not in answer.content.decode()
