"""A town planned community by community: the planner's own plans, one answer each, whatever stands around it."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from config.cli import gridplan_many as command
from jishi.batch import communities
from jishi.kernels import gridplan
from jishi.kernels.gridplan import refusals

pytestmark = pytest.mark.xdist_group("gridplan")  # compiled at first use, in one process for all of them
RULES = communities.Rules(band=gridplan.Band(40, 60), effort=5.0)
NAMES = ("东社区", "西社区", "南社区")


def town(side: int = 4, *, seed: int = 1) -> communities.Town:
    """Three lattices side by side, with edges across their borders."""
    rng, n = np.random.default_rng(seed), side * side * 3
    row, column = np.divmod(np.arange(n), side * 3)
    community = column // side
    number = np.arange(n).reshape(side, side * 3)
    u = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    v = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    ids = np.array([f"u{i:03d}" for i in range(n)])
    units = gridplan.Units(ids, column * 50.0, row * 50.0, rng.integers(8, 20, n).astype(float))
    edges = gridplan.Edges(u, v, rng.uniform(5, 50, len(u)))
    return communities.Town(units, edges, community.astype(np.int64), NAMES)


@pytest.fixture(autouse=True, scope="module")
def compiled():
    """Compile once, here: the children load what this process has kept."""
    one = json.loads(next(communities.tasks(town(), RULES)).given)
    communities.plan(json.dumps(one).encode())


def shuffled(whole: communities.Town, seed: int) -> communities.Town:
    rng = np.random.default_rng(seed)
    order, links = rng.permutation(len(whole.units.id)), rng.permutation(len(whole.edges.u))
    place = np.argsort(order)
    units = gridplan.Units(*(np.asarray(c)[order] for c in list(vars(whole.units).values())[:4]))
    edges = gridplan.Edges(place[whole.edges.v][links], place[whole.edges.u][links], whole.edges.border[links])
    return replace(whole, units=units, edges=edges, community=whole.community[order])


def test_a_community_is_the_same_bytes_in_any_order_of_rows_and_whatever_changes_around_it():
    whole = town()
    changed = np.array(whole.units.households)
    changed[np.flatnonzero(whole.community == 1)[0]] += 1
    other = replace(whole, units=replace(whole.units, households=changed))

    tasks, same, differ = (list(communities.tasks(one, RULES)) for one in (whole, shuffled(whole, 4), other))

    assert tasks == same
    assert [a.name for a, b in zip(tasks, differ, strict=True) if a != b] == ["西社区"]


def test_numbers_of_compounds_are_a_matter_of_the_community():
    whole = town()
    code = np.where(np.arange(len(whole.units.id)) % 12 < 2, np.arange(len(whole.units.id)) // 24, -1)

    here = list(communities.tasks(replace(whole, atoms=code), RULES))
    there = list(communities.tasks(replace(whole, atoms=np.where(code < 0, -1, code * 7 + 3)), RULES))

    assert here == there
    assert set(json.loads(next(t for t in here if t.name == "东社区").given)["atoms"]) == {-1, 0, 1}


@pytest.mark.parametrize("wrong", [refusals.EdgeToNowhere, refusals.AtomAcrossCommunity])
def test_what_only_the_whole_town_shows_is_refused_before_anything_runs(wrong):
    whole = town()
    n = len(whole.units.id)
    if wrong is refusals.EdgeToNowhere:
        broken = replace(whole, edges=replace(whole.edges, v=whole.edges.v + n))
    else:
        broken = replace(whole, atoms=np.zeros(n, np.int64))

    with pytest.raises(wrong):
        next(communities.tasks(broken, RULES))


class TestTheCommand:
    """One child for all of it: it loads the compiled planner for seconds."""

    FILES = ("plan.csv", "statuses.csv")

    @pytest.fixture(scope="class")
    def folder(self, tmp_path_factory):
        """A town of three communities and one more whose only unit lies nowhere; edges cross every border."""
        folder, whole = tmp_path_factory.mktemp("town"), town()
        units, edges = whole.units, whole.edges
        rows = [*zip(units.id, units.x, units.y, units.households, [NAMES[c] for c in whole.community], strict=True),
                ("z", "", "", 50, "无处")]  # fmt: skip
        self.write(folder / "n.csv", "id,x,y,households,shequ", rows)
        ends = zip(units.id[edges.u], units.id[edges.v], edges.border, strict=True)
        self.write(folder / "e.csv", "u,v,border", [*ends, ("u000", "z", 5)])
        return folder

    @pytest.fixture(scope="class")
    def planned(self, folder):
        return command.main(self.asked(folder))

    @staticmethod
    def write(path, head, rows):
        with path.open("w", newline="") as out:
            csv.writer(out).writerows([head.split(","), *rows])

    def asked(self, folder, *more):
        return [
            "--nodes", str(folder / "n.csv"), "--edges", str(folder / "e.csv"), "--community", "shequ", "--band", "40",
            "60", "--effort", "5", "--store", str(folder / "store"), "--json", "--workers", "1",
            "--out", str(folder / "plan.csv"), "--table", str(folder / "statuses.csv"), *more,
        ]  # fmt: skip

    def test_gives_each_community_the_plan_that_the_planner_makes_of_it_alone(self, folder, planned):
        whole, rows = town(), list(csv.DictReader((folder / "plan.csv").open()))

        for code, name in enumerate(NAMES):
            inside = np.flatnonzero(whole.community == code)
            place = np.full(len(whole.units.id), -1)
            place[inside] = np.arange(len(inside))
            u, v = place[whole.edges.u], place[whole.edges.v]
            both = (u >= 0) & (v >= 0)
            alone = gridplan.plan_grids(
                gridplan.Units(*(np.asarray(c)[inside] for c in list(vars(whole.units).values())[:4])),
                gridplan.Edges(u[both], v[both], whole.edges.border[both]), band=RULES.band, effort=RULES.effort,
            )  # fmt: skip
            told = [(row["id"], int(row["grid"])) for row in rows if row["community"] == name]
            first = min(grid for _, grid in told)
            assert [one for one, _ in told] == whole.units.id[inside].tolist()
            assert [grid - first for _, grid in told] == alone.assignment.tolist()

    def test_uses_each_number_once_in_the_town(self, folder, planned):
        rows = list(csv.DictReader((folder / "plan.csv").open()))

        grids = {row["grid"] for row in rows}
        assert len(rows) == len(town().units.id)
        assert all(len({r["community"] for r in rows if r["grid"] == grid}) == 1 for grid in grids)

    def test_tells_what_one_community_is_refused_for_and_plans_the_others(self, folder, planned):
        rows = {row["community"]: row for row in csv.DictReader((folder / "statuses.csv").open())}

        assert planned == 1
        assert (rows["无处"]["status"], rows["无处"]["note"][:8]) == ("refused", "bad_unit")
        assert {rows[name]["status"] for name in NAMES} == {"legal"}

    def test_plans_nothing_the_second_time_and_writes_the_same_bytes(self, folder, planned, capsys):
        written = [(folder / name).read_bytes() for name in self.FILES]

        command.main(self.asked(folder))

        told = json.loads(capsys.readouterr().out)
        assert (told["made"], told["kept"]) == (0, 4)
        assert [(folder / name).read_bytes() for name in self.FILES] == written

    def test_keeps_a_plan_in_force_with_its_numbers(self, folder, planned, capsys):
        in_force = folder / "in_force.csv"
        in_force.write_bytes((folder / "plan.csv").read_bytes())

        command.main(self.asked(folder, "--previous", str(in_force), "--out", str(folder / "next.csv")))

        told = json.loads(capsys.readouterr().out)
        assert [c["moves"] for c in told["communities"]] == [0, 0, 0, 0]
        assert (folder / "next.csv").read_bytes() == in_force.read_bytes()

    def test_says_what_it_cannot_use(self, folder, tmp_path, capsys):
        (tmp_path / "e.csv").write_text("u,v,border\nu000,nobody,5\n")

        code = command.main(self.asked(folder, "--edges", str(tmp_path / "e.csv")))

        assert (code, json.loads(capsys.readouterr().out)["code"]) == (2, "edge_to_nowhere")
