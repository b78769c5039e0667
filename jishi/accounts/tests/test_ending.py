"""An administrator ends the sessions of a resident, and of everybody (ASVS V7.4.5); emergency access makes no head."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from jishi.accounts import queries
from jishi.accounts.actions import break_glass
from jishi.accounts.models import Device, Grant, SignedIn
from jishi.accounts.tests.factories import a_grant, an_account, an_actor, signed_in
from jishi.accounts.tests.test_by_phone import NUMBER, OTHER, ask, code_in, enter, in_scope, twin  # noqa: F401
from jishi.accounts.tests.test_own_devices import ZH, a_head, a_phone, account, known, lost_entries, start  # noqa: F401
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.models import Entry, News

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_town")]
WHY = "有人拿走了一台开着的电脑，登录可能被抄走。"


def an_admin(tenant: int, role: str = "security_admin", post: int = 9921) -> Client:
    person = an_account(tenant)
    a_grant(person, role, body_id=1, post_id=post)
    return signed_in(Client(), person, post=post)


def a_resident(twin, number: str = NUMBER) -> Client:  # noqa: F811
    client = Client()
    ask(client, number)
    enter(client, code_in(twin), number)
    return client


def is_in(client: Client) -> bool:
    return client.get("/me/sign-in").status_code == 200


class TestAResident:
    def test_is_signed_out_everywhere_by_the_number_and_told(self, tenant: int, twin) -> None:  # noqa: F811
        lost, other = a_resident(twin), a_resident(twin, OTHER)
        assert is_in(lost) and is_in(other)

        assert an_admin(tenant).post("/recovery/number", {"number": f"+86 {NUMBER}"}).status_code == 302

        assert not is_in(lost) and is_in(other)
        assert in_scope(tenant, lambda: News.objects.filter(name="PhoneLost").count()) == 1
        page = a_resident(twin).get("/me/sign-in", headers=ZH).content.decode()
        assert "有人打电话说您的手机丢了" in page

    def test_is_not_told_from_nobody(self, tenant: int, twin) -> None:  # noqa: F811
        a_resident(twin)
        admin = an_admin(tenant)

        def answer(number: str) -> tuple[int, str]:
            led = admin.post("/recovery/number", {"number": number}, headers=ZH)
            page = admin.get("/recovery", headers=ZH).content.decode()
            return led.status_code, page[page.index("都退出了；") :][:40]

        assert answer(NUMBER) == answer("13911112222")

    def test_stays_where_the_number_is_none_or_anybody_else_asks(self, tenant: int, twin) -> None:  # noqa: F811
        resident = a_resident(twin)

        assert "能收短信" in an_admin(tenant).post("/recovery/number", {"number": "12"}, headers=ZH).content.decode()
        for who in (an_admin(tenant, "system_admin", 9922), an_admin(tenant, "auditor", 9923), resident):
            assert who.post("/recovery/number", {"number": NUMBER}).status_code == 403

        assert is_in(resident)


class TestEverybody:
    def test_is_signed_out_the_administrator_too_and_devices_end(self, tenant, account, twin) -> None:  # noqa: F811
        phone, resident, admin = a_phone(account), a_resident(twin), an_admin(tenant)
        start(phone)

        assert admin.post("/recovery/everyone", {"because": WHY})["Location"] == "/sign-in"

        assert not any(is_in(one) for one in (phone, resident, admin)) and not known()
        assert in_scope(tenant, SignedIn.objects.count) == 0
        assert not in_scope(tenant, Device.objects.filter(ended_at=None).exists)
        (entry,) = in_scope(tenant, lambda: list(Entry.objects.filter(verb="session.everyone_ended")))
        assert (entry.subject_kind, entry.codes) == ("tenant", {"sessions": 2, "devices": 1})

    def test_not_without_a_reason_a_fresh_proof_and_the_right(self, tenant, account) -> None:  # noqa: F811
        phone, admin = a_phone(account), an_admin(tenant)

        assert admin.post("/recovery/everyone", {"because": "太短"}).status_code == 200
        assert an_admin(tenant, "system_admin", 9922).post("/recovery/everyone", {"because": WHY}).status_code == 403
        old = admin.session
        old["began"] -= 3600
        old.save()
        assert "/me/sign-in/again" in admin.post("/recovery/everyone", {"because": WHY})["Location"]

        assert is_in(phone)

    def test_of_another_town_goes_on(self, tenant, other_tenant) -> None:
        there, now = an_account(other_tenant), datetime.now(UTC)
        with scope.work(system(other_tenant)):
            SignedIn.objects.create(
                tenant_id=other_tenant, account=there, session_key="k" * 32, began_at=now,
                ends_at=now + timedelta(hours=1),
            )  # fmt: skip

        an_admin(tenant).post("/recovery/everyone", {"because": WHY})

        assert in_scope(other_tenant, SignedIn.objects.count) == 1


class TestAHeadByEmergencyAccess:
    def glass(self, person, body: int, post: int) -> int:
        """Asked for and approved as everybody does it."""
        now, second = datetime.now(UTC), an_actor(person.tenant_id, "supervisor", body_id=33, post_id=9939)
        with scope.work(system(person.tenant_id)):
            by = queries.actor_for(person.id, post, now)
        with scope.work(by):
            row = break_glass.ask(ground="danger", why=WHY * 2, body_id=body, area=None, by=by, now=now)
        with scope.work(second):
            return break_glass.approve(row.id, by=second, now=now).id

    def test_ends_nobody_s_telephone_neither_there_nor_at_home(self, tenant, account) -> None:  # noqa: F811
        head, mate = a_head(tenant, body=2, post=9931), an_account(tenant)
        a_grant(mate, "grid_worker", body_id=2, post_id=9932)
        start(a_phone(account))
        an_actor(tenant, "handler", body_id=1, post_id=9935)
        self.glass(head, 1, 9931)
        client = signed_in(Client(), head, post=9931)

        for one in (account, mate):
            assert client.post("/recovery/lost", {"lost": one.username}).status_code == 403
        page = client.get("/recovery", headers=ZH)
        assert page.status_code == 403 and 'name="lost"' not in page.content.decode()

        assert known() and lost_entries(tenant) == []
        with scope.work(system(tenant)):
            over = Grant.objects.filter(account=head, role="break_glass")
            assert over.update(active_to=datetime.now(UTC)) == 1
        assert client.post("/recovery/lost", {"lost": mate.username}).status_code == 302, "the hour is over"

    def test_who_is_in_the_body_by_it_is_none_of_the_head_s_people(self, tenant) -> None:
        guest = an_account(tenant)
        a_grant(guest, "handler", body_id=2, post_id=9933)
        head = signed_in(Client(), a_head(tenant, body=1, post=9934), post=9934)
        self.glass(guest, 1, 9933)

        told = head.post("/recovery/lost", {"lost": guest.username}, headers=ZH)

        assert "本单位没有这个登录名" in told.content.decode()
        assert lost_entries(tenant) == []
