"""A file that a person sent opens by a reading, and by nothing else."""

from pathlib import Path

import pytest
from django.conf import settings

from conftest import MONDAY_TEN
from jishi.accounts import queries
from jishi.accounts.actions import reading
from jishi.accounts.tests.factories import an_actor
from jishi.foundation import files, scope
from jishi.foundation.actor import Actor
from jishi.foundation.files import StoredFile, Wanted
from jishi.foundation.pictures import Content
from jishi.foundation.refusals import NotAllowed, NotFound

OWNER = ("accounts_account", 41)


@pytest.fixture
def by(tenant: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    operator = an_actor(tenant, "operator", body_id=7, post_id=3)
    with scope.work(operator):
        yield operator


def kept(by: Actor) -> StoredFile:
    wanted = Wanted(Content("jpeg", b"pixels", 4, 3), "photo.original", OWNER, name="我家门口.jpg")
    return files.keep([wanted], tenant_id=by.tenant_id, now=MONDAY_TEN)[0]


def test_gives_content_and_name_and_the_person_sees_who_looked_and_why(by: Actor) -> None:
    opened = reading.read_file(kept(by).id, reason="核对现场", by=by, now=MONDAY_TEN)

    assert (opened.data, opened.name) == (b"pixels", "我家门口.jpg")
    (seen,) = queries.readings_of(*OWNER)
    assert (seen.reason, seen.fields, seen.purpose, seen.body_id) == ("核对现场", ["photo"], "photo.original", 7)


def test_opens_for_no_missing_reason_no_other_role_and_no_other_number(by: Actor, tenant: int) -> None:
    row, auditor = kept(by), an_actor(tenant, "auditor", body_id=8, post_id=4)

    with pytest.raises(reading.ReasonMissing):
        reading.read_file(row.id, reason=" ", by=by, now=MONDAY_TEN)
    with pytest.raises(NotAllowed):
        reading.read_file(row.id, reason="好奇", by=auditor, now=MONDAY_TEN)
    with pytest.raises(NotFound):
        reading.read_file(row.id + 1, reason="核对现场", by=by, now=MONDAY_TEN)

    assert queries.readings_of(*OWNER) == []
