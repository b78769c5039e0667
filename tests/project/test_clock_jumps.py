"""A clock that jumps ends nothing, signs nothing and deletes nothing; people go on (spec 90 §12, §15)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from config import clockwatch, work
from config.cli import keeping
from jishi.accounts.web import tenants
from jishi.cases.models import Case
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import data_keys, keys, scope
from jishi.foundation.actor import system
from jishi.foundation.models import Anchor

pytestmark = pytest.mark.django_db
JUMPS = (timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1), timedelta(days=400))


@pytest.fixture
def in_town(town: int, monkeypatch):
    tenants.forget()
    data_keys.forget()
    monkeypatch.setattr(work, "_tenants", lambda: [town])
    monkeypatch.setattr(work, "close_old_connections", lambda: None)
    with keys.using(keys.NullKeys()):
        yield town
    data_keys.forget()
    tenants.forget()


def put(monkeypatch, jump: timedelta) -> datetime:
    """Put the machine's clock forwards or back; gives what it shows."""
    real = clockwatch.watch.wall
    monkeypatch.setattr(clockwatch.watch, "wall", lambda: real() + jump.total_seconds())
    shown = timezone.now() + jump
    monkeypatch.setattr(timezone, "now", lambda: shown)
    return shown


def state(town: int) -> tuple[list[str], int]:
    with scope.work(system(town)):
        return sorted(Case.objects.values_list("status", flat=True)), Anchor.objects.count()


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_jump_lets_no_clock_run_out_signs_nothing_and_ends_nothing(in_town, monkeypatch, jump):
    now = datetime.now(UTC)
    f.a_case_at(in_town, Status.OFFERED, now=now - timedelta(minutes=5))
    before = state(in_town)
    put(monkeypatch, jump)

    for job in (work.sweep, work.anchor, work.nightly):
        job.func(0)

    assert clockwatch.why_not(timezone.now())
    assert state(in_town) == before


def test_people_go_on_and_the_health_page_says_so(in_town, monkeypatch):
    put(monkeypatch, timedelta(hours=1))
    browser = Client(headers={"host": "town.example"})

    assert browser.get("/speak").status_code == 200
    assert "time" in [one["what"] for one in browser.get("/health/ready").json()["missing"]]


def test_a_clock_that_is_put_right_is_trusted_again(in_town, monkeypatch):
    with monkeypatch.context() as for_a_while:
        put(for_a_while, timedelta(hours=-1))
        assert clockwatch.why_not(timezone.now())

    assert clockwatch.why_not(timezone.now()) == ""


def test_a_clock_that_went_back_while_nothing_ran_is_seen(in_town):
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp, periodic_id) "
            "VALUES ('sweep', %s, '')",
            [int(timezone.now().timestamp()) + 3600],
        )

    assert "later than now" in clockwatch.why_not(timezone.now())


def test_a_clock_that_was_ahead_while_the_worker_worked_is_trusted_when_the_administrator_says_so(
    in_town, monkeypatch, capsys
):
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp, periodic_id) VALUES "
            "('sweep', %s, ''), ('sweep', %s, '')",
            [int(now.timestamp()) + 400 * 86400, int(now.timestamp()) - 60],
        )
    monkeypatch.setattr(keeping, "stand", lambda data: None)

    asked, said = keeping.clock([]), capsys.readouterr().out
    right, noted = keeping.clock(["--right"]), capsys.readouterr().out

    assert (asked, right) == (1, 0)
    assert "later than now" in said and "clock --right" in said
    assert "start the worker again" in noted
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_periodic_defers WHERE task_name = 'sweep'")
        assert cursor.fetchone()[0] == 1, "what was noted at the right hour stays"


def test_a_small_correction_is_no_jump(monkeypatch):
    shift = [0.0]
    moving = clockwatch.Watch(wall=lambda: 1000.0 + shift[0], steady=lambda: 10.0)
    shift[0] = 120.0

    assert moving.moved() == 120.0 < clockwatch.JUMP
