"""A letter to somebody without an account holds the link to the one page that is his (spec 10 §§9, 11)."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from config import costs
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
from jishi.cases.tests.letter_steps import opened, place_of, pressed
from jishi.cases.tests.news_steps import in_the_house, send_out
from jishi.cases.web import letters
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
    found = (re.search(rf"{HOST}(/{page}#\S+)", one.text) for one in twin.carried if one.to == to)
    return [one.group(1) for one in found if one]


def two_callers(town: int) -> Case:
    """One answered case of two callers, each of whom gave a number."""
    home = f.a_case_at(town, Status.HANDLING)
    merge_steps.absorb(f.a_case(town, caller_contact=SECOND), home)
    for n, live in enumerate((f._reply, f._approve)):
        live(f.again(town, home.id), MONDAY_TEN + timedelta(days=1, hours=n))
    return f.again(town, home.id)


def judge(visitor: Client, link: str, **answers: str) -> int:
    return pressed(visitor, link, {"version": version_on(opened(visitor, link)), **answers}).status_code


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
        pages = [opened(visitor, link).content.decode() for link in (first, second)]
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
        assert (opened(visitor, link).status_code, opened(visitor, other).status_code) == (200, 410)

        clock[0] = AT + feedback.ANSWER_FOR
        over = opened(visitor, link)

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
        assert opened(visitor, again).status_code == 200

    def test_is_logged_without_its_token_and_the_database_holds_its_hash_alone(
        self, town: int, twin: Recorder, clock: list[datetime]
    ) -> None:
        case = f.a_case_at(town, Status.FEEDBACK)
        turn(town)
        token = links_of(twin, FIRST)[0].rpartition("#")[2]

        office = f.office(town)
        with scope.work(office):
            shown = [one.text for one in told.left(by=office)]
            seen = told.preview("approved_caller", case.number, "sms", "zh", by=office, now=AT).text
        assert any(f"请打开：{HOST}/feedback#…" in text for text in shown)
        assert f"{HOST}/feedback#…" in seen
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
        assert opened(visitor, link).status_code == 200

    def test_is_cut_in_its_words_and_never_in_its_link(self) -> None:
        frame, tail = notices.on(AT.date()).channels["sms"], f" 请打开：{HOST}/feedback#{'x' * 24}"

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
        assert link == f"/mediate#{made.links[0][1]}"
        assert opened(visitor, link).status_code == 200

        with scope.work(system(town)):
            party = MediationParty.objects.get(token_hash=linking.hashed(made.links[0][1]))
        newer = f.do(f.handler_of(f.again(town, made.mediation.case_id)), m.mediation.give_link, made.mediation.id,
                     party_id=party.id, now=AT)  # fmt: skip
        assert opened(visitor, link).status_code == 410
        assert opened(visitor, f"/mediate#{newer.links[0][1]}").status_code == 200



class TestTheCode:
    """It stands after # and reaches us in a body alone (ASVS V14.2.1)."""

    @pytest.fixture
    def two(self, town: int, twin: Recorder, clock: list[datetime]) -> tuple[str, str]:
        two_callers(town)
        turn(town)
        return links_of(twin, FIRST)[0], links_of(twin, SECOND)[0]

    def test_stands_in_no_address(self) -> None:
        paths = [str(one.pattern) for one in _every(get_resolver().url_patterns)]
        named = [p for p in paths if re.search(r"[<{](?:\w+:)?\w*(?:token|secret|letter|word|key)\w*[>}]", p)]

        assert len(paths) > 200
        assert {re.split(r"[.]|/photos|/recordings", p)[0] for p in named} == {
            "open311/v2/tokens/<str:token>", "open311/test/v2/tokens/<str:token>",  # a number, which opens nothing
            "sync/<key>",  # names a row of the device that is signed in, and opens nothing
        }  # fmt: skip

    def test_is_asked_for_at_the_bare_address_and_may_be_pasted_with_its_message(
        self, two: tuple[str, str], visitor: Client
    ) -> None:
        asked = visitor.get("/feedback")
        none = visitor.post("/feedback", {"open": "1", "letter": " 链接呢？"})
        pasted = visitor.post("/feedback", {"open": "1", "letter": f"【基石】请打开：{HOST}{two[0]}。谢谢\n"})

        assert (asked.status_code, none.status_code) == (200, 422)
        for page in (asked, none):
            assert 'name="letter"' in page.content.decode() and "cases/letter.js" in page.content.decode()
            assert "no-store" in page["Cache-Control"] and "noindex" in page["X-Robots-Tag"]
        assert 'type="radio"' in visitor.get(pasted["Location"]).content.decode()

    def test_of_a_link_that_was_pasted_at_another_page_or_without_its_scheme_opens_where_it_belongs(
        self, two: tuple[str, str], visitor: Client
    ) -> None:
        bare = f"12345-of-the-town-of-rivers.example{two[0]}"

        for at, pasted in (("/mediate", f"{HOST}{two[0]}"), ("/feedback", bare), ("/feedback", two[0])):
            led = visitor.post(at, {"open": "1", "letter": pasted})
            assert led["Location"].startswith("/feedback?of="), (at, pasted)
            assert 'type="radio"' in visitor.get(led["Location"]).content.decode()
        strange = visitor.post("/mediate", {"open": "1", "letter": f"{HOST}/sign-out#{'x' * 24}"})
        assert strange["Location"].startswith("/mediate?of="), "no other address is gone to"

    def test_is_looked_for_in_a_message_of_bounded_length(self, town: int, visitor: Client) -> None:
        code = "x" * 24

        behind = visitor.post("/feedback", {"open": "1", "letter": f"{'/a?' * 900}#{code}"})

        assert behind.status_code == 422, "what nobody pastes is cut off before it is searched"
        assert letters.code_in(f"{'/a?' * 600}#{code}") == code

    def test_is_handed_over_beside_a_cookie_whose_name_cannot_be_written(
        self, two: tuple[str, str], visitor: Client
    ) -> None:
        planted = "; ".join(f"{letters.COOKIE}[{i}]=x" for i in range(letters.AT_MOST + 1))

        led = visitor.post("/feedback", {"open": "1", "letter": two[0]}, headers={"cookie": planted})

        assert led.status_code == 302

    def test_is_kept_for_its_address_alone_out_of_reach_of_scripts_and_not_for_long(
        self, two: tuple[str, str], visitor: Client
    ) -> None:
        at = place_of(visitor, two[0])
        ((name, kept),) = ours(visitor)

        assert (kept["path"], kept["samesite"], kept["max-age"]) == ("/", "Strict", letters.LIVES)
        assert kept["httponly"] and kept["secure"] and name.startswith("__Host-")
        assert at == f"/feedback?of={name.removeprefix(letters.COOKIE)}"
        other = visitor.get(at.replace("/feedback", "/link"))
        assert 'name="open"' in other.content.decode(), "it opens nothing of another kind"
        assert 'type="radio"' not in Client(headers={"host": "town.example"}).get(at).content.decode()

    def test_is_asked_for_again_after_half_an_hour_and_what_was_written_may_still_be_sent(
        self, two: tuple[str, str], visitor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = place_of(visitor, two[0])
        version = version_on(visitor.get(at))
        monkeypatch.setattr(letters, "LIVES", -1)

        page = visitor.get(at)
        sent = visitor.post(at, {"letter": two[0].partition("#")[2], "version": version, "solved": "no"})

        assert (page.status_code, 'type="radio"' in page.content.decode()) == (200, False)
        assert "打开满半小时了" in page.content.decode()
        assert sent.status_code == 302

    def test_of_two_letters_in_two_tabs_shows_each_its_own(
        self, town: int, two: tuple[str, str], visitor: Client
    ) -> None:
        first, second = place_of(visitor, two[0]), place_of(visitor, two[1])
        numbers = [re.findall(r"\bR99\d{14}\w+", visitor.get(at).content.decode())[0] for at in (first, second, first)]

        assert numbers[0] == numbers[2] != numbers[1]
        assert place_of(visitor, two[0]) == first, "the same letter lies at the same place"
        assert visitor.post("/display", {"language": "en", "next": first})["Location"] == first
        assert judge(visitor, two[1], solved="no") == 302
        assert visitor.get(first).status_code == 200 and 'type="radio"' in visitor.get(first).content.decode()

    def test_on_the_form_decides_and_not_the_place_in_the_address(
        self, town: int, two: tuple[str, str], visitor: Client
    ) -> None:
        version = version_on(opened(visitor, two[0]))
        elsewhere = place_of(visitor, two[1])

        without = visitor.post(elsewhere, {"version": version, "solved": "no"})
        sent = visitor.post(elsewhere, {"letter": two[0].partition("#")[2], "version": version, "solved": "partly"})

        assert (without.status_code, sent.status_code) == (422, 302)
        with scope.work(system(town)):
            said = Feedback.objects.order_by("id").values_list("solved", flat=True)
        assert list(said) == ["partly", "no_answer"]

    def test_that_somebody_planted_in_this_browser_stands_at_no_place_of_another_letter(
        self, two: tuple[str, str], visitor: Client
    ) -> None:
        attacker = Client(headers={"host": "town.example"})
        place_of(attacker, two[1])
        ((_, planted),) = ours(attacker)
        at = place_of(visitor, two[0])
        ((name, _),) = ours(visitor)

        visitor.cookies[name] = planted.value

        assert 'type="radio"' not in visitor.get(at).content.decode()

    def test_is_kept_of_no_more_than_five_letters_in_one_browser(self, visitor: Client, town: int) -> None:
        for i in range(letters.AT_MOST + 2):
            place_of(visitor, f"/feedback#{'x' * 23}{i}")

        assert len([one for _, one in ours(visitor) if one.value]) == letters.AT_MOST

    def test_is_forgotten_when_its_letter_is_over(self, two: tuple[str, str], visitor: Client) -> None:
        at = place_of(visitor, two[0])
        version = version_on(visitor.get(at))

        done = visitor.post(at, {"letter": two[0].partition("#")[2], "version": version, "solved": "no"})

        assert done.status_code == 302
        assert [one.value for _, one in ours(visitor)] == [""]
        assert opened(visitor, two[0]).status_code == 410
        assert 'name="open"' in visitor.get(at).content.decode(), "going back asks again and shows nothing"

    def test_that_is_wrong_is_paid_for_and_waits_when_too_many_come(
        self, town: int, visitor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        costs.purse.forget()
        monkeypatch.setitem(costs.PUBLIC, "page", costs.Limit(5, 0.1))

        tried = [visitor.post("/feedback", {"open": "1", "letter": f"{'x' * 23}{i}"}) for i in range(3)]

        costs.purse.forget()
        assert [one.status_code for one in tried] == [302, 302, 429]
        assert int(tried[2]["Retry-After"]) > 0

    def test_of_the_interface_comes_in_a_header_and_its_answer_is_kept_by_no_cache(
        self, town: int, two: tuple[str, str], visitor: Client
    ) -> None:
        codes = [link.partition("#")[2] for link in two]
        answers = [visitor.get("/api/v1/feedback", headers={"Letter": code}) for code in codes]
        wrong = [visitor.get("/api/v1/feedback", headers=h) for h in ({"Letter": "x" * 24}, {"Letter": "x" * 101}, {})]

        assert [one.status_code for one in answers] == [200, 200]
        assert {one["Cache-Control"] for one in answers} == {"no-store"}
        assert [one.status_code for one in wrong] == [410, 422, 422]
        assert not any("xxxx" in one.content.decode() for one in wrong), "what was sent is not said back"
        asked = visitor.get("/api/v1/feedback", {"letter": codes[0]})
        assert asked.status_code == 422, "in the address it is not read"


def ours(client: Client) -> list[tuple[str, Any]]:
    return [(name, one) for name, one in client.cookies.items() if name.startswith(letters.COOKIE)]


def version_on(page: Any) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.content.decode())
    assert found is not None
    return found[1]


def _every(patterns: Iterable[Any]) -> Iterator[Any]:
    for one in patterns:
        yield from _every(one.url_patterns) if hasattr(one, "url_patterns") else [one]
