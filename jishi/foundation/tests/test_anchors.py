"""Anchors: one number fixes everything committed before it; a change by the database's owner is found."""

import json
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from conftest import MONDAY_TEN
from jishi.foundation import anchors, scope, trail
from jishi.foundation.actor import system
from jishi.kernels.ledger import canonical, verifier

DAY = date(2026, 3, 9)


def live(tenant: int, cases: int = 3) -> None:
    by = system(tenant)
    with scope.work(by):
        for n in range(1, cases + 1):
            trail.record("case.received", ("case", n), by=by, at=MONDAY_TEN, codes={"n": n}, new=True)
            trail.record("case.offered", ("case", n), by=by, at=MONDAY_TEN, words={"note": "请先围挡"})


def verify(tenant: int) -> tuple[str, ...]:
    with scope.work(system(tenant)):
        return anchors.verify().findings


def tamper(sql: str, tenant: int) -> None:
    """Do to a case's entry what the owner of the tables can, when he puts triggers and policies aside first."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'foundation_entry'::regclass"
        )
        for name in ("foundation_entry", *(row[0] for row in cursor.fetchall())):
            cursor.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        cursor.execute(f"{sql} AND subject_kind = 'case' AND tenant_id = %s", [tenant])
        assert cursor.rowcount == 1, sql


def test_an_untouched_trail_is_sound_and_the_day_has_its_number(tenant: int) -> None:
    live(tenant)

    with scope.work(system(tenant)):
        made = anchors.make(day=DAY, now=MONDAY_TEN)

    assert (made.number, made.subjects) == (1, 0)  # this test's transaction has not ended: nothing is fixed yet
    assert len(anchors.words_of(made).replace(" ", "")) == 8
    assert verify(tenant) == ()


def test_the_next_anchor_points_back_to_the_one_before(tenant: int) -> None:
    with scope.work(system(tenant)):
        first = anchors.make(day=DAY, now=MONDAY_TEN)
        second = anchors.make(day=date(2026, 3, 10), now=MONDAY_TEN)

    assert second.number == first.number + 1
    assert second.previous != first.previous
    assert verify(tenant) == ()


def test_a_changed_verb_is_named_with_its_entry(tenant: int) -> None:
    live(tenant)
    tamper("UPDATE foundation_entry SET verb = 'case.closed' WHERE subject_id = 2 AND seq = 1", tenant)

    findings = verify(tenant)

    assert any('["case",2]#1' in f for f in findings), findings


def test_a_removed_entry_is_found(tenant: int) -> None:
    live(tenant)
    tamper("DELETE FROM foundation_entry WHERE subject_id = 3 AND seq = 1", tenant)

    assert any('["case",3]' in f for f in verify(tenant))


def test_changed_words_do_not_fit_their_commitment(tenant: int) -> None:
    live(tenant)
    with scope.work(system(tenant)), connection.cursor() as cursor:
        cursor.execute("UPDATE foundation_entrywords SET words = '{\"note\": \"别的话\"}' WHERE subject_id = 1")

    assert any('["case",1]' in f for f in verify(tenant))


def test_a_stranger_verifies_the_bundle_with_one_file_and_nothing_of_ours(tenant: int, tmp_path: Path) -> None:
    live(tenant)
    with scope.work(system(tenant)):
        anchors.make(day=DAY, now=MONDAY_TEN)
        files = anchors.bundle()
    path = tmp_path / "trail.zip"
    with zipfile.ZipFile(path, "w") as out:
        for name, text in files.items():
            out.writestr(name, text)

    assert verifier.main([str(path)]) == 0


@pytest.fixture
def _ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """This test's transaction counts as ended, so that its entries are anchored."""
    monkeypatch.setattr(anchors, "_horizon", lambda: 2**40)


def part(tenant: int) -> dict[str, bytes]:
    live(tenant)
    with scope.work(system(tenant)):
        anchors.make(day=DAY, now=MONDAY_TEN)
        anchors.make(day=DAY + timedelta(days=1), now=MONDAY_TEN + timedelta(days=1))
        return anchors.part("case", [2])


def checked(files: dict[str, bytes], tmp_path: Path) -> int:
    with zipfile.ZipFile(tmp_path / "part.zip", "w") as out:
        for name, content in files.items():
            out.writestr(name, content)
    return verifier.main([str(tmp_path / "part.zip")])


@pytest.mark.usefixtures("_ended")
def test_one_subject_is_proved_under_its_day_without_the_others(tenant: int, tmp_path: Path) -> None:
    files = part(tenant)
    lines = [json.loads(line) for line in files["entries.jsonl"].splitlines()]

    assert [(*line["body"]["subject"], line["body"]["seq"], line["anchor"]) for line in lines] == [
        ("case", 2, 1, 1), ("case", 2, 2, 1),
    ]  # fmt: skip
    assert all(line["proof"] for line in lines)
    assert checked(files, tmp_path) == 0


@pytest.mark.usefixtures("_ended")
def test_a_proof_of_another_day_does_not_hold(tenant: int, tmp_path: Path, capsys: Any) -> None:
    files = part(tenant)
    lines = [json.loads(line) for line in files["entries.jsonl"].splitlines()]
    lines[0]["proof"][0] = "0" * 64
    files["entries.jsonl"] = "".join(canonical(line) + "\n" for line in lines).encode()

    assert checked(files, tmp_path) == 1
