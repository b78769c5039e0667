"""F12: a list of fifty with its readings costs at most two statements more than the list."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conftest import MONDAY_TEN
from jishi.accounts.actions import reading
from jishi.foundation import data_keys, keys, scope, sealed
from jishi.foundation.actor import Actor
from tests.trust.sizes import say

pytestmark = pytest.mark.django_db


def test_fifty_readings_are_two_statements(tenant, record_property):
    by = Actor(tenant_id=tenant, kind="staff", account_id=1, roles=frozenset({"handler"}))
    owners = [("accounts_account", n) for n in range(1, 51)]  # rows that nobody is kept from
    with keys.using(keys.NullKeys()), scope.work(by):
        secrets = [sealed.Secret("contact.caller", *o, "caller_contact", f"1390000{o[1]:04d}") for o in owners]
        sealed.seal(secrets, tenant_id=tenant, now=MONDAY_TEN)
        data_keys._memory.unsettled.clear()  # the keys are those of an earlier transaction, as in a running site
        reading.read(owners, ["caller_contact"], purpose="contact.caller", reason="回访", by=by, now=MONDAY_TEN)
        with CaptureQueriesContext(connection) as seen:
            opened = reading.read(
                owners, ["caller_contact"], purpose="contact.caller", reason="回访", by=by, now=MONDAY_TEN
            )
    said = [q["sql"] for q in seen.captured_queries if "SAVEPOINT" not in q["sql"]]
    say(record_property, f"{len(said)} statements for a list of {len(opened)} with readings (target 2)", enough=True)
    assert len(opened) == 50
    data_keys.forget()
    assert len(said) <= 2
