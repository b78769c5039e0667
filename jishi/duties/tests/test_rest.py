from dataclasses import replace

import pytest

from jishi.duties.models import Decision
from jishi.duties.tests.factories import HOLDER, ITEMS, a_stage
from jishi.foundation import scope

ON = "2026-03-09"


@pytest.fixture
def stage(tenant):
    return a_stage(tenant)


def asked(client, facts, **headers):
    return client.post("/api/v1/decide", {"facts": facts, "on": ON}, "application/json", headers=headers)


class TestDecide:
    def test_answers_a_stranger_with_item_body_assist_and_trace_and_stores_nothing(self, client, stage):
        answer = asked(
            client, {"matter": "01.02.01", "place": {"division": "990181001001", "kinds": ["road"], "exact": True}}
        )

        page = answer.json()
        assert answer.status_code == 200
        assert (page["outcome"], page["body"]["code"], page["item"]["number"]) == (
            "named_with_assist",
            "swj",
            "配合-001",
        )
        assert [a["body"]["code"] for a in page["assists"]] == ["lajd"]
        assert page["promises"] == {"promise": "3wd", "handling": "2wd"}
        assert page["trace"]["rows"] and page["lines"]
        with scope.work(stage.keeper):
            assert not Decision.objects.exists()

    def test_asks_in_the_readers_language_and_takes_the_answer(self, client, stage):
        facts = {"matter": "02.01.01", "place": {"division": "990181001001"}}

        first = asked(client, facts, **{"Accept-Language": "en"}).json()
        second = asked(client, {**facts, "answers.warranty": "in"}).json()

        assert (first["outcome"], first["questions"][0]["code"]) == ("ask", "warranty")
        assert [c["code"] for c in first["questions"][0]["choices"]] == ["in", "expired"]
        assert (second["outcome"], second["item"]["number"]) == ("named", "收回-002")

    @pytest.mark.parametrize(
        "facts", [{"mood": "x"}, {"place": {"division": "12"}}, {"said_at": "2026-03-09T10:00"}, {"matter": 5}]
    )
    def test_refuses_facts_that_cannot_be_by_name(self, client, stage, facts):
        answer = asked(client, facts)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert next(iter(facts)) in answer.json()["title"]


class TestLists:
    def test_in_force_are_given_with_their_items(self, client, stage):
        page = client.get("/api/v1/duty-lists", {"on": ON, "holder": HOLDER}).json()

        (found,) = page["lists"]
        assert (found["edition"], found["document_no"], len(found["items"])) == (1, "云办〔2025〕1号", 6)
        assert found["items"][1]["legal_basis"] == [
            {"law": "物业管理条例", "article": "第十条", "words": "街道办事处", "verified": True}
        ]

    def test_an_item_says_its_lawful_powers(self, client, tenant):
        a_stage(tenant, items=[*ITEMS[:-1], replace(ITEMS[-1], powers=("confirmation",))])

        page = client.get("/api/v1/duty-items/配合-002", {"on": ON}).json()

        assert page["powers"] == [{"code": "confirmation", "name": "行政确认"}]

    def test_of_a_day_before_all_editions_are_none(self, client, stage):
        assert client.get("/api/v1/duty-lists", {"on": "2020-01-01"}).json()["lists"] == []

    def test_an_item_is_found_by_its_printed_number_and_day(self, client, stage):
        assert client.get("/api/v1/duty-items/收回-001", {"on": ON}).json()["lead"] == "市城管局"
        assert client.get("/api/v1/duty-items/收回-001", {"on": "2020-01-01"}).status_code == 404

    def test_the_code_book_is_given_with_questions(self, client, stage):
        page = client.get("/api/v1/codebook", {"on": ON}).json()

        assert (page["edition"], len(page["matters"])) == (1, 8)
        assert next(m for m in page["matters"] if m["code"] == "01.02.03")["questions"][0]["unit"] == "cm"
