"""Each night every case is held against its entries: a change without a verb shows (spec 90 §6, F11)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config import work
from conftest import MONDAY_TEN
from jishi.cases.actions import replaying
from jishi.cases.models import Case
from jishi.cases.queries import recorded
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import anchors, scope, trail
from jishi.foundation.actor import system


def compared(town: int) -> tuple[replaying.Different, ...]:
    with scope.work(system(town)):
        return replaying.page(0, by=system(town)).different


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"status": "CONSULTING"}, "state"),
        ({"status_before": "HANDLING"}, "stepped_aside_from"),
        ({"version": 7}, "version"),
        ({"matter": "02.02.04"}, "matter"),
        ({"urgency": "emergency"}, "urgency"),
    ],
)
def test_a_row_changed_without_a_verb_is_named_with_what_differs(town, change, what):
    case = f.a_case(town)
    other = f.a_case(town)
    assert compared(town) == ()

    with scope.work(system(town)):
        Case.objects.filter(id=case.id).update(**change)

    assert compared(town) == (replaying.Different(case.id, case.number, (what,)),)
    assert other.id not in {d.case_id for d in compared(town)}


def test_an_entry_that_the_table_does_not_know_at_its_place_is_named(town):
    case = f.a_case(town)
    with scope.work(system(town)) as on:
        codes = {"status": "CLOSED", "version": case.version}
        trail.record("case.closed", ("case", case.id), by=on.actor, at=MONDAY_TEN, codes=codes)

    assert compared(town) == (replaying.Different(case.id, case.number, ("state", "moves")),)


@pytest.mark.parametrize(
    "moment", [Status.RECEIVED, Status.OFFERED, Status.HANDLING, Status.REPLIED, Status.CLOSED, Status.SUSPENDED]
)
def test_a_case_at_any_moment_is_what_its_entries_tell(town, moment):
    f.a_case_at(town, moment)
    assert compared(town) == ()


def test_a_case_that_is_gone_while_its_entries_stay_is_named(town):
    """A row deleted past the platform: entries of a case that nobody has any more."""
    there = f.a_case(town)
    with scope.work(system(town)) as on:
        trail.record("case.received", ("case", there.id + 4000), by=on.actor, at=MONDAY_TEN, new=True)
        found = replaying.whole(by=on.actor).different

    assert found == (replaying.Different(there.id + 4000, "", ("row",)),)
    assert f"#{there.id + 4000}" in found[0].sentence()


def test_the_sentence_names_the_case_and_what_differs():
    said = replaying.Different(1, "C1", ("state", "matter")).sentence()
    assert "C1" in said
    assert "状态、事项" in said
    assert "its state, its matter" in said


def test_pages_follow_each_other_to_the_end(town, monkeypatch):
    monkeypatch.setattr(replaying, "AT_ONCE", 2)
    for _ in range(3):
        f.a_case(town)

    with scope.work(system(town)):
        assert replaying.whole(by=system(town)).cases == Case.objects.count() >= 3


def test_a_page_costs_two_statements_whatever_its_cases(town, django_assert_num_queries):
    for _ in range(4):
        f.a_case(town)
    with scope.work(system(town)), django_assert_num_queries(3):  # the ids, their entries, their rows
        replaying.page(0, by=system(town))


class TestTheNight:
    def test_leaves_one_entry_with_counts_and_the_auditor_reads_it(self, town):
        case = f.a_case(town)
        with scope.work(system(town)) as on:
            Case.objects.filter(id=case.id).update(status="CONSULTING")
            anchors.make(day=timezone.localdate(MONDAY_TEN), now=MONDAY_TEN)
            replaying.conclude([replaying.page(0, by=on.actor)], by=on.actor, now=MONDAY_TEN)
            entries = [e for e in trail.of("tenant", town) if e.verb == replaying.COMPARED]

        assert [e.codes["different"] for e in entries] == [1]
        assert entries[0].codes["in"] == {"state": 1}
        with scope.work(system(town)) as on:
            told = recorded.checked(by=on.actor, now=MONDAY_TEN)
        assert [(n.different, list(n.first)) for n in told.nights] == [(1, [(case.id, case.number)])]
        assert len(told.days[0].words.replace(" ", "")) == 8
        with scope.work(system(town)) as on:
            later = recorded.checked(by=on.actor, now=MONDAY_TEN + timedelta(hours=27))
        assert (told.late, later.late) == (False, True)

    def test_a_day_without_an_anchor_is_missing(self, town):
        with scope.work(system(town)) as on:
            for back in (5, 3):
                anchors.make(day=timezone.localdate(MONDAY_TEN) - timedelta(days=back), now=MONDAY_TEN)
            told = recorded.checked(by=on.actor, now=MONDAY_TEN)

        assert [(timezone.localdate(MONDAY_TEN) - d).days for d in told.missing] == [1, 2, 4]


def test_the_worker_compares_the_whole_town_at_night(town):
    case = f.a_case(town)
    with scope.work(system(town)):
        Case.objects.filter(id=case.id).update(version=9)
    work._compare_with_the_record(system(town), MONDAY_TEN)

    with scope.work(system(town)):
        codes = [e.codes for e in trail.of("tenant", town) if e.verb == replaying.COMPARED]
    assert [c["first"] for c in codes] == [[case.id]]
