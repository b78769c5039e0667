"""The database itself refuses a person beside an anonymous report, in whatever statement (spec 10 §3, 90 §5)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from conftest import MONDAY_TEN, TOWN
from jishi.cases.actions import intake
from jishi.cases.actions.arrival import Incoming
from jishi.cases.models import Report
from jishi.cases.tests import factories as f
from jishi.foundation import numbers, scope, sealed
from jishi.foundation.actor import system
from jishi.foundation.models import SealedValue
from jishi.foundation.together import Together

pytestmark = pytest.mark.django_db
PERSON = ("caller_name", "caller_contact", "caller_mail")


def a_report(town: int, voice: str) -> Report:
    one = Incoming(text=f.DRAIN, channel="api", voice=voice)
    made = intake.receive(one, by=system(town), now=MONDAY_TEN, tenant_code=TOWN)
    return Report.objects.get(id=made.report_id)


def a_twin(of: Report) -> Report:
    """The same once more under an id and a number of its own, not stored yet."""
    given, ids = numbers.take_with_ids({"R": 1}, TOWN, MONDAY_TEN.date(), {"cases_report": 1})
    of.id, of.number = ids["cases_report"][0], given["R"][0]
    return of


def sealing(report: Report, field: str, into: Together | None = None) -> None:
    purpose = "words.original" if field == "text" else "contact.caller"
    secret = sealed.Secret(
        purpose=purpose, owner_table="cases_report", owner_row=report.id, field=field, value="13900000417"
    )
    sealed.seal([secret], tenant_id=report.tenant_id, now=MONDAY_TEN, new=True, into=into)


def together(report: Report, field: str, *, last: bool = True) -> None:
    twin, kept = a_twin(report), Together()
    if last:
        kept.rows([twin])
    sealing(twin, field, kept)
    if not last:
        kept.rows([twin])
    with CaptureQueriesContext(connection) as asked:
        kept.store()
    assert len(asked) == 1


def turned(report: Report, field: str) -> None:
    """The parts the other way round: their order is nothing to rely on."""
    together(report, field, last=False)


@pytest.mark.parametrize("way", [together, turned, sealing])
class TestAPersonIsRefused:
    @pytest.mark.parametrize("field", PERSON)
    def test_of_an_anonymous_report(self, town: int, way: Callable[..., Any], field: str) -> None:
        with scope.work(system(town)):
            report = a_report(town, "anonymous")
            before = Report.objects.count()

            with pytest.raises(DatabaseError, match="anonymous_has_no_person"), transaction.atomic():
                way(report, field)

            assert Report.objects.count() == before
            assert not SealedValue.objects.filter(field=field).exists()

    def test_of_an_open_one_he_is_kept_and_of_both_the_words(self, town: int, way: Callable[..., Any]) -> None:
        with scope.work(system(town)):
            way(a_report(town, "open"), "caller_contact")
            if way is not sealing:
                way(a_report(town, "anonymous"), "text")

            assert SealedValue.objects.filter(field="caller_contact").count() == 1

    def test_a_value_that_is_moved_there_is_refused(self, town: int, way: Callable[..., Any]) -> None:
        with scope.work(system(town)):
            way(a_report(town, "open"), "caller_contact")
            hidden = a_report(town, "anonymous")

            with pytest.raises(DatabaseError, match="anonymous_has_no_person"), transaction.atomic():
                SealedValue.objects.filter(field="caller_contact").update(owner_row=hidden.id)


@pytest.mark.parametrize(("voice", "most"), [("open", 1), ("anonymous", 1), ("confidential", 2)])
def test_a_report_and_what_is_sealed_of_it_are_one_statement(
    town: int, voice: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said in confidence has a key for each row, made between the two."""
    stored: list[int] = []
    store = Together.store
    monkeypatch.setattr(Together, "store", lambda kept: (stored.append(len(kept._parts)), store(kept))[1])
    contact = "" if voice == "anonymous" else "13900000417"
    one = Incoming(text=f.DRAIN, channel="api", voice=voice, caller_contact=contact)

    with scope.work(system(town)):
        made = intake.receive(one, by=system(town), now=MONDAY_TEN, tenant_code=TOWN)
        kept = set(SealedValue.objects.filter(owner_row=made.report_id).values_list("field", flat=True))

    assert len([parts for parts in stored if parts]) == most
    assert ("text" in kept) and ("caller_contact" in kept) == bool(contact)
