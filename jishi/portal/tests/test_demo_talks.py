"""The demonstration's mediations and topics, lived through the rooms' own verbs: no page of theirs is empty."""

from datetime import timedelta

from django.utils import timezone

from jishi.cases.queries import mediations, topics
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.portal import demo_talks, founding


def test_every_state_of_a_topic_and_four_mediations_stand_there_once(town: int) -> None:
    now, by = timezone.now().replace(microsecond=0) + timedelta(days=1), system(town)

    assert demo_talks.begin(town, code=founding.CODE, now=now) == 8
    assert demo_talks.begin(town, code=founding.CODE, now=now) == 0

    with scope.work(by):
        board = topics.board(by=by, now=now, lang="zh")
        assert {t.row.status for t in board} == {"NOMINATED", "WORKING", "CLOSED", "PASSED_OVER"}
        assert all(t.done for t in board if t.row.status == "CLOSED")
        listed = mediations.register(lang="zh", day=now.date())
        assert len(listed) == 2
        assert not [t for t in board if t.late and t.row.status == "WORKING"]
