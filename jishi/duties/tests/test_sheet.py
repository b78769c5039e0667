import io
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from jishi.duties import sheet
from jishi.duties.sheet import COLUMNS, Known, NewItem, cells_of, from_csv, from_xlsx, to_xlsx
from jishi.duties.tests.factories import as_csv
from jishi.kernels.dutylist import Question, Vocabulary
from jishi.portal.demo import institutions

DEMO = Path(settings.INSTITUTIONS_DIR) / "demo" / "duty_items.csv"
WORDS = Vocabulary(
    matters=frozenset({"01.02.01", "01.02"}), bodies={"swj": "city_dept"}, kinds=frozenset({"road"}),
    questions={"depth_cm": Question("number", unit="cm")},
)  # fmt: skip
KNOWN = Known(frozenset({"市水务局"}), {"市水务局": "swj"}, WORDS)
GOOD = NewItem("基本-001", "basic", "清掏", ("01.02.01",), None, "$street", "市水务局", promises={"promise": "5wd"})


def demo_known() -> Known:
    found = institutions.bodies()
    kinds = frozenset({"compound", "lane", "market", "old_estate", "road", "school", "service_station"})
    questions = {
        q.code: Question("number", unit=q.unit or "") if q.type == "number" else
        Question("code", frozenset(c.code for c in q.choices) or frozenset({"yes", "no"}))
        for m in institutions.matters() for q in m.questions
    }  # fmt: skip
    words = Vocabulary(
        matters=frozenset(m.code for m in institutions.matters()), bodies={b.code: b.level for b in found}, kinds=kinds,
        divisions=frozenset(b.division for b in found), questions=questions,
        zones={"levee": ()}, values={"channel": frozenset({"grid"}), "kind": frozenset({"inquiry"})},
    )  # fmt: skip
    return Known(frozenset(b.name for b in found), {b.name: b.code for b in found}, words)


def a_workbook(*rows, head=tuple(COLUMNS)):
    book = openpyxl.Workbook()
    for row in (head, *rows):
        book.active.append(list(row))
    return book


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def told(faults):
    return [(f.row, f.column, f.code) for f in faults]


class TestRoundTrip:
    def test_of_the_towns_340_items_is_an_identity(self):
        items, faults = from_csv(DEMO.read_text(encoding="utf-8"), demo_known())

        again, nothing = from_xlsx(to_xlsx(items, title="清单"), demo_known())

        assert (faults, nothing, len(items)) == ([], [], 340)
        assert again == items
        assert [cells_of(i) for i in again] == [cells_of(i) for i in items]
        assert [dict(i.promises) for i in again] == [dict(i.promises) for i in items]
        assert [i.condition for i in again] == [i.condition for i in items]

    @given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"), include_characters="\n\t"),
        max_size=60),
           st.sampled_from(["", "=", "+", "-", "@"]))  # fmt: skip
    def test_keeps_every_text_whatever_it_begins_with(self, text, sign):
        remark = f"{sign}{text}".strip()
        item = NewItem("基本-001", "basic", "清掏", ("01.02.01",), None, "$street", remark=remark)

        again, faults = from_xlsx(to_xlsx([item], title="清单"), KNOWN)

        assert (faults, again) == ([], [item])

    def test_keeps_the_lawful_powers_of_a_line_by_their_names(self):
        item = replace(GOOD, lead_body="swj", powers=("inspection", "penalty"))

        text = as_csv([item])

        assert "行政检查;行政处罚" in text and "inspection" not in text
        assert from_csv(text, KNOWN) == from_xlsx(to_xlsx([item], title="清单"), KNOWN) == ([item], [])

    def test_writes_a_cell_that_looks_like_a_formula_as_text(self):
        item = NewItem("基本-001", "basic", "=1+1", ("01.02.01",), None, "$street", way="@here", remark="-1")

        cells = openpyxl.load_workbook(io.BytesIO(to_xlsx([item], title="清单"))).active[2]

        assert {c.data_type for c in cells if c.value} == {"s"}
        assert "=1+1" in [c.value for c in cells]


class TestFaults:
    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            ({"对应上级部门": "市天文局"}, (2, "对应上级部门", "unknown_department")),
            ({"事项代码": "99.01"}, (2, "事项代码", "unknown_matter")),
            ({"事项代码": ""}, (2, "事项代码", "empty")),
            ({"主办单位": "nobody"}, (2, "主办单位", "unknown_body")),
            ({"主办单位": ""}, (2, "主办单位", "empty")),
            ({"类别": "其他"}, (2, "类别", "unknown_kind")),
            ({"时限": "promise=0wd"}, (2, "时限", "bad_promise")),
            ({"时限": "lunch=1wd"}, (2, "时限", "bad_promise")),
            ({"法定职权": "行政罚款"}, (2, "法定职权", "unknown_power")),
            ({"法定职权": "行政处罚；行政处罚"}, (2, "法定职权", "power_twice")),
            ({"优先级": "100"}, (2, "优先级", "bad_priority")),
            ({"条件": "{"}, (2, "条件", "not_json")),
            ({"条件": '{"fact": "mood", "op": "is", "value": "good"}'}, (2, "条件", "bad_condition")),
            ({"条件": '{"fact": "place", "op": "like", "value": "x"}'}, (2, "条件", "bad_condition")),
            ({"条件": '{"fact": "place", "op": "in_kind", "value": "moon"}'}, (2, "条件", "bad_condition")),
            ({"条件": '{"fact": "answers.depth_cm", "op": "is", "value": "deep"}'}, (2, "条件", "bad_condition")),
            ({"类别": "配合履职"}, (2, "镇街配合职责", "part_missing")),
            ({"备注": "a\x07b"}, (2, "备注", "control_character")),
            ({"序号": "基" * 21}, (2, "序号", "too_long")),
        ],
        ids=lambda v: next(iter(v)) if isinstance(v, dict) else v[2],
    )
    def test_name_row_and_column_and_nothing_is_taken(self, cells, expected):
        row = dict(zip(COLUMNS, cells_of(GOOD), strict=True)) | cells
        text = as_csv([]) + "\n" + ",".join('"' + row[c].replace('"', '""') + '"' for c in COLUMNS)

        items, faults = from_csv(text, KNOWN)

        assert items == []
        assert expected in told(faults)
        assert all(f.sentence("zh") and f.sentence("en") for f in faults)

    def test_name_the_row_of_the_same_number_and_of_the_equal_item(self):
        twin = NewItem("基本-009", *[getattr(GOOD, n) for n in GOOD.__slots__[1:]])
        other = NewItem("基本-001", "basic", "另一条", ("01.02",), None, "$street")

        _, faults = from_csv(as_csv([GOOD, other, twin]), KNOWN)

        assert told(faults) == [(3, "序号", "duplicate_number"), (4, "事项名称", "equal_items")]
        assert [f.detail for f in faults] == ["2", "2"]

    def test_name_merged_cells_formulas_and_dates(self):
        book = a_workbook(cells_of(GOOD))
        book.active["C2"] = "=SUM(1,2)"
        book.active.merge_cells("F2:G2")

        items, faults = from_xlsx(saved(book), KNOWN)

        assert items == []
        assert {(2, "镇街配合职责", "merged_cells"), (2, "事项名称", "formula")} <= set(told(faults))

    def test_name_a_missing_and_an_unknown_column(self):
        _, faults = from_xlsx(saved(a_workbook(["x"], head=["序号", "颜色"])), KNOWN)

        assert {(1, "类别", "missing_column"), (1, "颜色", "unknown_column")} <= set(told(faults))

    def test_say_that_it_is_no_spreadsheet(self):
        assert told(from_xlsx(b"PK nothing", KNOWN)[1]) == [(0, "", "not_a_sheet")]
        assert told(from_xlsx(saved(a_workbook()), KNOWN)[1]) == [(0, "", "no_rows")]
        assert told(from_xlsx(b"x" * (sheet.MOST_BYTES + 1), KNOWN)[1]) == [(0, "", "too_large")]

    def test_of_a_number_typed_as_a_number_there_is_none(self):
        row = cells_of(GOOD)
        row[0], row[list(COLUMNS).index("优先级")] = 1, 60

        items, faults = from_xlsx(saved(a_workbook(row)), KNOWN)

        assert (faults, items[0].number, items[0].priority) == ([], "1", 60)
