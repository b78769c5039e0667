"""`jishi quality` measures any labelled file, says what is wrong with one, and keeps nothing."""

import csv
import json
from pathlib import Path

import pytest

from config.cli import quality

LAMPS = ("路灯不亮了", "路灯坏了三盏", "灯杆歪了没有照明", "夜里路灯全黑", "路灯闪个不停")
WATER = ("自来水停水两天", "水管爆了没水", "水压太低", "自来水发黄", "水表漏水")


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.csv"
    rows = [(text, "照明") for text in LAMPS] + [(text, "供水") for text in WATER]
    _write(path, ("text", "class"), rows * 4)
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.csv"
    _write(path, ("一级", "二级"), [("照明", "路灯损坏"), ("供水", "自来水水管"), ("绿化", "树木修剪")])
    return path


def _write(path: Path, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([head, *rows])


def _measured(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, object]:
    assert quality.main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


class TestClassify:
    def test_without_labelled_texts_the_code_book_alone_answers(self, labelled, book, capsys) -> None:
        of = ("classify", "--test", str(labelled), "--text", "text", "--label", "class", "--codebook", str(book))

        found = _measured(capsys, *of)

        assert (found["texts"], found["learned_from"]) == (40, 0)
        assert found["accuracy"]["value"] > 0.6

    def test_in_parts_every_text_is_asked_once_and_by_a_model_that_did_not_see_it(
        self, labelled, capsys, monkeypatch
    ) -> None:
        seen: list[list[str]] = []
        learn = quality._learned

        def noted(zero, rows, seed):
            seen.append([text for text, _ in rows])
            return learn(zero, rows, seed)

        monkeypatch.setattr(quality, "_learned", noted)

        found = _measured(
            capsys, "classify", "--train", str(labelled), "--folds", "4", "--text", "text", "--label", "class"
        )

        assert found["texts"] == 40
        assert [len(part) for part in seen] == [30] * 4
        assert found["accuracy"]["value"] > 0.9

    @pytest.mark.parametrize(
        ("argv", "says"),
        [
            (("--test", "nowhere.csv", "--text", "a", "--label", "b", "--codebook", "x"), "cannot be opened"),
            (("--test", "{labelled}", "--text", "a", "--label", "class", "--codebook", "{book}"), "lacks the columns"),
            (("--test", "{labelled}", "--text", "text", "--label", "class"), "must be a --codebook"),
            (("--text", "text", "--label", "class", "--train", "{labelled}"), "with --folds"),
            (("--train", "{labelled}", "--folds", "99", "--text", "text", "--label", "class"), "nothing to split"),
        ],
    )
    def test_says_what_is_wrong_and_measures_nothing(self, labelled, book, capsys, argv, says) -> None:
        given = [a.format(labelled=labelled, book=book) for a in argv]

        assert quality.main(["classify", *given]) == 2

        told = capsys.readouterr()
        assert says in told.err
        assert told.out == ""


class TestFilesThatPeopleHave:
    """The same table in another writing gives the same figures; what cannot be measured is named, with no figure."""

    ROWS = ("路灯不亮了，北门口", "照明"), ("自来水\u2028停了两天", "供水"), ("路灯坏了", "照明"), ("水管爆了", "供水")

    def measured(self, path: Path, capsys: pytest.CaptureFixture[str], book: Path) -> dict[str, object]:
        of = ("classify", "--test", str(path), "--text", "text", "--label", "class", "--codebook", str(book))
        found = _measured(capsys, *of)
        return {name: value for name, value in found.items() if name != "seconds"}

    @pytest.mark.parametrize(
        ("encoding", "delimiter", "head"),
        [
            ("utf-8-sig", ",", ("text", "class")), ("gb18030", ",", ("text", "class")),
            ("utf-16", "\t", ("text", "class")), ("utf-8", ",", (" text", "class ")),
        ],
    )  # fmt: skip
    def test_are_read_alike(self, tmp_path, capsys, book, encoding, delimiter, head) -> None:
        _write(tmp_path / "plain.csv", ("text", "class"), list(self.ROWS))
        with (tmp_path / "other.csv").open("w", encoding=encoding, newline="") as out:
            csv.writer(out, delimiter=delimiter).writerows([head, *self.ROWS])

        plain, other = (self.measured(tmp_path / f"{name}.csv", capsys, book) for name in ("plain", "other"))

        assert other == plain
        assert plain["texts"] == 4, "a sign that ends a line elsewhere ends no row here"

    def test_rows_without_text_or_label_are_counted_and_a_label_that_the_book_lacks_is_a_miss(
        self, tmp_path, capsys, book
    ) -> None:
        odd = [("", "照明"), ("  ", "供水"), ("井盖丢了", ""), ("一件别的事情", "表外")]
        _write(tmp_path / "odd.csv", ("text", "class"), [*self.ROWS, *odd])

        found = self.measured(tmp_path / "odd.csv", capsys, book)

        assert (found["texts"], found["left_out"]) == (5, 3)
        assert {c["label"] for c in found["classes"]} >= {"照明", "供水", "表外"}

    def test_one_class_alone_is_measured(self, tmp_path, capsys) -> None:
        _write(tmp_path / "one.csv", ("text", "class"), [(f"路灯不亮了，第{i}盏", "照明") for i in range(30)])

        of = ("--train", str(tmp_path / "one.csv"), "--folds", "3", "--text", "text", "--label", "class")

        assert _measured(capsys, "classify", *of)["accuracy"]["value"] == 1.0

    def test_a_mark_of_a_pair_that_says_neither_is_named(self, tmp_path, capsys) -> None:
        _write(tmp_path / "pairs.csv", ("a", "b", "same"), [("漏水", "渗水", "1"), ("漏水", "停电", "不知道")])

        assert quality.main(["duplicates", "--pairs", str(tmp_path / "pairs.csv")]) == 2

        told = capsys.readouterr()
        assert "Line 3" in told.err
        assert told.out == ""

    @pytest.mark.parametrize(
        ("lines", "says"),
        [
            ("", "is empty"), ('{"text": null, "spans": []}', "Line 1"), ("[1, 2]", "Line 1"),
            ('{"text": "请联系13900000418", "spans": [[3, 40, "phone"]]}', "outside its text"),
        ],
    )  # fmt: skip
    def test_marks_that_do_not_fit_their_text_are_named(self, tmp_path, capsys, lines, says) -> None:
        (tmp_path / "spans.jsonl").write_text(lines, encoding="utf-8")

        assert quality.main(["minimise", "--spans", str(tmp_path / "spans.jsonl")]) == 2
        assert says in capsys.readouterr().err


def test_duplicates_are_measured_on_pairs(tmp_path, capsys) -> None:
    path = tmp_path / "pairs.csv"
    rows = [("翠竹苑3号楼顶楼漏水", "翠竹苑3栋楼顶渗水", "1"), ("翠竹苑3号楼漏水", "翠竹苑5号楼漏水", "0")]
    _write(path, ("a", "b", "same"), rows)

    found = _measured(capsys, "duplicates", "--pairs", str(path))

    assert (found["pairs"], found["same"]) == (2, 1)


class TestMarksByNumber:
    """Marks that hold numbers of rows are measured with the texts of the file they name, and keep none of them."""

    @pytest.fixture
    def beside(self, tmp_path) -> tuple[str, ...]:
        path = tmp_path / "messages.csv"
        rows = [("7", "翠竹苑3号楼", "顶楼漏水"), ("8", "翠竹苑3栋", "楼顶渗水"), ("9", "请联系", "13900000418，谢谢")]
        _write(path, ("no", "title", "words"), rows)
        return "--messages", str(path), "--id", "no", "--texts", "title", "words"

    def test_pairs_are_joined(self, tmp_path, beside, capsys) -> None:
        _write(tmp_path / "pairs.csv", ("a", "b", "same"), [("7", "8", "1"), ("7", "9", "0")])

        found = _measured(capsys, "duplicates", "--pairs", str(tmp_path / "pairs.csv"), *beside)

        assert (found["pairs"], found["precision"]["hits"], found["recall"]["hits"]) == (2, 1, 1)

    def test_spans_are_joined(self, tmp_path, beside, capsys) -> None:
        (tmp_path / "spans.jsonl").write_text('{"id": "9", "spans": [[4, 15, "phone"]]}', encoding="utf-8")

        found = _measured(capsys, "minimise", "--spans", str(tmp_path / "spans.jsonl"), *beside)

        assert found["kinds"]["phone"]["recall"]["hits"] == 1

    def test_a_number_that_no_message_has_is_named(self, tmp_path, beside, capsys) -> None:
        _write(tmp_path / "pairs.csv", ("a", "b", "same"), [("7", "404", "1")])

        assert quality.main(["duplicates", "--pairs", str(tmp_path / "pairs.csv"), *beside]) == 2
        assert "404" in capsys.readouterr().err

    def test_marks_of_danger_are_counted_by_what_was_read(self, tmp_path, capsys) -> None:
        rows = [("7", "求助", "三号楼着火了，快来"), ("8", "电梯", "有人被困在电梯里"), ("9", "建议", "如果起火怎么办")]
        _write(tmp_path / "letters.csv", ("留言编号", "留言主题", "留言详情"), rows)
        said = [("letters.csv", "7", "fire", "1"), ("letters.csv", "9", "fire", "0"), ("letters.csv", "8", "gas", "0")]
        _write(tmp_path / "danger.csv", ("file", "id", "code", "right"), said)

        found = _measured(capsys, "danger", "--marks", str(tmp_path / "danger.csv"), "--folder", str(tmp_path))

        one = found["files"]["letters.csv"]
        assert (one["before"]["hits"], one["before"]["of"], one["now"]["hits"], one["now"]["of"]) == (1, 3, 1, 1)
        assert one["not_read"] == 1, "nobody has said whether the lift is one"

    def test_the_kept_marks_hold_no_words(self) -> None:
        folder = Path(__file__).parents[2] / "benchmarks/marks"
        pairs = list(csv.DictReader((folder / "pairs.csv").open(encoding="utf-8")))
        topics = list(csv.DictReader((folder / "topics.csv").open(encoding="utf-8")))
        spans = [json.loads(line) for line in (folder / "spans.jsonl").read_text("utf-8").splitlines()]

        danger = list(csv.DictReader((folder / "danger.csv").open(encoding="utf-8")))

        assert all(r["id"].isdecimal() and r["right"] in "01" and r["code"].isidentifier() for r in danger)
        assert len(pairs) >= 600
        assert all(r["a"].isdecimal() and r["b"].isdecimal() and r["same"] in "01" for r in pairs)
        assert len({r["topic"] for r in topics}) == 10
        assert all(r["id"].isdecimal() for r in topics)
        assert len(spans) == 300
        assert all(set(r) == {"id", "spans"} and r["id"].isdecimal() for r in spans)


def test_hidden_spans_are_measured_by_kind(tmp_path, capsys) -> None:
    text = "请联系13900000418，谢谢"
    path = tmp_path / "spans.jsonl"
    path.write_text(json.dumps({"text": text, "spans": [[3, 14, "phone"]]}, ensure_ascii=False), encoding="utf-8")

    found = _measured(capsys, "minimise", "--spans", str(path))

    assert found["kinds"]["phone"]["recall"]["hits"] == 1


def test_a_broken_line_is_named(tmp_path, capsys) -> None:
    path = tmp_path / "spans.jsonl"
    path.write_text('{"text": "x", "spans": []}\n{"text": 1', encoding="utf-8")

    assert quality.main(["minimise", "--spans", str(path)]) == 2
    assert "Line 2" in capsys.readouterr().err
