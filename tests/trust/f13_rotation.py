"""F13: how long it takes to move values to a new key while others read."""

import statistics
import time

import pytest

from conftest import MONDAY_TEN
from jishi.foundation import data_keys, keys, rotation, scope, sealed
from jishi.foundation.actor import system
from tests.trust.sizes import FULL, say, size

pytestmark = pytest.mark.django_db
VALUES, BATCH = size(5_000, 1_000_000), 1000
WITHIN, SLOWER = 3600.0, 1.1
PURPOSE = "contact.caller"


def secret(n: int) -> sealed.Secret:
    return sealed.Secret(PURPOSE, "cases_report", n, "caller_contact", f"139{n:08d}", searchable=True)


def find(tenant: int) -> float:
    began = time.perf_counter()
    sealed.find(PURPOSE, "13900000007", tenant_id=tenant, now=MONDAY_TEN)
    return time.perf_counter() - began


def test_all_values_move_within_the_hour(tenant, record_property):
    by = system(tenant)
    data_keys.forget()
    with keys.using(keys.NullKeys()), scope.work(by):
        for first in range(0, VALUES, BATCH):
            rows = range(first, min(first + BATCH, VALUES))
            sealed.seal([secret(n) for n in rows], tenant_id=tenant, now=MONDAY_TEN)
        calm = [find(tenant) for _ in range(100)]
        rotation.begin(PURPOSE, by=by, now=MONDAY_TEN)
        began, busy, moved = time.monotonic(), [], 0
        while True:
            step = rotation.rotate(PURPOSE, by=by, now=MONDAY_TEN, batch=BATCH)
            moved += step.moved
            busy += [find(tenant) for _ in range(20)]
            if not step.left:
                break
        took = time.monotonic() - began
    data_keys.forget()
    slower = statistics.quantiles(busy, n=20)[-1] / statistics.quantiles(calm, n=20)[-1]
    rate = f"at this rate 1M in {took / moved * 1e6 / 60:.0f} min"
    said = f"{moved} values in {took:.1f} s; {rate}; p95 of finding {slower:.2f} ×"
    say(record_property, said)
    assert moved == VALUES
    if FULL:
        assert took <= WITHIN
        assert slower <= SLOWER
