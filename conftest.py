"""Tests run on a real PostgreSQL: a throwaway embedded one, or JISHI_DATABASE_URL.

The schema is made by the owner; every test then works as the web role, under row security.
Two empty towns stand in every test database; the demonstration town is founded once, when a test asks for `town`.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("JISHI_PROFILE", "quick"))

MONDAY_TEN = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)  # Monday 10:00 in Shanghai
EMPTY, OTHER, TOWN = "990881", "990882", "990181"


COMPILES = "jishi/kernels/gridplan/"  # compiled at first use, for half a minute: in one process for all of them


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(COMPILES):
            item.add_marker(pytest.mark.xdist_group("gridplan"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Two towns stand in every test database: the second proves that nothing leaks."""
    from jishi.foundation.tenants import Tenant

    with django_db_blocker.unblock():
        for code, name, host in ((EMPTY, "试点市", "testserver"), (OTHER, "邻溪县", "other.example")):
            Tenant.objects.get_or_create(
                code=code, defaults={"name": name, "hosts": [host], "founded_at": datetime(2025, 1, 1, tzinfo=UTC)}
            )


@pytest.fixture(scope="session")
def _founded(django_db_setup: None, django_db_blocker: Any) -> None:
    """Found the demonstration town through its verbs, once per worker; what tests do to it is rolled back."""
    from django.db import connection

    from jishi.accounts.web import tenants
    from jishi.foundation.tenants import Tenant
    from jishi.portal import founding

    assert not connection.in_atomic_block, "a town founded within a test is gone with it: ask for `town` by its name"
    with django_db_blocker.unblock():
        founding.found(now=datetime(2026, 1, 5, 1, 0, tzinfo=UTC), say=lambda line: None)
        Tenant.objects.filter(code=TOWN).update(hosts=["town.example"])
    tenants.forget()  # a test before may have read the towns when there were two


@pytest.fixture(autouse=True)
def _as_the_web_role(request: pytest.FixtureRequest) -> None:
    """Work under row security, as requests do."""
    if "_founded" in request.fixturenames:  # not `town`: a room may have a town of its own
        request.getfixturevalue("_founded")
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        from django.db import connection

        from config.costs import purse

        purse.forget()  # no test waits for what another one asked
        _read_towns()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE jishi_web")


def _read_towns() -> None:
    """Read the list of towns before its half minute ends in the middle of a test: a count would be one higher."""
    from jishi.accounts.web import tenants

    if time.monotonic() - tenants._known.at > tenants.LIFE / 2:
        tenants.forget()
        tenants.of_host("")


def _tenant(code: str) -> int:
    from jishi.foundation.tenants import Tenant

    return Tenant.objects.get(code=code).id


@pytest.fixture
def tenant(db: None) -> int:
    return _tenant(EMPTY)


@pytest.fixture
def other_tenant(db: None) -> int:
    return _tenant(OTHER)


@pytest.fixture
def town(_founded: None, db: None) -> int:
    """The demonstration town: bodies, lists, ground, people; no cases."""
    return _tenant(TOWN)


@pytest.fixture
def in_one_town() -> Iterator[None]:
    """Serve pages as one town alone does: nothing is remembered of the test before, keys are those of the twin."""
    from jishi.accounts.web import tenants
    from jishi.foundation import data_keys, keys

    tenants.forget()
    data_keys.forget()
    with keys.using(keys.NullKeys()):
        yield
    data_keys.forget()
    tenants.forget()


@pytest.fixture
def in_the_town(town: int, in_one_town: None) -> None:
    """The same in the demonstration town."""
