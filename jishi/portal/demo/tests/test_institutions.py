"""The institutions hold together: every matter has a line, every line a body, every golden case holds."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

from jishi.kernels.dutylist.conditions import parse_condition, to_json
from jishi.kernels.dutylist.decision import decide
from jishi.kernels.dutylist.guard import guard
from jishi.portal.demo import town, whose
from jishi.portal.demo.spots import Spots

TOWN = town()
SHARED = Path(os.environ.get("JISHI_SHARED", Path(__file__).resolve().parents[5] / "shared"))
LEAVES = [m for m in TOWN.matters if m.level == 3]
BODIES = {b.code: b for b in TOWN.bodies}


class TestCodeBook:
    def test_has_three_levels_whose_parents_exist(self):
        codes = {m.code for m in TOWN.matters}

        assert Counter(m.level for m in TOWN.matters)[1] == 15
        assert Counter(m.level for m in TOWN.matters)[2] == 60
        assert len(LEAVES) >= 150
        assert all(m.parent in codes for m in TOWN.matters if m.level > 1)
        assert all(m.name_en for m in TOWN.matters if m.level < 3)
        assert all(m.aliases for m in LEAVES)

    def test_asks_extra_questions_of_at_least_a_dozen_matters(self):
        asked = [m for m in LEAVES if m.questions]

        assert len(asked) >= 12
        assert {q.type for m in asked for q in m.questions} == {"choice", "number", "bool"}
        assert all(q.unit for m in asked for q in m.questions if q.type == "number")


class TestDutyLists:
    def test_are_117_basic_99_assist_and_124_taken_back_items(self):
        assert Counter(i.kind for i in TOWN.duty_items) == {"basic": 117, "assist": 99, "taken_back": 124}
        assert len({i.number for i in TOWN.duty_items}) == len({i.name for i in TOWN.duty_items}) == 340

    @pytest.mark.parametrize("leaf", LEAVES, ids=lambda m: m.code)
    def test_cover_every_matter(self, leaf):
        assert any(leaf.code in item.matters for item in TOWN.duty_items)

    def test_name_known_bodies_and_known_matters(self):
        codes = {m.code for m in TOWN.matters}

        assert all(set(i.matters) <= codes for i in TOWN.duty_items)
        assert {i.lead_body for i in TOWN.duty_items} <= set(BODIES) | {"$street", "$community"}

    def test_conditions_parse_and_come_back_the_same(self):
        written = [dict(i.condition) for i in TOWN.duty_items if i.condition]

        assert len(written) >= 60
        assert all(parse_condition(to_json(parse_condition(c))) == parse_condition(c) for c in written)

    def test_conditions_ask_only_questions_and_choices_that_the_book_has(self):
        questions = {q.code: {c.code for c in q.choices} for m in LEAVES for q in m.questions}

        for item in TOWN.duty_items:
            for test in leaves_of(item.condition):
                if test["fact"].startswith("answers."):
                    choices = questions[test["fact"].removeprefix("answers.")]
                    assert not choices or test["value"] in choices, item.number

    def test_are_contested_exactly_where_it_was_meant(self):
        lists = whose.Lists(TOWN).editions
        place = Spots(TOWN, Random(1)).by_name["翠竹苑"]

        contested = {
            leaf.code
            for leaf in LEAVES
            for kinds, zones, answers, hour in worlds(leaf)
            for known in (
                whose.facts(leaf.code, replace(place, kinds=kinds, zones=zones), answers, said_at=at(hour)),
            )
            if decide(known, lists, at(hour).date()).outcome == "contested"
        }

        assert contested == {"01.03.02", "02.01.03", "04.04.02", "08.03.02", "14.02.01"}

    def test_give_every_matter_an_owner_whatever_is_answered(self):
        lists = whose.Lists(TOWN).editions
        place = Spots(TOWN, Random(1)).by_name["翠竹苑"]

        left = [
            (leaf.code, answers)
            for leaf in LEAVES
            for kinds, zones, answers, hour in worlds(leaf)
            for known in (
                whose.facts(leaf.code, replace(place, kinds=kinds, zones=zones), answers, said_at=at(hour)),
            )
            if decide(known, lists, at(hour).date()).outcome in ("fallback", "refused", "ask")
        ]

        assert left == []

    def test_a_basic_item_is_led_from_below_and_every_other_by_a_department(self):
        for item in TOWN.duty_items:
            level = BODIES[item.lead_body].level if item.lead_body in BODIES else "street or below"
            assert (item.kind == "basic") == (level == "street or below"), item.number

    def test_an_assist_item_says_the_own_part(self):
        assert all(i.own_part for i in TOWN.duty_items if i.kind == "assist")

    def test_the_guard_refuses_a_taken_back_item_to_a_street(self):
        taken = next(
            line.item for line in whose.Lists(TOWN).editions.lines if line.item.list_kind == "taken_back"
        )

        assert guard(taken, "hxjd", "lead", "street").code == "taken_back_pushed_down"

    def test_quoted_words_stand_in_the_article_they_name(self):
        if not (SHARED / "law").is_dir():
            pytest.skip("the statutes are not beside this checkout (JISHI_SHARED)")
        texts = {p.name.split("(")[0]: p.read_text(encoding="utf-8") for p in (SHARED / "law").glob("*.md")}
        texts["民法典物权编"] = texts["物权编.md"]

        quoted = [(i.number, b) for i in TOWN.duty_items for b in i.legal_basis if b.is_verified]
        assert len(quoted) >= 20
        for number, basis in quoted:
            text = texts[basis.law]
            start = text.index(f"\n{basis.article} ")
            following = text.find("\n第", start + 1)
            assert basis.words in text[start : following if following > 0 else None], number


class TestGolden:
    spots = Spots(TOWN, Random(1))
    lists = whose.Lists(TOWN).editions

    @pytest.mark.parametrize("case", TOWN.golden_dispatches, ids=lambda g: g.id)
    def test_dispatch_is_what_the_lists_still_answer(self, case):
        said_at = dt.datetime.fromisoformat(f"{case.said_at or '2026-11-20T10:00'}:00+08:00")
        facts = whose.facts(case.matter, self.spots.by_name[case.place], case.answers, said_at=said_at)

        found = decide(facts, self.lists, said_at.date())

        items = (found.item,) if found.item else tuple(c.item for c in found.candidates)
        bodies = {found.body} if found.body else {c.body for c in found.candidates}
        assert (found.outcome, found.missing) == (case.outcome, case.ask)
        if case.outcome != "ask":
            assert (tuple(i.number for i in items), bodies) == (case.items, set(case.bodies))

    def test_are_at_least_sixty_with_contested_and_asking_ones(self):
        outcomes = Counter(g.outcome for g in TOWN.golden_dispatches)

        assert sum(outcomes.values()) >= 60
        assert 4 <= outcomes["contested"] <= 6
        assert outcomes["ask"] >= 2

    def test_messages_name_the_body_that_the_lists_name(self):
        noon = dt.datetime(2026, 11, 20, 12, tzinfo=whose.LOCAL)

        assert len(TOWN.golden_messages) >= 40
        for message in TOWN.golden_messages:
            facts = whose.facts(
                message.matter, self.spots.by_name[message.place], {"people": 0}, said_at=noon
            )
            assert decide(facts, self.lists, noon.date()).body == message.body, message.id


class TestPeople:
    def test_there_is_somebody_for_every_role_with_a_mail_that_reaches_nobody(self):
        roles = Counter(role for p in TOWN.people for role in p.roles)

        assert {
            "operator",
            "dispatcher",
            "handler",
            "reviewer",
            "feedback",
            "grid_worker",
            "office",
            "ruler",
            "auditor",
            "system_admin",
            "security_admin",
            "resident",
        } <= set(roles)
        assert roles["dispatcher"] == roles["reviewer"] == roles["grid_worker"] == roles["resident"] == 2
        assert all(p.email.endswith(".example") and p.phone.startswith("139 0000 ") for p in TOWN.people)
        assert all(p.body in BODIES for p in TOWN.people if p.body)

    def test_bodies_are_all_there_are(self):
        levels = Counter(b.level for b in TOWN.bodies)

        assert (levels["street"], levels["community"], levels["office"]) == (2, 9, 1)
        assert len(TOWN.bodies) == 40


def at(hour):
    return dt.datetime(2026, 11, 20, hour, tzinfo=whose.LOCAL)


def worlds(leaf):
    """Places, full answers and hours that the items of a matter can tell apart."""
    lines = [t for i in TOWN.duty_items if leaf.code in i.matters for t in leaves_of(i.condition)]
    kinds = {t["value"] for t in lines if t["op"] == "in_kind"}
    zones = {t["value"] for t in lines if t["op"] == "in_zone"}
    hours = (10, 23) if any(t["op"] == "time_between" for t in lines) else (10,)
    choices = [[(q.code, v) for v in (values_of(q, lines))] for q in leaf.questions]
    for answers in product(*choices):
        for kind in [(), *((k,) for k in sorted(kinds))]:
            for zone in [(), *((z,) for z in sorted(zones))]:
                for hour in hours:
                    yield kind, zone, dict(answers), hour


def values_of(question, lines):
    if question.type == "bool":
        return "yes", "no"
    if question.type == "choice":
        return tuple(c.code for c in question.choices)
    limits = [t["value"] for t in lines if t["fact"] == f"answers.{question.code}"]
    return tuple(sorted({limit + step for limit in limits for step in (-1, 0, 1)})) or (1,)


def leaves_of(page):
    if not page:
        return
    if "fact" in page:
        yield page
    for key in ("all", "any"):
        for part in page.get(key, ()):
            yield from leaves_of(part)
    if "not" in page:
        yield from leaves_of(page["not"])
