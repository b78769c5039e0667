"""Photos that a device brings after its rows: one by one, once, three at most; the row stands in any case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from jishi.accounts import queries as accounts
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.cases.actions import bringing, retention, syncing
from jishi.cases.models import Case, Errand, Photo
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests.desk_steps import HOST, colleague
from jishi.cases.tests.test_sync import AREA, CLUTTER, GRID, an_errand, cases, key, reports, said, send, states
from jishi.foundation import files, scope, trail
from jishi.foundation.actor import clock, system
from jishi.foundation.models import IdempotencyRecord
from jishi.foundation.refusals import NotFound
from jishi.foundation.tests.test_files import TRAPS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


def a_device(town: int, role: str = "grid_worker", area: str = AREA) -> Client:
    account = an_account(town)
    a_grant(account, role, body_id=f.body_id(town, "sqcz"), post_id=9901, post_title="网格员", area=area)
    return signed_in(Client(headers=HOST), account, post=9901)


@pytest.fixture
def device(town: int) -> Client:
    return a_device(town)


def bring(
    device: Client, n: int, place: int = 1, data: bytes = b"", name: str = "1.jpg", status: int = 201
) -> Any:  # fmt: skip
    photo = SimpleUploadedFile(name, data or p.picture(), "image/jpeg")
    answer = device.post(f"/api/v1/sync/{key(n)}/photos/{place}", {"photo": photo})
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def photos(town: int) -> list[Photo]:
    with scope.work(system(town)):
        return list(Photo.objects.select_related("file").order_by("id"))


def shots(town: int) -> list[files.StoredFile]:
    with scope.work(system(town)):
        return list(files.StoredFile.objects.filter(purpose=bringing.SHOT).order_by("id"))


def ended(town: int, device: Client, **row: Any) -> str:
    """Take and finish an errand from a device; gives its number. The keys are 1 and 2."""
    number = an_errand(town, **row)
    rows = [{"key": key(1), "verb": "errand.take", "seq": 1, "errand": number},
            {"key": key(2), "verb": "errand.finish", "seq": 2, "errand": number, "finding": "done"}]  # fmt: skip
    assert states(send(device, rows)) == ["done", "done"]
    return number


class TestOfAReport:
    def test_hangs_on_the_report_of_its_row_sealed_and_never_public(self, town, device, store):
        send(device, [said(1)])

        assert bring(device, 1)["state"] == "done"

        photo = photos(town)[0]
        assert (photo.report_id, photo.may_publish, photo.sent_by) == (reports(town)[0].id, False, "desk")
        assert not any(p.picture() in one.read_bytes() for one in store.rglob("*") if one.is_file())
        with scope.work(system(town)):
            assert "report.photo_added" in [e.verb for e in trail.of("case", cases(town)[0].id)]

    def test_of_what_was_settled_on_the_spot_hangs_on_it_too(self, town, device):
        send(device, [said(1, verb="settle", matter=CLUTTER, how="一起搬走了", text="", grid=GRID)])

        bring(device, 1)

        assert photos(town)[0].report_id == reports(town)[0].id and cases(town)[0].status == "CLOSED"

    def test_of_what_was_found_on_an_errand_hangs_on_the_report_that_it_opened(self, town, device):
        number = an_errand(town)
        found = {"verb": "errand.find", "seq": 2, "errand": number, "text": "玻璃碎了"}
        send(device, [{"key": key(1), "verb": "errand.take", "seq": 1, "errand": number}, {"key": key(2), **found}])

        bring(device, 2)

        assert photos(town)[0].report_id == reports(town)[0].id and shots(town) == []

    def test_of_a_settling_that_did_not_hold_hangs_on_the_report_that_stands(self, town, device):
        elsewhere = said(1, verb="settle", matter=CLUTTER, how="搬走了", where="石坊里12号楼", text="堆物")
        assert states(send(device, [elsewhere])) == ["conflict"]

        assert bring(device, 1)["state"] == "done"

    def test_loses_where_it_was_taken_before_it_is_kept(self, town, device, tmp_path):
        exif = Image.Exif()
        exif[0x8825] = {1: "N", 2: (30.0, 6.0, 0.0)}
        exif[0x0110] = "PLANTED-CAMERA"
        Image.new("RGB", (40, 30)).save(tmp_path / "x.jpg", exif=exif)
        send(device, [said(1)])

        bring(device, 1, data=(tmp_path / "x.jpg").read_bytes())

        by = f.handler_of(cases(town)[0]) if cases(town)[0].lead_id else f.dispatcher(town)
        from jishi.cases.actions import photos as acts

        opened = f.do(by, acts.open_, photos(town)[0].id, reason="看现场", now=datetime.now(UTC))
        assert b"PLANTED" not in opened.data and b"Exif" not in opened.data


class TestOfAnErrand:
    def test_that_ended_without_a_report_is_its_own_and_opened_by_the_desk_for_a_reason(self, town, device):
        number = ended(town, device)

        assert bring(device, 2)["state"] == "done"

        file = shots(town)[0]
        desk, address = colleague(town, "dispatcher"), f"/desk/errands/{number}/photos/{file.id}"
        assert f"photos/{file.id}" in desk.get("/desk/errands").content.decode()
        assert desk.post(address, {"reason": ""}).status_code == 422
        opened = desk.post(address, {"reason": "看贴好了没有"})
        assert "data:image/jpeg;base64," in opened.content.decode() and "no-store" in opened["Cache-Control"]
        with scope.work(system(town)):
            errand = Errand.objects.get(number=number)
            seen = accounts.readings_of(bringing.TABLE, [errand.id], limit=5)
            assert [(one.reason, one.purpose) for one in seen] == [("看贴好了没有", "errand.photo")]
            assert [e.verb for e in trail.of("errand", errand.id)][-1] == "errand.photo_added"

    def test_that_was_only_taken_has_none(self, town, device):
        ended(town, device)
        number = an_errand(town)
        send(device, [{"key": key(3), "verb": "errand.take", "seq": 3, "errand": number}])

        bring(device, 3, status=404)

        assert shots(town) == []

    def test_that_somebody_put_back_and_another_ended_is_not_the_firsts_to_add_to(self, town, device):
        volunteer, number = a_device(town, "volunteer"), an_errand(town, free=True)
        left = [{"key": key(5), "verb": "errand.take", "seq": 1, "errand": number},
                {"key": key(6), "verb": "errand.put_back", "seq": 2, "errand": number}]  # fmt: skip
        assert states(send(volunteer, left)) == ["done", "done"]
        done = [{"key": key(1), "verb": "errand.take", "seq": 1, "errand": number},
                {"key": key(2), "verb": "errand.finish", "seq": 2, "errand": number, "finding": "done"}]  # fmt: skip
        assert states(send(device, done)) == ["done", "done"]

        bring(volunteer, 5, status=404)
        bring(volunteer, 6, status=404)

        assert shots(town) == []

    def test_that_lies_out_of_reach_by_now_is_as_one_that_never_was(self, town, device):
        number = ended(town, device)
        with scope.work(system(town)):
            Errand.objects.filter(number=number).update(division_code="990181002001")

        bring(device, 2, status=404)

        assert shots(town) == []

    def test_has_three_whichever_row_brings_them(self, town, device):
        ended(town, device)
        for n in (1, 2, 3):
            bring(device, 2, n, p.picture("red", (400 + n, 300)))
        with scope.work(system(town)):
            row = IdempotencyRecord.objects.get(route=syncing.ROUTE, key=key(2))
            row.pk, row.key = None, key(9)
            row.save(force_insert=True)

        assert bring(device, 9, data=p.picture("blue"), status=422)["code"] == "too_many_brought"
        assert len(shots(town)) == 3

    def test_is_opened_under_its_own_number_alone_and_by_nobody_who_may_not_know_of_it(self, town, device):
        number, other = ended(town, device), an_errand(town)
        bring(device, 2)
        row = shots(town)[0].id

        desk = colleague(town, "dispatcher")
        assert desk.post(f"/desk/errands/{other}/photos/{row}", {"reason": "看"}).status_code == 404
        asked = {"data": '{"reason": "看"}', "content_type": "application/json"}
        assert desk.post(f"/api/v1/errands/{other}/photos/{row}/open", **asked).status_code == 404
        assert desk.post(f"/api/v1/errands/{number}/photos/{row}/open", **asked).status_code == 200
        assert colleague(town, "reviewer").post(f"/desk/errands/{number}/photos/{row}").status_code == 403
        stranger = a_device(town, area="990181002")
        assert stranger.post(f"/api/v1/errands/{number}/photos/{row}/open", **asked).status_code == 404

    def test_ends_with_its_days(self, town, device, store):
        ended(town, device)
        bring(device, 2)
        later = datetime.now(UTC) + timedelta(days=3 * 366)

        with scope.work(clock(town, "nightly:test")):
            retention.run(by=clock(town, "nightly:test"), now=later)

        assert shots(town) == []


class TestOnce:
    def test_is_kept_once_however_often_it_comes(self, town, device):
        send(device, [said(1)])

        answers = [bring(device, 1)["state"] for _ in range(3)]

        assert answers == ["done", "again", "again"] and len(photos(town)) == 1

    def test_another_picture_in_its_place_is_refused_and_the_first_stands(self, town, device):
        send(device, [said(1)])
        bring(device, 1)

        assert bring(device, 1, data=p.picture("blue"), status=409)["code"] == "key_reused"
        assert len(photos(town)) == 1

    @pytest.mark.parametrize("place", [0, 4, 99, 2**40])
    def test_a_row_has_three_places(self, town, device, place):
        send(device, [said(1)])
        for n in (1, 2, 3):
            bring(device, 1, n, p.picture("red", (400 + n, 300)))

        answer = bring(device, 1, place, status=422)

        assert answer["code"] == ("invalid" if place in (0, 2**40) else "too_many_brought") and len(photos(town)) == 3

    def test_holds_no_key_while_it_is_opened(self, town, device, monkeypatch):
        send(device, [said(1)])
        held: list[int] = []

        def look(sent: Any) -> Any:
            held.append(IdempotencyRecord.objects.filter(route=bringing.ROUTE).count())
            return ready(sent)

        ready = bringing.photos.ready
        monkeypatch.setattr(bringing.photos, "ready", look)
        answers = [bring(device, 1)["state"] for _ in range(2)]

        assert answers == ["done", "again"] and held == [0]  # and one that is known is not opened again

    def test_comes_three_weeks_after_its_row(self, town, device):
        send(device, [said(1, at=(datetime.now(UTC) - timedelta(days=21)).isoformat())])

        assert bring(device, 1)["state"] == "done"


class TestRefused:
    @pytest.mark.parametrize("trap", TRAPS)
    def test_a_trap_is_refused_by_name_and_the_row_stands(self, town, device, trap):
        send(device, [said(1)])
        data, name, _code = TRAPS[trap]

        answer = device.post(f"/api/v1/sync/{key(1)}/photos/1", {"photo": SimpleUploadedFile(name, data)})

        assert answer.status_code in (413, 415, 422) and answer.json()["next"], answer.content.decode()
        assert photos(town) == [] and len(reports(town)) == 1
        assert bring(device, 1)["state"] == "done"  # its place is free again

    def test_a_pdf_is_no_photo(self, town, device):
        send(device, [said(1)])

        assert bring(device, 1, data=p.A_PDF, name="1.pdf", status=415)["code"] == "file_kind_refused"

    def test_without_a_row_there_is_nothing_to_hang_it_on(self, town, device):
        bring(device, 77, status=404)

        assert photos(town) == []

    def test_of_a_row_that_was_refused_has_nothing_to_hang_on(self, town, device):
        assert states(send(device, [said(1, text="")])) == ["refused"]

        bring(device, 1, status=404)

    def test_of_a_colleagues_row_is_as_one_that_never_was(self, town, device):
        send(device, [said(1)])
        other = a_device(town)

        theirs, never = bring(other, 1, status=404), bring(other, 78, status=404)

        assert theirs == never
        assert photos(town) == []

    def test_of_a_case_that_accuses_the_own_body_by_now_is_as_one_that_never_was(self, town, device):
        send(device, [said(1)])
        with scope.work(system(town)):
            Case.objects.update(visibility="closed", accused_body_ids=[f.body_id(town, "sqcz")])

        bring(device, 1, status=404)

        assert photos(town) == []

    def test_is_for_those_who_go_and_nobody_else(self, town, device):
        send(device, [said(1)])

        for other in (colleague(town, "dispatcher"), colleague(town, "handler")):
            bring(other, 1, status=403)
        bring(Client(headers=HOST), 1, status=403)
        assert photos(town) == []

    def test_of_a_worker_of_another_town_finds_no_row(self, town, other_tenant, device):
        send(device, [said(1)])
        there = replace(f.staff(town, "grid_worker", account=4711, body="sqcz", area=AREA), tenant_id=other_tenant)

        with scope.work(there), pytest.raises(NotFound):
            bringing.bring(key(1), 1, p.sent(), by=there, now=datetime.now(UTC))

        assert photos(town) == []


def test_a_volunteer_brings_a_photo_of_a_free_errand(town):
    device = a_device(town, "volunteer")
    number = an_errand(town, free=True)
    rows = [{"key": key(1), "verb": "errand.take", "seq": 1, "errand": number},
            {"key": key(2), "verb": "errand.find", "seq": 2, "errand": number, "text": "玻璃碎了"}]  # fmt: skip
    assert states(send(device, rows)) == ["done", "done"]

    assert bring(device, 2)["state"] == "done"
    assert len(photos(town)) == 1


def test_the_record_of_a_photo_holds_ids_alone(town, device):
    send(device, [said(1)])
    bring(device, 1, name="王建国家门口.jpg")

    with scope.work(system(town)):
        kept = IdempotencyRecord.objects.get(route=bringing.ROUTE)
        assert set(kept.answer) == {"photo"} and kept.expires_at - datetime.now(UTC) > timedelta(days=29)
    assert syncing.ROUTE != bringing.ROUTE
