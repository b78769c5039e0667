"""Signing in by a number and a code: residents alone, every number alike, three an hour, five tries, one browser."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from jishi.accounts.actions import accounts, by_phone
from jishi.accounts.models import Account, PhoneCode, PhoneWay, SignedIn
from jishi.foundation import carriers, scope
from jishi.foundation.actor import system
from jishi.foundation.models import Entry
from jishi.foundation.refusals import Invalid

NUMBER, OTHER = "13900001234", "13900005678"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_town")]


@pytest.fixture
def twin():
    recorder = carriers.Recorder()
    with carriers.using({carriers.SMS: recorder}):
        yield recorder


def ask(client: Client, number: str = NUMBER, **more):
    return client.post("/sign-in/phone", {"phone": number, **more}, headers={"accept-language": "zh"})


def enter(client: Client, code: str, number: str = NUMBER, **more):
    said = {"phone": number, "code": code, **more}
    return client.post("/sign-in/phone/code", said, headers={"accept-language": "zh"})


def code_in(twin: carriers.Recorder) -> str:
    return re.search(r"[0-9]{6}", twin.carried[-1].text)[0]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def in_scope(tenant: int, ask):
    with scope.work(system(tenant)):
        return ask()


def a_later_hour(tenant: int) -> None:
    """What was asked lies more than an hour back."""
    with scope.work(system(tenant)):
        back = timezone.now() - timedelta(hours=2)
        PhoneCode.objects.filter(tenant_id=tenant).update(asked_at=back)


def test_the_code_of_a_message_signs_in_and_the_own_page_opens(client: Client, tenant: int, twin) -> None:
    page = ask(client)
    answer = enter(client, code_in(twin))

    assert page.status_code == 200 and "收不到" in page.content.decode()
    assert twin.carried[0].to == "+8613900001234"
    assert answer.status_code == 302 and answer["Location"] == "/mine"
    assert client.get("/mine").status_code == 200
    who = in_scope(tenant, lambda: SignedIn.objects.get(tenant_id=tenant).account)
    assert (who.is_staff_member, who.name, who.has_usable_password()) == (False, "", False)


def test_the_second_time_it_is_the_same_account_however_the_number_is_written(tenant: int, twin) -> None:
    for written in (NUMBER, "+86 139-0000-1234"):
        client = Client()
        ask(client, written)
        enter(client, code_in(twin), written)

    assert in_scope(tenant, lambda: Account.objects.filter(tenant_id=tenant, is_staff_member=False).count()) == 1
    opened = in_scope(tenant, lambda: Entry.objects.filter(tenant_id=tenant, verb="account.opened").count())
    assert opened == 1


def test_known_and_unknown_numbers_are_answered_alike(tenant: int, twin) -> None:
    client = Client()
    ask(client)
    enter(client, code_in(twin))

    tokens = r'(csrfmiddlewaretoken" value=|X-CSRFToken": ")"?[^"]+'
    pages = [re.sub(tokens, "", ask(Client(), number).content.decode()) for number in (NUMBER, OTHER)]

    assert pages[0].replace(NUMBER, "") == pages[1].replace(OTHER, "")
    assert [letter.to[-4:] for letter in twin.carried[1:]] == ["1234", "5678"]


def test_a_code_opens_in_the_browser_that_asked_and_in_no_other(client: Client, tenant: int, twin) -> None:
    ask(client)

    assert "不能用了" in enter(Client(), code_in(twin)).content.decode()
    assert enter(client, code_in(twin)).status_code == 302


def test_a_code_opens_for_its_number_alone_and_once(client: Client, tenant: int, twin) -> None:
    ask(client)
    code = code_in(twin)

    assert enter(client, code, OTHER).status_code == 200
    assert enter(client, code).status_code == 302
    client.post("/sign-out")
    assert "不能用了" in enter(client, code).content.decode()


def test_after_five_wrong_tries_the_right_code_is_over(client: Client, tenant: int, twin) -> None:
    ask(client)
    code = code_in(twin)

    said = [enter(client, wrong(code)).content.decode() for _ in range(5)]

    assert "还可以试 4 次" in said[0] and "还可以试 1 次" in said[3] and "不能用了" in said[4]
    assert "不能用了" in enter(client, code).content.decode()
    assert not in_scope(tenant, lambda: PhoneWay.objects.filter(tenant_id=tenant).exists())


def test_after_five_minutes_a_code_is_over(client: Client, tenant: int, twin) -> None:
    by, now = system(tenant), timezone.now()
    with scope.work(by):
        asked = by_phone.ask(NUMBER, browser="b", lang="zh", by=by, now=now)
        code = re.search(r"[0-9]{6}", asked.letter.text)[0]
    with scope.work(by), pytest.raises(by_phone.CodeOver):
        by_phone.enter(NUMBER, code, browser="b", by=by, now=now + timedelta(minutes=5))


def test_a_number_is_sent_three_codes_an_hour_whoever_asks(tenant: int, twin) -> None:
    pages = [ask(Client()).content.decode() for _ in range(4)]

    assert len(twin.carried) == 3
    assert "一小时只发三次" in pages[3] and "凭受理号和口令" in pages[3]
    assert ask(Client(), OTHER).status_code == 200 and len(twin.carried) == 4
    a_later_hour(tenant)
    ask(Client())
    assert len(twin.carried) == 5


def test_a_newer_code_ends_the_one_before(tenant: int, twin) -> None:
    first, second = Client(), Client()
    ask(first)
    code = code_in(twin)
    ask(second)

    assert "不能用了" in enter(first, code).content.decode()
    assert enter(second, code_in(twin)).status_code == 302


@pytest.mark.parametrize("number", ["12345", "010-6655-4433", "+8612345678901", "139000012345678", "call me", "+1"])
def test_what_receives_no_message_is_refused(client: Client, tenant: int, twin, number: str) -> None:
    assert "能收短信的手机号" in ask(client, number).content.decode()
    assert twin.carried == []
    with pytest.raises(Invalid):
        by_phone.number_of(number)


def test_without_a_gateway_the_page_says_what_works(client: Client, tenant: int) -> None:
    with carriers.using({}):
        for page in (client.get("/sign-in/phone", headers={"accept-language": "zh"}), ask(client)):
            assert "短信暂停，请凭受理号和口令查询。" in page.content.decode()
        assert "SMS is off; use number and word." in client.get(
            "/sign-in/phone", headers={"accept-language": "en"}
        ).content.decode()  # fmt: skip
        assert client.get("/mine").status_code == 200
        assert client.get("/sign-in").status_code == 200


def test_a_gateway_that_takes_nothing_leads_to_that_sentence_and_the_try_does_not_count(
    client: Client, tenant: int, twin
) -> None:
    twin.broken = True

    page = client.post("/sign-in/phone", {"phone": NUMBER}, headers={"accept-language": "zh"}, follow=True)

    assert "短信暂停，请凭受理号和口令查询。" in page.content.decode()
    assert in_scope(tenant, lambda: PhoneCode.objects.filter(tenant_id=tenant).count()) == 0


def test_the_number_lies_nowhere_in_the_clear(client: Client, tenant: int, twin) -> None:
    ask(client)
    enter(client, code_in(twin))
    digits = NUMBER.encode()

    with scope.work(system(tenant)), connection.cursor() as cursor:
        every = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname ~ %s"
        cursor.execute(every, ["^(accounts_|foundation_|django_session)"])
        for (name,) in cursor.fetchall():
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{name}" t')
            assert not [name for (row,) in cursor.fetchall() if digits in row.encode()], name


def test_a_closed_account_is_gone_and_the_number_opens_a_new_one(client: Client, tenant: int, twin) -> None:
    ask(client)
    enter(client, code_in(twin))
    by = system(tenant)
    with scope.work(by):
        before = PhoneWay.objects.get(tenant_id=tenant).account_id
        accounts.close_account(before, by=by, now=timezone.now())
        assert not PhoneWay.objects.filter(tenant_id=tenant).exists()
    again = Client()
    ask(again)

    assert enter(again, code_in(twin)).status_code == 302
    assert in_scope(tenant, lambda: PhoneWay.objects.get(tenant_id=tenant).account_id) != before


def test_the_page_asked_for_is_ours_or_the_own_one(tenant: int, twin) -> None:
    for asked, to in (("/topics", "/topics"), ("https://evil.example/", "/mine"), ("//evil.example", "/mine")):
        client = Client()
        a_later_hour(tenant)
        ask(client, next=asked)
        assert enter(client, code_in(twin), next=asked)["Location"] == to


def test_codes_of_yesterday_are_forgotten(tenant: int, twin) -> None:
    ask(Client())
    with scope.work(system(tenant)) as held:
        assert by_phone.forget_old(by=held.actor, now=timezone.now()) == 0
        assert by_phone.forget_old(by=held.actor, now=timezone.now() + timedelta(days=2)) == 1


def test_the_demonstration_alone_shows_what_would_have_been_sent(
    client: Client, tenant: int, twin, monkeypatch
) -> None:
    assert code_in_page(ask(client).content.decode()) is None
    monkeypatch.setattr(settings, "DEMO", True)

    assert code_in_page(ask(client).content.decode()) == code_in(twin)


def code_in_page(page: str) -> str | None:
    found = re.search(r"登录验证码 ([0-9]{6})", page)
    return found[1] if found else None
