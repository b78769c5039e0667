"""Tests run on a real PostgreSQL: a throwaway embedded one, or JISHI_DATABASE_URL.

The schema is made by the owner; every test then works as the web role, under row security.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("JISHI_PROFILE", "quick"))

MONDAY_TEN = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)  # Monday 10:00 in Shanghai


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """Two towns stand in every test database: the second proves that nothing leaks."""
    from jishi.foundation.models import Tenant  # noqa: PLC0415

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        for code, name, host in (("990181", "云溪市", "testserver"), ("990281", "邻溪县", "other.example")):
            Tenant.objects.get_or_create(
                code=code, defaults={"name": name, "hosts": [host], "founded_at": datetime(2025, 1, 1, tzinfo=UTC)}
            )


@pytest.fixture(autouse=True)
def _as_the_web_role(request: pytest.FixtureRequest) -> Iterator[None]:
    """Work under row security, as requests do."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        from django.db import connection  # noqa: PLC0415

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE jishi_web")
    yield


@pytest.fixture
def tenant(db: None) -> int:
    from jishi.foundation.models import Tenant  # noqa: PLC0415

    return Tenant.objects.get(code="990181").id


@pytest.fixture
def other_tenant(db: None) -> int:
    from jishi.foundation.models import Tenant  # noqa: PLC0415

    return Tenant.objects.get(code="990281").id
