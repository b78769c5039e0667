"""An English page names the matters of the book in English, and a question that it repeats ends as a question."""

import pytest
from django.utils import translation

from conftest import MONDAY_TEN
from jishi.cases.queries import home
from jishi.cases.web.desk import reasons
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.kernels import dutylist
from jishi.portal import sources

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]


def test_a_stored_reason_names_the_matter_in_english_and_keeps_one_that_has_no_english_name(town):
    with scope.work(system(town)), translation.override("en"):
        said = reasons.told("同一地点；同一事项“停水无通知”；同一天")
        other = reasons.told("如果是“停水无通知”：由人选定")
        unknown = reasons.told("同一事项“本地的老叫法”")

    assert "same matter: Water cut off without notice" in said
    assert "Water cut off without notice" in other and "停水" not in other
    assert "本地的老叫法" in unknown


def test_home_names_what_was_raised_most_in_the_language_of_its_reader(town, monkeypatch):
    with scope.work(system(town)):
        matter = duties.matters()["01.01.01"]
        week = home.Week(MONDAY_TEN.date(), MONDAY_TEN.date(), 9, 5, 1, 3, ((matter, 9),))
        monkeypatch.setattr(home, "week", lambda now: week)
        told = {}
        for lang in ("zh-hans", "en"):
            with translation.override(lang):
                told[lang] = sources.around(system(town), MONDAY_TEN).most

    assert told == {"zh-hans": (("停水无通知", 9),), "en": (("Water cut off without notice", 9),)}


def test_a_trace_names_other_branches_in_english_and_ends_a_question_with_its_own_mark(town):
    spot = dutylist.Place(("990000000000", "990100000000", "990181000000", "990181001000"), community="990181001001")
    facts = {"matter": dutylist.entered("02.01.01"), "place": dutylist.derived(spot)}
    with scope.work(system(town)):
        (routed,) = duties.decide([facts], day=MONDAY_TEN.date())
        lines = duties.explain(routed, "en")

    assert routed.outcome == "ask"
    assert lines[0].endswith("?")
    branches = next(line for line in lines if "other branches" in line)
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in branches)
    assert not any("?." in line for line in lines)
