"""The sweep takes its steps one after another: a row that is held stops none of those behind it (10 §6; 11 §9)."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError
from psycopg.errors import LockNotAvailable, UndefinedTable

from config import work
from jishi.cases.actions import patrols
from jishi.foundation.actor import clock

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
STEPS = ("sweeping.sweep", "recusing.let_offices_place", "recusing.shut_out_again", "patrols.sweep",
         "reminding.remind", "unsealing.end_due", "break_glass.end_due")  # fmt: skip


def fault(kind: type[Exception]) -> Any:
    def sweep(**_: Any) -> None:
        raise OperationalError("no") from kind("no")

    return sweep


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which steps were taken, without what they do."""
    done: list[str] = []
    for name in STEPS:
        room, _, verb = name.partition(".")
        monkeypatch.setattr(getattr(work, room), verb, lambda name=name, **_: done.append(name))
    return done


def test_a_step_that_finds_a_row_held_says_so_in_one_line_and_the_others_are_taken(
    taken: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(patrols, "sweep", fault(LockNotAvailable))

    with caplog.at_level(logging.WARNING, "jishi.work"):
        work._swept(7, by=clock(7, "sweep:1"), now=NOW)

    assert taken == [name for name in STEPS if name != "patrols.sweep"]
    (line,) = caplog.records
    assert line.exc_info is None and "town 7" in line.getMessage() and "sweep" in line.getMessage()


def test_another_fault_is_not_taken_for_a_held_row(taken: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patrols, "sweep", fault(UndefinedTable))

    with pytest.raises(OperationalError):
        work._swept(7, by=clock(7, "sweep:1"), now=NOW)
