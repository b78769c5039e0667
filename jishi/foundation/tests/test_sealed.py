"""Sealed fields: bound to their place, found only while a search is needed, rotated without a pause."""

import dataclasses
from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from conftest import MONDAY_TEN
from jishi.foundation import data_keys, keys, purposes, rotation, scope, sealed
from jishi.foundation.actor import Actor, system
from jishi.foundation.models import DataKey, SealedValue, SearchHash, Tenant
from jishi.foundation.refusals import FreshSignInNeeded, NotAllowed
from jishi.foundation.sealed import Secret
from jishi.foundation.unsealing import unseal

PHONE = "138-0013-8000"
REPORT = ("cases_report", 41)


@pytest.fixture(autouse=True)
def null_keys():
    data_keys.forget()
    with keys.using(keys.NullKeys()) as twin:
        yield twin
    data_keys.forget()


@pytest.fixture
def work(tenant: int):
    with scope.work(system(tenant)):
        yield tenant


def a_contact(row: int = 41, value: str = PHONE, **more) -> Secret:
    return Secret("contact.caller", "cases_report", row, "caller_contact", value, date(2027, 3, 9), **more)


def put(tenant: int, *secrets: Secret) -> None:
    sealed.seal(secrets or [a_contact(searchable=True)], tenant_id=tenant, now=MONDAY_TEN)


def opened(tenant: int, *owners, purpose: str = "contact.caller"):
    return unseal(owners or [REPORT], ["caller_contact"], purpose=purpose, tenant_id=tenant, now=MONDAY_TEN)


def test_what_was_sealed_opens_in_its_own_place(work: int) -> None:
    put(work)

    assert opened(work) == {REPORT: {"caller_contact": PHONE}}


def test_sealed_value_moved_to_another_row_does_not_open(work: int) -> None:
    put(work)
    SealedValue.objects.update(owner_row=42)

    with pytest.raises(keys.DoesNotOpen):
        opened(work, ("cases_report", 42))


@pytest.mark.parametrize("change", [{"owner_table": "cases_other"}, {"purpose": "identity.reporter"}])
def test_a_value_moved_to_another_table_or_purpose_does_not_open(work: int, change: dict) -> None:
    put(work)
    sealed.seal(
        [Secret("identity.reporter", "cases_report", 9, "caller_contact", "x")],
        tenant_id=work,
        now=MONDAY_TEN,
    )
    SealedValue.objects.filter(owner_row=41).update(**change)

    with pytest.raises(keys.DoesNotOpen):
        opened(
            work,
            (change.get("owner_table", "cases_report"), 41),
            purpose=change.get("purpose", "contact.caller"),
        )


@pytest.mark.parametrize("at", [0, 1, 5, 8, 20, -1])
def test_one_changed_byte_anywhere_is_noticed(work: int, at: int) -> None:
    put(work)
    row = SealedValue.objects.get()
    raw = bytearray(bytes(row.data))
    raw[at] ^= 1
    SealedValue.objects.update(data=bytes(raw))

    with pytest.raises(keys.DoesNotOpen):
        opened(work)


def test_a_dump_of_every_table_holds_no_planted_value(work: int) -> None:
    words = Secret("words.original", "cases_report", 41, "text", "三单元的王建国家漏水，电话 13800138000")
    put(work, a_contact(searchable=True), words)

    assert dump_of_all_tables_contains("13800138000") == []
    assert dump_of_all_tables_contains("王建国") == []
    assert dump_of_all_tables_contains(PHONE) == []


def dump_of_all_tables_contains(needle: str) -> list[str]:
    """Search every table, and bytes as hex, base64 and GB18030."""
    import base64

    raw = needle.encode()
    forms = [
        needle,
        raw.hex(),
        needle.encode("gb18030").hex(),
        base64.b64encode(raw).decode().rstrip("=")[:-1],
    ]
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [table])
            if not cursor.fetchone()[0]:
                continue
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE ANY (%s)', [[f"%{f}%" for f in forms]])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_the_scan_itself_sees_a_value_that_lies_open(work: int) -> None:
    in_the_open = "13900139000"
    from jishi.foundation import trail

    by = system(work)
    trail.record("x", ("x", 1), by=by, at=MONDAY_TEN, words={"t": in_the_open}, new=True)

    assert dump_of_all_tables_contains(in_the_open) == ["foundation_entrywords"]


class TestPurposes:
    @pytest.mark.parametrize(
        "secret",
        [
            Secret("curiosity", "cases_report", 1, "caller_contact", "x"),
            Secret("contact.caller", "cases_report", 1, "religion", "x"),
            Secret("contact.caller", "cases_report", 1, "caller_name", "x", searchable=True),
            Secret("words.original", "cases_report", 1, "text", "x", searchable=True),
        ],
    )
    def test_nothing_is_sealed_around_the_registry(self, work: int, secret: Secret) -> None:
        with pytest.raises(purposes.NoPurposeNamed):
            sealed.seal([a_contact(), secret], tenant_id=work, now=MONDAY_TEN)

        assert not SealedValue.objects.exists()

    def test_two_different_purposes_never_share_a_code(self) -> None:
        known = purposes.named("contact.caller")

        assert purposes.declare(known) is known
        with pytest.raises(RuntimeError):
            purposes.declare(dataclasses.replace(known, days=9999))

    def test_every_purpose_names_its_basis_source_and_readers(self) -> None:
        for p in purposes.every():
            assert p.basis, p.code
            assert p.source, p.code
            assert p.readers or p.shared_with, p.code  # what is made for everybody has no readers of its own
            assert p.zh, p.code
            assert p.en, p.code
            assert set(p.labels) == p.fields, p.code


class TestFinding:
    @pytest.mark.parametrize(
        "written", ["13800138000", "+86 138 0013 8000", "0086-138-0013-8000", "１３８００１３８０００"]
    )
    def test_a_phone_is_found_however_it_is_written(self, work: int, written: str) -> None:
        put(work)

        assert sealed.find("contact.caller", written, tenant_id=work, now=MONDAY_TEN) == [REPORT]

    def test_a_value_not_meant_for_search_is_not_found(self, work: int) -> None:
        put(work, a_contact())

        assert sealed.find("contact.caller", PHONE, tenant_id=work, now=MONDAY_TEN) == []

    def test_nothing_is_found_after_the_search_has_ended_and_the_value_stays(self, work: int) -> None:
        put(work)

        sealed.end_search([REPORT], "contact.caller", tenant_id=work)

        assert sealed.find("contact.caller", PHONE, tenant_id=work, now=MONDAY_TEN) == []
        assert not SearchHash.objects.exists()
        assert opened(work)[REPORT]

    def test_a_search_ends_on_its_own_day(self, work: int) -> None:
        put(work, a_contact(searchable=True, search_ends_on=date(2026, 3, 12)))

        later = MONDAY_TEN + timedelta(days=4)

        assert sealed.find("contact.caller", PHONE, tenant_id=work, now=MONDAY_TEN) == [REPORT]
        assert sealed.find("contact.caller", PHONE, tenant_id=work, now=later) == []

    def test_a_corrected_value_is_found_and_the_former_one_is_not(self, work: int) -> None:
        put(work)
        put(work, a_contact(value="13700137000", searchable=True))

        assert sealed.find("contact.caller", PHONE, tenant_id=work, now=MONDAY_TEN) == []
        assert sealed.find("contact.caller", "13700137000", tenant_id=work, now=MONDAY_TEN) == [REPORT]
        assert SealedValue.objects.count() == 1

    def test_equal_values_of_two_towns_have_different_hashes(self, work: int, other_tenant: int) -> None:
        put(work)
        ours = bytes(SearchHash.objects.get().mac)
        with scope.work(system(other_tenant)):
            put(other_tenant)
            theirs = bytes(SearchHash.objects.get().mac)

        assert ours != theirs


class TestEnding:
    def test_ending_takes_values_and_hashes_of_these_rows_only(self, work: int) -> None:
        put(work, a_contact(41, searchable=True), a_contact(42, "13700137000", searchable=True))

        assert sealed.end([REPORT], tenant_id=work) == 1

        assert sealed.sealed_fields([REPORT, ("cases_report", 42)], tenant_id=work) == {
            ("cases_report", 42): ["caller_contact"]
        }
        assert SearchHash.objects.get().owner_row == 42

    def test_the_nightly_run_deletes_what_is_due_and_counts_it(self, work: int) -> None:
        put(work, a_contact(41, searchable=True))

        assert sealed.end_due(tenant_id=work, today=date(2027, 3, 9)) == {}
        assert sealed.end_due(tenant_id=work, today=date(2027, 3, 10)) == {"contact.caller": 1}
        assert not SearchHash.objects.exists()


class TestKeys:
    def test_many_values_take_two_statements_when_the_keys_are_at_hand(
        self, work: int, django_assert_num_queries, django_capture_on_commit_callbacks, null_keys
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            put(work)
        opened(work)
        before = null_keys.asked.count("unwrap")

        with django_assert_num_queries(2):
            put(work, *[a_contact(n, f"138{n:08d}", searchable=True) for n in range(1, 501)])

        assert null_keys.asked.count("unwrap") == before

    def test_a_key_of_a_transaction_that_rolled_back_is_not_kept(self, work: int) -> None:
        from django.db import transaction

        class Undone(Exception): ...

        def put_and_undo() -> None:
            with transaction.atomic():
                put(work)
                opened(work)
                raise Undone

        with pytest.raises(Undone):
            put_and_undo()
        put(work)
        data_keys.forget()

        assert opened(work)[REPORT]["caller_contact"] == PHONE

    def test_keys_are_dropped_after_ten_minutes(
        self, work: int, monkeypatch, django_capture_on_commit_callbacks, null_keys
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            put(work)
        opened(work)
        null_keys.away = True
        assert opened(work)[REPORT]  # from memory

        since, held = data_keys._memory.held[(work, "contact.caller")]
        data_keys._memory.held[(work, "contact.caller")] = (since - 601, held)

        with pytest.raises(keys.KeyNotAvailable):
            opened(work)

    def test_another_root_key_opens_nothing(self, work: int, tmp_path) -> None:
        put(work)
        data_keys.forget()

        with keys.using(keys.FileKeys(tmp_path / "other")), pytest.raises(keys.DoesNotOpen):
            opened(work)

    def test_the_suite_of_the_state_seals_too(self, work: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            Tenant.objects.filter(id=work).update(suite="s")
            cursor.execute("SET LOCAL ROLE jishi_web")

        put(work)

        assert bytes(SealedValue.objects.get().data)[:2] == b"\x01s"
        assert opened(work)[REPORT]["caller_contact"] == PHONE
        assert sealed.find("contact.caller", PHONE, tenant_id=work, now=MONDAY_TEN) == [REPORT]


class TestFileKeys:
    def test_the_files_are_made_once_and_closed_to_others(self, tmp_path) -> None:
        folder = tmp_path / "keys"
        first = keys.FileKeys(folder)
        again = keys.FileKeys(folder)

        assert {p.name: p.stat().st_mode & 0o777 for p in folder.iterdir()} == {
            "root.key": 0o600, "anchor.key": 0o600, "anchor.pub": 0o600,
        }  # fmt: skip
        assert first.mac(b"x", context=b"c", suite="a") == again.mac(b"x", context=b"c", suite="a")
        keys.verify(again.public_key(), b"root of the day", first.sign(b"root of the day"))

    def test_a_key_that_others_can_read_is_refused(self, tmp_path) -> None:
        kept = keys.FileKeys(tmp_path)
        (tmp_path / "root.key").chmod(0o644)

        assert not kept.health().ok
        with pytest.raises(keys.KeyNotAvailable):
            keys.FileKeys(tmp_path)

    @pytest.mark.parametrize("suite", ["a", "s"])
    def test_a_wrapped_key_opens_for_its_own_context_only(self, tmp_path, suite: str) -> None:
        kept = keys.FileKeys(tmp_path)
        wrapped = kept.wrap(b"k" * 32, context=b"one", suite=suite)

        assert kept.unwrap(wrapped, context=b"one", suite=suite) == b"k" * 32
        with pytest.raises(keys.DoesNotOpen):
            kept.unwrap(wrapped, context=b"two", suite=suite)


class TestRotation:
    def many(self, tenant: int, count: int = 25) -> None:
        put(tenant, *[a_contact(n, f"138{n:08d}", searchable=n % 2 == 1) for n in range(1, count + 1)])

    def test_values_move_in_batches_stay_readable_and_the_old_key_is_destroyed_with_a_proof(self, work: int) -> None:
        by = system(work)
        self.many(work)
        rotation.begin("contact.caller", by=by, now=MONDAY_TEN)
        put(work, a_contact(99, "13600136000", searchable=True))  # new things take the new key

        first = rotation.rotate("contact.caller", by=by, now=MONDAY_TEN, batch=10)
        half = opened(work, *[("cases_report", n) for n in range(1, 26)])
        found = sealed.find("contact.caller", "13800000003", tenant_id=work, now=MONDAY_TEN)

        assert (first.moved, first.left, first.destroyed, first.done) == (10, 15, (), False)
        assert all(half[("cases_report", n)]["caller_contact"] == f"138{n:08d}" for n in range(1, 26))
        assert found == [("cases_report", 3)]

        rotation.rotate("contact.caller", by=by, now=MONDAY_TEN, batch=10)
        soon = rotation.rotate("contact.caller", by=by, now=MONDAY_TEN, batch=10)
        assert (soon.left, soon.destroyed) == (
            0,
            (),
        )  # another process may still hold the old key for ten minutes

        last = rotation.rotate("contact.caller", by=by, now=MONDAY_TEN + timedelta(minutes=10))
        data_keys.forget()

        assert (last.destroyed, last.done) == ((1,), True)
        assert [k.generation for k in DataKey.objects.filter(purpose="contact.caller")] == [2]
        assert opened(work, ("cases_report", 25))[("cases_report", 25)]["caller_contact"] == "13800000025"
        assert sealed.find("contact.caller", "13800000025", tenant_id=work, now=MONDAY_TEN) == [("cases_report", 25)]
        assert sealed.find("contact.caller", "13800000024", tenant_id=work, now=MONDAY_TEN) == []

    def test_a_second_rotation_waits_for_the_first(self, work: int) -> None:
        self.many(work, 2)
        rotation.begin("contact.caller", by=system(work), now=MONDAY_TEN)

        with pytest.raises(rotation.StillRotating):
            rotation.begin("contact.caller", by=system(work), now=MONDAY_TEN)

    def test_only_the_security_administrator_begins_one(self, work: int) -> None:
        clerk = Actor(tenant_id=work, kind="staff", account_id=1, roles=frozenset({"handler", "system_admin"}))

        with pytest.raises(NotAllowed):
            rotation.begin("contact.caller", by=clerk, now=MONDAY_TEN)

    def test_is_begun_by_nobody_whose_proof_is_older_than_ten_minutes(self, work: int) -> None:
        self.many(work, 1)
        proved = MONDAY_TEN - timedelta(minutes=11)
        keeper = Actor(work, "staff", account_id=1, roles=frozenset({"security_admin"}), proved_at=proved)

        with pytest.raises(FreshSignInNeeded):
            rotation.begin("contact.caller", by=keeper, now=MONDAY_TEN)
        assert [k.generation for k in DataKey.objects.filter(purpose="contact.caller")] == [1]

        rotation.begin("contact.caller", by=keeper, now=MONDAY_TEN - timedelta(minutes=1))


@given(st.text(max_size=300))
def test_any_text_is_padded_to_a_size_class_and_comes_back(value: str) -> None:
    padded = sealed._padded(value)

    assert len(padded) >= 32
    assert len(padded) & (len(padded) - 1) == 0
    assert sealed.unpadded(padded) == value


def test_values_of_similar_length_have_equal_size(work: int) -> None:
    put(work, a_contact(1, "13800138000"), a_contact(2, "010-66112233"))

    assert len({len(bytes(v.data)) for v in SealedValue.objects.all()}) == 1


@given(st.tuples(st.text(max_size=5), st.integers(0, 99), st.text(max_size=5)), st.text(max_size=5))
def test_no_two_places_are_written_alike(parts: tuple, other: str) -> None:
    table, row, name = parts

    assert sealed.place(1, "p", (table, row), name) != sealed.place(1, "p", (table + other + "x", row), name)
