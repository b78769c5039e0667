"""A row that was changed without a verb differs from what its entries tell: the replay names it (spec 90 §6)."""

import pytest
from django.db import connection

from config import replaying
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db
MOMENTS = (Status.RECEIVED, Status.OFFERED, Status.HANDLING, Status.REPLIED, Status.CLOSED, Status.SUSPENDED)


def test_cases_at_every_moment_are_what_their_entries_tell_and_a_changed_row_is_named(town):
    cases = [f.a_case_at(town, moment) for moment in MOMENTS]
    with scope.work(system(town)), connection.cursor() as cursor:
        sound = replaying.differences()
        cursor.execute("UPDATE cases_case SET status = 'CLOSED' WHERE id = %s", [cases[1].id])
        (found,) = replaying.differences()

        assert (sound, replaying.counted()) == ([], len(MOMENTS))
        assert (found.number, found.told, found.found) == (cases[1].number, "OFFERED", "CLOSED")
        assert "OFFERED" in found.sentence()
