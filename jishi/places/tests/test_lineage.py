"""What a code meant on a day, and what has become of its place: renamed, then merged, then split, in one story."""

from datetime import date

import pytest

from conftest import MONDAY_TEN
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.places import queries
from jishi.places.actions import divisions
from jishi.places.models import DivisionChange, DivisionVersion
from jishi.places.tests.test_divisions import COMMUNITIES, UPPER, a_table, load

pytestmark = pytest.mark.django_db
OLD, HEIR, LEFT, RIGHT = "440103001001", "440103001200", "440103001301", "440103001302"
MERGED, SPLIT = date(2025, 3, 1), date(2026, 7, 1)


@pytest.fixture
def by(tenant: int):
    actor = system(tenant)
    with scope.work(actor):
        yield actor


@pytest.fixture
def lived(by, tmp_path):
    """2024: 翠洲 is renamed. March 2025: it goes into 沙村. July 2026: 沙村 becomes two, six and four tenths."""
    renamed = [(c, "翠云社区居委会" if c == OLD else n) for c, n in COMMUNITIES]
    merged = [r for r in renamed if r[0] != OLD]
    split = [r for r in merged if r[0] != HEIR] + [(LEFT, "东沙社区居委会"), (RIGHT, "西湖社区居委会")]
    load(a_table(tmp_path / "23"), by)
    load(a_table(tmp_path / "24", communities=renamed), by, 2024)
    load(a_table(tmp_path / "25", communities=merged), by, 2025)
    settle(OLD, {HEIR: 1.0}, MERGED, by)
    load(a_table(tmp_path / "26", communities=split), by, 2026)
    settle(HEIR, {LEFT: 0.6, RIGHT: 0.4}, SPLIT, by)


def settle(code: str, successors: dict[str, float], on: date, by: Actor) -> None:
    change = DivisionChange.objects.get(code=code, settled_at=None)
    divisions.confirm_change(change.id, successors=successors, on=on, document_no="试", by=by, now=MONDAY_TEN)


def became(code: str, day: date) -> list[tuple[str, str, float | None]]:
    return [(b.code, b.name, b.share) for b in queries.successors(code, day)]


class TestSuccessors:
    @pytest.mark.parametrize(
        ("day", "expected"),
        [
            (date(2022, 12, 31), []),
            (date(2023, 6, 1), [(OLD, "翠洲社区居委会", 1.0)]),
            (date(2024, 6, 1), [(OLD, "翠云社区居委会", 1.0)]),
            (date(2025, 2, 28), [(OLD, "翠云社区居委会", 1.0)]),
            (MERGED, [(HEIR, "沙村村委会", 1.0)]),
            (date(2026, 6, 30), [(HEIR, "沙村村委会", 1.0)]),
            (SPLIT, [(LEFT, "东沙社区居委会", 0.6), (RIGHT, "西湖社区居委会", 0.4)]),
            (date(2033, 1, 1), [(LEFT, "东沙社区居委会", 0.6), (RIGHT, "西湖社区居委会", 0.4)]),
        ],
    )
    def test_follow_a_rename_a_merge_and_a_split_to_every_day_and_sum_to_one(self, lived, day, expected):
        found = became(OLD, day)

        assert found == expected
        assert not found or sum(share for *_, share in found) == pytest.approx(1)

    def test_resolve_keeps_the_last_name_of_a_code_that_is_no_more(self, lived):
        names = [queries.resolve(OLD, d).name for d in (date(2023, 6, 1), date(2024, 6, 1), date(2030, 1, 1))]

        assert names == ["翠洲社区居委会", "翠云社区居委会", "翠云社区居委会"]

    def test_what_was_dissolved_has_none(self, by, tmp_path):
        load(a_table(tmp_path / "a"), by)
        load(a_table(tmp_path / "b", communities=[r for r in COMMUNITIES if r[0] != HEIR]), by, 2024)
        settle(HEIR, {}, date(2024, 5, 1), by)

        assert became(HEIR, date(2024, 4, 30)) and became(HEIR, date(2024, 5, 1)) == []


def test_danzhou_has_towns_and_no_counties_between(by, tmp_path):
    upper = [*UPPER, ("46", "海南省"), ("4604", "儋州市"), ("460400", "儋州市"), ("460400100", "那大镇")]
    communities = [*COMMUNITIES, ("460400100001", "东风社区居委会")]

    load(a_table(tmp_path, upper=upper, communities=communities), by)

    path, version = [], queries.resolve("460400100001", date(2023, 6, 1))
    while version is not None:
        path.append(version.name)
        version = DivisionVersion.objects.filter(division=version.parent).first() if version.parent else None
    assert path == ["东风社区居委会", "那大镇", "儋州市", "海南省"]
