"""Covering words, amending, hiding (spec 10 §§5.1, 13): who, when, what strangers and callers read, what is kept."""

from datetime import timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN
from jishi.accounts.actions import reading
from jishi.cases.actions import privacy
from jishi.cases.models import Case
from jishi.cases.queries import listing, public, resident
from jishi.cases.refusals import GroundNeeded, HideWindowOver, NotThere, VisibilityStays
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed, NotFound, Stale
from jishi.kernels import ledger

WORDS = "三楼老周家的水管漏到楼道里，滴了两天。"
LATER = MONDAY_TEN + timedelta(hours=2)


@pytest.fixture
def case(town: int) -> Case:
    return p.a_public_case(town, text=WORDS)


def read_by_strangers(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [s.text for s in public.by_numbers([p.report_of(case).number], tenant_id=case.tenant_id)]


def of_caller(case: Case, verb: Any, *args: Any, **kwargs: Any) -> Any:
    return f.do(p.the_caller(case), verb, p.report_of(case).id, *args, **kwargs)


class TestRedact:
    def test_covers_it_wherever_it_stands(self, case: Case) -> None:
        p.redact(case, "老周家")

        (seen,) = read_by_strangers(case)
        after, report = f.again(case.tenant_id, case.id), p.report_of(case)
        assert "老周" not in seen + report.title + after.title + after.search
        assert privacy.COVERED in seen
        with scope.work(f.dispatcher(case.tenant_id)):
            assert "老周" not in str(listing.one(case.number, by=f.dispatcher(case.tenant_id)))

    def test_binds_what_stood_there_to_what_stands_there_now(self, case: Case) -> None:
        p.redact(case, "老周家")

        (row,), entry, report = p.redactions(case), p.last(case), p.report_of(case)
        with scope.work(f.reviewer(case.tenant_id)) as work:
            owner = ("cases_redaction", row.id)
            kept = reading.read([owner], ["text"], purpose="words.original", reason="核对", by=work.actor, now=LATER)
        salt, title, text = kept[owner]["text"].split("\n", 2)
        assert (text, row.before_commit) == (
            WORDS, ledger.commit(bytes.fromhex(salt), {"title": title, "text": text}, suite="a"),
        )  # fmt: skip
        assert entry.codes["after"] == row.after_hash
        assert (entry.verb, report.text_shown.count(privacy.COVERED)) == ("report.redacted", 1)
        assert "老周" not in str(entry.codes)

    def test_tells_the_caller_why_and_keeps_his_own_words(self, case: Case) -> None:
        p.redact(case, "老周家")

        with scope.work(p.the_caller(case)):
            told = resident.follow(p.report_of(case), now=LATER, lang="zh")
        seen = next(h for h in told.happened if h.what == "report.redacted")
        assert (seen.codes["ground"], seen.words["why"]) == ("person", "写着邻居的名字")

    @pytest.mark.parametrize(
        ("passages", "more", "refusal"),
        [
            ((), {}, GroundNeeded), (("老周家",), {"ground": "x"}, GroundNeeded), (("老王",), {}, NotThere),
            (("老周家",), {"ground": "nothing"}, GroundNeeded), (("老周家",), {"version": 99}, Stale),
        ],
    )  # fmt: skip
    def test_a_refusal_changes_nothing(self, passages: Any, more: Any, refusal: Any, case: Case) -> None:
        before = p.entries(case), read_by_strangers(case)

        with pytest.raises(refusal):
            p.redact(case, *passages, **more)

        assert (p.entries(case), read_by_strangers(case)) == before

    @pytest.mark.parametrize("who", [f.operator, f.dispatcher])
    def test_is_the_reviewer_s_alone(self, who: Any, case: Case) -> None:
        with pytest.raises(NotAllowed):
            given = {"passages": ["老周"], "ground": "person", "now": LATER}
            f.do(who(case.tenant_id), privacy.redact, p.report_of(case).id, **given)


class TestTheCallerSDay:
    def test_he_amends_what_strangers_read_and_a_reviewer_reads_it_again_first(self, case: Case) -> None:
        of_caller(case, privacy.amend, text="楼道里漏水两天了，电话13800138000。", now=LATER)

        assert read_by_strangers(case) == []
        report = p.report_of(case)
        assert report.text_shown.startswith("楼道里漏水") and "13800138000" not in report.text_shown
        p.open_case(f.again(case.tenant_id, case.id))
        (seen,) = read_by_strangers(case)
        assert "老周" not in seen

    def test_he_hides_it_and_shows_it_again(self, case: Case) -> None:
        of_caller(case, privacy.hide, now=LATER)
        assert read_by_strangers(case) == []
        with pytest.raises(VisibilityStays):
            of_caller(case, privacy.hide, now=LATER)

        of_caller(case, privacy.show, now=LATER)

        assert len(read_by_strangers(case)) == 1
        assert p.entries(case)[-2:] == ["report.hidden", "report.shown"]

    @pytest.mark.parametrize("verb", ["amend", "hide"])
    def test_is_over_after_24_hours_and_changes_nothing(self, verb: str, case: Case) -> None:
        before = p.entries(case)
        more = {"text": "别的话"} if verb == "amend" else {}

        with pytest.raises(HideWindowOver):
            of_caller(case, getattr(privacy, verb), now=MONDAY_TEN + timedelta(hours=24, seconds=1), **more)

        assert p.entries(case) == before

    @pytest.mark.parametrize("verb", ["amend", "hide"])
    def test_is_nobody_else_s(self, verb: str, case: Case) -> None:
        other = p.the_caller(f.a_case(case.tenant_id))
        more = {"text": "别的话"} if verb == "amend" else {}

        with pytest.raises(NotFound):
            f.do(other, getattr(privacy, verb), p.report_of(case).id, now=LATER, **more)

    def test_what_a_reviewer_hid_he_does_not_show(self, case: Case) -> None:
        report = p.report_of(case)
        with pytest.raises(GroundNeeded):
            f.do(f.reviewer(case.tenant_id), privacy.hide, report.id, now=LATER)
        f.do(f.reviewer(case.tenant_id), privacy.hide, report.id, why="写着别人的住址", now=LATER)

        with pytest.raises(NotAllowed):
            of_caller(case, privacy.show, now=LATER)

    def test_programs_are_told_once_that_it_is_gone(self, case: Case) -> None:
        of_caller(case, privacy.hide, now=LATER)

        with scope.work(system(case.tenant_id)):
            wanted = public.Wanted(changed_after=LATER - timedelta(minutes=1))
            gone = public.changed(wanted, tenant_id=case.tenant_id, limit=10, removed=True)
        assert [(s.number, s.gone) for s in gone] == [(p.report_of(case).number, True)]

    def test_a_merged_caller_is_not_told_of_another_s_covering(self, case: Case) -> None:
        from jishi.cases.tests import merge_steps as m

        other = p.a_public_case(case.tenant_id, text="楼道又漏水了，请来看看。")
        second = p.report_of(other)
        m.absorb(other, case)

        p.redact(case, "老周家")

        with scope.work(m.the_caller(second)):
            told = resident.follow(second, now=LATER, lang="zh")
        assert "report.redacted" not in [h.what for h in told.happened]
