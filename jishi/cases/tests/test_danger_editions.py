"""险情规则: proposed at the desk, held against the golden sentences, adopted by another person (spec 12 §7, §10)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN
from jishi.cases.actions import danger_editions
from jishi.cases.actions.danger_editions import Wording
from jishi.cases.models import ModelEdition, RiskMark
from jishi.cases.refusals import GoldenFails, GroundNeeded, NoSuchDanger, SamePerson
from jishi.cases.tests import factories as f
from jishi.cases.triage import danger
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment

pytestmark = pytest.mark.django_db
LATER = MONDAY_TEN + timedelta(days=1)
SAID = "翠竹苑3号楼楼道里煤气坛子在呲呲地响"
GAS = next(row for row in danger.told()["risk"] if row["code"] == "gas")
WORDS = Wording(
    [*GAS["words"], [["坛子"], ["呲呲"]]], GAS.get("never", ()), "119", ("煤气坛子在呲呲地响",), ("泡菜坛子没有煤气味",)
)


def proposed(town: int, said: Wording = WORDS, **more: Any) -> ModelEdition:
    by, why = more.pop("by", f.operator(town)), "老人管煤气罐叫坛子"
    return f.do(by, danger_editions.propose, "gas", said, why=why, now=MONDAY_TEN)


def fires(town: int, text: str = SAID) -> list[str]:
    with scope.work(f.operator(town)):
        return [one.code for one in danger.look([text])[0]]


def state(town: int) -> list[tuple[Any, ...]]:
    with scope.work(system(town)):
        rows = ModelEdition.objects.filter(kind="danger").order_by("number")
        return [(r.number, r.version, r.adopted_by, r.retired_at) for r in rows]


def entries(town: int, row: ModelEdition) -> list[str]:
    with scope.work(system(town)):
        return [e.verb for e in trail.of("model_edition", row.id)]


class TestAnEdition:
    def test_is_proposed_adopted_by_another_and_given_back_with_one_entry_each(self, town: int) -> None:
        assert fires(town) == []
        row = proposed(town)
        assert fires(town) == [] and row.card["missed"] == row.card["alarmed"] == []

        f.do(f.office(town), danger_editions.adopt, row.number, now=LATER)
        assert fires(town) == ["gas"]
        f.receive(town, text=SAID, now=LATER)
        with scope.work(system(town)):
            assert RiskMark.objects.get().edition == "risk@town1"
        with pytest.raises(WrongMoment):
            f.do(f.office(town), danger_editions.adopt, row.number, now=LATER)
        f.do(f.office(town), danger_editions.give_back, now=LATER)

        assert fires(town) == []
        assert entries(town, row) == ["danger_rules.proposed", "danger_rules.adopted", "danger_rules.returned"]
        with pytest.raises(NotFound):
            f.do(f.office(town), danger_editions.give_back, now=LATER)

    def test_that_misses_a_golden_sentence_or_marks_a_twin_is_not_adopted(self, town: int) -> None:
        deaf = proposed(town, replace(WORDS, ways=[[["坛子"], ["呲呲"]]]))
        shrill = proposed(town, replace(WORDS, ways=[*GAS["words"], [["泡菜"]]]))

        assert deaf.card["missed"] and shrill.card["alarmed"]
        for row in (deaf, shrill):
            with pytest.raises(GoldenFails):
                f.do(f.office(town), danger_editions.adopt, row.number, now=LATER)
        assert [s[2] for s in state(town)] == ["", ""] and fires(town) == []

    def test_is_held_against_the_sentences_that_the_town_has_added(self, town: int) -> None:
        f.do(f.office(town), danger_editions.adopt, proposed(town).number, now=LATER)
        later = proposed(town, replace(WORDS, ways=GAS["words"], speaks=(), twins=()))

        assert later.card["missed"] == ["煤气坛子在呲呲地响"] and later.card["of"] == len(danger.golden()) + 2

    def test_carries_nobody_else_s_proposal_along_and_takes_nothing_back_that_came_between(self, town: int) -> None:
        own = proposed(town, by=f.office(town))
        other = proposed(town, replace(WORDS, ways=GAS["words"], speaks=(), twins=()))
        with scope.work(system(town)):
            assert "泡菜坛子" not in bytes(ModelEdition.objects.get(id=other.id).arrays).decode()

        f.do(f.staff(town, "office", account=77), danger_editions.adopt, own.number, now=LATER)

        with pytest.raises(WrongMoment):
            f.do(f.office(town), danger_editions.adopt, other.number, now=LATER)

    def test_is_refused_to_the_wrong_person_and_changes_nothing(self, town: int) -> None:
        own = proposed(town, by=f.office(town))
        before = state(town)

        with pytest.raises(SamePerson):
            f.do(f.office(town), danger_editions.adopt, own.number, now=LATER)
        for who in (f.dispatcher(town), f.handler(town, "swj")):
            with pytest.raises(NotAllowed):
                f.do(who, danger_editions.adopt, own.number, now=LATER)
            with pytest.raises(NotAllowed):
                f.do(who, danger_editions.give_back, now=LATER)
        with pytest.raises(NotAllowed):
            proposed(town, by=f.handler(town, "swj"))
        with pytest.raises(NotFound):
            f.do(f.office(town, account=77), danger_editions.adopt, 9, now=LATER)

        assert state(town) == before and entries(town, own) == ["danger_rules.proposed"]

    @pytest.mark.parametrize(
        "said",
        [
            replace(WORDS, ways=[]), replace(WORDS, ways=[[[]]]), replace(WORDS, ways=[[["字" * 13]]]),
            replace(WORDS, call="找我"), replace(WORDS, never=[""]), replace(WORDS, twins=["没有煤气味"] * 11),
        ],
    )  # fmt: skip
    def test_with_words_that_cannot_be_is_refused(self, town: int, said: Wording) -> None:
        with pytest.raises(NoSuchDanger):
            proposed(town, said)
        with pytest.raises(NoSuchDanger):
            f.do(f.operator(town), danger_editions.propose, "comet", WORDS, why="没有这种", now=LATER)
        with pytest.raises(GroundNeeded):
            f.do(f.operator(town), danger_editions.propose, "gas", WORDS, why=" ", now=LATER)
        assert state(town) == []

    def test_whose_content_does_not_fit_its_hash_leaves_the_carried_rules_listening(self, town: int) -> None:
        row = proposed(town)
        f.do(f.office(town), danger_editions.adopt, row.number, now=LATER)
        with scope.work(system(town)):
            ModelEdition.objects.filter(id=row.id).update(arrays=b"{}", sha256="0" * 64)

        assert fires(town) == [] and fires(town, "楼道里有很浓的煤气味") == ["gas"]
        with scope.work(system(town)):
            assert danger.load().edition.endswith("!broken")
