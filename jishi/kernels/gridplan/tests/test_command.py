"""From the shell: a plan of two tables, its audit, and bad input as a sentence instead of a trace."""

import csv
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from config.cli import gridplan as command
from jishi.kernels.gridplan.tests import grounds

SHARED = Path(os.environ.get("JISHI_SHARED", Path(__file__).resolve().parents[5] / "shared")) / "data/partition"


@pytest.fixture
def tables(tmp_path):
    town = grounds.planar(np.random.default_rng(6), 200, most=60, keep=1.0)
    units, edges = town.units, town.edges
    write(tmp_path / "n.csv", "id,x,y,weight", zip(units.id, units.x, units.y, units.households, strict=True))
    write(tmp_path / "e.csv", "u,v,shared_perimeter", zip(edges.u, edges.v, edges.border, strict=True))
    return tmp_path


def write(path: Path, head: str, rows) -> None:
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([head.split(","), *rows])


def run(capsys, folder: Path, *more: str) -> tuple[int, dict]:
    code = command.main(["--nodes", str(folder / "n.csv"), "--edges", str(folder / "e.csv"), "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_a_plan_of_k_grids_is_written_and_the_audit_agrees(tables, capsys):
    k = ["--k", "15", "--band", "0.9", "1.1"]

    code, told = run(capsys, tables, *k, "--out", str(tables / "plan.csv"))
    again = run(capsys, tables, *k, "--audit", str(tables / "plan.csv"))

    assert (code, told["status"], told["grids"]) == (0, "legal", 15)
    assert again == (0, {"status": "legal", "faults": [], "fault_count": 0})
    with (tables / "plan.csv").open() as lines:
        assert len({row["grid"] for row in csv.DictReader(lines)}) == 15


def test_a_longest_walk_is_kept_to_or_the_least_that_would_do_is_named(tables, capsys):
    code, told = run(capsys, tables, "--max-walk", "60", "--out", str(tables / "plan.csv"))
    least = next(r["sentence"] for r in told["relaxations"] if r["kind"] == "walk").split()[5]

    again, legal = run(capsys, tables, "--max-walk", least)

    assert code == 1 and int(least) > 60
    assert run(capsys, tables, "--max-walk", "60", "--audit", str(tables / "plan.csv"))[0] == 1
    assert (again, legal["status"]) == (0, "legal")


def test_a_plan_in_force_is_kept_and_a_unit_is_explained(tables, capsys):
    run(capsys, tables, "--out", str(tables / "plan.csv"))

    code, told = run(capsys, tables, "--previous", str(tables / "plan.csv"), "--explain", "7")

    assert (code, told["moves"], told["explanation"]["unit"]) == (0, 0, 7)


def test_a_unit_with_a_blank_cell_in_the_plan_in_force_is_new(tables, capsys):
    run(capsys, tables, "--out", str(tables / "plan.csv"))
    head, *rows = (tables / "plan.csv").read_text().splitlines()
    blank = [row.split(",")[0] + ",," + row.split(",", 2)[2] if i == 7 else row for i, row in enumerate(rows)]
    (tables / "plan.csv").write_text("\n".join([head, *blank]))

    code, told = run(capsys, tables, "--previous", str(tables / "plan.csv"))
    audited, said = run(capsys, tables, "--audit", str(tables / "plan.csv"))

    assert (code, told["status"], told["moves"]) == (0, "legal", 1)
    assert (audited, [f["code"] for f in said["faults"]]) == (1, ["without_grid"])


def test_a_grid_whose_number_is_beyond_counting_is_refused(tables, capsys):
    write(tables / "p.csv", "id,grid", [(0, "inf"), (1, "1e30")])

    code, told = run(capsys, tables, "--previous", str(tables / "p.csv"))

    assert (code, told["code"]) == (2, "unreadable")


@pytest.mark.parametrize("odd", ["gb18030", "mark", "semicolons", "floats", "blank lines", "capitals", "quoted"])
def test_a_table_as_spreadsheets_write_it_is_read_and_gives_the_same_plan(odd, tables, capsys):
    plain = run(capsys, tables, "--out", str(tables / "plan.csv"))
    for name in ("n.csv", "e.csv"):
        head, *rows = (tables / name).read_text().splitlines()
        ids = 1 if name == "n.csv" else 2
        cells = [row.split(",") for row in rows]
        if odd == "floats":
            cells = [[f"{c}.0" if i < ids else c for i, c in enumerate(row)] for row in cells]
        if odd == "gb18030":
            head, cells = f"{head},小区", [[*row, "和平里"] for row in cells]
        if odd == "quoted":
            cells = [[f'" {row[0]} "', *row[1:]] for row in cells]
        told = [head.upper() if odd == "capitals" else head, *(",".join(row) for row in cells)]
        if odd == "blank lines":
            told = [told[0], "", *told[1:], "", ",", ""] if name == "e.csv" else [*told, ""]
        text = "\r\n".join(told).replace(",", ";" if odd == "semicolons" else ",")
        (tables / name).write_bytes(text.encode({"gb18030": "gb18030", "mark": "utf-8-sig"}.get(odd, "utf-8")))

    code, told = run(capsys, tables, "--audit", str(tables / "plan.csv"))

    assert (code, told["status"]) == (plain[0], plain[1]["status"]) == (0, "legal")
    assert run(capsys, tables)[1]["metrics"] == plain[1]["metrics"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--effort", "nan"), "bad_option"), (("--effort", "inf"), "bad_option"), (("--effort", "-1"), "bad_option"),
        (("--seed", "-1"), "bad_option"), (("--band", "1", "1e30"), "band_makes_no_sense"),
        (("--k", "15", "--band", "0.9", "inf"), "band_makes_no_sense"),
    ],
)  # fmt: skip
def test_a_number_that_nobody_can_mean_is_refused_by_its_code(more, said, tables, capsys):
    code, told = run(capsys, tables, *more)

    assert (code, told["code"]) == (2, said)


@pytest.mark.parametrize("spoiled", ["cut short", "turned over", "no gzip"])
def test_a_packed_table_that_is_damaged_is_refused(spoiled, tables, capsys):
    packed = bytearray(gzip.compress((tables / "n.csv").read_bytes()))
    if spoiled == "cut short":
        packed = packed[: len(packed) // 2]
    elif spoiled == "turned over":
        packed[10:40] = bytes(b ^ 255 for b in packed[10:40])
    else:
        packed = bytearray(b"id,x,y,weight")
    (tables / "n.csv.gz").write_bytes(packed)

    code = command.main(["--nodes", str(tables / "n.csv.gz"), "--edges", str(tables / "e.csv"), "--json"])

    assert (code, json.loads(capsys.readouterr().out)["code"]) == (2, "unreadable")


def test_no_legal_plan_ends_with_one_and_the_certificate(tmp_path, capsys):
    write(tmp_path / "n.csv", "id,x,y,weight", [("a", 0, 0, 280), ("b", 100, 0, 280)])
    write(tmp_path / "e.csv", "u,v,border", [("a", "b", 5)])

    code, told = run(capsys, tmp_path)

    assert (code, told["status"], told["certificates"][0]["kind"]) == (1, "infeasible", "no_count")


class TestPoints:
    """Compounds as points, in degrees of a datum that must be named."""

    @pytest.fixture
    def compounds(self, tmp_path):
        places = [(120.60 + 0.004 * (i % 5), 28.00 + 0.004 * (i // 5)) for i in range(20)]
        rows = [(f"c{i}", *place, 150 + 37 * (i % 13), 1 + i % 6) for i, place in enumerate(places)]
        write(tmp_path / "c.csv", "id,lng,lat,households,buildings", rows)
        return tmp_path

    def asked(self, capsys, folder: Path, *more: str) -> tuple[int, dict]:
        code = command.main(["--points", str(folder / "c.csv"), "--json", *more])
        return code, json.loads(capsys.readouterr().out)

    def test_are_planned_and_the_ground_of_each_grid_is_written(self, compounds, capsys):
        band = ("--band", "150", "500")
        code, told = self.asked(capsys, compounds, "--crs", "bd09", *band, "--out", str(compounds / "plan.geojson"))

        drawn = json.loads((compounds / "plan.geojson").read_text())
        everybody = sum(150 + 37 * (i % 13) for i in range(20))
        assert (code, len(drawn["features"])) == (0, told["grids"])
        assert sum(f["properties"]["households"] for f in drawn["features"]) == everybody
        lng, lat = drawn["features"][0]["geometry"]["coordinates"][0][0]
        assert 120.57 < lng < 120.62 and 27.98 < lat < 28.02

    def test_a_river_across_the_border_given_parts_them(self, compounds, capsys):
        line = {"type": "LineString", "coordinates": [[120.606, 27.9], [120.606, 28.1]]}
        square = [[120.598, 27.998], [120.618, 27.998], [120.618, 28.014], [120.598, 28.014], [120.598, 27.998]]
        (compounds / "river.json").write_text(json.dumps(line))
        (compounds / "town.json").write_text(json.dumps({"type": "Polygon", "coordinates": [square]}))

        more = ("--crs", "wgs84", "--ground", str(compounds / "town.json"), "--barriers", str(compounds / "river.json"))
        _, told = self.asked(capsys, compounds, *more, "--out", str(compounds / "plan.geojson"))

        assert told["status"] in ("legal", "legal_with_exemptions", "infeasible", "unknown")
        drawn = json.loads((compounds / "plan.geojson").read_text())["features"]
        assert not any(crosses(f["geometry"], 120.606) for f in drawn)

    @pytest.mark.parametrize(
        ("code", "row", "more"),
        [
            ("unknown_datum", None, ()),
            ("swapped_axes", "s,28.0,120.6,300,1", ("--crs", "bd09")),
            ("bad_unit", "s,120.6,28.0,,1", ("--crs", "bd09")),
            ("duplicate_unit", "c0,120.6,28.0,300,1", ("--crs", "bd09")),
            ("bad_unit", "s,nan,28.0,300,1", ("--crs", "bd09")),
            ("outside_ground", None, ("--crs", "bd09", "--ground", "far.json")),
            ("bad_ground", None, ("--crs", "bd09", "--ground", "none.json")),
            ("unreadable", "s,120.6", ("--crs", "bd09")),
        ],
    )
    def test_what_makes_no_sense_is_refused_by_its_code(self, code, row, more, compounds, capsys, monkeypatch):
        monkeypatch.chdir(compounds)
        ring = [[110, 20], [110.1, 20], [110.1, 20.1], [110, 20]]
        Path("far.json").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
        Path("none.json").write_text("{}")
        if code == "swapped_axes":
            Path("c.csv").write_text("id,lng,lat,households,buildings\n" + row + "\n")
        elif row:
            Path("c.csv").write_text(Path("c.csv").read_text() + row + "\n")

        ended, told = self.asked(capsys, compounds, *more)

        assert (ended, told["code"]) == (2, code)


def crosses(geometry: dict, lng: float) -> bool:
    at = [corner[0] for ring in geometry["coordinates"] for corner in ring]
    return min(at) < lng - 0.0021 and max(at) > lng + 0.0021


REFUSED = {
    "edge_to_nowhere": ("n.csv", "id,x,y,weight", [("a", 0, 0, 300), ("c", 100, 0, 300)], ()),
    "bad_unit": ("n.csv", "id,x,y,weight", [("a", "nan", 0, 300), ("b", 100, 0, 300)], ()),
    "duplicate_unit": ("n.csv", "id,x,y,weight", [("a", 0, 0, 300), ("a", 9, 0, 300), ("b", 100, 0, 300)], ()),
    "no_units": ("n.csv", "id,x,y,weight", [], ()),
    "band_makes_no_sense": ("n.csv", "id,x,y,weight", [("a", 0, 0, 300), ("b", 9, 0, 30)], ("--band", "500", "300")),
    "unreadable": ("n.csv", "id,x,y", [("a", 0, 0)], ()),
    "previous_does_not_fit": ("n.csv", "id,x,y,weight", [("a", 0, 0, 300), ("b", 9, 0, 30)], ("--previous", "p.csv")),
}


@pytest.mark.parametrize("code", REFUSED)
@pytest.mark.parametrize("cut", [(), ("--cut",)])
def test_what_makes_no_sense_is_refused_by_its_code(code, cut, tmp_path, capsys, monkeypatch):
    name, head, rows, more = REFUSED[code]
    write(tmp_path / name, head, rows)
    write(tmp_path / "e.csv", "u,v,border", [] if code == "no_units" else [("a", "b", 5)])
    write(tmp_path / "p.csv", "id,grid", [("x", 0), ("y", 1)])
    monkeypatch.chdir(tmp_path)

    ended, told = run(capsys, tmp_path, *more, *cut)

    assert (ended, told["status"], told["code"]) == (2, "refused", code)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the development instances are not beside the checkout (JISHI_SHARED)")
@pytest.mark.parametrize(("name", "k"), [("newhaven_blocks_1k", 100)])
@pytest.mark.parametrize("band", [("0.75", "1.25"), ("0.9", "1.1")])
def test_the_small_development_instance_is_legal(name, k, band, capsys):
    nodes, edges = SHARED / f"{name}.nodes.csv", SHARED / f"{name}.edges.csv"

    asked = ["--nodes", str(nodes), "--edges", str(edges), "--k", str(k), "--band", *band, "--cut", "--json"]
    code = command.main(asked)

    assert (code, json.loads(capsys.readouterr().out)["status"]) == (0, "legal")
