"""The edge of every request: tenant by host, actor by session, rights of this second."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from conftest import MONDAY_TEN
from jishi.accounts import queries
from jishi.accounts.actions import accounts, clients, grants
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.web import tenants
from jishi.accounts.web.middleware import Scoped
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed
from jishi.foundation.tenants import Tenant

LONG_AGO = datetime.now(UTC) - timedelta(days=30)


def who(request: HttpRequest) -> HttpResponse:
    a = request.actor
    return JsonResponse(
        {
            "tenant": a.tenant_id, "kind": a.kind, "account": a.account_id, "post": a.post_id, "area": a.area,
            "roles": sorted(a.roles), "bodies": sorted(a.body_ids), "report": a.report_id, "client": a.client_id,
            "acting_as": request.acting_as,
        }
    )  # fmt: skip


def write_then_refuse(request: HttpRequest) -> HttpResponse:
    trail.record("test.written", ("test", 77), by=request.actor, at=request.now, new=True)
    raise NotAllowed("no")


def write_then_fail(request: HttpRequest) -> HttpResponse:
    trail.record("test.written", ("test", 77), by=request.actor, at=request.now, new=True)
    return HttpResponse(status=422)


def write(request: HttpRequest) -> HttpResponse:
    trail.record("test.written", ("test", 77), by=request.actor, at=request.now, new=True)
    return HttpResponse()


urlpatterns = [
    path("who", who),
    path("api/who", csrf_exempt(who)),  # as the API's own views are
    path("api/refuse", write_then_refuse),
    path("fail", write_then_fail),
    path("write", write),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def _fresh_tenants():
    tenants.forget()
    yield
    tenants.forget()


def test_a_town_just_founded_answers_within_a_second(tenant: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000.0]
    monkeypatch.setattr(tenants.time, "monotonic", lambda: clock[0])
    assert tenants.of_host("new.example") is None
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    Tenant.objects.create(code="990884", name="新县", hosts=["new.example"], founded_at=LONG_AGO)
    clock[0] += 0.5
    with CaptureQueriesContext(connection) as asked:
        assert tenants.of_host("new.example") is None
    assert len(asked) == 0
    clock[0] += 0.6
    assert tenants.of_host("new.example:8000").code == "990884"


def test_a_stranger_is_anonymous_in_the_tenant_of_the_host_and_costs_one_statement(client: Client, tenant: int) -> None:
    client.get("/who")

    with CaptureQueriesContext(connection) as seen:
        answer = client.get("/who").json()

    assert (answer["tenant"], answer["kind"], answer["roles"]) == (tenant, "anonymous", [])
    assert len([q for q in seen if "SAVEPOINT" not in q["sql"]]) == 1


def test_a_signed_in_request_costs_three_statements_whatever_the_number_of_rights(client: Client, tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    for body in range(1, 9):
        a_grant(account, "handler", body_id=body, post_id=5, post_title="承办岗", area="9901", now=LONG_AGO)
    signed_in(client, account)
    client.get("/who")

    with CaptureQueriesContext(connection) as seen:
        answer = client.get("/who").json()

    assert (answer["kind"], answer["account"], answer["post"]) == ("staff", account.id, 5)
    assert (answer["roles"], answer["bodies"], answer["area"]) == (["handler"], list(range(1, 9)), "9901")
    assert answer["acting_as"] == "承办岗"
    assert len([q for q in seen if "SAVEPOINT" not in q["sql"]]) == 3


def test_an_ended_term_loses_the_live_session_in_the_same_second(client: Client, tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    a_grant(account, "dispatcher", body_id=4, post_id=9, post_title="调度", now=LONG_AGO)
    signed_in(client, account)
    assert client.get("/who").json()["roles"] == ["dispatcher"]

    with scope.work(system(tenant)):
        grants.end_grants(post_id=9, by=system(tenant), now=datetime.now(UTC))

    after = client.get("/who").json()
    assert (after["account"], after["roles"], after["bodies"], after["post"]) == (account.id, [], [], None)


def test_a_chosen_post_gives_its_rights_and_no_others(client: Client, tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    a_grant(account, "dispatcher", body_id=4, post_id=9, post_title="调度", now=LONG_AGO)
    a_grant(account, "reviewer", body_id=6, post_id=10, post_title="审核", now=LONG_AGO)
    signed_in(client, account, post=10)

    answer = client.get("/who").json()

    assert (answer["roles"], answer["bodies"], answer["post"]) == (["reviewer"], [6], 10)


def test_who_holds_two_posts_and_chose_none_has_no_rights_and_is_asked_to_choose(client: Client, tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    a_grant(account, "dispatcher", body_id=4, post_id=9, now=LONG_AGO)
    a_grant(account, "reviewer", body_id=6, post_id=10, now=LONG_AGO)
    signed_in(client, account)

    assert client.get("/who")["Location"] == "/post?next=%2Fwho"
    assert client.get("/api/who").json()["roles"] == []


def test_a_chosen_post_that_ended_gives_nothing_of_itself(client: Client, tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    a_grant(account, "reviewer", body_id=6, post_id=10, now=LONG_AGO)
    signed_in(client, account, post=11)

    assert client.get("/api/who").json()["post"] == 10


def test_the_cookie_of_one_town_is_nobody_at_the_other(client: Client, tenant: int, other_tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    a_grant(account, "dispatcher", body_id=4, post_id=9, now=LONG_AGO)
    signed_in(client, account)

    with override_settings(ALLOWED_HOSTS=["*"]):
        there = client.get("/who", headers={"host": "other.example"}).json()
        here = client.get("/who").json()

    assert (there["tenant"], there["kind"], there["roles"]) == (other_tenant, "anonymous", [])
    assert (here["tenant"], here["account"]) == (tenant, account.id)


def test_an_address_that_belongs_to_no_town_is_404() -> None:
    asked = RequestFactory().get("/who", headers={"host": "nobody.example"})

    with override_settings(ALLOWED_HOSTS=["*"]), pytest.raises(Http404):
        Scoped(lambda _: HttpResponse())(asked)


def test_an_idle_hour_ends_a_session_of_staff_but_not_of_a_resident(client: Client, tenant: int) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    clerk, resident = an_account(tenant, now=LONG_AGO), an_account(tenant, staff=False, now=LONG_AGO)

    signed_in(client, clerk, at=hour_ago)
    assert client.get("/who").json()["kind"] == "anonymous"

    signed_in(client, resident, at=hour_ago)
    answer = client.get("/who").json()
    assert (answer["kind"], answer["roles"]) == ("resident", ["resident"])


def test_staff_without_a_second_factor_have_no_rights_and_are_led_to_set_one_up(client: Client, tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    a_grant(account, "dispatcher", body_id=4, post_id=9, now=LONG_AGO)
    signed_in(client, account, factor=False)

    assert client.get("/who")["Location"] == "/me/sign-in"
    answer = client.get("/api/who").json()
    assert (answer["account"], answer["roles"], answer["bodies"]) == (account.id, [], [])


def test_a_new_password_ends_every_session(client: Client, tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    signed_in(client, account)
    assert client.get("/who").json()["account"] == account.id

    with scope.work(system(tenant)):
        accounts.set_password(account.id, "云溪 的 水 很 清 3207", by=system(tenant), now=datetime.now(UTC))

    assert client.get("/who").json()["account"] is None


def test_a_closed_account_is_nobody_at_once(client: Client, tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    signed_in(client, account)

    with scope.work(system(tenant)):
        accounts.close_account(account.id, by=system(tenant), now=datetime.now(UTC))

    assert client.get("/who").json()["kind"] == "anonymous"


class TestClients:
    def issue(self, tenant: int):
        by = system(tenant)
        with scope.work(by):
            return clients.issue("热线平台", roles=["operator"], body_ids=[3], area="9901", by=by, now=LONG_AGO)

    def test_a_program_acts_with_its_own_rights(self, client: Client, tenant: int) -> None:
        made, key = self.issue(tenant)

        answer = client.get("/api/who", headers={"authorization": f"Bearer {key}"}).json()

        assert (answer["kind"], answer["client"], answer["roles"]) == ("client", made.id, ["operator"])
        assert (answer["bodies"], answer["area"]) == ([3], "9901")
        assert key not in str(made.__dict__)

    def test_its_key_and_its_scope_are_one_statement_and_the_scope_is_the_one_that_is_set_for_anybody(
        self, tenant: int
    ) -> None:
        made, key = self.issue(tenant)
        asked = "SELECT current_setting('jishi.tenant'), current_setting('jishi.bodies')::bigint[]::text, "
        asked += "current_setting('jishi.account'), current_setting('jishi.report'), transaction_timestamp()"

        with transaction.atomic(), connection.cursor() as cursor:
            with scope.within(Actor(tenant_id=tenant, kind="staff", account_id=7, body_ids=frozenset({9}))):
                with CaptureQueriesContext(connection) as entering:
                    actor, at = clients.enter(f"Bearer {key}", tenant_id=tenant, now=datetime.now(UTC))
                cursor.execute(asked)
                entered = cursor.fetchone()
            with scope.within(actor) as usual:
                cursor.execute(asked)

                assert entered == cursor.fetchone() == (str(tenant), "{3}", "", "", at)
                assert (actor.client_id, usual.recorded_at, len(entering)) == (made.id, at, 1)

    @pytest.mark.parametrize("header", ["Bearer jishi_wrong", "Bearer", "Basic eDp5", "Bearer x" * 50])
    def test_a_wrong_key_is_refused_in_words(self, client: Client, tenant: int, header: str) -> None:
        answer = client.get("/api/who", headers={"authorization": header, "accept-language": "en"})

        assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
        assert answer.json()["code"] == "key_unknown"
        assert answer.json()["title"].startswith("This key")

    def test_a_revoked_key_and_a_key_of_another_town_are_unknown(
        self, client: Client, tenant: int, other_tenant: int
    ) -> None:
        made, key = self.issue(tenant)
        with override_settings(ALLOWED_HOSTS=["*"]):
            there = client.get("/api/who", headers={"authorization": f"Bearer {key}", "host": "other.example"})
        with scope.work(system(tenant)):
            clients.revoke(made.id, by=system(tenant), now=datetime.now(UTC))
        here = client.get("/api/who", headers={"authorization": f"Bearer {key}"})

        assert (there.status_code, here.status_code) == (401, 401)


class TestNothingHalf:
    def written(self, tenant: int) -> int:
        with scope.work(system(tenant)):
            return len(trail.of("test", 77))

    def test_a_refusal_stores_nothing_and_is_spoken_as_problem_json(self, client: Client, tenant: int) -> None:
        answer = client.get("/api/refuse", headers={"accept-language": "en"})

        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert answer["Content-Type"] == "application/problem+json"
        assert self.written(tenant) == 0

    def test_an_answer_of_400_and_above_stores_nothing(self, client: Client, tenant: int) -> None:
        assert client.get("/fail").status_code == 422
        assert self.written(tenant) == 0

    def test_any_other_answer_stores_what_was_done(self, client: Client, tenant: int) -> None:
        assert client.get("/write").status_code == 200
        assert self.written(tenant) == 1


def test_a_cookie_needs_the_pages_own_token_at_the_api(tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    client = Client(enforce_csrf_checks=True)
    signed_in(client, account)

    refused = client.post("/api/who")
    client.cookies[settings.CSRF_COOKIE_NAME] = token = "x" * 32
    accepted = client.post("/api/who", headers={"x-csrftoken": token})

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert accepted.json()["account"] == account.id


def test_an_actor_is_given_only_for_a_post_that_is_held(tenant: int) -> None:
    account = an_account(tenant, now=LONG_AGO)
    a_grant(account, "reviewer", body_id=6, post_id=10, now=LONG_AGO)

    with scope.work(system(tenant)):
        held = queries.actor_for(account.id, 10, datetime.now(UTC))
        before = queries.actor_for(account.id, 10, LONG_AGO - timedelta(seconds=1))
        never = queries.actor_for(account.id, 12, datetime.now(UTC))

    assert held is not None
    assert held.roles == {"reviewer"}
    assert (before, never) == (None, None)


class TestWhoBelongsToABody:
    TOMORROW, ACCUSED, OWN = MONDAY_TEN + timedelta(days=1), 71, 72

    def tied(self, tenant: int, account_id: int, now: datetime) -> frozenset[int]:
        with scope.work(system(tenant)):
            found = queries.actor_for(account_id, None, now)
        assert found is not None
        return found.tied_to

    def test_is_tied_from_the_second_a_term_begins_whatever_post_she_acts_in(self, tenant: int) -> None:
        account = an_account(tenant)
        a_grant(account, "handler", body_id=self.OWN, post_id=1)
        a_grant(account, "handler", body_id=self.ACCUSED, post_id=2, now=self.TOMORROW)

        before = self.tied(tenant, account.id, self.TOMORROW - timedelta(seconds=1))
        after = self.tied(tenant, account.id, self.TOMORROW)

        assert (before, after) == (frozenset({self.OWN}), frozenset({self.OWN, self.ACCUSED}))

    def test_is_no_longer_tied_when_the_term_has_ended(self, tenant: int) -> None:
        account = an_account(tenant)
        a_grant(account, "handler", body_id=self.ACCUSED, post_id=2)
        with scope.work(system(tenant)):
            grants.end_grants(post_id=2, by=system(tenant), now=self.TOMORROW)

        assert self.tied(tenant, account.id, self.TOMORROW) == frozenset()
