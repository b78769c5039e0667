"""A file is read, or refused with the place and the reason."""

import io
import zipfile

import pytest

from jishi.cases.actions import sheets
from jishi.cases.tests.import_steps import (
    BOARD,
    HEAD,
    ROW,
    board,
    xlsx_of,
)


class TestReading:
    @pytest.mark.parametrize(
        ("encoding", "named"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8-BOM"), ("gb18030", "GB18030")]
    )
    def test_says_in_which_of_three_encodings_a_csv_was_written(self, encoding, named):
        sheet = sheets.read(board(ROW).encode(encoding), "留言.csv", wanted=BOARD.wanted)

        assert (sheet.encoding, sheet.rows[0][1][4]) == (named, ROW[2])

    def test_names_the_line_that_is_neither_utf8_nor_gb18030(self):
        content = board(ROW).encode("gb18030") + b'7,U,x,2026/3/8 11:25:05,"\x81\x20\xff\xff",0,0\r\n'

        with pytest.raises(sheets.UnreadableText) as refused:
            sheets.read(content, "留言.csv", wanted=BOARD.wanted)

        assert refused.value.facts["line"] == 3

    def test_counts_rows_as_the_spreadsheet_program_does_when_words_hold_breaks(self):
        text = board(("1", "2026/3/8 11:25:05", "第一行\n第二行"), ("2", "2026/3/8 11:25:05", "别的"))

        sheet = sheets.read(text.encode(), "留言.csv", wanted=BOARD.wanted)

        assert [line for line, _ in sheet.rows] == [2, 3]

    @pytest.mark.parametrize(
        ("content", "name", "refusal"),
        [
            (b"", "a.csv", sheets.EmptyFile),
            (b"\xef\xbb\xbf\r\n", "a.csv", sheets.EmptyFile),
            (",".join(HEAD).encode(), "a.csv", sheets.EmptyFile),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.xls", sheets.WrongKindOfFile),
            (b"%PDF-1.7 ...", "a.csv", sheets.WrongKindOfFile),
            (b"\x89PNG\r\n\x1a\n", "a.xlsx", sheets.WrongKindOfFile),
            (b"a,b\n1,2", "a.xlsx", sheets.WrongKindOfFile),
            (b"PK\x03\x04 not a zip", "a.xlsx", sheets.WrongKindOfFile),
            (b"\xff\xfea\0,\0b\0", "a.csv", sheets.WrongKindOfFile),
            (b"<html>", "a.html", sheets.WrongKindOfFile),
            (b"x" * (20 * 2**20 + 1), "a.csv", sheets.FileTooLarge),
        ],
    )
    def test_refuses_what_is_no_table_by_name(self, content, name, refusal):
        with pytest.raises(refusal) as no:
            sheets.read(content, name, wanted=BOARD.wanted)

        assert no.value.sentence("zh")
        assert "{" not in no.value.sentence("zh") + no.value.sentence("en")

    def test_does_not_open_an_archive_that_grows_over_a_hundredfold(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", b"0" * 3_000_000)

        with pytest.raises(sheets.PackedTooTight):
            sheets.read(out.getvalue(), "a.xlsx")

    def test_names_the_merged_cells(self):
        content = xlsx_of(
            [HEAD, ["1", "U", "t", "2026/3/8 11:25:05", "x", 0, 0]], touch=lambda s: s.merge_cells("C1:E1")
        )

        with pytest.raises(sheets.MergedCells) as refused:
            sheets.read(content, "a.xlsx", wanted=BOARD.wanted)

        assert "C1:E1" in refused.value.facts["place"]

    @pytest.mark.parametrize(
        "rows",
        [
            [["2026年3月留言汇总"], HEAD, ["1", "U", "t", "2026/3/8 11:25:05", "x", 0, 0]],
            [
                HEAD,
                ["编号", "用户", "主题", "时间", "内容", "反对", "点赞"],
                ["1", "U", "t", "2026/3/8 1:2:3", "x", 0, 0],
            ],
            [HEAD, HEAD, ["1", "U", "t", "2026/3/8 11:25:05", "x", 0, 0]],
        ],
    )
    def test_refuses_two_rows_of_headings_with_the_place(self, rows):
        with pytest.raises(sheets.TwoHeaderRows) as refused:
            sheets.read(xlsx_of(rows), "a.xlsx", wanted=BOARD.wanted)

        assert "2" in refused.value.facts["place"]

    def test_names_the_missing_columns(self):
        with pytest.raises(sheets.MissingColumns) as refused:
            sheets.read("留言编号,留言主题\n1,x\n".encode(), "a.csv", wanted=BOARD.wanted)

        assert refused.value.facts["missing"] == "留言时间、留言详情"
