"""A letter to somebody without an account holds the link to the one page that is his (spec 10 §§9, 11)."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.test import Client

from conftest import MONDAY_TEN
from jishi.accounts.web import middleware
from jishi.cases import notices
from jishi.cases.actions import feedback, linking, sending, wording
from jishi.cases.models import Case, Feedback, MediationParty
from jishi.cases.queries import told
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import mediation_steps as m
from jishi.cases.tests import merge_steps
from jishi.cases.tests.news_steps import in_the_house, send_out
from jishi.foundation import carriers, outbox, scope
from jishi.foundation.actor import system
from jishi.foundation.carriers import MAIL, SMS, Recorder

FIRST, SECOND = "13900000417", "13900000418"
AT = MONDAY_TEN + timedelta(days=1, hours=2)
HOST = "https://town.example"


@pytest.fixture
def twin() -> Iterator[Recorder]:
    recorder = Recorder()
    with carriers.using({SMS: recorder, MAIL: recorder}):
        yield recorder


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    shown = [AT]
    monkeypatch.setattr(middleware.timezone, "now", lambda: shown[0])
    return shown


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"host": "town.example", "accept-language": "zh"})


def turn(town: int, now: datetime = AT) -> None:
    in_the_house(town, now)
    sending.pack(by=system(town), now=now)
    send_out(town, now)


def links_of(twin: Recorder, to: str, page: str = "feedback") -> list[str]:
    found = (re.search(rf"{HOST}(/{page}/\S+)", one.text) for one in twin.carried if one.to == to)
    return [one.group(1) for one in found if one]


def two_callers(town: int) -> Case:
    """One answered case of two callers, each of whom gave a number."""
    home = f.a_case_at(town, Status.HANDLING)
    merge_steps.absorb(f.a_case(town, caller_contact=SECOND), home)
    for n, live in enumerate((f._reply, f._approve)):
        live(f.again(town, home.id), MONDAY_TEN + timedelta(days=1, hours=n))
    return f.again(town, home.id)


def judge(visitor: Client, link: str, **answers: str) -> int:
    page = visitor.get(link).content.decode()
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    return visitor.post(link, {"version": version.group(1), **answers}).status_code


class TestTheLetterWithTheAnswer:
    def test_opens_for_each_caller_the_page_of_his_own_report_without_signing_in(
        self, town: int, twin: Recorder, clock: list[datetime], visitor: Client
    ) -> None:
        case = two_callers(town)
        turn(town)

        (first,), (second,) = links_of(twin, FIRST), links_of(twin, SECOND)
        assert first != second
        with scope.work(system(town)):
            numbers = list(case.memberships.filter(to_at=None).order_by("id").values_list("report__number", flat=True))
        pages = [visitor.get(link).content.decode() for link in (first, second)]
        assert [[n in page for n in numbers] for page in pages] == [[True, False], [False, True]]
        assert judge(visitor, second, solved="partly") == 302
        with scope.work(system(town)):
            said = Feedback.objects.filter(case=case).order_by("id").values_list("solved", "channel")
        assert list(said)[1] == ("partly", "link")
        assert list(said)[0][0] == "no_answer"

    def test_says_that_it_is_over_after_its_time_and_opens_nothing_for_a_guess(
        self, town: int, twin: Recorder, clock: list[datetime], visitor: Client
    ) -> None:
        f.a_case_at(town, Status.FEEDBACK)
        turn(town)
        (link,) = links_of(twin, FIRST)
        other = link[:-1] + ("A" if link[-1] != "A" else "B")
        assert (visitor.get(link).status_code, visitor.get(other).status_code) == (200, 410)

        clock[0] = AT + feedback.ANSWER_FOR
        over = visitor.get(link)

        assert over.status_code == 410
        assert "用编号和口令打开这一件" in over.content.decode()

    def test_holds_the_same_link_when_it_is_sent_again(
        self, town: int, twin: Recorder, clock: list[datetime], visitor: Client
    ) -> None:
        f.a_case_at(town, Status.FEEDBACK)
        turn(town)
        with scope.work(system(town)):
            (parcel,) = {d.id for d in sending.Parcel.objects.filter(messages__code="approved_caller")}
            outbox.announce(sending.ParcelMade(parcel), at=AT)
        turn(town)

        first, again = links_of(twin, FIRST)
        assert first == again
        assert visitor.get(again).status_code == 200

    def test_is_logged_without_its_token_and_the_database_holds_its_hash_alone(
        self, town: int, twin: Recorder, clock: list[datetime]
    ) -> None:
        case = f.a_case_at(town, Status.FEEDBACK)
        turn(town)
        token = links_of(twin, FIRST)[0].rpartition("/")[2]

        office = f.office(town)
        with scope.work(office):
            shown = [one.text for one in told.left(by=office)]
            seen = told.preview("approved_caller", case.number, "sms", "zh", by=office, now=AT).text
        assert any(f"请打开：{HOST}/feedback/…" in text for text in shown)
        assert f"{HOST}/feedback/…" in seen
        assert not any(token in text for text in [*shown, seen])
        with scope.work(system(town)):
            row = Feedback.objects.get(case=case)
        assert row.token_hash == linking.hashed(token)
        assert token not in repr(row.__dict__)

    def test_says_nothing_to_a_confidential_reporter_and_gives_no_link(
        self, town: int, twin: Recorder, clock: list[datetime]
    ) -> None:
        f.a_case_at(town, Status.FEEDBACK, voice="confidential", caller_contact=SECOND)
        turn(town)

        texts = [one.text for one in twin.carried if one.to == SECOND]
        assert texts
        assert not any("http" in text for text in texts)

    def test_of_who_came_while_answers_are_awaited_asks_him_too(
        self, town: int, twin: Recorder, clock: list[datetime], visitor: Client
    ) -> None:
        home = f.a_case_at(town, Status.FEEDBACK)
        merge_steps.absorb(f.a_case(town, caller_contact=SECOND), home, now=MONDAY_TEN + timedelta(hours=9))
        turn(town)

        (link,) = links_of(twin, SECOND)
        assert visitor.get(link).status_code == 200

    def test_is_cut_in_its_words_and_never_in_its_link(self) -> None:
        frame, tail = notices.on(AT.date()).channels["sms"], f" 请打开：{HOST}/feedback/{'x' * 24}"

        kept = wording._fitting([("长" * 600, tail), ("又一条", tail)], frame, "zh", 10)

        assert [line.endswith(tail) for line in kept] == [True]
        assert len(kept[0]) <= frame.longest


class TestThePartyByALink:
    def test_opens_the_mediation_by_the_link_in_his_letter_and_another_link_ends_it(
        self, town: int, twin: Recorder, clock: list[datetime], visitor: Client
    ) -> None:
        made = m.propose(m.a_dispute(town), now=m.AT)
        turn(town)

        (link,) = links_of(twin, m.OTHER.contact, "mediate")
        assert link == f"/mediate/{made.links[0][1]}"
        assert visitor.get(link).status_code == 200

        with scope.work(system(town)):
            party = MediationParty.objects.get(token_hash=linking.hashed(made.links[0][1]))
        newer = f.do(f.handler_of(f.again(town, made.mediation.case_id)), m.mediation.give_link, made.mediation.id,
                     party_id=party.id, now=AT)  # fmt: skip
        assert visitor.get(link).status_code == 410
        assert visitor.get(f"/mediate/{newer.links[0][1]}").status_code == 200

