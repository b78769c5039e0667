"""Nobody is found by what they said: a walk over every table and every address (spec 10 §17, 10; 90 §19, 7 and 13).

Two reports of one person who wants no name share nothing, in any column of any table, that a stranger's report does
not share too. No address finds, orders or counts reports by a caller's number or name, whoever asks.
"""

import html
import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from config import costs
from jishi.accounts.tests.factories import an_account, signed_in
from jishi.accounts.web import tenants
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.test_recusal import ROLES, _addresses
from jishi.cases.tests.test_resident_pages import a_form
from jishi.foundation import scope
from jishi.foundation.actor import system

TEXTS = (
    "滨河步道的路灯坏了三盏，晚上看不见路。", "翠竹苑3号楼北门口的雨水井堵了。", "菜市场门口有人乱停车，救护车进不来。",
)  # fmt: skip
OF_THE_TEXT = ("cases_suggestion",)  # guesses of matter and body, from the words alone
PHONE, NAME, WORDS = "13900077431", "欧阳测试", "窗台上的风铃整夜响个不停"
NOBODY, NO_NAME = "13900099862", "司徒无人"
HERE, THERE = "10.7.31.44", "10.9.52.81"


@pytest.fixture(autouse=True)
def _afresh(town: int) -> Iterator[None]:
    tenants.forget()
    costs.purse.forget()
    yield
    tenants.forget()


# --- every table -------------------------------------------------------------------------------------------


def rows(town: int) -> set[tuple[str, str]]:
    """Every row of every table that the web role may read, as JSON."""
    found: set[tuple[str, str]] = set()
    with scope.work(system(town)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition "
            "AND relnamespace = 'public'::regnamespace AND has_table_privilege(c.oid, 'SELECT')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
            found |= {(table, row) for (row,) in cursor.fetchall()}
    return found


def values(made: set[tuple[str, str]]) -> set[tuple[str, str, str]]:
    """Table, column and value of rows; a value inside JSON stands for itself too."""
    found: set[tuple[str, str, str]] = set()

    def leaves(table: str, path: str, value: Any) -> None:
        found.add((table, path, json.dumps(value, ensure_ascii=False, sort_keys=True)))
        for key, part in value.items() if isinstance(value, dict) else ():
            leaves(table, f"{path}.{key}", part)
        for part in value if isinstance(value, list) else ():
            leaves(table, f"{path}[]", part)

    for table, row in made:
        for column, value in json.loads(row).items():
            leaves(table, column, value)
    return found


def spoken(client: Client, town: int, text: str = TEXTS[0], **said: str) -> set[tuple[str, str]]:
    """The rows that came, or changed, because somebody spoke."""
    form = a_form(client) | {"text": text, "voice": "anonymous", "tel": ""} | said
    before = rows(town)
    assert client.post("/speak", form).status_code == 302
    return rows(town) - before


def browser(address: str, agent: str) -> Client:
    return Client(
        headers={"host": "town.example", "accept-language": "zh", "user-agent": agent}, REMOTE_ADDR=address
    )  # fmt: skip


class TestEveryTable:
    def test_shares_nothing_between_two_reports_of_one_person_that_a_stranger_would_not_share(self, town: int) -> None:
        account = an_account(town, staff=False, name=NAME)
        person, stranger = signed_in(browser(HERE, "Sparrow/7.1"), account), browser(THERE, "Heron/2.0")

        said = zip((person, person, stranger), TEXTS, strict=True)
        one, two, other = (values(spoken(who, town, text)) for who, text in said)

        shared = {(table, column) for table, column, _value in (one & two) - other if table not in OF_THE_TEXT}
        assert len(one) > 100
        assert shared == set()

    def test_holds_neither_account_nor_name_nor_address_nor_browser_of_who_wants_no_name(self, town: int) -> None:
        account = an_account(town, staff=False, name=NAME)
        person = signed_in(browser(HERE, "Sparrow/7.1"), account)

        made = " ".join(row for _table, row in spoken(person, town))

        canaries = (NAME, HERE, "Sparrow", f"resident:{account.id}", account.username, person.session.session_key)
        assert [c for c in canaries if c in made] == []

    def test_the_walk_itself_sees_what_a_named_report_shares(self, town: int) -> None:
        caller = browser(HERE, "Sparrow/7.1")

        one = values(spoken(caller, town, TEXTS[0], voice="open", tel=PHONE))
        two = values(spoken(caller, town, TEXTS[1], voice="open", tel=PHONE))
        other = values(spoken(browser(THERE, "Heron/2.0"), town, TEXTS[2], voice="open", tel=NOBODY))

        assert "foundation_searchhash" in {table for table, _column, _value in (one & two) - other}


# --- every address -----------------------------------------------------------------------------------------

ASKED = ("q", "phone", "tel", "contact", "caller", "caller_contact", "name", "reporter", "account", "entered_by", "by")
ORDERED = ("sort", "order", "order_by", "group", "group_by", "by")


def asking(value: str) -> str:
    return "&".join(f"{name}={value}" for name in ASKED) + "".join(f"&{name}=caller_contact" for name in ORDERED)


def lists() -> list[str]:
    """Every address that asks for nothing in its path."""
    found = [p for p in _addresses(get_resolver().url_patterns) if "<" not in p and "(?P" not in p]
    fresh = ("/admin", "/static", "/me/sign-in/app")  # the last shows a new secret whenever it is asked
    return sorted({p for p in found if not p.startswith(fresh) and "sign-out" not in p})


def told(client: Client, path: str, typed: str) -> str:
    """What an answer says in words, without what the reader typed."""
    answer = client.get(f"{path}?{asking(typed)}")
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", body.decode(errors="replace"), flags=re.DOTALL)
    text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))
    text = re.sub(r'"(now|csrf)": ?"[^"]*"', "", text)  # the moment and the token of one answer
    return f"{answer.status_code} {text}".replace(typed, "…")


def heard(town: int) -> None:
    """Three matters of one caller, one of them open to the caller's name."""
    for n, text in enumerate(("翠竹苑3号楼的雨水井堵了。", "滨河步道的路灯坏了三盏。", f"楼上{WORDS}，睡不着。")):
        at = timezone.now() - timedelta(days=2 - n)
        f.receive(town, now=at, text=text, caller_contact=PHONE, caller_name=NAME, matter="")


@pytest.mark.parametrize("who", ["the desks", "the administrators", "a stranger"])
def test_no_list_of_any_address_finds_orders_or_counts_reports_by_a_caller(
    town: int, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard(town)
    moment = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: moment)  # pages that tell the minute tell both the same
    person = {
        "the desks": lambda: colleague(town, *ROLES), "the administrators": lambda: colleague(town, "system_admin"),
        "a stranger": lambda: browser(HERE, "Sparrow/7.1"),
    }[who]()  # fmt: skip

    answers = {path: (told(person, path, PHONE), told(person, path, NOBODY)) for path in lists()}

    differing = [path for path, (caller, nobody) in answers.items() if caller != nobody]
    naming = [path for path, both in answers.items() if any(NAME in said or PHONE in said for said in both)]
    assert len(answers) > 40
    assert (differing, naming) == ([], [])


def test_no_log_and_no_address_of_the_way_of_a_report_tells_who_spoke_or_what(
    town: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caller = browser(HERE, "Sparrow/7.1")

    answer = caller.post("/speak", a_form(caller) | {"text": f"楼上{WORDS}。", "voice": "open", "tel": PHONE})
    receipt = caller.get(answer.headers["Location"], headers={"referer": "/speak"})

    said = " ".join([*(r.getMessage() for r in caplog.records if r.name != "django.db.backends"), str(answer.headers)])
    assert receipt.status_code == 200
    assert [c for c in (PHONE, WORDS) if c in said] == []
