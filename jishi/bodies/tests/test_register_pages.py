"""单位和岗位: founded, created, appointed and ended by pages; a password is shown once; nobody appoints himself."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jishi.accounts import queries as accounts
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.web import tenants
from jishi.bodies.models import Body, Post, Term
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.models import Entry

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SWJ = {"name": "水务局", "code": "swj", "level": "city_dept", "division_code": "990881"}


@pytest.fixture(autouse=True)
def _towns_read_again():
    tenants.forget()
    yield
    tenants.forget()


@pytest.fixture
def as_role(tenant: int) -> Callable[[str], Client]:
    def come(role: str) -> Client:
        account = an_account(tenant, username=f"{role}1", name=role, now=LONG_AGO)
        a_grant(account, role, body_id=None, post_id=9000 + account.id, post_title=role)
        client = Client(headers={"accept-language": "zh"})
        client.account = account
        return signed_in(client, account, post=9000 + account.id)

    return come


@pytest.fixture
def keeper(as_role) -> Client:
    return as_role("security_admin")


@pytest.fixture
def swj(keeper: Client, tenant: int) -> Body:
    keeper.post("/desk/bodies/found", SWJ)
    keeper.post("/desk/bodies/swj/post", {"title": "承办岗", "roles": ["handler", "nonsense"]})
    with scope.work(system(tenant)):
        return Body.objects.get(code="swj")


def rights_of(account: int | None) -> list[str]:
    found = accounts.identity_of(account or 0, now=datetime.now(UTC))
    return [r.role for r in found.rights] if found else []


def the_post(tenant: int) -> Post:
    with scope.work(system(tenant)):
        return Post.objects.get(body__code="swj")


def test_a_body_is_founded_and_stands_in_the_register_with_its_posts_counted(keeper: Client, swj: Body) -> None:
    page = keeper.get("/desk/bodies").content.decode()

    assert "水务局" in page
    assert "990881000000" in page
    assert '<span class="chip near">' in page  # one post, vacant


def test_somebody_new_is_appointed_at_once_and_the_password_is_shown_on_this_page_alone(
    keeper: Client, swj: Body, tenant: int
) -> None:
    said = keeper.post("/desk/bodies/swj/begin", {"post": the_post(tenant).id, "username": "chen.yu", "name": "陈雨"})

    page = said.content.decode()
    assert "密码只显示这一次" in page
    assert said["Cache-Control"].count("no-store") == 1
    assert "密码只显示这一次" not in keeper.get("/desk/bodies/swj").content.decode()
    with scope.work(system(tenant)):
        account = accounts.by_username("chen.yu")
        assert rights_of(account) == ["handler"]
        said = [e.verb for e in Entry.objects.filter(subject_kind="post").order_by("id")]
        assert said == ["post.created", "term.begun"]


def test_a_known_person_is_appointed_by_sign_in_name_and_loses_the_right_with_the_term(
    keeper: Client, swj: Body, tenant: int
) -> None:
    an_account(tenant, username="wu", name="吴", now=LONG_AGO)
    keeper.post("/desk/bodies/swj/begin", {"post": the_post(tenant).id, "username": "wu"})
    with scope.work(system(tenant)):
        term = Term.objects.get(post__body=swj)

    keeper.post("/desk/bodies/swj/end", {"term": term.id})

    with scope.work(system(tenant)):
        assert rights_of(accounts.by_username("wu")) == []
        assert "空缺" in keeper.get("/desk/bodies/swj").content.decode()


def test_nobody_appoints_himself(keeper: Client, swj: Body, tenant: int) -> None:
    said = keeper.post("/desk/bodies/swj/begin", {"post": the_post(tenant).id, "username": "security_admin1"})

    assert said.status_code == 403
    with scope.work(system(tenant)):
        assert not Term.objects.filter(post__body=swj).exists()


def test_the_office_appoints_who_has_an_account_and_opens_none(as_role, swj: Body, tenant: int) -> None:
    office = as_role("office")
    said = office.post("/desk/bodies/swj/begin", {"post": the_post(tenant).id, "username": "new", "name": "新人"})

    assert said.status_code == 403
    with scope.work(system(tenant)):
        assert accounts.by_username("new") is None


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/desk/bodies/found", {**SWJ, "code": ""}, 422),
        ("/desk/bodies/found", SWJ, 409),
        ("/desk/bodies/found", {**SWJ, "code": "x", "level": "palace"}, 422),
        ("/desk/bodies/swj/post", {"title": "岗", "roles": []}, 422),
        ("/desk/bodies/swj/post", {"title": "岗", "roles": ["handler"], "area": "北城"}, 422),
        ("/desk/bodies/swj/begin", {"post": "٣", "username": "a"}, 404),
        ("/desk/bodies/swj/begin", {"post": "999999", "username": "a"}, 404),
        ("/desk/bodies/swj/end", {"term": "999999"}, 404),
        ("/desk/bodies/swj/dissolve", {}, 404),
        ("/desk/bodies/none/post", {"title": "岗", "roles": ["handler"]}, 404),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    keeper: Client, swj: Body, tenant: int, path: str, form: dict[str, object], status: int
) -> None:
    def standing() -> tuple[int, ...]:
        with scope.work(system(tenant)):
            return Body.objects.count(), Post.objects.count(), Term.objects.count()

    before = standing()

    assert keeper.post(path, form).status_code == status
    assert standing() == before


@pytest.mark.parametrize("role", ["dispatcher", "system_admin", "auditor"])
def test_others_do_not_open_it(as_role, role: str) -> None:
    assert as_role(role).get("/desk/bodies").status_code == 403


def test_the_register_takes_the_same_statements_for_one_body_and_for_many(keeper: Client, swj: Body) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            keeper.get("/desk/bodies")
        return len(seen)

    statements()
    one = statements()
    for n in range(5):
        keeper.post("/desk/bodies/found", {**SWJ, "code": f"b{n}", "name": f"单位{n}"})
    statements()

    assert statements() == one
