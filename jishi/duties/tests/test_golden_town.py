"""The demonstration town as its verbs founded it."""

from datetime import date

import pytest

from jishi.duties import findings
from jishi.duties import queries as duties
from jishi.duties.models import GoldenDispatch
from jishi.foundation import scope
from jishi.foundation.actor import system


@pytest.mark.parametrize("day", [date(2026, 1, 5), date(2026, 11, 20)])
def test_the_lists_answer_every_golden_dispatch_of_the_town_so_that_their_next_edition_can_be_published(town, day):
    with scope.work(system(town)):
        rows, editions = list(GoldenDispatch.objects.all()), duties.law(day).editions

        wrong = {r.ref: findings.difference(r.expected, findings.answer(editions, day, r.facts)) for r in rows}

    assert len(rows) >= 60
    assert {ref: why for ref, why in wrong.items() if why} == {}
