"""A real town begins empty, with four people who are four persons, and a host that is its own."""

import pytest
from django.utils import timezone

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.tenants import Tenant
from jishi.portal import starting

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture
def as_owner(db: None) -> None:
    """The word `found` works as the owner of the database: only he may write the row of a town."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def begin(code: str = "330302", name: str = "试建区", hosts: tuple[str, ...] = ("start.example",), **more):
    return starting.begin(code, name, hosts, now=timezone.now(), **more)


def test_has_three_administrators_a_head_and_an_office_and_nothing_else(as_owner) -> None:
    people = begin()

    tenant = Tenant.objects.get(code="330302")
    now = timezone.now()
    with scope.work(system(tenant.id)):
        office = next(iter(bodies.names().values()))
        roles = [r for p in bodies.posts_of(office.id, now=now) for r in p.roles]
        holders = [h.account_id for p in bodies.posts_of(office.id, now=now) for h in p.holders]
        known = [accounts.by_username(p.username) for p in people]
        assert len(bodies.names()) == 1
    assert roles == ["system_admin", "security_admin", "auditor", "office", "ruler"]
    assert holders == known
    assert len({p.password for p in people}) == 4


@pytest.mark.parametrize(
    ("code", "name", "hosts", "zone", "why"),
    [
        ("33030", "试建区", ("start.example",), "Asia/Shanghai", starting.NotATown),
        ("３３０３０２", "试建区", ("start.example",), "Asia/Shanghai", starting.NotATown),
        ("330302", " ", ("start.example",), "Asia/Shanghai", starting.NotATown),
        ("330302", "试建区", (), "Asia/Shanghai", starting.NotATown),
        ("330302", "试建区", ("https://start.example/x",), "Asia/Shanghai", starting.NotATown),
        ("330302", "试建区", ("start.example",), "Asia/Peking", starting.NotATown),
        ("990881", "试建区", ("start.example",), "Asia/Shanghai", starting.AlreadyFounded),
        ("330302", "试建区", ("Other.Example",), "Asia/Shanghai", starting.HostTaken),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(as_owner, code, name, hosts, zone, why) -> None:
    before = Tenant.objects.count()

    with pytest.raises(why):
        begin(code, name, hosts, zone=zone)

    assert Tenant.objects.count() == before
