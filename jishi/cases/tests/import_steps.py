"""Files of another system, and the whole walk through one."""

import csv
import io
from datetime import UTC, datetime

import openpyxl

from conftest import TOWN
from jishi.cases.actions import columns, importing
from jishi.foundation import scope
from jishi.foundation.actor import system

BOARD = columns.BUILT_IN["messages"]
HOTLINE = columns.BUILT_IN["hotline"]
LATER = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)  # after the last message of the generator
HEAD = ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "反对数", "点赞数"]
ROW = ("188006", "2026/3/8 11:25:05", "北门的雨水井堵了，一下雨就积水。")


def board(*rows, head=HEAD):
    """A message board's export as text; a row is number, time, words."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    for number, at, words in rows:
        writer.writerow([number, "U1", "雨水井", at, words, "0", "1"])
    return out.getvalue()


def csv_of(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def xlsx_of(rows, *, touch=None):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    if touch:
        touch(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def run_through(town, content, *, columns=BOARD, applies=True, name="留言.csv", now=LATER, by=None):
    """Walk a whole file; gives the walk and what became of each row."""
    actor = by or system(town)
    data = content.encode() if isinstance(content, str) else content
    with scope.work(actor):
        walk = importing.begin(data, name, columns=columns, applies=applies, by=actor, now=now)
    said = []
    while not walk.is_over:
        with scope.work(actor):
            said += importing.step(walk, by=actor, now=now, tenant_code=TOWN)
    return walk, said


def results(said):
    return [(s.line, s.result, s.code) for s in said]
