"""Photos as phones make them, and their lives, for tests."""

import io
from datetime import datetime, timedelta
from typing import Any

from PIL import Image

from conftest import MONDAY_TEN
from jishi.cases.actions import photos, privacy, publishing
from jishi.cases.models import Case, Photo, Redaction, Report
from jishi.cases.tests import factories as f
from jishi.duties import queries as duties
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.uploads import Sent

HOUR = timedelta(hours=1)


def picture(colour: str = "red", size: tuple[int, int] = (400, 300), form: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, form)
    return out.getvalue()


def sent(data: bytes = b"", name: str = "门口.jpg") -> Sent:
    data = data or picture()
    return Sent(name, data, len(data))


A_PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def a_public_case(town: int, *, now: datetime = MONDAY_TEN, **facts: Any) -> Case:
    """A case of a matter that strangers may read at once."""
    with scope.work(system(town)):
        code = next(m.code for m in duties.leaves() if m.default_visibility == "public")
    return f.a_case(town, now=now, matter=code, **facts)


def report_of(case: Case) -> Report:
    with scope.work(system(case.tenant_id)):
        return Report.objects.filter(memberships__case=case, memberships__to_at=None).order_by("id")[0]


def the_caller(case: Case) -> Actor:
    return Actor(tenant_id=case.tenant_id, kind="reporter", report_id=report_of(case).id)


def a_photo(case: Case, *, by: Actor | None = None, agreed: bool = True, now: datetime = MONDAY_TEN,
            given: Sent | None = None) -> Photo:  # fmt: skip
    by = by or the_caller(case)
    looked = photos.ready([given or sent()])
    return f.do(by, photos.add, report_of(case).id, looked, may_publish=agreed, now=now)[0]


def again(photo: Photo) -> Photo | None:
    with scope.work(system(photo.tenant_id)):
        return Photo.objects.select_related("file", "shown", "small").filter(id=photo.id).first()


def publish(photo: Photo, *, boxes: Any = ((0, 0, 500, 500),), ground: str = "person", **more: Any) -> Photo:
    given = {"now": MONDAY_TEN + HOUR, "why": "盖住了门牌", **more}
    return f.do(f.reviewer(photo.tenant_id), photos.publish, photo.id, boxes=boxes, ground=ground, **given)


def a_shown_photo(case: Case) -> Photo:
    photo = a_photo(case)
    publish(photo)
    found = again(photo)
    assert found is not None and found.shown is not None
    return found


def redact(case: Case, *passages: str, **more: Any) -> Report:
    given = {"ground": "person", "why": "写着邻居的名字", "now": MONDAY_TEN + HOUR, **more}
    return f.do(f.reviewer(case.tenant_id), privacy.redact, report_of(case).id, passages=passages, **given)


def open_case(case: Case, now: datetime = MONDAY_TEN) -> None:
    f.do(f.reviewer(case.tenant_id), publishing.open_, case.id, now=now)


def entries(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [e.verb for e in trail.of("case", case.id)]


def last(case: Case) -> Any:
    with scope.work(system(case.tenant_id)):
        return trail.of("case", case.id)[-1]


def redactions(case: Case) -> list[Redaction]:
    with scope.work(system(case.tenant_id)):
        return list(Redaction.objects.filter(case=case).order_by("id"))
