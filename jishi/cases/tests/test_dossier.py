"""One case as one signed file: a stranger checks it, and whatever is changed in it is named."""

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from config.cli import dossiers
from conftest import MONDAY_TEN
from jishi.cases.actions import feedback
from jishi.cases.models import Case, Feedback
from jishi.cases.queries import dossier
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.kernels.ledger import verifier

pytestmark = pytest.mark.django_db

LATER = MONDAY_TEN + timedelta(days=3)


@pytest.fixture
def case(town: int) -> Case:
    """An answered case beside another; that its entries are proved under their day is shown in foundation."""
    f.a_case_at(town, Status.FEEDBACK)
    return f.a_case_at(town, Status.FEEDBACK)


def built(case: Case, by: Actor | None = None) -> bytes:
    by = by or f.dispatcher(case.tenant_id)
    with scope.work(by):
        return dossier.build(case.number, by=by, now=LATER)


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def kept(tmp_path: Path, files: dict[str, bytes]) -> str:
    path = tmp_path / "case.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return str(path)


def test_a_stranger_finds_it_sound_and_every_entry_in_it(case: Case, tmp_path: Path, capsys) -> None:
    files = opened(built(case))

    assert dossiers.is_dossier(kept(tmp_path, files))
    assert dossiers.verify(kept(tmp_path, files)) == 0
    with zipfile.ZipFile(io.BytesIO(files["record.zip"])) as inner:
        lines = [json.loads(line) for line in inner.read("entries.jsonl").splitlines()]
        assert {tuple(line["body"]["subject"]) for line in lines} == {("case", case.id)}
        assert [line["body"]["seq"] for line in lines] == list(range(1, len(lines) + 1))


def test_the_same_moment_gives_the_same_bytes(case: Case) -> None:
    assert built(case) == built(case)


def test_holds_no_name_no_number_and_no_original_word(town: int) -> None:
    said = "我是欧阳青竹，电话13900000417，井堵了。"
    made = f.a_case(town, caller_name="欧阳青竹", caller_contact="13900000417", text=said)
    content = b"".join(opened(built(made)).values())

    assert "欧阳青竹".encode() not in content
    assert b"13900000417" not in content


@pytest.mark.parametrize(
    "name", ["case.json", "reports.json", "clocks.json", "readme.txt", "record.zip", "manifest.json"]
)
def test_a_changed_file_is_named(case: Case, tmp_path: Path, capsys, name: str) -> None:
    files = opened(built(case))
    if name == "record.zip":
        with zipfile.ZipFile(io.BytesIO(files[name])) as inner:
            parts = {n: inner.read(n) for n in inner.namelist()}
        parts["entries.jsonl"] = parts["entries.jsonl"].replace(b"case.offered", b"case.refused")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as inner:
            for n, part in parts.items():
                inner.writestr(n, part)
        files[name] = out.getvalue()
    else:
        files[name] = files[name].replace(b"2026", b"2025", 1).replace(b"Ed25519", b"Ed448") + b" "

    assert dossiers.verify(kept(tmp_path, files)) == 1
    assert ("签名不对" if name == "manifest.json" else f"changed: {name}") in capsys.readouterr().out


def test_a_signature_of_another_key_does_not_hold(case: Case, tmp_path: Path, capsys) -> None:
    files = opened(built(case))
    signed = json.loads(files["signature.json"])
    files["signature.json"] = json.dumps({**signed, "public_key": "00" * 32}).encode()

    assert dossiers.verify(kept(tmp_path, files)) == 1


def test_a_missing_and_an_added_file_are_named(case: Case, tmp_path: Path, capsys) -> None:
    files = opened(built(case))
    del files["clocks.json"]

    assert dossiers.verify(kept(tmp_path, {**files, "more.txt": b"x"})) == 1
    said = capsys.readouterr().out
    assert "missing: clocks.json" in said
    assert "not in the manifest: more.txt" in said


def test_is_for_who_sees_the_case_and_may_read_its_whole_record(town: int, case: Case) -> None:
    handler = f.handler_of(case)
    assert built(case, handler)
    with scope.work(system(town)):
        row = Feedback.objects.get(case=case)
    said = feedback.Answers("yes", "no", "not")
    f.do(f.caller_desk(town), feedback.answer, row.id, answers=said, now=LATER)
    with scope.work(handler), pytest.raises(NotAllowed):
        dossier.build(case.number, by=handler, now=LATER)
    stranger = f.stranger(town)
    with scope.work(stranger), pytest.raises(NotFound):
        dossier.build(case.number, by=stranger, now=LATER)


def test_comes_as_a_download_from_its_address(town: int, case: Case, tmp_path: Path, capsys) -> None:
    answer = colleague(town, "dispatcher").get(f"/api/v1/cases/{case.number}/dossier")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert answer["Cache-Control"] == "no-store"
    assert dossiers.verify(kept(tmp_path, opened(answer.content))) == 0


def test_a_record_of_one_case_is_a_bundle_of_its_own(case: Case, tmp_path: Path, capsys) -> None:
    path = tmp_path / "record.zip"
    path.write_bytes(opened(built(case))["record.zip"])

    assert verifier.main([str(path)]) == 0


def test_whoever_takes_it_stands_in_the_record_with_the_hash_of_what_left(town: int) -> None:
    case = f.a_case(town)
    desk = colleague(town, "dispatcher")
    before = f.again(town, case.id).version

    taken = desk.get(f"/api/v1/cases/{case.number}/dossier")

    with scope.work(system(town)):
        (entry,) = [e for e in trail.of("case", case.id) if e.verb == "case.dossier_taken"]
    assert entry.codes["sha256"] == hashlib.sha256(taken.content).hexdigest()
    assert entry.actor.startswith("staff:")
    assert f.again(town, case.id).version == before
    assert "有人取走了电子档案" in desk.get(f"/cases/{case.number}").content.decode()
