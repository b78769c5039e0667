"""The trail: chained, append-only, stamped by the database."""

import hashlib

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.models import Entry, EntryWords, TrailHead
from jishi.kernels import ledger


def a_clerk(tenant: int) -> Actor:
    return Actor(tenant_id=tenant, kind="staff", account_id=7, post_id=3)


def test_an_entry_names_who_what_when_and_follows_the_one_before(tenant: int) -> None:
    by = a_clerk(tenant)

    with scope.work(by):
        first = trail.record("case.received", ("list", 1), by=by, at=MONDAY_TEN, codes={"matter": "05"}, new=True)
        second = trail.record("case.offered", ("list", 1), by=by, at=MONDAY_TEN, words={"note": "请先围挡"})
        entries = trail.of("list", 1)
        said = trail.words_of("list", 1)

    assert [(e.seq, e.verb, e.actor, e.prev) for e in entries] == [
        (1, "case.received", "staff:7/post:3", trail.GENESIS),
        (2, "case.offered", "staff:7/post:3", first),
    ]
    assert entries[1].hash == second
    assert said == {2: {"note": "请先围挡"}}
    assert "围挡" not in str(entries[1].__dict__)


@pytest.mark.parametrize("sql", ["UPDATE foundation_entry SET verb = 'x'", "DELETE FROM foundation_entry"])
def test_the_web_role_can_neither_change_nor_delete_an_entry(tenant: int, sql: str) -> None:
    by = a_clerk(tenant)

    with scope.work(by):
        trail.record("case.received", ("list", 1), by=by, at=MONDAY_TEN, new=True)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as c:
            c.execute(sql)


def _changed(sql: str) -> None:
    """Run `sql`; a policy that hides the row from the owner refuses as well as a trigger does."""
    with transaction.atomic(), connection.cursor() as c:
        c.execute(sql)
        if c.rowcount == 0:
            raise DatabaseError("policy hides it from the owner too")


@pytest.mark.parametrize(
    "sql",
    ["UPDATE foundation_entry SET verb = 'x'", "DELETE FROM foundation_entry", "TRUNCATE foundation_entry"],
)
def test_the_owner_too_is_refused_by_the_trigger(tenant: int, sql: str) -> None:
    by = a_clerk(tenant)

    with scope.work(by):
        trail.record("case.received", ("list", 1), by=by, at=MONDAY_TEN, new=True)
        with connection.cursor() as c:
            c.execute("RESET ROLE")
        with pytest.raises(DatabaseError, match=r"append_only|policy|must be owner"):
            _changed(sql)


def test_an_entry_of_another_time_than_the_databases_own_is_refused(tenant: int) -> None:
    by = a_clerk(tenant)

    with (
        scope.work(by),
        pytest.raises(DatabaseError, match="clock of the database"),
        transaction.atomic(),
        connection.cursor() as c,
    ):
        c.execute(
            "INSERT INTO foundation_entry (tenant_id, recorded_at, at, subject_kind, subject_id, seq, verb, actor,"
            " rule, codes, details_commit, prev, suite, hash) VALUES"
            " (%s, now() - interval '1 day', now(), 'case', 1, 1, 'x', 'x', '', '{}', '', '', 'a', '')",
            [tenant],
        )


def test_a_note_for_each_of_a_thousand_subjects_takes_two_statements(tenant: int, django_assert_num_queries) -> None:
    by = a_clerk(tenant)
    notes = [trail.Note("case.received", ("list", n), MONDAY_TEN, words={"t": "x"}) for n in range(1, 1001)]

    with scope.work(by):
        trail.record("warm", ("list", 5000), by=by, at=MONDAY_TEN, new=True)
        with django_assert_num_queries(2):
            trail.record_many(notes, by=by, new=True)

        assert Entry.objects.count() == 1001
        assert TrailHead.objects.count() == 1001


def test_a_subject_that_has_a_history_is_refused_as_new_and_keeps_its_head(tenant: int) -> None:
    by = a_clerk(tenant)
    with scope.work(by):
        trail.record("case.received", ("list", 1), by=by, at=MONDAY_TEN, new=True)
        trail.record("case.offered", ("list", 1), by=by, at=MONDAY_TEN)
        before = trail.heads("list", [1])

        with pytest.raises(IntegrityError, match="one_head_per_subject"), transaction.atomic():
            trail.record("case.received", ("list", 1), by=by, at=MONDAY_TEN, new=True)

        assert trail.heads("list", [1]) == before
        assert [e.verb for e in trail.of("list", 1)] == ["case.received", "case.offered"]


def test_salted_commitment_cannot_be_guessed_from_a_phone_book(tenant: int) -> None:
    """Spec 90 §19: who has the entries without the words beside them may try every number, and learns nothing."""
    number, by = "13900000417", a_clerk(tenant)
    with scope.work(by):
        for subject in (1, 2):
            trail.record("case.noted", ("list", subject), by=by, at=MONDAY_TEN, words={"phone": number}, new=True)
        first, second = (trail.of("list", n)[0].details_commit for n in (1, 2))
        beside = EntryWords.objects.get(subject_kind="list", subject_id=1)
        assert ledger.commit(bytes.fromhex(beside.salt), {"phone": number}, suite="a") == first, "the words are kept"
        trail.end_words("list", [1, 2], tenant_id=tenant)

        assert first != second, "the same number twice is not seen to be the same"
        salts = (b"\0" * 32, hashlib.sha256(str(tenant).encode()).digest(), hashlib.sha256(b"case:1").digest())
        assert first not in {ledger.commit(salt, {"phone": number}, suite="a") for salt in salts}
        assert not EntryWords.objects.filter(subject_kind="list", subject_id=1).exists(), "the salt has gone with them"
