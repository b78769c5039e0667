"""Recordings: who speaks, who listens, who writes down, who confirms, what ends (spec 10 §§3, 13)."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.cases.actions import recordings, retention
from jishi.cases.models import Addendum, Case, Recording, RiskMark
from jishi.cases.refusals import (
    AnonymousHasNoVoice,
    NoLongerHeard,
    NotHeardYet,
    NothingHeard,
    NothingSaid,
    ReopenWindowClosed,
    TooManyRecordings,
    WrittenDown,
)
from jishi.cases.states import Voice
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.foundation import files, scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Stale
from jishi.foundation.tests.sound_files import ogg, wav
from jishi.foundation.uploads import Sent

pytestmark = pytest.mark.usefixtures("store")
SAID = "三号楼二单元的灯坏了一个礼拜，老人摔了一跤，电话13800138000"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


def a_voice(seconds: float = 3.0) -> list[Any]:
    data = ogg(seconds)
    return recordings.ready([Sent("voice.ogg", data, len(data))])


def a_recording(case: Case, *, by: Actor | None = None, now: Any = MONDAY_TEN) -> Recording:
    return f.do(by or p.the_caller(case), recordings.add, p.report_of(case).id, a_voice(), now=now)[0]


def written(case: Case, text: str = SAID) -> Recording:
    row = listened(a_recording(case))
    f.do(f.operator(case.tenant_id), recordings.write_down, row.id, text=text, now=MONDAY_TEN)
    return again(row)


def listened(row: Recording) -> Recording:
    f.do(f.operator(row.tenant_id), recordings.open_, row.id, reason="听写", now=MONDAY_TEN)
    return row


def again(row: Recording) -> Recording:
    with scope.work(system(row.tenant_id)):
        return Recording.objects.select_related("file").get(id=row.id)


def added(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        rows = Addendum.objects.filter(report=p.report_of(case)).order_by("id")
        return [row.text_shown for row in rows]


class TestAdd:
    @pytest.mark.parametrize("who", ["the caller", "operator"])
    def test_is_kept_sealed_for_ninety_days_and_leaves_one_entry(self, who: str, town: int, store: Path) -> None:
        case = f.a_case(town)
        before = p.entries(case)

        row = again(a_recording(case, by=f.operator(town) if who == "operator" else None))

        assert p.entries(case) == [*before, "report.recording_added"]
        assert (row.ms, row.sent_by) == (3000, "desk" if who == "operator" else "caller")
        assert row.file is not None and not row.file.is_public
        assert row.file.ends_on == MONDAY_TEN.date() + timedelta(days=90)
        assert not any(b"OggS" in one.read_bytes() for one in store.rglob("*") if one.is_file())

    @pytest.mark.parametrize("who", [f.dispatcher, f.stranger, lambda t: Actor(t, "anonymous")])
    def test_is_nobody_else_s_to_do(self, who: Any, town: int) -> None:
        case = f.a_case(town)
        with pytest.raises(NotFound):
            a_recording(case, by=who(town))
        with scope.work(system(town)):
            assert not Recording.objects.exists() and not files.StoredFile.objects.exists()

    def test_of_an_anonymous_report_is_refused_for_a_voice_tells_who_speaks(self, town: int) -> None:
        case = f.a_case(town, voice=Voice.ANONYMOUS, caller_name="", caller_contact="")
        with pytest.raises(AnonymousHasNoVoice):
            a_recording(case)

    def test_the_fourth_is_refused(self, town: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(recordings, "MOST", 1)
        case = f.a_case(town)
        a_recording(case)
        with pytest.raises(TooManyRecordings):
            a_recording(case)

    def test_in_which_nobody_is_heard_is_nothing_said(self) -> None:
        data = wav(loud=0)
        with pytest.raises(NothingHeard) as no:
            recordings.ready([Sent("a.wav", data, len(data))])
        assert no.value.code == NothingSaid.code

    def test_is_refused_once_every_case_has_ended_long_ago(self, town: int, monkeypatch: pytest.MonkeyPatch) -> None:
        case = f.a_case(town)
        monkeypatch.setattr(recordings.policies, "may_be_added_to", lambda *_: False)
        with pytest.raises(ReopenWindowClosed):
            a_recording(case)


class TestListen:
    @pytest.mark.parametrize("who", [f.operator, f.reviewer])
    def test_is_a_reading_that_the_speaker_sees(self, who: Any, town: int) -> None:
        case = f.a_case(town)
        row = a_recording(case)

        opened = f.do(who(town), recordings.open_, row.id, reason="听写", now=MONDAY_TEN)

        assert opened.data.startswith(b"OggS")
        with scope.work(system(town)):
            seen = accounts.readings_of("cases_report", p.report_of(case).id)
        assert [(r.reason, r.fields) for r in seen] == [("听写", ["voice_note"])]

    @pytest.mark.parametrize(("who", "no"), [(f.dispatcher, NotAllowed), (f.stranger, NotFound)])
    def test_is_not_for_who_needs_only_the_words(self, who: Any, no: Any, town: int) -> None:
        row = a_recording(f.a_case(town))
        with pytest.raises(no):
            f.do(who(town), recordings.open_, row.id, reason="看看", now=MONDAY_TEN)

    def test_of_a_confidential_voice_is_the_receiving_body_s_alone(self, town: int) -> None:
        row = a_recording(f.a_case(town, voice=Voice.CONFIDENTIAL))
        assert f.do(f.operator(town), recordings.open_, row.id, reason="听写", now=MONDAY_TEN)
        with pytest.raises(NotFound):
            f.do(elsewhere(f.reviewer(town)), recordings.open_, row.id, reason="听写", now=MONDAY_TEN)

    def test_is_played_only_after_a_reason_and_for_ten_minutes(self, town: int) -> None:
        by, row = f.operator(town), again(a_recording(f.a_case(town)))
        with pytest.raises(NotFound):
            f.do(by, recordings.play, row, now=MONDAY_TEN)
        f.do(by, recordings.open_, row.id, reason="听写", now=MONDAY_TEN)
        assert f.do(by, recordings.play, row, now=MONDAY_TEN + timedelta(minutes=9)).data.startswith(b"OggS")
        with pytest.raises(NotFound):
            f.do(by, recordings.play, row, now=MONDAY_TEN + timedelta(minutes=11))
        with pytest.raises(NotFound):
            f.do(f.reviewer(town), recordings.play, row, now=MONDAY_TEN)


    def test_opens_that_one_recording_and_no_other_of_the_report(self, town: int) -> None:
        case, by = f.a_case(town), f.operator(town)
        one, other = again(a_recording(case)), again(a_recording(case))
        f.do(by, recordings.open_, one.id, reason="听写", now=MONDAY_TEN)
        assert f.do(by, recordings.play, one, now=MONDAY_TEN).data.startswith(b"OggS")
        with pytest.raises(NotFound):
            f.do(by, recordings.play, other, now=MONDAY_TEN)

    def test_counts_for_the_person_whichever_post_he_holds(self, town: int) -> None:
        by, row = f.operator(town), again(a_recording(f.a_case(town)))
        f.do(by, recordings.open_, row.id, reason="听写", now=MONDAY_TEN)
        assert f.do(replace(by, post_id=77), recordings.play, row, now=MONDAY_TEN)
        with pytest.raises(NotFound):
            f.do(replace(by, account_id=(by.account_id or 0) * 10 + 1), recordings.play, row, now=MONDAY_TEN)


def elsewhere(by: Actor) -> Actor:
    return replace(by, body_ids=frozenset({999_999}))


class TestWriteDown:
    def test_stands_beside_the_report_without_the_number_and_asks_the_speaker(self, town: int) -> None:
        case = f.a_case(town)
        row = written(case)
        assert added(case) == [row.words] and "13800138000" not in row.words and "灯坏了" in row.words
        assert p.entries(case)[-1] == "report.recording_written" and row.confirmed_at is None

    def test_is_refused_to_whoever_has_not_listened_to_this_very_recording(self, town: int) -> None:
        case, by = f.a_case(town), f.operator(town)
        row, other = a_recording(case), listened(a_recording(case))
        colleague = replace(by, account_id=(by.account_id or 0) * 10 + 1)
        before = p.entries(case)
        for who, which in ((by, row), (colleague, other)):
            with pytest.raises(NotHeardYet):
                f.do(who, recordings.write_down, which.id, text=SAID, now=MONDAY_TEN)
        assert added(case) == [] and p.entries(case) == before and again(row).written_at is None
        f.do(by, recordings.write_down, listened(row).id, text=SAID, now=MONDAY_TEN)

    def test_says_that_it_is_gone_where_the_speaker_took_it_back_while_the_operator_typed(self, town: int) -> None:
        """“Listen first” would send him to a button that is there no more."""
        case = f.a_case(town)
        row = listened(a_recording(case))
        f.do(p.the_caller(case), recordings.take_back, row.id, now=MONDAY_TEN)
        for seen in (row.version, None):
            with pytest.raises(NoLongerHeard):
                f.do(f.operator(town), recordings.write_down, row.id, text=SAID, version=seen, now=MONDAY_TEN)
        assert added(case) == [] and again(row).written_at is None

    def test_that_tells_of_danger_is_marked(self, town: int) -> None:
        case = f.a_case(town)
        written(case, "楼道里正着火，有人困在里面，快来")
        with scope.work(system(town)):
            assert RiskMark.objects.filter(case=case).exists()

    def test_gives_a_report_that_was_only_spoken_its_title(self, town: int) -> None:
        case = f.a_case(town, text="只有录音，没有文字。", attributes={recordings.SPOKEN: True})
        written(case, "三号楼二单元的灯坏了一个礼拜")
        with scope.work(system(town)):
            assert "灯坏了" in Case.objects.get(id=case.id).title

    @pytest.mark.parametrize(("who", "no"), [(f.reviewer, NotAllowed), (f.stranger, NotFound)])
    def test_is_the_operator_s(self, who: Any, no: Any, town: int) -> None:
        row = a_recording(f.a_case(town))
        with pytest.raises(no):
            f.do(who(town), recordings.write_down, row.id, text=SAID, now=MONDAY_TEN)

    def test_is_refused_empty_twice_or_stale(self, town: int) -> None:
        case = f.a_case(town)
        row, by = listened(a_recording(case)), f.operator(town)
        for text, version, no in ((" \n", None, NothingSaid), (SAID, 7, Stale)):
            with pytest.raises(no):
                f.do(by, recordings.write_down, row.id, text=text, version=version, now=MONDAY_TEN)
        f.do(by, recordings.write_down, row.id, text=SAID, version=1, now=MONDAY_TEN)
        with pytest.raises(WrittenDown):
            f.do(by, recordings.write_down, row.id, text=SAID, now=MONDAY_TEN)
        assert len(added(case)) == 1


class TestConfirm:
    def test_as_it_stands_adds_nothing_and_corrected_adds_the_own_words(self, town: int) -> None:
        one, two = f.a_case(town), f.a_case(town)
        for case, text in ((one, ""), (two, "不是灯，是电梯坏了")):
            row = written(case)
            f.do(p.the_caller(case), recordings.confirm, row.id, text=text, now=MONDAY_TEN)
            assert again(row).confirmed_at == MONDAY_TEN
            assert p.last(case).codes["corrected"] is bool(text)
        assert len(added(one)) == 1 and added(two)[1:] == ["不是灯，是电梯坏了"]

    def test_is_the_speaker_s_alone_after_it_was_written_and_once(self, town: int) -> None:
        case = f.a_case(town)
        waiting = a_recording(case)
        with pytest.raises(WrittenDown):
            f.do(p.the_caller(case), recordings.confirm, waiting.id, now=MONDAY_TEN)
        row = written(case)
        with pytest.raises(NotFound):
            f.do(f.operator(town), recordings.confirm, row.id, now=MONDAY_TEN)
        f.do(p.the_caller(case), recordings.confirm, row.id, now=MONDAY_TEN)
        with pytest.raises(WrittenDown):
            f.do(p.the_caller(case), recordings.confirm, row.id, now=MONDAY_TEN)


class TestEnds:
    def test_taken_back_the_sound_goes_and_the_words_stay(self, town: int) -> None:
        case = f.a_case(town)
        row = written(case)
        with pytest.raises(NotFound):
            f.do(f.operator(town), recordings.take_back, row.id, now=MONDAY_TEN)
        f.do(p.the_caller(case), recordings.take_back, row.id, now=MONDAY_TEN)
        left = again(row)
        assert left.file is None and left.words
        with scope.work(system(town)):
            assert not files.StoredFile.objects.exists()
        with pytest.raises(NotFound):
            f.do(f.operator(town), recordings.open_, row.id, reason="听写", now=MONDAY_TEN)

    def test_after_ninety_days_it_is_listed_and_gone_and_not_a_day_before(self, town: int) -> None:
        row = written(f.a_case(town))

        def listed(days: int) -> tuple[int, ...]:
            with scope.work(by := system(town)):
                found = retention.due(by=by, now=MONDAY_TEN + timedelta(days=days))
            return next(one.ids for one in found if one.kept.code == "voice")

        assert listed(89) == () and listed(90) == (row.id,)
        with scope.work(by := system(town)):
            retention.run(by=by, now=MONDAY_TEN + timedelta(days=90))
            assert not files.StoredFile.objects.exists()
        assert again(row).file is None and listed(91) == ()
