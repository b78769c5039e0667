"""What a body was ever asked is walked in the order of receipt, and is what it may see: no more, no less, each once."""

from datetime import timedelta

import pytest

from conftest import MONDAY_TEN
from jishi.cases.actions import consultation, dispatch
from jishi.cases.models import Case, Handover
from jishi.cases.queries import listing, sifting
from jishi.cases.queries.sifting import Filters
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import together_steps as t
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system

pytestmark = pytest.mark.django_db
BODY = t.HELPER
ASKED = (
    Filters(), Filters(sort="received"), Filters(status="open"), Filters(status="CLOSED"),
    Filters(status="HANDLING,OFFERED", sort="received"), Filters(sort="due"), Filters(q="雨水井"),
)  # fmt: skip


@pytest.fixture
def asked(town: int) -> list[Case]:
    """Cases of which `BODY` was asked in every way, one of them twice; and two that are none of its."""
    day = timedelta(days=1)
    cases = [f.a_case(town, now=MONDAY_TEN + n * day) for n in range(6)]
    now = MONDAY_TEN + 6 * day
    for case in (cases[0], cases[3], cases[4]):
        f.offer_to(case, BODY, now)
    f.do(f.dispatcher(town), dispatch.take_back, cases[3].id, reason="给错了", now=now + timedelta(hours=1))
    f.offer_to(f.again(town, cases[3].id), BODY, now + timedelta(hours=2))
    ids = [f.body_id(town, BODY), f.body_id(town, "psyh")]
    f.do(f.dispatcher(town), consultation.open_, cases[1].id, question="归谁？", invited=ids, now=now)
    t.a_part(town)  # of a case of its own, in another's hands
    t.a_whistle(town)
    f.a_case_at(town, Status.CLOSED)
    return cases


def _walk(filters: Filters, by: Actor, limit: int) -> list[int]:
    found, after = list[int](), ""
    for _ in range(50):
        with scope.work(by):
            rows, after = sifting.page(filters, by=by, after=after, limit=limit)
        found += [c.id for c in rows]
        if not after:
            return found
        assert len(rows) == limit
    raise AssertionError("it never ends")


def _sorted(filters: Filters, by: Actor) -> list[int]:
    """By another road: all of them, then put in order."""
    with scope.work(by):
        rows = list(sifting.filtered(filters, by=by))
    if filters.sort == "due":
        return [c.id for c in sorted(rows, key=lambda c: (c.promise_due_at is None, c.promise_due_at, c.id))]
    return [c.id for c in sorted(rows, key=lambda c: (c.received_at, c.id), reverse=filters.sort.startswith("-"))]


@pytest.mark.parametrize("look", [(1, 1), (2, 2), (200, 8)])
def test_every_page_of_a_handler_is_what_he_may_see_in_order(
    asked: list[Case], town: int, look: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sifting, "FIRST_LOOK", look[0])
    monkeypatch.setattr(sifting, "LOOK_ON", look[1])
    by, desk, body = t.helper(town), f.dispatcher(town), f.body_id(town, BODY)

    for filters in ASKED:
        for limit in (1, 2, 50):
            assert _walk(filters, by, limit) == _sorted(filters, by), (filters, limit)
    for role in ("", "lead", "assist"):
        for sort in ("-received", "received"):
            of_it = Filters(body=body, role=role, sort=sort)
            for one in (by, desk):
                assert _walk(of_it, one, 2) == _sorted(of_it, one), of_it

    seen = _walk(Filters(), by, 50)
    assert {asked[0].id, asked[1].id, asked[3].id, asked[4].id} < set(seen)
    assert asked[2].id not in seen and asked[5].id not in seen


def test_a_handler_without_a_body_sees_nothing(asked: list[Case], town: int) -> None:
    nobody = f.staff(town, "handler")

    assert nobody.body_ids == frozenset()
    assert _walk(Filters(), nobody, 50) == []


def test_a_handover_knows_when_its_case_came_however_it_was_made(asked: list[Case], town: int) -> None:
    f.say_not_solved(f.a_case_at(town, Status.FEEDBACK), MONDAY_TEN + timedelta(days=3))

    with scope.work(system(town)):
        rows = list(Handover.objects.select_related("case"))
    assert len(rows) > 6
    assert [r.received_at for r in rows] == [r.case.received_at for r in rows]


def test_a_key_that_is_none_is_refused_in_a_list_of_a_body_too(asked: list[Case], town: int) -> None:
    by = t.helper(town)

    with scope.work(by), pytest.raises(sifting.Invalid):
        listing.page(Filters(), by=by, after="1.x")
