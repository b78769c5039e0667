"""A small country: two provinces, three cities, five counties, seven towns, their communities."""

import csv
import gzip
import os
from datetime import date
from pathlib import Path

import pytest

from conftest import MONDAY_TEN
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed
from jishi.places import queries
from jishi.places.actions import divisions
from jishi.places.models import DivisionChange, DivisionLoad, DivisionVersion, Succession
from jishi.places.refusals import TableRefused

pytestmark = pytest.mark.django_db
UPPER = [
    ("11", "北京市"), ("44", "广东省"), ("1101", "市辖区"), ("4419", "东莞市"), ("4401", "广州市"),
    ("110101", "东城区"),
    ("441900", "东莞市"), ("440103", "荔湾区"), ("110101001", "东华门街道"), ("110101002", "景山街道"),
    ("441900003", "东城街道"), ("440103001", "沙面街道"),
]  # fmt: skip
COMMUNITIES = [
    ("110101001001", "多福巷社区居委会"), ("110101001498", "虚拟社区"), ("110101002001", "隆福寺社区居委会"),
    ("441900003001", "岗贝社区居民委员会"), ("440103001001", "翠洲社区居委会"), ("440103001200", "沙村村委会"),
]  # fmt: skip


@pytest.fixture
def by(tenant: int):
    actor = system(tenant)
    with scope.work(actor):
        yield actor


def a_table(folder: Path, upper=UPPER, communities=COMMUNITIES, head="") -> list[Path]:
    """Write a year's table as it is published: upper levels plain, communities gzipped."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "upper.csv").open("w", newline="") as out:
        csv.writer(out).writerows([("code", "name"), *upper])
    with gzip.open(folder / "villages.csv.gz", "wt", newline="") as out:
        out.write(head)
        rows = [(c, n, c[:9]) for c, n in communities]
        csv.writer(out).writerows([("code", "name", "streetCode"), *rows])
    return [folder]


def load(files, by: Actor, year: int = 2023):
    return divisions.load_year(files, year=year, by=by, now=MONDAY_TEN)


def nothing_was_stored() -> bool:
    return not DivisionVersion.objects.filter(code__startswith="44").exists()


class TestLoadYear:
    def test_all_levels_are_loaded_with_their_parents(self, by, tmp_path):
        done = load(a_table(tmp_path), by)

        village = DivisionVersion.objects.get(code="440103001200")
        assert done.changes["new"] == 17
        assert (village.short_name, village.kind, village.level) == ("沙村", "village_committee", 5)
        assert DivisionVersion.objects.get(division=village.parent).code == "440103001000"

    def test_towns_of_a_city_without_counties_hang_below_the_city(self, by, tmp_path):
        load(a_table(tmp_path), by)

        town = DivisionVersion.objects.get(code="441900003000")
        assert DivisionVersion.objects.get(division=town.parent).name == "东莞市"

    def test_placeholders_are_kept_and_marked(self, by, tmp_path):
        load(a_table(tmp_path), by)

        marked = DivisionVersion.objects.filter(placeholder=True, source__endswith="2023").values_list(
            "code", flat=True
        )
        assert set(marked) == {"110100000000", "110101001498"}

    def test_loading_it_twice_changes_nothing(self, by, tmp_path):
        files = a_table(tmp_path)
        load(files, by)
        before = (DivisionVersion.objects.count(), DivisionLoad.objects.count())

        again = load(files, by)

        assert not again.wrote
        assert (DivisionVersion.objects.count(), DivisionLoad.objects.count()) == before

    def test_a_rename_is_a_version_and_yesterday_keeps_its_name(self, by, tmp_path):
        load(a_table(tmp_path / "a"), by)
        renamed = [(c, "隆福社区居委会" if c == "110101002001" else n) for c, n in COMMUNITIES]

        done = load(a_table(tmp_path / "b", communities=renamed), by, 2024)

        assert done.changes["renamed"] == 1
        old, new = (queries.resolve("110101002001", day) for day in (date(2023, 6, 1), date(2024, 6, 1)))
        assert (old.name, new.name, old.division_id) == ("隆福寺社区居委会", "隆福社区居委会", new.division_id)

    def test_a_new_code_below_the_same_parent_is_the_same_series(self, by, tmp_path):
        load(a_table(tmp_path / "a"), by)
        recoded = [("440103001002" if c == "440103001001" else c, n) for c, n in COMMUNITIES]

        done = load(a_table(tmp_path / "b", communities=recoded), by, 2024)

        assert (done.changes["recoded"], done.changes["gone"]) == (1, 0)
        old, new = queries.resolve("440103001001", date(2023, 6, 1)), queries.resolve("440103001002", date(2024, 6, 1))
        assert old.division_id == new.division_id

    def test_what_is_gone_stays_in_force_until_a_person_settles_it(self, by, tmp_path):
        load(a_table(tmp_path / "a"), by)
        load(a_table(tmp_path / "b", communities=[r for r in COMMUNITIES if r[0] != "440103001200"]), by, 2024)
        change = DivisionChange.objects.get(code="440103001200")
        assert DivisionVersion.objects.get(code="440103001200").valid_to is None

        divisions.confirm_change(
            change.id,
            successors={"440103001001": 1.0},
            on=date(2024, 3, 1),
            document_no="穗民〔2024〕1号",
            by=by,
            now=MONDAY_TEN,
        )

        assert DivisionVersion.objects.get(code="440103001200").valid_to == date(2024, 3, 1)
        assert Succession.objects.get(predecessor=change.division).kind == "merged"

    def test_shares_of_successors_sum_to_one(self, by, tmp_path):
        load(a_table(tmp_path / "a"), by)
        load(a_table(tmp_path / "b", communities=COMMUNITIES[:-1]), by, 2024)
        change = DivisionChange.objects.get()

        with pytest.raises(Invalid):
            divisions.confirm_change(
                change.id, successors={"440103001001": 0.7}, on=date(2024, 3, 1), document_no="", by=by, now=MONDAY_TEN
            )

    def test_a_code_that_became_a_float_is_refused_by_its_row(self, by, tmp_path):
        files = a_table(tmp_path, communities=[*COMMUNITIES, ("4.40103001201E+11", "某村委会")])

        done = load(files, by)

        assert [(line, why) for _, line, why in done.refused] == [(8, "代码“4.40103001201E+11”被表格软件变成了小数")]

    def test_an_office_may_not_load_the_country(self, by, tmp_path):
        clerk = Actor(tenant_id=by.tenant_id, kind="staff", account_id=1, roles=frozenset({"office"}))

        with pytest.raises(NotAllowed):
            load(a_table(tmp_path), clerk)

    def test_an_older_year_is_refused(self, by, tmp_path):
        load(a_table(tmp_path), by, 2024)

        with pytest.raises(TableRefused, match="older"):
            load(a_table(tmp_path), by, 2023)


class TestATableThatWasCut:
    def test_compressed_data_that_ends_early_is_refused(self, by, tmp_path):
        many = [*COMMUNITIES, *((f"440103001{n:03d}", f"第{n * 7919}号村委会") for n in range(201, 399))]
        files = a_table(tmp_path, communities=many)
        whole = (tmp_path / "villages.csv.gz").read_bytes()
        (tmp_path / "villages.csv.gz").write_bytes(whole[: len(whole) // 2])

        with pytest.raises(TableRefused, match="cut"):
            load(files, by)
        assert nothing_was_stored()

    def test_a_line_that_breaks_off_is_refused_with_its_number(self, by, tmp_path):
        a_table(tmp_path)
        with (tmp_path / "upper.csv").open("a") as out:
            out.write("4401030")

        with pytest.raises(TableRefused, match="line 14"):
            load([tmp_path], by)
        assert nothing_was_stored()

    def test_children_without_their_parent_are_refused(self, by, tmp_path):
        with pytest.raises(TableRefused, match="below a missing parent"):
            load(a_table(tmp_path, upper=[r for r in UPPER if r[0] != "440103001"]), by)
        assert nothing_was_stored()

    def test_towns_without_communities_are_refused(self, by, tmp_path):
        with pytest.raises(TableRefused, match="breaks off"):
            load(a_table(tmp_path, communities=COMMUNITIES[:2]), by)
        assert nothing_was_stored()

    def test_fewer_rows_than_the_header_promises_are_refused(self, by, tmp_path):
        with pytest.raises(TableRefused, match="promises 25 rows"):
            load(a_table(tmp_path, head="# rows=25\n"), by)

    def test_a_code_that_does_not_fit_the_code_above_beside_it_is_refused(self, by, tmp_path):
        a_table(tmp_path)
        cut = b"code,name,streetCode\n440103001001,x,440103001\n440103001002,y,44010"  # the last column broke off
        (tmp_path / "villages.csv.gz").write_bytes(gzip.compress(cut))

        with pytest.raises(TableRefused, match="does not fit"):
            load([tmp_path], by)


@pytest.mark.skipif(
    not (Path(os.environ.get("JISHI_SHARED", Path(__file__).parents[4] / "shared")) / "data/geo").exists(),
    reason="the published table is not beside this checkout (JISHI_SHARED)",
)
def test_the_published_table_reads_whole():
    from jishi.places import tables

    folder = Path(os.environ.get("JISHI_SHARED", Path(__file__).parents[4] / "shared")) / "data/geo"
    seen = tables.Reading()

    codes = {row.code for row in tables.rows(tables.files_in([folder]), seen)}

    assert (seen.total, len(codes), seen.refused) == (665_271, 665_271, [])
    assert seen.rows == {1: 31, 2: 342, 3: 2_975, 4: 41_351, 5: 620_572}
