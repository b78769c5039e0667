"""What a seized database tells and what it does not: the list in docs/security.md, tried (spec 90 §5.4, §20.4)."""

import base64
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from jishi.accounts.web import tenants
from jishi.cases.actions import photos
from jishi.cases.models import Case, Report
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.foundation import data_keys, keys, scope
from jishi.foundation.actor import system
from jishi.foundation.uploads import Sent

pytestmark = pytest.mark.django_db

PAGE = (Path(__file__).resolve().parents[2] / "docs/security.md").read_text(encoding="utf-8")
NAME, PHONE, SPOKEN = "欧阳雪梅", "13800138000", "我是欧阳雪梅，家里有刚出生的孩子，电话13800138000，别告诉他们"
HOME = "2单元501室"
PICTURE = "我家窗台.jpg"  # how the sender called a photo; it stands behind the last pixel too
MATTER = "翠竹苑3号楼北门口的雨水井堵了，一下雨就积水。"


@pytest.fixture
def seized(town: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A town with one confidential and one anonymous report, as a thief has it: every table, every byte, no key."""
    tenants.forget()
    data_keys.forget()
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    with keys.using(keys.NullKeys()):
        sealed = f.receive(
            town, text=f"{MATTER}{SPOKEN}", voice="confidential", caller_name=NAME, caller_contact=PHONE,
            address_text=f"翠竹苑3号楼{HOME}", wants_word=True,
        )  # fmt: skip
        hidden = f.receive(
            town, text=f"{MATTER}我叫{NAME}，住{HOME}，{PHONE}", voice="anonymous", caller_contact="", wants_word=True,
            address_text=f"翠竹苑3号楼{HOME}",
        )  # fmt: skip
        shot = photos.ready([Sent(PICTURE, p.picture() + PICTURE.encode(), 1)])
        f.do(f.operator(town), photos.add, sealed.report_id, shot, may_publish=False, now=p.MONDAY_TEN)
        store = "\n".join(f"files\t{one} {one.read_bytes().hex()}" for one in tmp_path.rglob("*") if one.is_file())
        assert store
        yield town, (sealed, hidden), f"{dump_of(town)}\n{store}"
    data_keys.forget()
    tenants.forget()


def dump_of(town: int) -> str:
    """Write every row of every table as a dump would; bytes as hexadecimal digits."""
    lines: list[str] = []
    with scope.work(system(town)), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")  # the owner reads every table
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            lines += [f"{table}\t{row[0]}" for row in cursor.fetchall()]
        cursor.execute("SET LOCAL ROLE jishi_web")
    return "\n".join(lines)


def tables_with(dump: str, secret: str) -> list[str]:
    """Name the tables in which a value lies, plain or as hex, base64, percent, GB18030 or escaped JSON."""
    raw = secret.encode()
    forms = {
        secret, raw.hex(), secret.encode("gb18030").hex(), quote(secret), base64.b64encode(raw).decode()[:-4],
        secret.encode("unicode_escape").decode(),
    }  # fmt: skip
    return sorted({line.split("\t")[0] for line in dump.splitlines() if any(form in line for form in forms if form)})


def told(heading: str) -> set[str]:
    """Read the list under a heading of the page: the first words of each of its lines."""
    part = PAGE.split(f"### {heading}")[1].split("\n###")[0].split("\n## ")[0]
    return set(re.findall(r"^- `(\w+)`", part, flags=re.M))


def test_what_it_does_not_tell_lies_nowhere(seized) -> None:
    _, receipts, dump = seized
    secrets = {
        "name": NAME, "phone": PHONE, "words": SPOKEN, "home": HOME, "word": receipts[0].word,
        "photo": PICTURE, "word_of_the_anonymous": receipts[1].word,
    }  # fmt: skip

    found = {what: tables_with(dump, secret) for what, secret in secrets.items()}

    assert {what: where for what, where in found.items() if where} == {}
    assert set(secrets) == told("它不说的 · What it does not tell")


def test_what_it_tells_is_what_the_page_says(seized) -> None:
    town, receipts, dump = seized
    with scope.work(system(town)):
        case, report = Case.objects.get(id=receipts[0].case_id), Report.objects.get(id=receipts[0].report_id)
    assert case.grid_id is not None
    told_by_it = {
        "number": report.number,
        "moment": str(report.received_at.date()),
        "matter": f",{case.matter},",
        "grid": f",{case.grid_id},",
        "voice": ",confidential,",
        "minimised": "雨水井堵了",
        "staff": report.entered_by,
    }

    missing = [what for what, value in told_by_it.items() if not tables_with(dump, value)]

    assert missing == []
    assert set(told_by_it) == told("它说的 · What it tells")


def test_the_scan_sees_what_lies_open(seized) -> None:
    town, receipts, _ = seized
    with scope.work(system(town)):
        Case.objects.filter(id=receipts[0].case_id).update(title=NAME)

    assert tables_with(dump_of(town), NAME) == ["cases_case"]


def test_an_anonymous_report_has_no_sealed_person_at_all(seized) -> None:
    town, receipts, _ = seized
    with scope.work(system(town)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT field FROM foundation_sealedvalue WHERE owner_table = 'cases_report' AND owner_row = %s",
            [receipts[1].report_id],
        )

        assert not {row[0] for row in cursor.fetchall()} & {"caller_name", "caller_contact"}
