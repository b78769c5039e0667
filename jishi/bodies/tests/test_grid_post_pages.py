"""谁服务哪个网格, as the office uses it: begun, ended, refused in words, and only on one's own ground."""

import re
from datetime import UTC, datetime

import pytest

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.bodies import queries
from jishi.bodies.actions import grid_posts
from jishi.bodies.tests.test_grid_register import Grid
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed
from jishi.places.tests.factories import A

pytestmark = pytest.mark.django_db
AT = f"/desk/grid-posts/{A}"


@pytest.fixture
def grid(other_tenant):
    with scope.work(system(other_tenant)):
        made = Grid(other_tenant)
        made.post("青溪网格长岗")
    return made


def desk(client, tenant, role="office"):
    client.defaults["HTTP_HOST"] = "other.example"
    account = an_account(tenant)
    a_grant(account, role, post_id=31)
    return signed_in(client, account, post=31, at=datetime.now(UTC))


def test_a_post_serves_from_the_press_until_the_press(client, other_tenant, grid):
    office = desk(client, other_tenant)
    page = office.get(AT).content.decode()
    post = re.search(r'<option value="(\d+)">青溪网格长岗', page)
    said = {"grid": grid.id, "post": post[1], "role": "leader"}

    assert "空着" in page and office.get("/desk/grid-posts").status_code == 200
    assert office.post(AT, said).status_code == 302
    again = office.post(AT, said)
    assert again.status_code == 409 and 'role="alert"' in again.content.decode()
    assert office.post(AT, said | {"role": "part_time"}).status_code == 422
    row = re.search(r'name="end" value="(\d+)"', office.get(AT).content.decode())
    assert office.post(AT, {"end": row[1]}).status_code == 302

    with scope.work(system(other_tenant)):
        assert queries.posts_serving([grid.id], now=datetime.now(UTC)) == {}


def test_others_and_other_streets_may_not(client, other_tenant, grid):
    assert desk(client, other_tenant, "handler").get(AT).status_code == 403
    elsewhere = Actor(
        tenant_id=other_tenant, kind="staff", account_id=1, roles=frozenset({"office"}), area="990882009000"
    )
    with scope.work(system(other_tenant)):
        post = grid.post("另一岗")
    with scope.work(elsewhere), pytest.raises(NotAllowed):
        grid_posts.serve(post, grid.id, "leader", by=elsewhere, now=datetime.now(UTC))
