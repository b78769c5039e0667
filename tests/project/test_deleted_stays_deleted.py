"""A copy of yesterday brings nobody back: what a person had deleted since is deleted again (spec 90 §7.4, line 11)."""

from datetime import timedelta

import pytest
from django.test import override_settings

from conftest import MONDAY_TEN
from jishi.foundation import anchors, data_keys, keys, scope, sealed, trail
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db
PURPOSE, FIELD, NUMBER = "contact.caller", "caller_contact", "13900000417"
A_DAY = timedelta(days=1)


@pytest.fixture
def own_list(tmp_path):
    data_keys.forget()
    with override_settings(FILES_DIR=tmp_path / "files"), keys.using(keys.NullKeys()):
        yield tmp_path / "sealed.ended"
    data_keys.forget()


def seal(tenant: int, *rows: int) -> None:
    secrets = [sealed.Secret(PURPOSE, "cases_report", row, FIELD, NUMBER, searchable=True) for row in rows]
    sealed.seal(secrets, tenant_id=tenant, now=MONDAY_TEN)


def lies(tenant: int) -> list[int]:
    found = sealed.sealed_fields([("cases_report", n) for n in (1, 2, 3)], tenant_id=tenant)
    return sorted(row for _, row in found)


def test_what_was_deleted_after_the_copy_goes_again_and_the_chain_still_verifies(
    tenant, own_list, django_capture_on_commit_callbacks
):
    with scope.work(system(tenant)) as work:
        seal(tenant, 1, 2)
        taken = work.recorded_at - timedelta(hours=9)  # the copy of last night holds both
        trail.record("report.received", ("report", 1), by=system(tenant), at=MONDAY_TEN, words={"text": "井"}, new=True)
        with django_capture_on_commit_callbacks(execute=True):
            sealed.end([("cases_report", 1)], tenant_id=tenant)
        seal(tenant, 1)  # the copy is brought back

        gone = sealed.end_again(taken, tenant_id=tenant)

        assert (gone, lies(tenant)) == (1, [2])
        assert sealed.find(PURPOSE, NUMBER, tenant_id=tenant, now=MONDAY_TEN) == [("cases_report", 2)]
        assert anchors.verify().findings == ()
        assert NUMBER not in own_list.read_text()


def test_what_was_sealed_again_after_it_had_been_deleted_is_left_alone(
    tenant, own_list, django_capture_on_commit_callbacks
):
    with scope.work(system(tenant)) as work:
        seal(tenant, 1)
        with django_capture_on_commit_callbacks(execute=True):
            sealed.end([("cases_report", 1)], tenant_id=tenant)
        seal(tenant, 1)  # a new number, before the copy was made

        assert sealed.end_again(work.recorded_at + A_DAY, tenant_id=tenant) == 0
        assert lies(tenant) == [1]


def test_of_another_town_nothing_is_touched(tenant, other_tenant, own_list, django_capture_on_commit_callbacks):
    with scope.work(system(tenant)) as work:
        since = work.recorded_at - A_DAY
        seal(tenant, 1)
        with django_capture_on_commit_callbacks(execute=True):
            sealed.end([("cases_report", 1)], tenant_id=tenant)
    with scope.work(system(other_tenant)):
        seal(other_tenant, 1)

        assert sealed.end_again(since, tenant_id=other_tenant) == 0
        assert lies(other_tenant) == [1]


def test_what_is_rolled_back_is_not_on_the_list(tenant, own_list, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=False) as waiting, scope.work(system(tenant)):
        seal(tenant, 1)
        sealed.end([("cases_report", 1)], tenant_id=tenant)

    assert waiting  # it is written after the commit, and only then
    assert not own_list.exists()
