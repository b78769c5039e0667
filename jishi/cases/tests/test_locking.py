"""A write says which version it saw: 428 without, 412 with what differs when somebody was faster (spec 10 §14)."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from conftest import MONDAY_TEN
from jishi.accounts.actions import clients
from jishi.cases.actions import consultation, feedback, handling, intake
from jishi.cases.models import Addendum, ContactNote, Feedback, Progress
from jishi.cases.rest import router
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.refusals import Stale

HOST = "town.example"
ROLES = ("operator", "dispatcher", "handler", "reviewer", "feedback", "ruler")
LATER = MONDAY_TEN + timedelta(hours=9)
# What creates has a key instead; what stores nothing has nothing to lose.
CREATES, STORES_NOTHING = {"/reports", "/bulk", "/webhooks", "/topics", "/errands"}, {"/triage"}
# a form with files: test_photo_pages, test_own_api, test_recording_doors
FILES_WITH_A_KEY = {"/reports/{number}/photos", "/reports/{number}/recordings", "/imports"}
FILES_WITH_A_VERSION = {"/cases/{number}/reply-with-files"}  # a form with files as well: test_reply_files
RUNS_KNOW_HOW_FAR = {"/imports/{run}/go-on", "/imports/{run}/apply"}  # a row that was taken in is known: test_importing
# one for each row; row and place: test_sync, test_bringing, test_recording_doors
KEYS_OF_ITS_OWN = {"/sync", "/sync/{key}/photos/{place}", "/sync/{key}/recordings/{place}"}
READS = {  # what is written is the reading itself
    "/reports/{number}/photos/{code}/open", "/cases/{number}/reply-files/{row}/open", "/unsealings/{row}/look",
    "/errands/{number}/photos/{row}/open", "/reports/{number}/recordings/{code}/open",
}  # fmt: skip
ONE_AT_A_TIME = {"/reports/{number}/unsealings"}  # a second request while one runs is refused: test_unsealing
# An edition has no fields to write: each act refuses the wrong moment under a lock: test_models.
ACTS_OF_AN_EDITION = {f"/models/{{number}}/{act}" for act in ("shadow", "adopt", "return")}
OTHERWISE = FILES_WITH_A_KEY | FILES_WITH_A_VERSION | KEYS_OF_ITS_OWN | READS
OTHERWISE |= ONE_AT_A_TIME | RUNS_KNOW_HOW_FAR | ACTS_OF_AN_EDITION
COUNTS_AGAIN = {"/clocks/recompute"}  # worked out anew from what is stored: nobody's writing can be lost
MOMENTS = {"date": "2026-03-09", "date-time": "2026-03-09T02:00:00Z"}
SAMPLES: dict[str, Any] = {"string": "x", "integer": 1, "boolean": True, "array": [1, 2], "object": {}, "number": 1.0}


def client_of(town: int, *roles: str, bodies: tuple[int, ...] = ()) -> Client:
    with scope.work(system(town)):
        _, key = clients.issue(
            "test", roles=list(roles), body_ids=list(bodies), by=system(town), now=timezone.now() - timedelta(days=400)
        )
    return Client(SERVER_NAME=HOST, HTTP_AUTHORIZATION=f"Bearer {key}")


def writes() -> list[tuple[str, str, Any]]:
    """Every write route of this room: method, path, operation."""
    return [
        (method, path, operation)
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
        if method != "GET"
    ]


def sample_of(operation: Any) -> dict[str, Any]:
    """Fill what the route's body requires, by its own schema."""
    filled: dict[str, Any] = {}
    for body in operation.models:
        schema = body.model_json_schema()
        for part in schema.get("$defs", {}).values():
            for name in part.get("required", ()):
                kind = part["properties"][name]
                if kind.get("items", {}).get("$ref"):  # rows of their own shape: none
                    filled[name] = []
                    continue
                filled[name] = MOMENTS[kind["format"]] if kind.get("format") else SAMPLES[kind["type"]]
                if kind["type"] == "array" and kind.get("items", {}).get("type") == "string":
                    filled[name] = ["1"]
    return filled


def send(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=headers)


NEED_A_VERSION = [w for w in writes() if w[1] not in CREATES | STORES_NOTHING | COUNTS_AGAIN | OTHERWISE]


class TestEveryWriteOfTheApi:
    @pytest.mark.parametrize(("method", "path", "operation"), NEED_A_VERSION, ids=[p for _, p, _ in NEED_A_VERSION])
    def test_is_refused_without_the_version_that_was_seen(
        self, town: int, method: str, path: str, operation: Any
    ) -> None:
        case = f.a_case_at(town, Status.FEEDBACK)
        with scope.work(system(town)):
            row = Feedback.objects.get(case=case)
            token = feedback.link_for(row.id)
            report = row.membership.report.number
        number = report if path.startswith("/reports") else case.number

        filled = re.sub(r"{\w+}", "1", path.replace("{number}", number))
        client = client_of(town, *ROLES)
        if method == "POST":
            answer = send(client, filled, sample_of(operation), Letter=token)
        else:
            answer = client.delete(f"/api/v1{filled}")

        assert method in ("POST", "DELETE")
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_missing"), answer.content

    def test_that_creates_asks_for_a_key_instead(self, town: int) -> None:
        for path in CREATES:
            answer = send(client_of(town, *ROLES), path, {
                "text": f.DRAIN, "url": "https://example.org/", "title": "x", "matters": [], "evidence_kind": "x",
                "evidence": "x", "kind": "deliver", "what": "x",
            })

            assert (answer.status_code, answer.json()["code"]) == (400, "key_missing")

    def test_the_walk_finds_the_routes(self) -> None:
        paths = {path for _, path, _ in writes()}

        assert len(NEED_A_VERSION) >= 18
        assert paths >= CREATES | STORES_NOTHING | OTHERWISE


class TestAStaleWrite:
    def test_of_the_api_says_what_happened_since_and_who_did_it(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        f.contact(case, LATER)

        client = client_of(town, "handler", bodies=(case.lead_id or 0,))
        said = {"text": "已约好疏通队。"}
        answer = send(client, f"/cases/{case.number}/progress", said, **{"If-Match": f'"{case.version}"'})

        facts = answer.json()["facts"]
        assert (answer.status_code, facts["version"]) == (412, case.version + 1)
        assert [e["verb"] for e in facts["since"]] == ["case.contacted"]
        assert facts["since"][0]["by"] == f.handler_of(case).label
        with scope.work(system(town)):
            assert not Progress.objects.exists()

    def test_of_the_handling_body_is_not_told_of_feedback(self, town: int) -> None:
        case = f.a_case_at(town, Status.FEEDBACK)
        f.say_not_solved(case, LATER)

        client = client_of(town, "handler", bodies=(case.lead_id or 0,))
        answer = send(client, f"/cases/{case.number}/reopen", {"words": "x"}, **{"If-Match": f'"{case.version}"'})

        assert answer.status_code == 412
        assert answer.json()["facts"]["since"] == []

    def test_a_caller_learns_what_happened_and_not_which_colleague_did_it(self, town: int) -> None:
        done = f.receive(town, now=timezone.now(), wants_word=True)
        page = Client(headers={"host": HOST})
        page.post("/mine", {"number": done.number, "word": done.word})
        f._offer(f.again(town, done.case_id), timezone.now())

        answer = send(page, f"/cases/{done.case_number}/reopen", {"words": "x"}, **{"If-Match": '"1"'})

        assert answer.status_code == 412
        assert [sorted(e) for e in answer.json()["facts"]["since"]] == [["at", "seq", "verb"]]


BESIDE: list[tuple[str, Status, Any]] = [
    ("a contact", Status.HANDLING, lambda case, at: f.do(
        f.handler_of(case), handling.note_contact, case.id, how="phone", reached="yes", now=LATER, version=at)),
    ("a progress", Status.HANDLING, lambda case, at: f.do(
        f.handler_of(case), handling.note_progress, case.id, text="在等配件", now=LATER, version=at)),
    ("a position", Status.CONSULTING, lambda case, at: f.do(
        f.handler_of(case), consultation.state_position, case.id, text="不归我们", cited_item_id=None, now=LATER,
        version=at)),
    ("a call", Status.FEEDBACK, lambda case, at: f.do(
        f.caller_desk(case.tenant_id), feedback.note_attempt, f.drawn(case).id, result="no_answer",
        now=MONDAY_TEN + timedelta(days=1), version=at)),
    ("an objection", Status.DECLINED, lambda case, at: f.do(
        f.operator(case.tenant_id), intake.object_to_decline, case.id, text="不同意", now=LATER, version=at)),
]  # fmt: skip


class TestWhatMovesNoCase:
    @pytest.mark.parametrize(("state", "verb"), [b[1:] for b in BESIDE], ids=[b[0] for b in BESIDE])
    def test_is_refused_on_an_old_version_and_makes_a_new_one(self, town: int, state: Status, verb: Any) -> None:
        case = f.a_case_at(town, state)

        with pytest.raises(Stale):
            verb(case, case.version - 1)
        verb(case, case.version)

        assert f.again(town, case.id).version == case.version + 1

    def test_an_answer_for_feedback_is_refused_when_the_caller_has_answered_meanwhile(self, town: int) -> None:
        case = f.a_case_at(town, Status.FEEDBACK)
        with scope.work(system(town)):
            row = Feedback.objects.get(case=case)
        said = feedback.Answers("yes", "no", "not")
        f.do(f.caller_desk(town), feedback.answer, row.id, answers=said, now=LATER, version=row.version)

        with pytest.raises(Stale):
            f.do(f.caller_desk(town), feedback.answer, row.id, answers=said, now=LATER, version=row.version)

    def test_an_addendum_is_refused_when_another_was_added_meanwhile(self, town: int) -> None:
        done = f.receive(town)
        f.do(f.operator(town), intake.add_addendum, done.report_id, text="水更深了", now=LATER, version=1)

        with pytest.raises(Stale):
            f.do(f.operator(town), intake.add_addendum, done.report_id, text="水退了", now=LATER, version=1)

        with scope.work(system(town)):
            assert Addendum.objects.count() == 1


class TestThePages:
    def test_two_screens_noting_a_contact_keep_one_and_show_the_other_what_differs(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, now=timezone.now() - timedelta(hours=4))
        with scope.work(system(town)):
            from jishi.bodies import queries as bodies

            code = bodies.names()[case.lead_id or 0].code
        screen = colleague(town, "handler", body=code)
        said = {"how": "phone", "reached": "yes", "gist": "说好明天来", "version": case.version}

        first = screen.post(f"/cases/{case.number}/do/contact", said)
        second = screen.post(f"/cases/{case.number}/do/contact", said)

        assert (first.status_code, second.status_code) == (302, 412)
        assert "说好明天来" in second.content.decode()
        with scope.work(system(town)):
            assert ContactNote.objects.filter(case=case).count() == 1
