"""What a person sees of his own sign-ins, and a resident's other number: proved, stepped up to, told to the old one."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from jishi.accounts.actions import signing_in
from jishi.accounts.models import Account, PhoneCode, PhoneWay, SignInKept
from jishi.accounts.tests.factories import an_account, signed_in
from jishi.accounts.tests.test_by_phone import NUMBER, OTHER, ask, code_in, enter, in_scope, twin, wrong
from jishi.accounts.web import sessions
from jishi.foundation import carriers
from jishi.foundation.models import Entry

__all__ = ["twin"]  # fixtures
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_town")]
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0"
ZH = {"accept-language": "zh"}


@pytest.fixture
def resident(client: Client, tenant: int, twin: carriers.Recorder) -> Client:
    """Somebody who has just signed in by a number."""
    ask(client)
    assert enter(client, code_in(twin)).status_code == 302
    return client


def wish(client: Client, old: str = NUMBER, new: str = OTHER):
    return client.post("/me/number", {"old": old, "new": new}, headers=ZH)


def prove(client: Client, code: str, old: str = NUMBER, new: str = OTHER):
    return client.post("/me/number/code", {"old": old, "new": new, "code": code}, headers=ZH)


def changes(tenant: int) -> int:
    return in_scope(tenant, lambda: Entry.objects.filter(tenant_id=tenant, verb="account.number_changed").count())


def sign_ins(tenant: int) -> list[tuple[str, str]]:
    return in_scope(tenant, lambda: list(SignInKept.objects.order_by("id").values_list("way", "device")))


class TestOwnSignIns:
    def test_are_shown_to_their_holder_with_moment_way_and_kind_of_device(
        self, client: Client, tenant: int, twin
    ) -> None:
        client.defaults["HTTP_USER_AGENT"] = FIREFOX
        ask(client)
        enter(client, code_in(twin))

        page = client.get("/me/sign-in", headers=ZH).content.decode()

        assert sign_ins(tenant) == [("phone", "Firefox · Windows")]
        shown = page[page.index('id="sign-ins"') :]
        assert "手机号 · Firefox · Windows" in shown
        assert "127.0.0.1" not in page and "rv:130" not in page

    def test_of_a_password_say_so_and_nobody_else_finds_them(self, client: Client, tenant: int) -> None:
        told = make_password("yi-ju-ji-de-zhu-de-hua")
        account = an_account(tenant, staff=False)
        in_scope(tenant, lambda: Account.objects.filter(id=account.id).update(password=told))
        client.post("/sign-in", {"login": account.username, "password": "yi-ju-ji-de-zhu-de-hua"})

        other = signed_in(Client(), an_account(tenant, staff=False)).get("/me/sign-in", headers=ZH).content.decode()

        assert sign_ins(tenant) == [("password", "")]
        assert "还没有。" in other[other.index('id="sign-ins"') :]

    def test_a_failed_one_is_not_among_them_and_after_six_months_none_is(
        self, resident: Client, tenant: int, clock_of
    ) -> None:
        Client().post("/sign-in", {"login": "nobody", "password": "x" * 12})
        assert len(sign_ins(tenant)) == 1

        in_scope(tenant, lambda: signing_in.forget_old(by=clock_of, now=timezone.now() + timedelta(days=179)))
        assert len(sign_ins(tenant)) == 1
        in_scope(tenant, lambda: signing_in.forget_old(by=clock_of, now=timezone.now() + timedelta(days=181)))
        assert sign_ins(tenant) == []


@pytest.fixture
def clock_of(tenant: int):
    from jishi.foundation.actor import clock

    return clock(tenant, "nightly:test")


class TestAnotherNumber:
    def test_opens_the_account_from_then_on_and_the_old_one_is_told_and_opens_it_no_more(
        self, resident: Client, tenant: int, twin
    ) -> None:
        mine = in_scope(tenant, lambda: PhoneWay.objects.get().account_id)
        assert wish(resident).status_code == 200
        assert twin.carried[-1].to[-4:] == OTHER[-4:]

        done = prove(resident, code_in(twin))

        assert (done.status_code, done["Location"]) == (302, "/me/sign-in?number=new")
        assert changes(tenant) == 1
        assert twin.carried[-1].to[-4:] == NUMBER[-4:]
        assert "不能再登录" in twin.carried[-1].text
        for number, is_mine in ((OTHER, True), (NUMBER, False)):
            there = Client()
            in_scope(tenant, lambda: PhoneCode.objects.all().delete())
            ask(there, number)
            enter(there, code_in(twin), number)
            opened = in_scope(tenant, lambda c=there: int(c.session["_auth_user_id"]))
            assert (opened == mine) is is_mine

    def test_ends_every_other_session_and_keeps_the_one_that_changed_it(
        self, resident: Client, tenant: int, twin
    ) -> None:
        lost = Client()
        ask(lost)
        enter(lost, code_in(twin))
        assert lost.get("/me/number", headers=ZH).status_code == 200

        wish(resident)
        prove(resident, code_in(twin))

        assert lost.get("/me/number", headers=ZH).status_code == 302
        assert resident.get("/me/number", headers=ZH).status_code == 200

    def test_a_wrong_code_is_counted_and_changes_nothing(self, resident: Client, tenant: int, twin) -> None:
        wish(resident)

        page = prove(resident, wrong(code_in(twin))).content.decode()

        assert "还可以试 4 次" in page
        assert changes(tenant) == 0
        assert prove(resident, code_in(twin)).status_code == 302, "and the right one still opens"

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [(OTHER, "13900009999", "现在的号码不对"), (NUMBER, NUMBER, "另一个"), (NUMBER, "12", "另一个")],
    )
    def test_asks_for_the_number_that_opens_the_account_and_for_another_one(
        self, resident: Client, tenant: int, twin, old, new, says
    ) -> None:
        before = len(twin.carried)

        assert says in wish(resident, old, new).content.decode()

        assert (len(twin.carried), changes(tenant)) == (before, 0)

    def test_tries_of_the_number_of_now_are_counted_and_wait_as_failed_sign_ins_do(
        self, resident: Client, tenant: int, twin
    ) -> None:
        wish(resident)
        code, before = code_in(twin), len(twin.carried)
        for said in ("13900001111", "13900002222", "13900003333"):
            assert "现在的号码不对" in wish(resident, said).content.decode()
        for said in ("13900004444", "13900005555"):
            assert "现在的号码不对" in prove(resident, code, old=said).content.decode()

        page = wish(resident).content.decode()  # the right one waits like a wrong one: nothing is told by it

        assert "试的次数多了" in page
        assert "试的次数多了" in prove(resident, code).content.decode()
        assert (len(twin.carried), changes(tenant)) == (before, 0)

    def test_that_opens_another_account_already_is_not_taken_from_it(
        self, resident: Client, tenant: int, twin
    ) -> None:
        neighbour = Client()
        ask(neighbour, OTHER)
        enter(neighbour, code_in(twin), OTHER)
        wish(resident)

        page = prove(resident, code_in(twin)).content.decode()

        assert "另一个账号" in page
        assert changes(tenant) == 0

    def test_needs_a_sign_in_of_the_last_ten_minutes(self, resident: Client, tenant: int, twin) -> None:
        wish(resident)
        code, session = code_in(twin), resident.session
        session[sessions.BEGAN] = int((timezone.now() - timedelta(minutes=11)).timestamp())
        session.save()

        assert "请先退出" in resident.get("/me/number", headers=ZH).content.decode()
        assert prove(resident, code).status_code in (302, 403)
        assert changes(tenant) == 0

    def test_is_for_residents_with_a_number_alone(self, client: Client, tenant: int, twin) -> None:
        for account in (an_account(tenant, staff=False), an_account(tenant)):
            person = signed_in(Client(), account)
            assert (person.get("/me/number").status_code, wish(person).status_code) == (403, 403)
            assert prove(person, "123456").status_code == 403
            assert "换手机号" not in person.get("/me/sign-in", headers=ZH).content.decode()
        assert client.get("/me/number").status_code == 302
        assert twin.carried == []

    def test_stands_when_the_old_one_cannot_be_told_and_the_page_says_so(
        self, resident: Client, tenant: int, twin
    ) -> None:
        wish(resident)
        code = code_in(twin)
        with carriers.using({}):
            done = prove(resident, code)

        assert done["Location"] == "/me/sign-in?number=untold"
        assert "没有收到通知" in resident.get(done["Location"], headers=ZH).content.decode()
        assert changes(tenant) == 1
