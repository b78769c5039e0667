"""Faults that weighed on other systems of this kind, told from the reader's side: moderation and files."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from conftest import MONDAY_TEN
from jishi.cases.actions import privacy, retention
from jishi.cases.queries import public, resident
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.web.resident import telling
from jishi.foundation import scope, sealed
from jishi.foundation.actor import clock, system

LATER = MONDAY_TEN + timedelta(hours=2)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)


def test_a_reporter_can_correct_what_strangers_read_within_the_window(town: int) -> None:
    """C07 · fms 2644: a slip of the pen stood for ever, in public."""
    case = p.a_public_case(town, text="三楼老周家的水管漏到楼道里。")
    report = p.report_of(case)

    f.do(p.the_caller(case), privacy.amend, report.id, text="三楼的水管漏到楼道里。", now=LATER)
    p.open_case(f.again(town, case.id))

    with scope.work(system(town)):
        (seen,) = public.by_numbers([report.number], tenant_id=town)
    assert seen.text == "三楼的水管漏到楼道里。"


def test_a_moderation_names_its_reason_to_the_reporter(town: int) -> None:
    """C08 · fms 4435: a report was hidden or cut, and nobody said why."""
    case = p.a_public_case(town, text="三楼老周家的水管漏到楼道里。")
    p.redact(case, "老周家")
    photo = p.a_shown_photo(case)
    f.do(f.reviewer(town), privacy.hide, p.report_of(case).id, why="还写着门牌", now=LATER)

    with scope.work(p.the_caller(case)):
        told = resident.follow(p.report_of(case), now=LATER, lang="zh").happened
    lines = [str(telling.line(h, others=0)) for h in told]

    assert any("写着邻居的名字" in one and "能认出人的内容" in one for one in lines)
    assert any("盖住了门牌" in one for one in lines)
    assert any("还写着门牌" in one for one in lines)
    assert photo.shown_id


def test_the_original_text_behind_a_moderation_is_deleted_on_its_own_date_too(town: int) -> None:
    """C09 · fms 2338: what was moderated away stayed in a history that no deletion reached."""
    case = p.a_public_case(town, text="三楼老周家的水管漏到楼道里。")
    p.redact(case, "老周家")
    (row,) = p.redactions(case)
    owner, by = ("cases_redaction", row.id), clock(town, "retention:test")

    kept = []
    for after in (timedelta(days=3 * 365 - 1), timedelta(days=3 * 366 + 1)):
        with scope.work(by):
            retention.run(by=by, now=MONDAY_TEN + after)
            kept.append(bool(sealed.sealed_fields([owner], tenant_id=town)))

    assert kept == [True, False]
    assert p.redactions(case)[0].before_commit == row.before_commit
