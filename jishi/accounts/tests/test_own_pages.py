"""One's own pages, the same key of two people, and what stands in the open tables."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.urls import include, path

from conftest import MONDAY_TEN
from jishi.accounts import queries
from jishi.accounts.actions import accounts, grants, reading
from jishi.accounts.models import Account, Grant
from jishi.accounts.tests.factories import a_grant, an_account, an_actor, signed_in
from jishi.accounts.web import own_rows
from jishi.foundation import idempotency, scope, sealed, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.models import IdempotencyRecord
from jishi.foundation.refusals import Invalid, KeyReused, NotAllowed, NotFound
from jishi.foundation.sealed import Secret

LONG_AGO = datetime.now(UTC) - timedelta(days=30)

urlpatterns = [path("", include("jishi.accounts.web.urls")), path("", include("jishi.portal.web.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__), pytest.mark.usefixtures("in_one_town")]


class TestWhoLooked:
    def looked_at(self, tenant: int, account: Account, times: int = 1) -> Actor:
        by = an_actor(tenant, "handler", body_id=7, post_id=3)
        with scope.work(by):
            secret = Secret("contact.caller", "accounts_account", account.id, "caller_contact", "13800138000")
            sealed.seal([secret], tenant_id=tenant, now=MONDAY_TEN)
            for n in range(times):
                reading.read(
                    [("accounts_account", account.id)], ["caller_contact"], purpose="contact.caller",
                    reason=f"回访前核对电话 {n}", by=by, now=MONDAY_TEN,
                )  # fmt: skip
        return by

    def test_the_person_sees_post_moment_field_and_reason(self, client: Client, tenant: int) -> None:
        account = an_account(tenant, staff=False, now=LONG_AGO)
        self.looked_at(tenant, account)
        signed_in(client, account)

        page = client.get("/me/readings", headers={"accept-language": "zh"}).content.decode()

        assert "回访前核对电话 0" in page
        assert "联系方式" in page
        assert "handler" in page  # the post
        assert "13800138000" not in page

    def test_nobody_sees_the_readings_of_another(self, client: Client, tenant: int) -> None:
        self.looked_at(tenant, an_account(tenant, staff=False, now=LONG_AGO))
        signed_in(client, an_account(tenant, staff=False, now=LONG_AGO))

        assert "回访前核对电话" not in client.get("/me/readings").content.decode()

    def test_a_stranger_is_led_to_sign_in(self, client: Client, tenant: int) -> None:
        assert client.get("/me/readings")["Location"] == "/sign-in?next=%2Fme%2Freadings"

    def test_many_readings_are_paged(self, client: Client, tenant: int) -> None:
        account = an_account(tenant, staff=False, now=LONG_AGO)
        self.looked_at(tenant, account, times=53)
        with scope.work(system(tenant)):
            first = queries.readings_of_many([("accounts_account", account.id)], limit=50)
            rest = queries.readings_of_many([("accounts_account", account.id)], after=first[-1].id)

        assert (len(first), len(rest)) == (50, 3)
        assert first[0].id > first[-1].id > rest[0].id

    def test_rooms_above_tell_which_rows_are_mine(self, tenant: int, monkeypatch) -> None:
        from config import wiring

        monkeypatch.setattr(wiring, "OWN_ROWS", (f"{__name__}.rows_of",), raising=False)

        assert own_rows.of(Actor(tenant, "reporter", report_id=5)) == [("cases_report", 5)]


def rows_of(by: Actor) -> list[tuple[str, int]]:
    return [("cases_report", by.report_id or 0)]


class TestIdempotency:
    def claim(self, by: Actor, body: bytes = b"{}", route: str = "POST /reports") -> idempotency.Slot:
        return idempotency.claim("one-key", route=route, body=body, by=by, now=MONDAY_TEN)

    def test_idempotent_answer_is_not_given_to_another_actor(self, tenant: int, other_tenant: int) -> None:
        mine, yours = (
            Actor(tenant, "staff", account_id=1, post_id=1),
            Actor(tenant, "staff", account_id=2, post_id=1),
        )
        with scope.work(mine):
            self.claim(mine).fill({"id": 41})

            assert self.claim(mine).answer == {"id": 41}
            assert self.claim(yours).is_first
            assert self.claim(mine, route="POST /cases").is_first
        theirs = Actor(other_tenant, "staff", account_id=1, post_id=1)
        with scope.work(theirs):
            assert self.claim(theirs).is_first

    def test_a_resident_leaves_no_number_and_no_sign_that_two_reports_are_his(self, tenant: int) -> None:
        resident = Actor(tenant, "resident", account_id=4711)
        with scope.work(resident):
            for key in ("one-key", "another-key"):
                idempotency.claim(key, route="speak", body=b"{}", by=resident, now=MONDAY_TEN).fill({"id": key})

            again = idempotency.claim("one-key", route="speak", body=b"{}", by=resident, now=MONDAY_TEN)
        with scope.work(system(tenant)):
            kept = list(IdempotencyRecord.objects.values_list("actor", flat=True))

        assert again.answer == {"id": "one-key"}
        assert len(set(kept)) == 2
        assert "4711" not in str(kept)

    def test_the_same_key_with_another_body_is_refused(self, tenant: int) -> None:
        mine = Actor(tenant, "staff", account_id=1, post_id=1)
        with scope.work(mine):
            self.claim(mine).fill({"id": 41})

            with pytest.raises(KeyReused):
                self.claim(mine, body=b'{"x": 1}')


class TestAccounts:
    @pytest.mark.parametrize("role", ["handler", "office", "system_admin", "auditor", "resident"])
    def test_only_the_security_administrator_opens_and_closes(self, tenant: int, role: str) -> None:
        by = Actor(tenant, "staff", account_id=1, roles=frozenset({role}))
        known = an_account(tenant)

        with scope.work(by):
            with pytest.raises(NotAllowed):
                accounts.open_account("x", "X", None, staff=True, by=by, now=MONDAY_TEN)
            with pytest.raises(NotAllowed):
                accounts.close_account(known.id, by=by, now=MONDAY_TEN)
            with pytest.raises(NotAllowed):
                accounts.set_password(known.id, "天亮以前河水是凉的 7", by=by, now=MONDAY_TEN)

    @pytest.mark.parametrize("password", ["short", "passwordpassword"[:11], "1qaz2wsx3edc"])
    def test_a_weak_password_is_refused_and_nothing_is_opened(self, tenant: int, password: str) -> None:
        by = system(tenant)
        with scope.work(by):
            with pytest.raises(Invalid):
                accounts.open_account("weak", "X", password, staff=True, by=by, now=MONDAY_TEN)

            assert not Account.objects.filter(username="weak").exists()

    @pytest.mark.parametrize("username", ["", " ", "a b", "a\u200bb", "x" * 61, "\u202eabc"])
    def test_a_name_with_invisible_signs_is_refused(self, tenant: int, username: str) -> None:
        by = system(tenant)
        with scope.work(by), pytest.raises(Invalid):
            accounts.open_account(username, "X", None, staff=True, by=by, now=MONDAY_TEN)

    def test_a_name_is_taken_once_per_town(self, tenant: int, other_tenant: int) -> None:
        an_account(tenant, username="same")
        an_account(other_tenant, username="same")

        with pytest.raises(accounts.NameTaken):
            an_account(tenant, username="same")

    def test_a_password_is_never_shown_in_a_log(self) -> None:
        assert "geheim" not in repr(accounts.Opening("x", "X", "geheim"))

    def test_a_password_hashed_elsewhere_lets_in_and_an_unknown_hash_is_refused(self, tenant: int) -> None:
        by = system(tenant)
        moved = accounts.Opening("moved", "M", None, hashed=make_password("kept-from-before-2026"))
        with scope.work(by):
            (row,) = accounts.open_many([moved], by=by, now=MONDAY_TEN)
            assert row.check_password("kept-from-before-2026")
            with pytest.raises(Invalid):
                accounts.open_many([accounts.Opening("odd", "O", None, hashed="plain")], by=by, now=MONDAY_TEN)

    def test_opening_and_closing_leave_a_record(self, tenant: int) -> None:
        account = an_account(tenant)
        a_grant(account, "handler", body_id=1, post_id=1)
        by = system(tenant)
        with scope.work(by):
            accounts.close_account(account.id, by=by, now=MONDAY_TEN + timedelta(hours=1))

            verbs = [e.verb for e in trail.of("account", account.id)]
            assert verbs == ["account.opened", "right.given", "right.ended", "account.closed"]
            assert queries.identity_of(account.id, now=MONDAY_TEN + timedelta(hours=1)) is None


class TestGrants:
    def test_a_right_is_half_open_in_time(self, tenant: int) -> None:
        account = an_account(tenant)
        a_grant(account, "handler", body_id=1, post_id=1)
        by, end = system(tenant), MONDAY_TEN + timedelta(days=1)
        with scope.work(by):
            assert grants.end_grants(post_id=1, by=by, now=end) == 1

            assert [h.account_id for h in queries.people_of("handler", now=end - timedelta(microseconds=1))] == [
                account.id
            ]
            assert queries.people_of("handler", now=end) == []
            assert queries.accounts_of_bodies([1], now=MONDAY_TEN) == {1: [account.id]}

    def test_a_right_taken_back_in_the_same_moment_was_never_there(self, tenant: int) -> None:
        account = an_account(tenant)
        a_grant(account, "handler", body_id=1, post_id=1)
        by = system(tenant)
        with scope.work(by):
            assert grants.end_grants(account_id=account.id, by=by, now=MONDAY_TEN) == 1
            assert not Grant.objects.exists()

    @pytest.mark.parametrize("pair", [("system_admin", "auditor"), ("security_admin", "system_admin")])
    def test_the_three_administrators_are_never_one_person(self, tenant: int, pair: tuple[str, str]) -> None:
        account = an_account(tenant)
        a_grant(account, pair[0])

        with pytest.raises(grants.OneAdministratorOnly):
            a_grant(account, pair[1])

    def test_unknown_roles_and_foreign_accounts_are_refused(self, tenant: int, other_tenant: int) -> None:
        theirs, by = an_account(other_tenant), system(tenant)
        with scope.work(by):
            with pytest.raises(NotFound):
                grants.grant(theirs.id, role="handler", by=by, now=MONDAY_TEN)
            with pytest.raises(Invalid):
                grants.grant(theirs.id, role="emperor", by=by, now=MONDAY_TEN)

    def test_a_thousand_rights_take_a_handful_of_statements(self, tenant: int, django_assert_max_num_queries) -> None:
        account, by = an_account(tenant), system(tenant)
        wanted = [grants.Wanted(account.id, "handler", body_id=n, post_id=n) for n in range(1, 1001)]
        with scope.work(by), django_assert_max_num_queries(10):
            grants.grant_many(wanted, by=by, now=MONDAY_TEN)


def test_a_factor_cannot_belong_to_an_account_that_never_was(tenant: int) -> None:
    """The tables of django-allauth have no tenant; their rows hang on an account, which has one."""
    from django.db import IntegrityError, transaction

    def add_one() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            Authenticator.objects.create(user_id=987654321, type="totp", data={})
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError):
        add_one()


def test_the_open_tables_are_a_closed_list() -> None:
    """Every table without row security is named in this room's README, with the reason."""
    from jishi.foundation import protect

    mine = {t for t in protect._open_tables() if t.startswith(("account_", "mfa_", "django_session"))}

    assert mine == {
        "account_emailaddress",
        "account_emailconfirmation",
        "mfa_authenticator",
        "django_session",
    }
