"""Unlogged means unread."""

import ast
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from conftest import MONDAY_TEN
from jishi.accounts import policies, queries
from jishi.accounts.actions import reading
from jishi.accounts.models import Reading
from jishi.accounts.tests.factories import an_actor
from jishi.foundation import data_keys, keys, purposes, scope, sealed
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import NotAllowed
from jishi.foundation.sealed import Secret

REPORT = ("accounts_account", 41)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def null_keys():
    data_keys.forget()
    with keys.using(keys.NullKeys()) as twin:
        yield twin
    data_keys.forget()


@pytest.fixture
def handler(tenant: int):
    by = an_actor(tenant, "handler", body_id=7, post_id=3)
    with scope.work(by):
        sealed.seal(
            [
                Secret("contact.caller", "accounts_account", n, "caller_contact", f"1380013800{n % 10}")
                for n in range(41, 91)
            ],
            tenant_id=tenant,
            now=MONDAY_TEN,
        )
        yield by


def look(
    by: Actor,
    *owners,
    purpose: str = "contact.caller",
    reason: str = "回访前核对电话",
    fields=("caller_contact",),
):
    return reading.read(owners or [REPORT], fields, purpose=purpose, reason=reason, by=by, now=MONDAY_TEN)


def test_a_reading_gives_the_value_and_the_person_sees_who_looked(handler: Actor) -> None:
    assert look(handler) == {REPORT: {"caller_contact": "13800138001"}}

    (seen,) = queries.readings_of(*REPORT)
    assert (seen.actor, seen.body_id, seen.post_title) == (handler.label, 7, "handler")
    assert (seen.purpose, seen.reason, seen.fields) == (
        "contact.caller",
        "回访前核对电话",
        ["caller_contact"],
    )


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_reading_without_reason_returns_nothing_and_writes_nothing(handler: Actor, reason: str) -> None:
    with pytest.raises(reading.ReasonMissing):
        look(handler, reason=reason)

    assert not Reading.objects.exists()


def test_reading_without_a_purpose_or_outside_it_is_refused(handler: Actor) -> None:
    for purpose, fields in (
        ("", ("caller_contact",)),
        ("administration", ("caller_contact",)),
        ("contact.caller", ("text",)),
    ):
        with pytest.raises(purposes.NoPurposeNamed):
            look(handler, purpose=purpose, fields=fields)

    assert not Reading.objects.exists()


def test_a_value_sealed_for_another_purpose_stays_closed(handler: Actor, tenant: int) -> None:
    operator = an_actor(tenant, "operator", post_id=4)
    with scope.within(operator):
        assert look(operator, purpose="identity.reporter") == {REPORT: {}}


def test_unlogged_means_unread(handler: Actor, null_keys) -> None:
    data_keys.forget()
    null_keys.asked.clear()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("REVOKE INSERT ON accounts_reading FROM jishi_web")
        cursor.execute("SET LOCAL ROLE jishi_web")

    with pytest.raises(DatabaseError), transaction.atomic():
        look(handler)

    assert null_keys.asked == []  # not one key was opened


def test_when_the_keys_are_away_nothing_is_said_to_have_been_read(handler: Actor, null_keys) -> None:
    data_keys.forget()
    null_keys.away = True

    with pytest.raises(keys.KeyNotAvailable), transaction.atomic():
        look(handler)

    assert not Reading.objects.exists()


def test_a_list_of_fifty_costs_two_statements_and_each_person_finds_herself(
    handler: Actor, django_assert_num_queries, django_capture_on_commit_callbacks, tenant: int
) -> None:
    owners = [("accounts_account", n) for n in range(41, 91)]
    data_keys._memory.unsettled.clear()
    look(handler)

    with django_assert_num_queries(4):  # two of them open and close the savepoint of the verb
        found = look(handler, *owners)

    assert len(found) == 50
    assert queries.readings_of("accounts_account", 90)
    data_keys.forget()


@pytest.mark.parametrize("role", ["grid_worker", "office", "auditor", "system_admin", "security_admin", "ruler"])
def test_a_role_that_the_purpose_does_not_name_reads_nothing(handler: Actor, tenant: int, role: str) -> None:
    by = Actor(tenant_id=tenant, kind="staff", account_id=1, roles=frozenset({role}))

    with pytest.raises(NotAllowed):
        look(by)
    assert not Reading.objects.exists()


def test_neither_clock_nor_system_reads(handler: Actor, tenant: int) -> None:
    for by in (clock(tenant, "sweep"), system(tenant), Actor(tenant_id=tenant, kind="anonymous")):
        with pytest.raises(NotAllowed):
            look(by)


def test_the_button_asks_what_the_verb_insists_on(tenant: int) -> None:
    for purpose in purposes.every():
        for role in (
            "operator",
            "dispatcher",
            "handler",
            "reviewer",
            "feedback",
            "grid_worker",
            "ruler",
            "auditor",
        ):
            by = Actor(tenant_id=tenant, kind="staff", account_id=1, roles=frozenset({role}))
            assert policies.may_read(by, purpose) == (role in purpose.readers)


@pytest.mark.parametrize("sql", ["UPDATE accounts_reading SET reason = 'x'", "DELETE FROM accounts_reading"])
def test_a_reading_is_never_changed(handler: Actor, sql: str) -> None:
    look(handler)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_nobody_else_opens_sealed_fields() -> None:
    """The reading verb, the rotation of keys, and the store for copies made for strangers: nobody else opens values."""
    allowed = {"accounts/actions/reading.py", "foundation/rotation.py", "foundation/files.py"}
    importers = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if "tests" not in path.parts and _imports(path, "jishi.foundation", "unsealing")
    }

    assert importers == allowed


def _imports(path: Path, room: str, name: str) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (
            node.module == f"{room}.{name}" or (node.module == room and any(a.name == name for a in node.names))
        ):
            return True
        if isinstance(node, ast.Import) and any(a.name == f"{room}.{name}" for a in node.names):
            return True
    return False
