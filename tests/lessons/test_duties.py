"""Faults that weighed on other systems of this kind, told from the reader's side: whose matter is it?"""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.bodies.actions import bodies
from jishi.cases.actions import correcting, dispatch
from jishi.cases.models import Handover
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.duties.actions import codebook, founding, lists
from jishi.duties.models import DutyList
from jishi.duties.refusals import HasBlockers, ItemsRefused
from jishi.duties.tests.factories import BOOK, ITEMS, Stage, a_draft, a_stage
from jishi.duties.tests.test_lists import AFTER, RIVAL, a_list_at
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.places import queries as places
from jishi.places.actions import grids
from jishi.places.tests import factories as ground

pytestmark = pytest.mark.django_db
COUNTY, HERE = "990181000000", "990181001001"
FIRST = ITEMS[0]


@pytest.fixture
def stage(tenant: int) -> Stage:
    return a_stage(tenant)


def asked(client: Client, matter: str, *, kinds: tuple[str, ...] = (), on: str = "2026-03-09", **answers: Any) -> Any:
    """Ask as any program may: whose is it?"""
    facts = {"matter": matter, "place": {"division": HERE, "kinds": list(kinds), "exact": True}}
    facts |= {f"answers.{k}": v for k, v in answers.items()}
    said = client.post("/api/v1/decide", {"facts": facts, "on": on}, content_type="application/json")
    assert said.status_code == 200, said.content
    return said.json()


BAD_CONDITIONS = [
    {"fact": "mood", "op": "is", "value": "good"},
    {"fact": "answers.depth_cm", "op": "under", "value": "01"},
    {"fact": "answers.depth_cm", "op": "≥", "value": 50, "unit": "kg"},
    {"fact": "answers.warranty", "op": "is", "value": "perhaps"},
    {"fact": "place", "op": "in_zone", "value": "nowhere"},
    {"fact": "reports_joined", "op": "≥", "value": "many"},
    {"all": [{"fact": "kind", "op": "is"}]},
]


def test_a_rule_that_cannot_be_evaluated_cannot_be_published(stage: Stage) -> None:
    """D01 · sig code: run-time errors are swallowed and the rule never fires."""
    for condition in BAD_CONDITIONS:
        with pytest.raises(ItemsRefused) as no:
            a_draft(stage, items=[*ITEMS[1:], replace(FIRST, condition=condition)])
        assert {(row["number"], row["column"]) for row in no.value.facts["faults"]} == {(FIRST.number, "条件")}

    list_id = a_list_at(stage, "adopted")
    without = [replace(m, questions=()) if m.code == "02.01.01" else m for m in BOOK]
    by = system(stage.tenant_id)
    with scope.work(by):  # what could be asked when it was drafted is asked no more
        codebook.adopt_book(without, number=2, effective_from=date(2026, 5, 1), source="test", by=by, now=AFTER)
    with scope.work(stage.keeper), pytest.raises(HasBlockers) as stopped:
        lists.publish(list_id, by=stage.keeper, now=AFTER)

    assert {row["code"] for row in stopped.value.facts["findings"]} == {"unknown_question"}
    with scope.work(stage.keeper):
        assert DutyList.objects.get(id=list_id).state == "adopted"


def test_a_rule_naming_a_body_that_ended_is_found_before_its_day(tenant: int, stage: Stage) -> None:
    """D02 · sig code: made inactive silently. The list in force says it too, not only the one in the making."""
    list_id = a_draft(stage)
    by = system(tenant)
    desk = keeper(stage)
    assert "2026-12-01" not in desk.get("/desk/duties").content.decode()
    with scope.work(by):
        bodies.end(stage.bodies["cgj"], on=date(2026, 12, 1), by=by, now=MONDAY_TEN)

    with scope.work(stage.keeper):
        found = lists.check(list_id, by=stage.keeper, now=MONDAY_TEN)
    seen = [desk.get(path).content.decode() for path in ("/desk/duties", f"/desk/duties/{stage.list_id}")]

    named = {n for row in found if row["code"] == "body_ends_earlier" for n in row["items"]}
    assert named == {"收回-001", "配合-002"}
    for page in seen:
        assert "市城管局" in page and "2026-12-01" in page
    assert all(n in seen[1].partition('id="findings"')[2].partition("</section>")[0] for n in named)


def keeper(stage: Stage) -> Client:
    account = an_account(stage.tenant_id)
    a_grant(account, "office", body_id=stage.bodies["bgs"], post_id=31, post_title="清单办公室")
    return signed_in(Client(), account, post=31, at=datetime.now(UTC))


def test_a_new_boundary_is_used_by_the_next_decision(other_tenant: int) -> None:
    """D03 · sig code: areas were loaded once per process."""
    by = system(other_tenant)
    with scope.work(by):
        ground.a_town(other_tenant)
        there = ground.degrees(1.5, 0.5)

        def found(day: date) -> tuple[str, str | None]:
            (spot,) = places.find([places.Asked("", *there, "cgcs2000", day=day)])
            place = places.place_of(spot.lng_e7, spot.lat_e7, spot.division_code, spot.grid_id, day=day)
            assert place is not None
            (row,) = places.locate([there[0]], [there[1]], crs="cgcs2000", day=day)
            return row.grid, place.grid

        before = found(ground.DAY)
        halves = [
            ground.feature(f"{ground.A}001", ground.ring(0, 0, 1, 2)),
            ground.feature(f"{ground.A}009", ground.ring(1, 0, 2, 2)),
        ]
        report = grids.check(ground.collection(halves), division=ground.A, crs="cgcs2000", by=by)
        since = date(2026, 6, 1)
        grids.adopt(report, effective_from=since, document_no="试〔2026〕2号", replaces=1, by=by, now=MONDAY_TEN)

        assert before == (f"{ground.A}002",) * 2
        assert found(since) == (f"{ground.A}009",) * 2
        assert found(since - timedelta(days=1)) == before


def test_a_case_no_rule_matches_goes_to_the_named_fallback(client: Client, tenant: int) -> None:
    """D04 · sig code: there was none, and the case lay with nobody."""
    stage, by = a_stage(tenant, items=ITEMS[:1]), system(tenant)
    told = asked(client, "02.01.04")
    assert (told["outcome"], told["body"]["code"], told["item"]) == ("fallback", "sqzx", None)
    with scope.work(by):
        founding.set_fallback(
            "990181001000", stage.bodies["lajd"], from_day=date(2026, 2, 1), by=by, now=MONDAY_TEN
        )

    assert asked(client, "02.01.04")["body"]["code"] == "lajd"
    assert asked(client, "02.01.04", on="2026-01-31")["body"]["code"] == "sqzx"
    done = f.receive(tenant, text="楼上漏水，滴到我家。", matter="02.01.04")
    (routed,) = [s for s in done.suggestions if s.stage == "route"]
    assert [(c["outcome"], c["value"]) for c in routed.candidates] == [("fallback", stage.bodies["sqzx"])]


def test_every_decision_can_say_why_and_why_not_the_others(client: Client, stage: Stage) -> None:
    """D05 · sig code: no reason was stored."""
    told = asked(client, "01.02.01", kinds=("old_estate",))
    page = client.get("/duties/whose", {"matter": "02.01.01", "division": HERE, "a-warranty": "in"})

    assert (told["body"]["code"], told["item"]["number"]) == ("lajd", "基本-001")
    roles = {row["item"][2]: (row["role"], bool(row["tests"])) for row in told["trace"]["rows"]}
    assert (roles["基本-001"], roles["配合-001"]) == (("chosen", True), ("lower", True))
    assert "市水务局 配合-001 市政雨水井疏通：没选：优先级低于基本-001。" in told["lines"]
    text = re.sub(r"<[^>]+>", " ", page.content.decode())
    assert "收回-002" in text and "配合-002" in text and "怎么判的" in text


def test_two_rules_claiming_one_case_are_found_at_publishing_with_an_example(
    client: Client, stage: Stage, other_tenant: int
) -> None:
    """D06 · none offers it."""
    list_id = a_list_at(stage, "checked", items=[*ITEMS, RIVAL])

    with scope.work(stage.keeper), pytest.raises(HasBlockers) as no:
        lists.consult(list_id, by=stage.keeper, now=MONDAY_TEN)

    (finding,) = no.value.facts["findings"]
    assert sorted(finding["items"]) == ["收回-009", "配合-001"]
    example = {name: fact["value"] for name, fact in finding["witness"].items()}
    a_stage(other_tenant, items=[*ITEMS, RIVAL])  # a founding excuses contested leads by name, so both are in force
    said = client.post(
        "/api/v1/decide", {"facts": example, "on": "2026-06-02"}, content_type="application/json",
        headers={"host": "other.example"},
    ).json()  # fmt: skip
    assert said["outcome"] == "contested"
    assert sorted(c["item"] for c in said["candidates"]) == ["收回-009", "配合-001"]


def test_changing_a_case_routes_again_only_when_somebody_asks(town: int) -> None:
    """D07 · sig docs: routing again hid behind a flag with "surprising behaviour"."""
    case = f.a_case_at(town, Status.OFFERED)
    body = case.lead_id
    at = MONDAY_TEN + timedelta(hours=2)

    f.do(f.dispatcher(town), correcting.correct_matter, case.id, matter="06.02.01", now=at)

    after = f.again(town, case.id)
    with scope.work(system(town)):
        held = list(Handover.objects.filter(case=case).values_list("body_id", "ended_at"))
    assert (after.status, after.lead_id, held) == (Status.OFFERED, body, [(body, None)])
    named, item = f.routed_body(after)
    assert named != body
    f.do(f.dispatcher(town), dispatch.take_back, case.id, reason="事项改了", now=at)
    f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(named, item), now=at)
    assert f.again(town, case.id).lead_id == named


def test_a_condition_can_say_not(client: Client, stage: Stage) -> None:
    """D08 · sig code: no negation. And what is not known is neither so nor not so."""
    told = {said: asked(client, "02.01.01", warranty=said) for said in ("in", "expired")}

    assert {said: t["item"]["number"] for said, t in told.items()} == {"in": "收回-002", "expired": "配合-002"}
    open_ = asked(client, "02.01.01")
    assert (open_["outcome"], [q["code"] for q in open_["questions"]]) == ("ask", ["warranty"])
    page = re.sub(r"<[^>]+>", "", client.get("/duties/配合-002").content.decode())
    assert "并非（过保修期了吗是还在保修）" in page
