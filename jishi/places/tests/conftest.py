"""A person whose residence is spoken of."""

from itertools import count

import pytest

from conftest import MONDAY_TEN
from jishi.accounts.actions import accounts
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.places import policies
from jishi.places.tests.factories import A, adopt, stand
from jishi.places.tests.residence_steps import two_communities

_names = count(1)


@pytest.fixture(autouse=True)
def of_its_body(monkeypatch):
    """This room knows no bodies: a post works for the body of its area, but for one of body 999."""
    monkeypatch.setattr(policies, "_is_of_community", lambda by, _community: 999 not in by.body_ids)


@pytest.fixture
def person(other_tenant):
    """A resident of two communities without drawn ground, whose scope is open."""
    tenant = other_tenant
    by = system(tenant)
    with scope.work(by):
        two_communities(by)
        name = f"jumin-{next(_names)}"
        opened = accounts.open_account(name, "白露", "long enough 123", staff=False, by=by, now=MONDAY_TEN)
        me = Actor(tenant_id=tenant, kind="resident", account_id=opened.id, roles=frozenset({"resident"}))
        with scope.within(me):
            yield me


@pytest.fixture
def housed(person):
    """The same, with houses and grids."""
    by = system(person.tenant_id)
    with scope.within(by):
        stand(by)
        adopt(A, by)
    return person
