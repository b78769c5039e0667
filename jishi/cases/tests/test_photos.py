"""Photos: who sends, who opens, who covers, who hides; what strangers see (spec 10 §§3, 13; 90 §9)."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from PIL import Image

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.accounts.actions import reading
from jishi.cases.actions import photos
from jishi.cases.models import Photo
from jishi.cases.queries import public
from jishi.cases.refusals import GroundNeeded, NotAgreed, NotAPicture, NotForThePublic, TooManyPhotos
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.foundation import files, scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


def readings(case: Any) -> list[Any]:
    with scope.work(system(case.tenant_id)):
        return accounts.readings_of("cases_report", p.report_of(case).id)


def stored(town: int) -> int:
    with scope.work(system(town)):
        return files.StoredFile.objects.count()


class TestAdd:
    @pytest.mark.parametrize("who", ["the caller", "operator"])
    def test_is_kept_for_two_years_and_leaves_one_entry(self, who: str, town: int) -> None:
        case = f.a_case(town)
        before = p.entries(case)

        photo = p.a_photo(case, by=f.operator(town) if who == "operator" else None, agreed=False)

        assert photo.sent_by == ("desk" if who == "operator" else "caller")
        assert p.entries(case) == [*before, "report.photo_added"]
        assert p.last(case).codes["hashes"] == [photo.own_hash]
        kept = p.again(photo)
        assert kept is not None and (kept.file.kind, str(kept.file.ends_on)) == ("jpeg", "2028-03-09")

    @pytest.mark.parametrize("who", [f.dispatcher, f.stranger, lambda t: Actor(t, "anonymous")])
    def test_is_nobody_else_s_to_do(self, who: Any, town: int) -> None:
        case = f.a_case(town)
        before = p.entries(case), stored(town)

        with pytest.raises(NotFound):
            p.a_photo(case, by=who(town))

        assert (p.entries(case), stored(town)) == before

    def test_the_thirteenth_is_refused_and_nothing_stored(self, town: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(photos, "MOST", 1)
        case = f.a_case(town)
        p.a_photo(case)

        with pytest.raises(TooManyPhotos):
            p.a_photo(case)

        assert stored(town) == 1


class TestOpen:
    @pytest.mark.parametrize("who", [f.operator, f.dispatcher, f.reviewer])
    def test_whoever_handles_the_matter_opens_it_and_its_sender_sees_that(self, who: Any, town: int) -> None:
        case = f.a_case(town)
        photo = p.a_photo(case)

        opened = f.do(who(town), photos.open_, photo.id, reason="核对现场", now=MONDAY_TEN)

        assert Image.open(io.BytesIO(opened.data)).size == (400, 300)
        assert [(r.reason, r.fields) for r in readings(case)] == [("核对现场", ["photo"])]

    def test_to_who_does_not_see_the_case_it_is_not_there(self, town: int) -> None:
        photo = p.a_photo(f.a_case(town))

        with pytest.raises(NotFound):
            f.do(f.stranger(town), photos.open_, photo.id, reason="好奇", now=MONDAY_TEN)

    def test_an_accused_body_finds_no_photo_of_a_confidential_case(self, town: int) -> None:
        accused = f.body_id(town, "cgj")
        case = f.a_case(town, voice="confidential", accused_body_ids=(accused,))
        photo = p.a_photo(case, by=f.operator(town))

        with pytest.raises(NotFound):
            f.do(f.staff(town, "operator", "reviewer", body="cgj"), photos.open_, photo.id, reason="看", now=MONDAY_TEN)
        with scope.work(f.staff(town, "operator", body="cgj")):
            assert not Photo.objects.exists() and not files.StoredFile.objects.exists()

    def test_without_a_reason_it_stays_closed(self, town: int) -> None:
        case = f.a_case(town)
        photo = p.a_photo(case)

        with pytest.raises(reading.ReasonMissing):
            f.do(f.operator(town), photos.open_, photo.id, reason=" ", now=MONDAY_TEN)

        assert readings(case) == []


class TestPublish:
    def test_makes_a_covered_copy_bound_to_what_was_sent(self, town: int) -> None:
        case = p.a_public_case(town)
        photo = p.a_shown_photo(case)

        with scope.work(system(town)):
            data = files.shown(photo.shown_id, tenant_id=town, now=MONDAY_TEN)
            assert public.photo(photo.code, small=False, tenant_id=town) == photo.shown_id
        seen = Image.open(io.BytesIO(data))
        assert seen.getpixel((10, 10)) == (0, 0, 0) and seen.getpixel((390, 290))[0] > 200
        row, entry = p.redactions(case)[0], p.last(case)
        assert (row.before_commit, row.after_hash) == (photo.own_hash, photo.shown_hash)
        assert (entry.verb, entry.codes["own_hash"], entry.codes["shown_hash"]) == (
            "report.photo_shown", photo.own_hash, photo.shown_hash,
        )  # fmt: skip
        assert [r.reason for r in readings(case)] == ["公开前看一遍、遮盖"]

    def test_covered_anew_the_old_copy_goes(self, town: int) -> None:
        photo = p.a_shown_photo(p.a_public_case(town))
        before = stored(town)

        p.publish(photo, boxes=((0, 0, 1000, 1000),))

        after = p.again(photo)
        assert after is not None and after.shown_hash != photo.shown_hash
        assert stored(town) == before

    @pytest.mark.parametrize(
        ("facts", "refusal"),
        [
            ({"agreed": False}, NotAgreed),
            ({"given": p.sent(p.A_PDF, "账单.pdf")}, NotAPicture),
        ],
    )
    def test_is_refused_without_consent_and_of_a_pdf(self, facts: Any, refusal: Any, town: int) -> None:
        photo = p.a_photo(p.a_public_case(town), **facts)

        with pytest.raises(refusal):
            p.publish(photo)

        assert stored(town) == 1

    @pytest.mark.parametrize("facts", [{"voice": "confidential"}, {"kind": "tip_off"}])
    def test_nothing_of_a_hidden_case_is_ever_published(self, facts: Any, town: int) -> None:
        photo = p.a_photo(p.a_public_case(town, **facts), by=f.operator(town))

        with pytest.raises(NotForThePublic):
            p.publish(photo)

    @pytest.mark.parametrize(
        ("boxes", "ground"),
        [((), "person"), (((0, 0, 10, 10),), "nothing"), (((0, 0, 10, 10),), "x"), (((990, 0, 20, 10),), "person")],
    )
    def test_regions_and_ground_go_together(self, boxes: Any, ground: str, town: int) -> None:
        photo = p.a_photo(p.a_public_case(town))

        with pytest.raises(GroundNeeded):
            p.publish(photo, boxes=boxes, ground=ground)

    @pytest.mark.parametrize("who", [f.operator, f.dispatcher])
    def test_is_the_reviewer_s_alone(self, who: Any, town: int) -> None:
        photo = p.a_photo(p.a_public_case(town))

        with pytest.raises(NotAllowed):
            f.do(who(town), photos.publish, photo.id, boxes=(), ground="nothing", now=MONDAY_TEN)


class TestHide:
    @pytest.mark.parametrize("years", [0, 1])
    def test_its_sender_hides_it_at_any_time_and_the_copies_are_gone(self, years: int, town: int) -> None:
        case = p.a_public_case(town)
        photo = p.a_shown_photo(case)

        f.do(p.the_caller(case), photos.hide, photo.id, now=MONDAY_TEN + timedelta(days=365 * years, hours=2))

        after = p.again(photo)
        assert after is not None and (after.shown, after.small, after.hidden_by) == (None, None, "caller")
        assert (p.last(case).verb, stored(town)) == ("report.photo_hidden", 1)
        with scope.work(system(town)):
            assert public.photo(photo.code, small=True, tenant_id=town) is None

    def test_a_reviewer_says_why(self, town: int) -> None:
        photo = p.a_shown_photo(p.a_public_case(town))

        with pytest.raises(GroundNeeded):
            f.do(f.reviewer(town), photos.hide, photo.id, now=MONDAY_TEN)
        f.do(f.reviewer(town), photos.hide, photo.id, why="拍到了孩子", now=MONDAY_TEN)

        with pytest.raises(NotAgreed):  # nor does a reviewer show it by accident again
            p.publish(photo)

    def test_taking_consent_back_takes_the_copies_away(self, town: int) -> None:
        case = p.a_public_case(town)
        photo = p.a_shown_photo(case)

        f.do(p.the_caller(case), photos.agree, photo.id, may_publish=False, now=MONDAY_TEN)

        assert stored(town) == 1
        with pytest.raises(NotAgreed):
            p.publish(photo)

    def test_another_caller_and_the_operator_do_not(self, town: int) -> None:
        case = p.a_public_case(town)
        photo, other = p.a_shown_photo(case), p.the_caller(f.a_case(town))

        with pytest.raises(NotFound):
            f.do(other, photos.hide, photo.id, now=MONDAY_TEN)
        with pytest.raises(NotAllowed):
            f.do(f.operator(town), photos.hide, photo.id, why="x", now=MONDAY_TEN)

    def test_what_is_taken_back_is_gone_in_every_copy_and_the_record_keeps_its_hash(
        self, town: int, store: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        case = p.a_public_case(town)
        photo = p.a_shown_photo(case)

        with django_capture_on_commit_callbacks(execute=True):
            f.do(p.the_caller(case), photos.take_back, photo.id, now=MONDAY_TEN)

        assert p.again(photo) is None and stored(town) == 0
        assert [x for x in store.rglob("*") if x.is_file()] == []
        assert p.last(case).codes["own_hash"] == photo.own_hash
        assert len(p.redactions(case)) == 1
