"""Faults that weighed on other systems of this kind, told from the reader's side: many people on many cases."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from jishi.cases.actions import clocks, sheets, tagging
from jishi.cases.models import Case
from jishi.cases.queries import sifting
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, version_on
from jishi.cases.tests.test_attacks import client_of
from jishi.foundation import scope

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]


def _numbers(html: str) -> list[str]:
    return re.findall(r'data-row.*?<a class="t" href="/cases/(C[0-9A-Z-]+)"', html)


def _town_of(count: int, town: int) -> list[Case]:
    """Cases of several matters, an hour apart, some of them on their way."""
    began = timezone.now() - timedelta(days=3)
    matters = ("01.02.01", "02.01.01", "06.02.01")
    made = [
        f.a_case(town, now=began + timedelta(hours=n), matter=matters[n % 3], caller_contact=f"13900001{n:03}")
        for n in range(count)
    ]
    f._offer(made[0], began + timedelta(hours=count))
    return made


def test_a_stale_write_gets_412_and_the_difference_never_500(town: int) -> None:
    """W02 · sig code: a lock that does not wait answers 500."""
    case = f.a_case(town, now=timezone.now() - timedelta(hours=2))
    body, item = f.routed_body(case)
    f._offer(case, timezone.now())
    desk = colleague(town, "dispatcher")

    typed = {"version": str(case.version), "seq": "1", "to": f"{body}:{item}", "instruction": "请今天去看"}
    page = desk.post(f"/cases/{case.number}/do/offer", typed)
    program = client_of(town, "dispatcher")
    told = program.post(
        f"/api/v1/cases/{case.number}/offer", {"body": body}, content_type="application/json",
        headers={"If-Match": f'"{case.version}"'},
    )  # fmt: skip

    html = page.content.decode()
    assert (page.status_code, told.status_code) == (412, 412)
    assert "请今天去看" in html, "typed words are kept"
    assert re.search(r"待派</td>.*?<strong>待签收</strong>", html, re.S), "what was seen, and what is"
    assert [e["verb"] for e in told.json()["facts"]["since"]] == ["case.offered"]


def test_nothing_stays_locked_because_a_window_was_closed(town: int, settings: Any, tmp_path: Path) -> None:
    """W03 · glpi 5812, 18490; ost 1881, 2343, 2504: a colleague's open window locked the ticket for hours."""
    settings.PRESENCE_DIR = tmp_path / "screens"
    case = f.a_case(town, now=timezone.now() - timedelta(hours=2))
    gone, here = colleague(town, "dispatcher", title="派单一"), colleague(town, "dispatcher", title="派单二")
    gone.get(f"/cases/{case.number}")
    gone.post(f"/cases/{case.number}/here", {"screen": "aaaaaaaa"})

    seen = here.post(f"/cases/{case.number}/here", {"screen": "bbbbbbbb"}).content.decode()
    page = here.get(f"/cases/{case.number}").content.decode()
    done = here.post(f"/cases/{case.number}/do/matter", {"version": version_on(page), "matter": "01.02.02"})

    assert "派单一" in seen
    assert done.status_code == 302
    assert f.again(town, case.id).matter == "01.02.02"


def test_sorting_the_inbox_sorts_it(town: int) -> None:
    """W04 · dig 922: five faults on top of each other, and the order of the rows never changed."""
    made = _town_of(7, town)
    desk, at = colleague(town, "dispatcher"), timezone.now()
    f._offer(made[1], at)
    f._sign(f.again(town, made[1].id), at)
    f.ask_extension(f.again(town, made[1].id), at)
    f.do(f.supervisor(town), clocks.extend, made[1].id, now=at)
    due = sorted(made, key=lambda c: (f.again(town, c.id).promise_due_at, c.id))

    orders = {sort: _numbers(desk.get("/cases", {"sort": sort}).content.decode()) for sort in ("received", "", "due")}

    assert orders["received"] == [c.number for c in made]
    assert orders[""] == [c.number for c in reversed(made)]
    assert orders["due"] == [c.number for c in due]
    assert orders["due"] not in (orders[""], orders["received"])


def test_the_next_page_exists_exactly_when_there_are_more_rows(town: int) -> None:
    """W05 · dig 916, 964: a last page that led to an empty one, and a next page that was missing."""
    made, by = _town_of(6, town), f.dispatcher(town)

    for sort in sifting.SORTS:
        for limit in (1, 2, 3, 5, 6, 7):
            walked, after, pages = [], "", 0
            while True:
                with scope.work(by):
                    rows, after = sifting.page(sifting.Filters(sort=sort), by=by, after=after, limit=limit)
                walked += [c.id for c in rows]
                pages += 1
                assert rows, "no page is empty"
                if not after:
                    break
            assert sorted(walked) == [c.id for c in made]
            assert pages == -(-6 // limit)


FILTERS = (
    {"status": "open"}, {"status": "OFFERED"}, {"status": "RECEIVED,OFFERED"}, {"matter": "01"}, {"matter": "02.01.01"},
    {"q": "雨水井"}, {"urgency": "normal"}, {"clock": "sign"}, {"due_before": "2100-01-01"},
    {"due_before": "2020-01-01"}, {"tag": "汛期"}, {"sort": "due", "status": "open"}, {"sort": "received"},
)  # fmt: skip


@pytest.mark.parametrize("said", FILTERS, ids=lambda said: urlencode(said))
def test_a_filter_in_the_page_and_the_same_filter_in_the_api_give_the_same_rows(
    town: int, said: dict[str, str]
) -> None:
    """W06 · practice: the list said 12, the interface 9, and nobody knew which was right."""
    made = _town_of(5, town)
    f.do(f.dispatcher(town), tagging.tag, made[2].id, add=["汛期"], now=timezone.now())

    page = _numbers(colleague(town, "dispatcher").get("/cases", said).content.decode())
    told = client_of(town, "dispatcher").get("/api/v1/cases", said).json()
    sheet = b"".join(colleague(town, "dispatcher").get("/cases.csv", said).streaming_content).decode("utf-8-sig")

    assert page == [row["number"] for row in told["items"]]
    assert page == [row[0] for row in csv.reader(io.StringIO(sheet))][1:]
    assert len(page) < 5 or said.get("status") == "open" or set(said) <= {"q", "urgency", "due_before", "sort"} or (
        said.get("status") == "RECEIVED,OFFERED"
    )


def test_many_cases_can_be_changed_in_one_go_and_put_back(town: int) -> None:
    """H08 · fms 384."""
    at = timezone.now() - timedelta(hours=4)
    made = [f.a_case(town, now=at + timedelta(hours=n), caller_contact=f"1390000051{n}") for n in range(3)]
    desk = colleague(town, "dispatcher")
    said = {"n": [c.number for c in made], "verb": "offer", "whom": "list"}

    plan = desk.post("/desk/bulk", said).headers["Location"]
    looked = desk.get(plan).content.decode()
    assert {f.again(town, c.id).status for c in made} == {"RECEIVED"}, "a look changes nothing"
    desk.post(f"{plan}/apply", {"version": version_on(looked)})
    assert {f.again(town, c.id).status for c in made} == {"OFFERED"}
    f._sign(f.again(town, made[0].id), timezone.now())
    desk.post(f"{plan}/undo", {"version": version_on(desk.get(plan).content.decode())})

    assert [f.again(town, c.id).status for c in made] == ["HANDLING", "RECEIVED", "RECEIVED"]
    assert "撤不回" in desk.get(plan).content.decode()


def test_a_row_exported_to_a_spreadsheet_and_back_changes_nothing_and_runs_no_formula(town: int) -> None:
    """C15 · practice: a title that began with an equals sign was reckoned when the sheet was opened."""
    text = '=HYPERLINK("http://example.org","看这里")，雨水井堵了。'
    case = f.a_case(town, now=timezone.now(), text=text, title="=1+1 雨水井", address_text="@翠竹苑3号楼")

    sheet = b"".join(colleague(town, "dispatcher").get("/cases.csv").streaming_content)

    raw = list(csv.reader(io.StringIO(sheet.decode("utf-8-sig"))))
    assert not [cell for row in raw for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    read = sheets.read(sheet, "cases.csv", wanted=("编号", "事件"))
    row = dict(zip(read.headings, read.rows[0][1], strict=False))
    assert (row["编号"], row["事件"]) == (case.number, case.title)
    assert case.title.startswith("=")


def test_closed_then_reported_again_is_seen(town: int) -> None:
    """I06 · practice (虚假办结): a case closed without being done shows itself beside the next report of the same."""
    now, where = timezone.now(), {"address_text": "翠竹苑3号楼"}
    done = f.a_case_at(town, Status.CLOSED, now=now - timedelta(days=2), **where)
    other = f.a_case_at(town, Status.CLOSED, now=now - timedelta(days=2), matter="01.01.02", **where)
    again = f.a_case(town, now=now - timedelta(hours=1), **where)

    page = colleague(town, "dispatcher").get(f"/cases/{again.number}").content.decode()

    section = re.search(r'id="closed-before".*?</section>', page, re.S)
    assert section is not None
    assert done.number in section.group()
    assert other.number not in section.group()
    assert 'id="closed-before"' not in colleague(town, "dispatcher").get(f"/cases/{done.number}").content.decode()
