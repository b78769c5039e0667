"""The doors of parts, whistles and links for programs: versions, refusals as problem+json, whole lives."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jishi.accounts.tests.factories import an_account, signed_in
from jishi.cases.models import Case
from jishi.cases.rest import router
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import together_steps as t
from jishi.cases.tests.letter_steps import opened
from jishi.cases.tests.test_locking import client_of, sample_of, send

WRITES = [
    (path, operation)
    for path, view in router.path_operations.items()
    for operation in view.operations
    if "POST" in operation.methods and re.search(r"/(parts|whistles|whistle-bodies|links)", path)
]


def _program(town: int, body: str) -> Client:
    return client_of(town, "handler", bodies=(f.body_id(town, body),))


def _get(client: Client, case: Case) -> dict[str, Any]:
    answer = client.get(f"/api/v1/cases/{case.number}/together")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def _tag(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def _lead_of(town: int, case: Case) -> Client:
    return client_of(town, "handler", bodies=(case.lead_id or 0,))


def _recent(town: int) -> Case:
    return f.a_case_at(town, Status.HANDLING, now=timezone.now() - timedelta(hours=4))


class TestEveryWrite:
    @pytest.mark.parametrize(("path", "operation"), WRITES, ids=[p for p, _ in WRITES])
    def test_is_refused_without_the_version_that_was_seen(self, town: int, path: str, operation: Any) -> None:
        case = _recent(town)
        filled = re.sub(r"{(part|whistle_id|participant|link)}", "1", path.replace("{number}", case.number))

        answer = send(_lead_of(town, case), filled, sample_of(operation))

        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_missing"), answer.content

    def test_is_found_by_the_walk(self) -> None:
        assert len(WRITES) >= 24

    def test_on_a_row_of_another_case_is_not_found(self, town: int) -> None:
        one, other = _recent(town), _recent(town)
        part = t.ask(one, timezone.now() - timedelta(hours=1))

        answer = send(_lead_of(town, other), f"/cases/{other.number}/parts/{part.id}/release", {"words": "不用了"},
                      **_tag(1))  # fmt: skip

        assert answer.status_code == 404


class TestParts:
    def test_are_asked_done_and_only_then_the_lead_answers(self, town: int) -> None:
        case = _recent(town)
        lead, helper = _lead_of(town, case), _program(town, t.HELPER)
        asked = send(lead, f"/cases/{case.number}/parts", {"body": f.body_id(town, t.HELPER), "what": t.WHAT},
                     **_tag(case.version))  # fmt: skip
        assert asked.status_code == 201, asked.content
        part = asked.json()["parts"][0]
        f.contact(case, timezone.now())
        reply = {"outcome": "solved", "text_for_caller": f.ANSWER, "what_was_done": "清掏", "contacted_how": "phone",
                 "contacted_at": timezone.now().isoformat()}  # fmt: skip

        version = f.again(town, case.id).version
        no = send(lead, f"/cases/{case.number}/reply", reply, **_tag(version))
        signed = send(helper, f"/cases/{case.number}/parts/{part['id']}/sign", {}, **_tag(part["version"]))
        done = send(helper, f"/cases/{case.number}/parts/{part['id']}/finish", {"result": t.RESULT}, **_tag(2))
        version = f.again(town, case.id).version
        yes = send(lead, f"/cases/{case.number}/reply", reply, **_tag(version))

        assert (no.status_code, no.json()["code"]) == (409, "parts_open")
        assert no.json()["facts"]["open"][0]["id"] == part["id"]
        assert (signed.status_code, done.status_code, yes.status_code) == (200, 200, 200), (done.content, yes.content)
        assert done.json()["parts"][0]["status"] == "DONE"

    def test_on_an_old_version_say_what_happened_since(self, town: int) -> None:
        case = _recent(town)
        part = t.ask(case, timezone.now() - timedelta(hours=1))
        helper = _program(town, t.HELPER)
        send(helper, f"/cases/{case.number}/parts/{part.id}/sign", {}, **_tag(1))

        answer = send(helper, f"/cases/{case.number}/parts/{part.id}/finish", {"result": t.RESULT}, **_tag(1))

        assert answer.status_code == 412
        assert [e["verb"] for e in answer.json()["facts"]["since"]] == ["part.signed"]

    def test_a_body_that_has_no_part_finds_nothing(self, town: int) -> None:
        case = _recent(town)
        t.ask(case, timezone.now() - timedelta(hours=1))

        assert _program(town, t.SECOND).get(f"/api/v1/cases/{case.number}/together").status_code == 404
        assert _program(town, t.HELPER).get(f"/api/v1/cases/{case.number}/together").status_code == 200

    def test_are_offered_with_the_lead_in_one_call(self, town: int) -> None:
        case = f.a_case(town, now=timezone.now())
        body, item = f.routed_body(case)
        said = {"body": body, "item": item, "part": {"body": f.body_id(town, t.HELPER), "what": t.WHAT}}

        answer = send(client_of(town, "dispatcher"), f"/cases/{case.number}/offer", said, **_tag(case.version))

        assert answer.status_code == 200, answer.content
        assert [p["what"] for p in _get(client_of(town, "dispatcher"), case)["parts"]] == [t.WHAT]


class TestWhistles:
    def test_live_from_the_blow_to_both_ratings(self, town: int) -> None:
        now = timezone.now()
        case = t.a_case_of_the_street(town, now=now - timedelta(hours=3))
        street, helper = _program(town, t.STREET), _program(town, t.HELPER)
        said = {"kind": "enforcement", "what": "一起清理占道的棚子", "where": "翠竹苑南门",
                "gather_at": (now + timedelta(hours=2)).isoformat(),
                "bodies": [{"body": f.body_id(town, t.HELPER), "why": "棚子占道"}]}  # fmt: skip

        blown = send(street, f"/cases/{case.number}/whistles", said, **_tag(case.version))
        assert blown.status_code == 201, blown.content
        one = blown.json()["whistles"][0]
        at, body = f"/cases/{case.number}/whistles/{one['id']}", one["bodies"][0]["id"]
        mine = f"/cases/{case.number}/whistle-bodies/{body}"

        def version(of: str) -> dict[str, str]:
            row = _get(street, case)["whistles"][0]
            return _tag(row["version"] if of == "whistle" else row["bodies"][0]["version"])

        early = send(street, f"{at}/conclude", {"words": "棚子清了，井通了。"}, **version("whistle"))
        steps = [
            (helper, f"{mine}/answer", {}, "body"), (street, f"{at}/start", {}, "whistle"),
            (helper, f"{mine}/arrive", {"words": "来了两个人"}, "body"),
        ]  # fmt: skip
        for who, path, words, of in steps:
            answer = send(who, path, words, **version(of))
            assert answer.status_code == 200, answer.content
        missing = send(street, f"{at}/conclude", {"words": "棚子清了，井通了，看过。"}, **version("whistle"))
        rest = [
            (helper, f"{mine}/report", {"result": t.RESULT}, "body"),
            (street, f"{at}/conclude", {"words": "棚子清了，井通了，看过。"}, "whistle"),
            (street, f"{mine}/rate", {"side": "street", "came": "yes", "did_its_part": "yes", "result_holds": "yes"},
             "body"),
            (helper, f"{mine}/rate", {"side": "body", "needed": "yes", "right_body": "no", "prepared": "partly"},
             "body"),
            (helper, f"{mine}/object-to-rating", {"side": "street", "words": "不符"}, "body"),
        ]  # fmt: skip
        for who, path, words, of in rest:
            answer = send(who, path, words, **version(of))
            assert answer.status_code == 200, answer.content

        assert (early.status_code, early.json()["code"]) == (409, "wrong_moment")
        assert (missing.status_code, missing.json()["code"]) == (409, "results_missing")
        end = _get(street, case)["whistles"][0]
        assert (end["status"], sorted(end["bodies"][0]["rated"])) == ("RATED", ["body", "street"])


class TestLinks:
    def test_are_sent_once_said_and_taken_back(self, town: int) -> None:
        case = _recent(town)
        lead = _lead_of(town, case)
        said = {"to": "云溪供电公司", "question": "这根电杆是不是你们的？", "extract": "南门外电杆倾斜。"}

        sent = send(lead, f"/cases/{case.number}/links", said, **_tag(case.version))
        assert sent.status_code == 201, sent.content
        path = sent.json()["path"]
        assert path.removeprefix("/link#") not in json.dumps(_get(lead, case))
        stranger = Client(SERVER_NAME="town.example")
        assert opened(stranger, path).status_code == 200

        row = _get(lead, case)["links"][0]
        assert row["opened"] == 1
        back = send(lead, f"/cases/{case.number}/links/{row['id']}/revoke", {"words": "问错了"}, **_tag(row["version"]))

        assert back.status_code == 200, back.content
        assert opened(stranger, path).status_code == 410


def test_a_caller_does_not_read_what_bodies_ask_each_other(town: int) -> None:
    account = an_account(town, staff=False, now=timezone.now())
    case = f.a_case_at(town, Status.HANDLING, now=timezone.now() - timedelta(hours=5), reporter_id=account.id)
    t.send(case, timezone.now() - timedelta(minutes=1))
    mine = signed_in(Client(SERVER_NAME="town.example"), account)

    assert mine.get(f"/api/v1/cases/{case.number}").status_code == 200
    assert mine.get(f"/api/v1/cases/{case.number}/together").status_code == 403
