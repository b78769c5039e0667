"""A key of its own per confidential reporter: opened by itself, ended with its row (spec 90 §5.2)."""

from datetime import date, timedelta

import pytest

from conftest import MONDAY_TEN
from jishi.foundation import data_keys, keys, rotation, scope, sealed
from jishi.foundation.actor import system
from jishi.foundation.models import DataKey, RowKey, SealedValue
from jishi.foundation.sealed import Secret
from jishi.foundation.unsealing import unseal

PURPOSE, NAME = "identity.reporter", "李秀英"


@pytest.fixture(autouse=True)
def twin():
    data_keys.forget()
    with keys.using(keys.NullKeys()) as kept:
        yield kept
    data_keys.forget()


@pytest.fixture
def work(tenant: int):
    with scope.work(system(tenant)):
        yield tenant


def put(tenant: int, row: int, *, new: bool = True, **fields: str) -> None:
    given = fields or {"caller_name": NAME, "caller_contact": "13800138009"}
    kept = [Secret(PURPOSE, "cases_report", row, name, value, date(2027, 3, 9)) for name, value in given.items()]
    sealed.seal(kept, tenant_id=tenant, now=MONDAY_TEN, new=new)


def opened(tenant: int, row: int, **more):
    owner, fields = ("cases_report", row), ["caller_name", "caller_contact"]
    return unseal([owner], fields, purpose=PURPOSE, tenant_id=tenant, now=MONDAY_TEN, **more)[owner]


def test_two_reports_have_two_keys_and_no_data_key_stands_behind_them(work: int) -> None:
    put(work, 1)
    put(work, 2)

    wrapped = {bytes(key.wrapped) for key in RowKey.objects.all()}
    assert (len(wrapped), DataKey.objects.count()) == (2, 0)
    assert opened(work, 1) == {"caller_name": NAME, "caller_contact": "13800138009"}


def test_the_provider_is_asked_at_each_opening_and_once_for_all_fields(work: int, twin: keys.NullKeys) -> None:
    put(work, 1)
    opened(work, 1)
    opened(work, 1)

    assert twin.asked == ["wrap_own", "open_own", "open_own"]
    twin.away = True
    with pytest.raises(keys.KeyNotAvailable):
        opened(work, 1)


def test_a_data_key_s_unwrap_does_not_open_it(work: int) -> None:
    put(work, 1)
    row = RowKey.objects.get()
    context = keys.own_context(work, ("cases_report", 1), 1, body=0)

    with pytest.raises(keys.DoesNotOpen):
        keys.provider().unwrap(bytes(row.wrapped), context=context, suite=row.suite)


def test_a_key_moved_to_another_row_opens_nothing(work: int) -> None:
    put(work, 1)
    RowKey.objects.update(owner_row=2)
    SealedValue.objects.update(owner_row=2)

    with pytest.raises(keys.DoesNotOpen):
        opened(work, 2)


def test_a_wish_for_one_row_opens_no_other(work: int) -> None:
    put(work, 1)
    other = keys.Shown(keys.Wish("receive", work, "cases_report", 2))

    with pytest.raises(keys.DoesNotOpen):
        opened(work, 1, shown=other)


def test_what_is_sealed_later_gets_a_key_of_its_own_and_the_old_one_goes_when_nothing_needs_it(work: int) -> None:
    put(work, 1)
    put(work, 1, new=False, caller_name="李秀兰")
    assert opened(work, 1) == {"caller_name": "李秀兰", "caller_contact": "13800138009"}

    put(work, 1, new=False, caller_contact="13800138010")

    assert [bool(bytes(key.wrapped)) for key in RowKey.objects.order_by("number")] == [False, True, True]


@pytest.mark.parametrize("how", ["by hand", "by its day"])
def test_ends_with_its_report_and_a_copy_of_its_wrapped_bytes_opens_nothing_again(
    how: str, work: int, twin: keys.NullKeys
) -> None:
    put(work, 1)
    before = list(RowKey.objects.values_list("number", "suite", "wrapped"))
    if how == "by hand":
        sealed.end([("cases_report", 1)], tenant_id=work)
        assert [bytes(key.wrapped) for key in RowKey.objects.all()] == [b""]
    sealed.end_due(tenant_id=work, today=date(2027, 3, 10))
    assert sealed.destroy_ended_keys(tenant_id=work) == {"destroyed": 1, "left": 0}

    assert not RowKey.objects.exists()
    kept = [keys.OwnKey(number, suite, bytes(wrapped)) for number, suite, wrapped in before]
    with pytest.raises(keys.KeyEnded):
        twin.open_own(kept, wish=keys.Wish("receive", work, "cases_report", 1), shown=b"")


def test_while_the_provider_is_away_nothing_is_said_to_be_destroyed(work: int, twin: keys.NullKeys) -> None:
    put(work, 1)
    sealed.end([("cases_report", 1)], tenant_id=work)
    twin.away = True
    assert sealed.destroy_ended_keys(tenant_id=work) == {"destroyed": 0, "left": 1}
    twin.away = False

    assert sealed.destroy_ended_keys(tenant_id=work) == {"destroyed": 1, "left": 0}
    assert (len(twin.ended), sealed.destroy_ended_keys(tenant_id=work)) == (1, {})


def test_key_files_remember_what_they_destroyed(tmp_path) -> None:
    kept = keys.FileKeys(tmp_path / "keys")
    context = keys.own_context(1, ("cases_report", 1), 1, body=0)
    own = keys.OwnKey(1, "a", kept.wrap_own(b"\x01" * 32, context=context, suite="a"))
    wish = keys.Wish("receive", 1, "cases_report", 1)
    assert kept.open_own([own], wish=wish, shown=b"") == {1: b"\x01" * 32}

    kept.destroy([context])

    with pytest.raises(keys.KeyEnded):
        keys.FileKeys(tmp_path / "keys").open_own([own], wish=wish, shown=b"")


def test_there_is_nothing_to_rotate(tenant: int) -> None:
    for act in (rotation.begin, rotation.rotate):
        with pytest.raises(rotation.KeyOfItsOwn), scope.work(system(tenant)):
            act(PURPOSE, by=system(tenant), now=MONDAY_TEN + timedelta(days=1))
