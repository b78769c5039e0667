"""`jishi quality topics` groups any file of messages and compares with marked topics; it keeps nothing."""

import csv
import json
import os
from pathlib import Path
from random import Random

import pytest

from config.cli import quality

SHARED = Path(os.environ.get("JISHI_SHARED") or Path(__file__).parents[3] / "shared")
REAL = SHARED / "data/cases/hot_messages.csv"
STEMS = ("停水", "油烟", "打桩", "积水", "路灯", "垃圾")
SAID = ("很多天", "没人管", "影响生活", "请尽快解决", "投诉过", "打了热线", "还是老样子")
ALONE = ("公交改线", "补办证件", "树枝挡窗", "报名时间", "培训退费", "地铁出口", "小学学位", "快递柜位置")
COLUMNS = ["编号", "标题", "内容", "时间", "用户"]
ASKED = ["--id", "编号", "--text", "标题", "内容", "--time", "时间", "--sender", "用户"]


def _file(folder: Path) -> tuple[Path, Path]:
    """Six topics of 6 to 16 messages and forty that stand alone, in both spellings of a day."""
    chance, rows, marks = Random(4), [], []
    for t, stem in enumerate(STEMS):
        place = f"{chance.choice('金银青玉云')}{chance.choice('桂枫荷松柳')}{chance.choice('苑庭园里')}{t}期"
        for k in range(6 + 2 * t):
            words = "，".join(chance.sample(SAID, 3))
            day = f"2026/{3 + t}/{1 + k // 4} {8 + k % 12}:05" if k % 2 else f"2026-0{3 + t}-0{1 + k // 4} 09:10:00"
            rows.append([f"{t}{k:02}", f"{place}{stem}", f"{place}{stem}{words}", day, f"用户{t}-{k}"])
            marks.append([f"{t}{k:02}", stem])
    for k in range(40):
        topic = f"{chance.choice(ALONE)}{chance.randint(100, 999)}"
        rows.append([f"x{k}", topic, f"{topic}，想问{k}号办事窗口", f"2026-0{1 + k % 9}-1{k % 9} 10:00", f"单{k}"])
    messages, marked = folder / "messages.csv", folder / "marks.csv"
    for path, head, lines in ((messages, COLUMNS, rows), (marked, ["id", "topic"], marks)):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *lines])
    return messages, marked


def _run(capsys: pytest.CaptureFixture[str], *argv: str) -> dict:
    assert quality.main(["topics", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_marked_topics_are_found_as_one_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messages, marked = _file(tmp_path)

    found = _run(capsys, "--messages", str(messages), *ASKED, "--topics", str(marked))

    assert found["b_cubed"]["f1"] > 0.95
    assert [t["fragments"] for t in found["marked_topics"]] == [1] * len(STEMS)
    assert found["top"][0]["reports"] == 16
    assert found["precision_at_10"]["hits"] == len(STEMS)
    assert all(t["delay_hours"] is None or t["delay_hours"] >= 0 for t in found["marked_topics"])


def test_people_read_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messages, marked = _file(tmp_path)

    assert quality.main(["topics", "--messages", str(messages), *ASKED, "--topics", str(marked)]) == 0

    said = capsys.readouterr().out
    assert "B-cubed" in said
    assert "precision at 10" in said


@pytest.mark.parametrize(
    ("argv", "said"),
    [(["--time", "标题"], "时间读不了"), (["--id", "没有"], "没有这些列"), (["--topics", "none.csv"], "打不开")],
    ids=("no-time", "no-column", "no-marks"),
)
def test_a_wrong_file_is_said_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], said: str
) -> None:
    messages, _ = _file(tmp_path)

    assert quality.main(["topics", "--messages", str(messages), *ASKED, *argv]) == 2

    assert said in capsys.readouterr().err


@pytest.mark.skipif(not REAL.exists(), reason="no real messages beside this checkout (JISHI_SHARED)")
def test_the_two_largest_topics_of_real_messages_lead_and_are_one_each(capsys: pytest.CaptureFixture[str]) -> None:
    columns = ["--id", "留言编号", "--text", "留言主题", "留言详情", "--time", "留言时间", "--sender", "留言用户"]

    first, second, third = _run(capsys, "--messages", str(REAL), *columns)["top"][:3]

    assert min(first["reports"], second["reports"]) >= 50
    assert min(first["senders"], second["senders"]) >= 45
    assert third["reports"] < 20
