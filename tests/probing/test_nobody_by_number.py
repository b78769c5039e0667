"""No page of a case, a person or a file finds, orders or counts reports by who called (spec 10 §17, 10; 90 §20, 7).

The addresses that ask for nothing in their path are walked in jishi/cases/tests/test_nobody_is_found.py; here those
that name a thing, each asked for a number that called three times and for one that never did.
"""

import pytest
from django.db import transaction
from django.utils import timezone

from config.costs import purse
from jishi.cases.tests.test_nobody_is_found import NAME, NOBODY, PHONE, heard, told
from tests.probing import test_every_address as probing
from tests.probing.addresses import Route, operations, pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_afresh")]
_afresh = probing._afresh
AMONG = ("dispatcher", "operator", "handler", "auditor", "office", "grid_worker", "reviewer", "feedback", "resident")
DATED = ("/desk/duties/<list_id>/file",)  # a workbook of duties carries the second in which it was written


def named() -> list[Route]:
    """Every address to read that names a thing, a fourth of them outside the night."""
    routes = [r for r in (*pages(), *operations()) if r.method == "GET" and set("<{") & set(r.path) and not r.query]
    return [r for r in routes if r.path not in DATED and (probing.EVERYBODY or sum(r.path.encode()) % 4 == 0)]


def test_no_address_of_a_thing_finds_orders_or_counts_reports_by_a_caller(
    town: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard(town)
    ground, visitors = probing.furnished(town)
    moment = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: moment)
    asked = [v for v in visitors if v.name in (AMONG if probing.EVERYBODY else AMONG[:1])]

    answers = {(r.path, v.name): pair(r, v, ground) for r in named() for v in asked}

    assert len(answers) > 20
    assert [one for one, (caller, nobody) in answers.items() if caller != nobody] == []
    assert [one for one, both in answers.items() if any(PHONE in said or NAME in said for said in both)] == []


def pair(route: Route, visitor: probing.Visitor, ground: probing.Ground) -> tuple[str, str]:
    """What an address says to one who asks for the caller's number, and for nobody's; neither leaves anything."""
    path, _version = ground.fill(route.path, visitor.name)
    said = []
    for number in (PHONE, NOBODY):
        purse.forget()
        try:
            with transaction.atomic():
                said.append(told(visitor.client, path, number))
                raise probing._Undone
        except probing._Undone:
            pass
    return said[0], said[1]
