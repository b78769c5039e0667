"""接口签收: a body whose clerks work in a system of their own takes, returns and answers by the API alone (10 §16)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jishi.cases.models import Case, ContactNote, Handover
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.test_locking import client_of
from jishi.foundation import scope, trail
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db


@pytest.fixture
def offered(town: int) -> Case:
    return f.a_case_at(town, Status.OFFERED, now=timezone.now() - timedelta(hours=4))


@pytest.fixture
def theirs(town: int, offered: Case) -> Client:
    return client_of(town, "handler", bodies=(offered.lead_id or 0,))


def found(client: Client, **asked: str) -> list[str]:
    return [row["number"] for row in client.get("/api/v1/cases", asked).json()["items"]]


def press(client: Client, case: Case, verb: str, said: dict[str, Any] | None = None, *, version: int = 0) -> Any:
    seen = version or client.get(f"/api/v1/cases/{case.number}").json()["version"]
    return client.post(
        f"/api/v1/cases/{case.number}/{verb}", said or {}, content_type="application/json",
        headers={"If-Match": f'"{seen}"'},
    )  # fmt: skip


class TestABodysOwnSystem:
    def test_finds_what_waits_to_be_signed_signs_calls_tells_and_answers(self, offered: Case, theirs: Client) -> None:
        assert found(theirs, status="OFFERED", clock="sign") == [offered.number]
        page = theirs.get(f"/api/v1/cases/{offered.number}").json()
        assert page["handover"]["body"] and "handover.sign" in page["open_moves"]

        signed = press(theirs, offered, "sign")
        for verb, said in (
            ("contacts", {"how": "phone", "reached": "yes", "gist": "约了下午去看"}),
            ("progress", {"text": "下午到场清掏。"}),
            ("reply", {"outcome": "solved", "text_for_caller": f.ANSWER, "what_was_done": "清掏了雨水井",
                       "contacted_at": timezone.now().isoformat(), "contacted_how": "phone"}),
        ):  # fmt: skip
            answer = press(theirs, offered, verb, said)
            assert answer.status_code == 200, (verb, answer.content)

        assert (signed.status_code, signed.json()["status"]) == (200, "HANDLING")
        assert signed["ETag"] == f'"{signed.json()["version"]}"'
        after = f.again(offered.tenant_id, offered.id)
        assert after.status == Status.REPLIED and found(theirs, status="REPLIED") == [offered.number]
        with scope.work(system(offered.tenant_id)):
            done = [e for e in trail.of("case", offered.id) if e.actor.startswith("client:")]
        assert [e.verb for e in done] == ["handover.signed", "case.contacted", "case.progressed", "case.replied"]

    def test_returns_with_ground_item_and_whose_it_is_and_is_refused_without(
        self, town: int, offered: Case, theirs: Client
    ) -> None:
        said = {"ground": "not_our_duty", "words": "清单写的是城管局"}

        bare = press(theirs, offered, "return", said)
        whole = press(theirs, offered, "return", {
            **said, "item": f.some_item(town), "proposed_body": f.body_id(town, "cgj"),
        })  # fmt: skip

        assert bare.status_code == 422 and bare["Content-Type"].startswith("application/problem+json")
        assert bare.json()["next"]
        assert whole.status_code == 200, whole.content
        with scope.work(system(town)):
            assert Handover.objects.get(case=offered).status == "RETURN_ASKED"

    def test_that_lost_the_answer_is_told_that_it_has_signed_and_does_nothing_twice(
        self, offered: Case, theirs: Client
    ) -> None:
        seen = theirs.get(f"/api/v1/cases/{offered.number}").json()["version"]
        press(theirs, offered, "sign", version=seen)

        again = press(theirs, offered, "sign", version=seen)

        assert (again.status_code, again.json()["code"]) == (412, "stale")
        since = [(e["verb"], e["by"].split(":")[0]) for e in again.json()["facts"]["since"]]
        assert since == [("handover.signed", "client")]

        note = {"how": "phone", "reached": "no", "gist": ""}
        seen = again.json()["facts"]["version"]
        kept = [press(theirs, offered, "contacts", note, version=seen).status_code for _ in range(2)]
        with scope.work(system(offered.tenant_id)):
            assert (kept, ContactNote.objects.filter(case=offered).count()) == ([200, 412], 1)

    def test_signs_nothing_unseen_nor_what_another_body_was_asked(self, town: int, offered: Case) -> None:
        theirs = client_of(town, "handler", bodies=(offered.lead_id or 0,))
        other = client_of(town, "handler", bodies=(f.body_id(town, "jyj"),))

        blind = theirs.post(f"/api/v1/cases/{offered.number}/sign", {}, content_type="application/json")
        strange = other.post(
            f"/api/v1/cases/{offered.number}/sign", {}, content_type="application/json", headers={"If-Match": '"1"'}
        )

        assert (blind.status_code, strange.status_code) == (428, 404)
        assert f.again(town, offered.id).status == Status.OFFERED and found(other) == []
