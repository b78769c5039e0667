"""What somebody who means harm sends to the API and the pages: refused by name, stores nothing, tells nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jishi.accounts.actions import clients
from jishi.cases.actions import feedback
from jishi.cases.models import Case, Feedback, Membership, Report
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.models import News

HOST = "town.example"


def client_of(town: int, *roles: str, bodies: tuple[int, ...] = ()) -> Client:
    with scope.work(system(town)):
        _, key = clients.issue(
            "test", roles=list(roles), body_ids=list(bodies), by=system(town), now=timezone.now() - timedelta(days=400)
        )
    return Client(SERVER_NAME=HOST, HTTP_AUTHORIZATION=f"Bearer {key}", raise_request_exception=False)


@pytest.fixture
def api(town: int) -> Client:
    return client_of(town, "operator", "dispatcher")


def send(client: Client, path: str, body: Any, **headers: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(f"/api/v1{path}", data=data, content_type="application/json", headers=headers)


def create(client: Client, key: str = "k1", **facts: Any) -> Any:
    return send(client, "/reports", {"text": f.DRAIN, "matter": "01.02.01", **facts}, **{"Idempotency-Key": key})


def deep(levels: int) -> Any:
    nest: Any = 1
    for _ in range(levels):
        nest = [nest]
    return nest


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("an unknown channel", {"channel": "carrier-pigeon"}),
    ("an unknown kind", {"kind": "rant"}),
    ("an unknown voice", {"voice": "shouting"}),
    ("an unknown urgency", {"urgency": "yesterday"}),
    ("a NUL in the text", {"text": "雨水井\x00堵了，一下雨就积水。"}),
    ("a NUL in an answer", {"answers": {"since": "a\x00b"}}),
    ("a NUL in a contact", {"caller_contact": "1390000\x000417"}),
    ("answers 70 levels deep", {"answers": {"a": deep(70)}}),
    ("a moment of the year 1", {"said_at": "0001-01-01T00:00:00+14:00"}),
    ("a moment without a zone", {"said_at": "2026-03-09T10:00:00"}),
    ("a point that is no number", {"lng": 1e308, "lat": 1e308, "crs": "wgs84"}),
]


class TestHostileReports:
    @pytest.mark.parametrize("facts", [h for _, h in HOSTILE], ids=[n for n, _ in HOSTILE])
    def test_are_refused_by_name_and_leave_nothing(self, api: Client, town: int, facts: dict[str, Any]) -> None:
        answer = create(api, **facts)

        assert answer.status_code == 422, answer.content[:300]
        with scope.work(system(town)):
            assert Report.objects.count() == 0

    @pytest.mark.parametrize("body", [
        b'{"text": "\xff\xfe"}', b'{"text": "\\ud800 abc"}', b'{"text": "a", "text": "b"}', b"[]", b"null", b'"x"',
        b'{"text": 1e999}', b'{"text": "x", "lng": NaN}',
    ])  # fmt: skip
    def test_broken_bodies_are_refused(self, api: Client, body: bytes) -> None:
        answer = send(api, "/reports", body, **{"Idempotency-Key": "x"})

        assert answer.status_code == 422, answer.content[:300]

    def test_a_body_above_one_mebibyte_is_refused(self, api: Client) -> None:
        answer = create(api, text="长" * 400_000)

        assert answer.status_code in (400, 413, 422)

    def test_the_same_external_number_twice_is_a_refusal_and_not_an_error(self, api: Client) -> None:
        first = create(api, key="a", external_system="12345", external_id="X-1")

        second = create(api, key="b", external_system="12345", external_id="X-1")

        assert (first.status_code, second.status_code) == (201, 409)

    def test_a_key_of_201_characters_is_refused(self, api: Client) -> None:
        assert create(api, key="k" * 201).status_code == 422


class TestHostileQuestions:
    @pytest.mark.parametrize("query", [
        "limit=-1", "after=²", "after=9999999999999999999999", "after=abc", "body=-1", "body=99999999999999999999",
        "q=%26+%7C+!+(+)+%3A*+'", "q=%00", "grid=%00", "matter=%25_%00", "urgency='", "status=%00",
        "due_before=0001-01-01T00:00:00%2B14:00", "due_before=9999-12-31T23:59:59-14:00", "limit=1e9",
    ])  # fmt: skip
    def test_are_answered_or_refused_never_an_error(self, api: Client, query: str) -> None:
        assert api.get(f"/api/v1/cases?{query}").status_code in (200, 400, 422), query

    @pytest.mark.parametrize("path", ["/cases/%00", "/cases/..%2f..", "/reports/%00", "/cases/²", "/photos/%00"])
    def test_hostile_paths_are_not_found(self, api: Client, path: str) -> None:
        assert api.get(f"/api/v1{path}").status_code in (400, 404, 405, 422)

    @pytest.mark.parametrize("tag", ["*", "²", "9" * 5000, "-1", 'W/"1"', "abc", '""'])
    def test_a_strange_if_match_is_refused(self, api: Client, town: int, tag: str) -> None:
        case = f.a_case(town)

        answer = send(api, f"/cases/{case.number}/decline", {"ground": "unlawful", "text": "x"}, **{"If-Match": tag})

        assert answer.status_code in (412, 422, 428), answer.content[:200]

    @pytest.mark.parametrize(("path", "body"), [
        ("offer", {"body": -1}), ("offer", {"body": 10**30}), ("offer", {"body": 1, "item": -5, "why": "x"}),
        ("consultations", {"question": "x", "invited": [-1, 10**12]}),
        ("decline", {"ground": "unlawful", "text": "a\x00b"}),
    ])  # fmt: skip
    def test_unknown_numbers_in_a_move_are_refused(self, api: Client, town: int, path: str, body: Any) -> None:
        case = f.a_case(town)

        answer = send(api, f"/cases/{case.number}/{path}", body, **{"If-Match": '"1"'})

        assert 400 <= answer.status_code < 500, answer.content[:200]


class TestPages:
    @pytest.mark.parametrize("path", ["/mine/%00", "/cases/%00", "/photos/%00", "/speak?x=%00", "/?q=%00"])
    def test_a_nul_in_an_address_is_never_an_error(self, town: int, path: str) -> None:
        page = Client(SERVER_NAME=HOST, raise_request_exception=False)

        assert page.get(path).status_code < 500

    @pytest.mark.parametrize("said", [
        {"text": "a\x00b", "voice": "open"}, {"text": f.DRAIN, "voice": "open", "lng": "inf", "lat": "nan"},
        {"text": f.DRAIN, "voice": "open", "accused": "999999999"}, {"text": f.DRAIN, "voice": "x"},
        {"text": f.DRAIN, "voice": "open", "accused": "9" * 40}, {"text": f.DRAIN, "voice": "open", "join": "²"},
        {"text": f.DRAIN, "voice": "open", "idempotency_key": "\x00"},
    ])  # fmt: skip
    def test_a_hostile_form_is_never_an_error(self, town: int, said: dict[str, str]) -> None:
        page = Client(SERVER_NAME=HOST, raise_request_exception=False)

        assert page.post("/speak", said).status_code < 500

    @pytest.mark.parametrize("path", [
        "/receipt/away", "/mine/leave", "/mine/R1/add", "/mine/R1/object", "/mine/R1/reopen", "/speak/look",
        "/desk/operator/add", "/cases/C1/do/sign", "/cases/C1/contact",
    ])  # fmt: skip
    def test_what_writes_is_not_opened_by_an_address(self, town: int, path: str) -> None:
        assert Client(SERVER_NAME=HOST).get(path).status_code in (302, 401, 403, 405)

    def test_a_form_without_the_token_is_refused(self, town: int) -> None:
        page = Client(SERVER_NAME=HOST, enforce_csrf_checks=True)

        assert page.post("/speak", {"text": f.DRAIN, "voice": "open"}).status_code == 403


class TestWhoSeesWhat:
    def test_a_client_without_a_role_learns_of_no_case_from_triage(self, town: int) -> None:
        case = f.a_case(town)

        answer = send(client_of(town), "/triage", {"texts": [f.DRAIN]})

        assert case.number not in answer.content.decode()

    def test_a_refused_push_down_is_counted_at_the_api(self, town: int, api: Client) -> None:
        case, street, item = _pushed_down(town)

        said = {"body": street, "item": item, "why": "近"}
        answer = send(api, f"/cases/{case.number}/offer", said, **{"If-Match": '"1"'})

        assert answer.json()["code"] == "push_down_refused", answer.content
        with scope.work(system(town)):
            assert News.objects.filter(name="PushDownWasRefused").count() == 1

    def test_a_feedback_link_is_used_once_at_the_api_too(self, town: int) -> None:
        case = f.a_case_at(town, Status.FEEDBACK, now=timezone.now() - timedelta(days=2))
        with scope.work(system(town)):
            token = feedback.link_for(Feedback.objects.get(case=case).id)
        nobody = Client(SERVER_NAME=HOST)

        def judge(said: dict[str, str]) -> Any:
            seen = nobody.get("/api/v1/feedback", headers={"Letter": token}).get("ETag", '"1"')
            return send(nobody, "/feedback", said, **{"If-Match": seen, "Letter": token})

        first = judge({"contacted": "yes", "solved": "no", "satisfied": "not"})

        second = judge({"contacted": "yes", "solved": "yes", "satisfied": "satisfied"})

        assert (first.status_code, second.status_code) == (200, 410)

    def test_one_caller_does_not_learn_the_numbers_of_the_others(self, town: int) -> None:
        mine = f.receive(town, wants_word=True)
        other = f.receive(town, join_case_id=mine.case_id, text=f.DRAIN + "又堵了。")
        page = Client(SERVER_NAME=HOST)
        page.post("/mine", {"number": mine.number, "word": mine.word})

        answer = page.get(f"/api/v1/cases/{mine.case_number}")

        assert answer.status_code == 200
        assert other.number not in answer.content.decode()

    def test_what_is_said_anonymously_over_the_api_has_no_sender(self, town: int, api: Client) -> None:
        made = create(api, voice="anonymous")

        assert made.status_code == 201, made.content
        with scope.work(system(town)):
            member = Membership.objects.select_related("report").get(report__number=made.json()["number"])
            assert member.report.reporter_id is None


def _pushed_down(town: int) -> tuple[Case, int, int]:
    from conftest import MONDAY_TEN
    from jishi.duties import queries as duties

    with scope.work(system(town)):
        rows = duties.law(MONDAY_TEN.date()).by_item_id.values()
        row, known = next((r, k) for r, k in rows if k.list_kind == "taken_back" and k.matters)
    return f.a_case(town, matter=sorted(known.matters)[0]), f.body_id(town, "hxjd"), row.id
