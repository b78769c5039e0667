"""Notices: who is told what, by the tables; not at night, one a half day, on the chosen channel, and seen before."""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import localtime

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.accounts.actions import reaching
from jishi.cases import notices
from jishi.cases.actions import correcting, exclusion, sending, telling, topic_telling
from jishi.cases.models import Case, Membership, Message, Parcel
from jishi.cases.queries import told
from jishi.cases.queries.story import Teller
from jishi.cases.states import LIVES, TOPIC, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import merge_steps, topic_steps
from jishi.cases.tests.news_steps import in_the_house, send_out
from jishi.foundation import carriers, outbox, scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.carriers import MAIL, SMS, Recorder
from jishi.foundation.models import Delivery, News

AT_NIGHT = os.environ.get("JISHI_PROFILE") == "nightly"
PHONE = "13900000417"
NIGHT = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)  # Monday 23:00 in Shanghai
SATURDAY = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
EDITION = notices.on(date(2026, 3, 9))


@pytest.fixture
def twin() -> Iterator[Recorder]:
    recorder = Recorder()
    with carriers.using({SMS: recorder, MAIL: recorder}):
        yield recorder


def turn(town: int, now: datetime = MONDAY_TEN) -> None:
    """The worker's turn: deliver in the house, pack, send out."""
    in_the_house(town, now)
    sending.pack(by=system(town), now=now)
    send_out(town, now)


def messages(town: int, **wanted: Any) -> list[Message]:
    with scope.work(system(town)):
        return list(Message.objects.filter(**wanted).order_by("id"))


def handler_of(town: int, case: Case) -> Actor:
    """Somebody who really holds a post in the body that has the case."""
    assert case.lead_id is not None
    with scope.work(system(town)):
        account = accounts.accounts_of_bodies([case.lead_id], "handler", now=MONDAY_TEN)[case.lead_id][0]
    return Actor(tenant_id=town, kind="staff", account_id=account, roles=frozenset({"handler"}))


def choose(by: Actor, channel: str, address: str = "", version: int = 0) -> None:
    with scope.work(by):
        reaching.choose(channel, address, version=version, by=by, now=MONDAY_TEN)


class TestTheTables:
    def test_every_message_of_every_life_is_a_template_in_both_languages(self) -> None:
        told_of = {code for life in (*LIVES, TOPIC) for m in (*life.moves, *life.acts) for code in m.tells}

        assert told_of <= set(EDITION.templates)
        assert all(t.text.zh and t.text.en for t in EDITION.templates.values())

    def test_every_brace_of_every_sentence_has_a_source(self) -> None:
        bare = []
        for t in EDITION.templates.values():
            named = set(re.findall(r"\{(\w+)\}", t.text.zh + t.text.en))
            assert named <= set(notices.PLACES), t.code
            bare += [t.code for brace, source in (("due", t.due), ("text", t.said)) if brace in named and not source]

        assert bare == []

    def test_every_party_of_a_message_is_somebody(self) -> None:
        bodies = {
            "lead", "answering_body", "offered_body", "asked_body", "street", "host", "called_body", "caller",
            "party", "mediator", "unsealing_asker", *topic_telling.PARTIES,
        }  # fmt: skip

        assert {t.to for t in EDITION.templates.values()} <= bodies | set(telling.DESKS)

    def test_every_listed_row_is_a_message(self) -> None:
        import tomllib

        from django.conf import settings

        raw = tomllib.loads((settings.INSTITUTIONS_DIR / "notices/notices-1.toml").read_text(encoding="utf-8"))
        keys = {k for row in raw["messages"] for k in row}

        assert {row["code"] for row in raw["messages"]} <= set(EDITION.templates)
        assert keys <= {"code", "due", "body", "text", "bodies", "at_once", "not_from", "to", "zh", "en", "link"}


class TestWho:
    def test_a_caller_is_told_by_the_number_he_gave_for_this_matter(self, town: int, twin: Recorder) -> None:
        case = f.a_case(town)

        turn(town)

        with scope.work(system(town)):
            report = Membership.objects.select_related("report").get(case=case).report
        (letter,) = twin.carried
        assert letter.to == PHONE
        assert report.number in letter.text
        assert case.number not in letter.text

    def test_an_anonymous_caller_is_not_looked_for_nor_a_confidential_one_who_gave_no_number(
        self, town: int, twin: Recorder
    ) -> None:
        f.a_case(town, voice="anonymous", caller_contact="")
        f.a_case(town, voice="confidential", text="另一件事，请保密", caller_contact="")

        turn(town)

        assert twin.carried == []

    def test_who_came_by_a_file_is_not_told_again_that_it_arrived(self, town: int, twin: Recorder) -> None:
        f.a_case(town, channel="import")

        turn(town)

        assert twin.carried == []

    def test_the_body_is_told_on_its_own_page_until_somebody_chooses_otherwise(self, town: int, twin: Recorder) -> None:
        case = f.a_case_at(town, Status.OFFERED)

        turn(town, MONDAY_TEN + timedelta(hours=2))

        mine = handler_of(town, case)
        with scope.work(mine):
            listed = told.mine(by=mine, lang="zh")
        assert any(case.number in one.text and one.text.startswith("新派单") for one in listed)
        assert {m.channel for m in messages(town, code="offered_body")} == {"site"}

    def test_nobody_of_an_accused_body_is_told(self, town: int, twin: Recorder) -> None:
        """Acceptance 10 line 9."""
        case = f.a_case_at(town, Status.OFFERED)
        accused = case.lead_id
        with scope.work(system(town)):
            Case.objects.filter(id=case.id).update(accused_body_ids=[accused], visibility="parties")

        turn(town, MONDAY_TEN + timedelta(hours=2))

        assert messages(town, code="offered_body") == []

    def test_one_news_owes_one_message_to_each_however_often_it_is_delivered(self, town: int, twin: Recorder) -> None:
        f.a_case_at(town, Status.OFFERED)
        turn(town, MONDAY_TEN + timedelta(hours=2))
        before = len(messages(town))
        with scope.work(system(town)):
            Delivery.objects.filter(receiver=0).update(done_at=None)

        turn(town, MONDAY_TEN + timedelta(hours=2))

        assert before > 0
        assert len(messages(town)) == before


    def test_of_an_exclusion_the_caller_whom_it_leaves_out_is_told_and_nobody_else(
        self, town: int, twin: Recorder
    ) -> None:
        home, case = f.a_case_at(town, Status.HANDLING), f.a_case(town, caller_contact="13900000418")
        first, second = merge_steps.report_of(home), merge_steps.report_of(case)
        merge_steps.absorb(case, home)
        for n, live in enumerate((f._reply, f._approve, f._conclude)):
            live(f.again(town, home.id), MONDAY_TEN + timedelta(days=1, hours=n))
        now = MONDAY_TEN + timedelta(days=1, hours=4)

        f.ask_exclusion(f.again(town, home.id), now, report=second.number)
        row = f.exclusion_of(home)
        f.do(f.supervisor(town), exclusion.decide, row.id, verdict="approved", why=f.PROVED, now=now)
        in_the_house(town, now)

        assert {m.report_id for m in messages(town, code="excluded_caller")} == {second.id}
        with scope.work(system(town)):
            entries, words = trail.of("case", home.id), trail.words_of("case", home.id)
            told_of = {
                r.id: [h.what for h in Teller(r, home, [], {}, [], "zh").between(entries, words)]
                for r in (first, second)
            }  # fmt: skip
        assert "exclusion.decided" in told_of[second.id]
        assert not [what for what in told_of[first.id] if what.startswith("exclusion.")]

    def test_everybody_whose_matter_was_merged_goes_on_being_told(self, town: int, twin: Recorder) -> None:
        home, case = f.a_case_at(town, Status.OFFERED), f.a_case(town, caller_contact="13900000999")
        merge_steps.absorb(case, home)
        turn(town, merge_steps.LATER)
        before = len(twin.carried)

        f._sign(f.again(town, home.id), merge_steps.NEXT_DAY)
        turn(town, merge_steps.NEXT_DAY)

        assert "合在一起办" in " ".join(letter.text for letter in twin.carried[:before] if letter.to == "13900000999")
        assert {letter.to for letter in twin.carried[before:]} == {PHONE, "13900000999"}


class TestWhen:
    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            ("2026-03-09T10:00", "2026-03-09T10:00"), ("2026-03-09T20:59", "2026-03-09T20:59"),
            ("2026-03-09T21:00", "2026-03-10T08:00"), ("2026-03-09T03:00", "2026-03-09T08:00"),
            ("2026-03-09T08:00", "2026-03-09T08:00"), ("2026-03-13T22:00", "2026-03-16T08:00"),
            ("2026-03-14T10:00", "2026-03-16T08:00"), ("2026-02-14T10:00", "2026-02-14T10:00"),
            ("2026-02-16T10:00", "2026-02-24T08:00"), ("2026-09-30T21:30", "2026-10-08T08:00"),
        ],
    )  # fmt: skip
    def test_nobody_is_disturbed_at_night_or_on_a_rest_day(self, tenant: int, now: str, expected: str) -> None:
        """14 and 28 February 2026 are worked for the New Year of the lunar calendar, 15–23 February are free."""
        zone = localtime(MONDAY_TEN).tzinfo
        with scope.work(system(tenant)):
            found = telling.may_disturb(datetime.fromisoformat(now).replace(tzinfo=zone), EDITION)

        assert localtime(found).strftime("%Y-%m-%dT%H:%M") == expected

    def test_danger_is_told_at_night(self, town: int, twin: Recorder) -> None:
        case = f.a_case(town, now=NIGHT)
        f.do(f.dispatcher(town), correcting.set_urgency, case.id, urgency="emergency", why="井盖没了", now=NIGHT)

        turn(town, NIGHT)

        assert [letter.to for letter in twin.carried] == [PHONE]

    def test_what_happened_at_night_leaves_in_the_morning(self, town: int, twin: Recorder) -> None:
        f.a_case(town, now=NIGHT)

        turn(town, NIGHT)
        assert twin.carried == []
        turn(town, NIGHT + timedelta(hours=9))

        assert len(twin.carried) == 1


    def test_what_waited_while_the_worker_slept_does_not_leave_on_a_sunday(self, town: int, twin: Recorder) -> None:
        f.a_case(town, now=NIGHT)
        turn(town, NIGHT)

        turn(town, SATURDAY + timedelta(days=1))
        assert twin.carried == []
        turn(town, SATURDAY + timedelta(days=2))

        assert len(twin.carried) == 1

    def test_a_later_try_waits_for_the_morning_and_does_not_count(self, town: int, twin: Recorder) -> None:
        evening = datetime(2026, 3, 9, 12, 59, 55, tzinfo=UTC)  # 20:59:55
        twin.broken = True
        f.a_case(town, now=evening)
        turn(town, evening)
        twin.broken = False

        turn(town, evening + timedelta(seconds=10))
        assert twin.carried == []
        turn(town, evening + timedelta(hours=12))

        assert len(twin.carried) == 1
        with scope.work(system(town)):
            assert Delivery.objects.get(receiver=1).attempts == 2


class TestOneDigest:
    def test_of_a_half_day_goes_to_one_person_and_the_rest_waits_for_the_next(self, town: int, twin: Recorder) -> None:
        case = f.a_case_at(town, Status.OFFERED)
        turn(town, MONDAY_TEN + timedelta(hours=1))
        f._sign(f.again(town, case.id), MONDAY_TEN + timedelta(hours=2))
        f._reply(f.again(town, case.id), MONDAY_TEN + timedelta(hours=2, minutes=10))
        f._approve(f.again(town, case.id), MONDAY_TEN + timedelta(hours=2, minutes=20))
        turn(town, MONDAY_TEN + timedelta(hours=2, minutes=30))
        assert len(twin.carried) == 1

        turn(town, MONDAY_TEN + timedelta(hours=4))
        turn(town, MONDAY_TEN + timedelta(hours=5))

        assert len(twin.carried) == 2
        assert re.search(r"有 [2-9] 条消息", twin.carried[1].text)

    def test_holds_up_nobody_else_while_the_rest_of_it_waits(
        self, town: int, twin: Recorder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "BATCH", 1)
        first, noon = f.a_case(town), MONDAY_TEN + timedelta(hours=1)
        turn(town, noon)
        (one,) = messages(town, code="received_caller")
        with scope.work(system(town)):
            Message.objects.create(
                tenant_id=town, case=first, news_id=one.news_id + 1, code="received_caller", edition=1,
                report_id=one.report_id, channel=SMS, lang="zh", facts=one.facts, at=noon, not_before=noon,
            )  # fmt: skip
        f.a_case(town, caller_contact="13900000418", now=noon)

        for _ in range(2):
            turn(town, noon + timedelta(minutes=5))

        assert len(twin.carried) == 2
        turn(town, MONDAY_TEN + timedelta(hours=4))
        assert len(twin.carried) == 3

    def test_never_outgrows_its_channel_and_says_what_it_left_out(self, town: int, twin: Recorder) -> None:
        case = f.a_case(town)
        in_the_house(town)
        (one,) = messages(town, code="received_caller")
        with scope.work(system(town)):
            Message.objects.bulk_create(
                Message(
                    tenant_id=town, case=case, news_id=one.news_id + n, code="received_caller", edition=1,
                    report_id=one.report_id, channel=SMS, lang="zh", facts=one.facts, at=MONDAY_TEN,
                    not_before=MONDAY_TEN,
                )
                for n in range(1, 40)
            )  # fmt: skip

        turn(town)

        (letter,) = twin.carried
        assert len(letter.text) <= EDITION.channels[SMS].longest
        assert re.search(r"还有 \d+ 条", letter.text)


class TestTheChannel:
    def test_is_chosen_by_the_person_and_the_address_is_sealed(self, town: int, twin: Recorder) -> None:
        case = f.a_case_at(town, Status.OFFERED)
        choose(handler_of(town, case), MAIL, "li@example.cn")
        f._sign(case, MONDAY_TEN + timedelta(hours=2))
        turn(town, MONDAY_TEN + timedelta(hours=2))

        letters = [letter for letter in twin.carried if letter.to == "li@example.cn"]
        assert len(letters) == 1
        assert case.number in letters[0].text

    @pytest.mark.parametrize(("channel", "address"), [
        (SMS, "hello"), (SMS, ""), (MAIL, "no-at-sign"), (MAIL, "a@b"), (MAIL, "a@b.cn\r\nBcc: x@y.cn"), ("owl", "x"),
    ])  # fmt: skip
    def test_with_a_wrong_address_is_refused_and_keeps_nothing(
        self, town: int, twin: Recorder, channel: str, address: str
    ) -> None:
        by = handler_of(town, f.a_case_at(town, Status.OFFERED))

        with pytest.raises((reaching.Invalid, reaching.NotAvailableNow)):
            choose(by, channel, address)

        with scope.work(by):
            assert reaching.wish_of(by).row == 0

    def test_that_somebody_changed_meanwhile_is_not_overwritten(self, town: int, twin: Recorder) -> None:
        by = handler_of(town, f.a_case_at(town, Status.OFFERED))
        choose(by, MAIL, "li@example.cn")

        with pytest.raises(reaching.Stale):
            choose(by, SMS, "13800000000")

    def test_goes_back_to_the_own_page_and_the_address_is_gone(self, town: int, twin: Recorder) -> None:
        by = handler_of(town, f.a_case_at(town, Status.OFFERED))
        choose(by, MAIL, "li@example.cn")

        choose(by, "site", version=1)

        with scope.work(by):
            wish = reaching.wish_of(by)
            assert reaching.sealed.sealed_fields([(reaching.TABLE, wish.row)], tenant_id=town) == {}

    def test_without_a_carrier_nobody_is_promised_a_letter(self, town: int) -> None:
        with carriers.using({}):
            f.a_case(town)
            in_the_house(town)

            assert messages(town) == []


class TestOpeningTheAddress:
    def test_is_written_down_where_the_person_can_see_it(self, town: int, twin: Recorder) -> None:
        f.a_case(town)
        turn(town)

        (one,) = messages(town, code="received_caller")
        with scope.work(system(town)):
            (row,) = accounts.readings_of("cases_report", one.report_id or 0)
        assert (row.actor, row.purpose, row.fields) == ("system", "contact.caller", ["caller_contact"])

    def test_happens_on_leaving_and_not_before(self, town: int, twin: Recorder) -> None:
        f.a_case(town, now=NIGHT)
        turn(town, NIGHT)

        (one,) = messages(town, code="received_caller")
        with scope.work(system(town)):
            assert accounts.readings_of("cases_report", one.report_id or 0) == []

    def test_is_written_down_also_when_the_carrier_does_not_take_it(self, town: int, twin: Recorder) -> None:
        twin.broken = True
        f.a_case(town)
        turn(town)

        (one,) = messages(town, code="received_caller")
        with scope.work(system(town)):
            assert len(accounts.readings_of("cases_report", one.report_id or 0)) == 1
            assert [d.error for d in outbox.being_tried()] == ["out_of_order"]

    def test_is_tried_again_under_the_same_number(self, town: int, twin: Recorder) -> None:
        twin.broken = True
        f.a_case(town)
        turn(town)
        twin.broken = False

        turn(town, MONDAY_TEN + timedelta(seconds=10))

        with scope.work(system(town)):
            parcel = Parcel.objects.get()
        assert [letter.id for letter in twin.carried] == [f"jishi-{town}-{parcel.id}"]


class TestThePreview:
    @pytest.mark.parametrize("code", ["received_caller", "signed_caller", "approved_caller"])
    def test_is_what_is_sent(self, town: int, twin: Recorder, code: str) -> None:
        case = f.a_case_at(town, Status.FEEDBACK)
        in_the_house(town, MONDAY_TEN + timedelta(hours=4))
        with scope.work(system(town)):
            Message.objects.exclude(code=code).delete()
        turn(town, MONDAY_TEN + timedelta(hours=4))

        by = f.office(town)
        with scope.work(by):
            shown = told.preview(code, case.number, SMS, "zh", by=by, now=MONDAY_TEN + timedelta(hours=4))

        sent = [re.sub(r"(/feedback#)[\w-]+$", r"\1…", letter.text) for letter in twin.carried]
        assert sent == [shown.text]  # but for the token, which is its reader's alone
        assert "—" not in shown.text

    def test_stores_nothing_and_tells_nobody(self, town: int, twin: Recorder) -> None:
        case = f.a_case(town)
        by = f.office(town)

        with scope.work(by):
            told.preview("received_caller", case.number, SMS, "en", by=by, now=MONDAY_TEN)

        assert messages(town) == []
        assert twin.carried == []

    def test_exists_for_every_template_on_every_channel_in_both_languages(self, town: int, twin: Recorder) -> None:
        case = f.a_case_at(town, Status.FEEDBACK)
        topic_steps.a_topic(town)
        by = f.office(town)

        with scope.work(by):
            for n, code in enumerate(EDITION.templates):
                for k, channel in enumerate(EDITION.channels):
                    # every channel and both languages of each; at night each language on each channel
                    for lang in ("zh", "en") if AT_NIGHT else (("zh", "en")[(n + k) % 2],):
                        shown = told.preview(code, case.number, channel, lang, by=by, now=MONDAY_TEN)
                        assert "{" not in shown.text
                        assert bool(re.search(r"[一-鿿]", shown.text)) or lang == "en"

    def test_is_refused_to_whoever_is_not_of_the_office(self, town: int) -> None:
        case = f.a_case(town)
        by = f.handler(town, "cgj")

        with scope.work(by), pytest.raises(told.NotAllowed):
            told.preview("received_caller", case.number, SMS, "zh", by=by, now=MONDAY_TEN)


def test_a_stolen_listing_shows_no_persons_data(town: int, twin: Recorder) -> None:
    f.a_case_at(town, Status.FEEDBACK)
    turn(town, MONDAY_TEN + timedelta(hours=4))

    with scope.work(system(town)):
        rows = [*News.objects.values(), *Delivery.objects.values(), *Message.objects.values(), *Parcel.objects.values()]
    stolen = json.dumps(rows, default=str, ensure_ascii=False)

    assert rows
    assert PHONE not in stolen
    assert not re.search(r"[一-鿿]", stolen)
