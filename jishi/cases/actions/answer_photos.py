"""答复的照片公开: a photo beside a body's reply, covered by a reviewer, shown with its public words (spec 10 §2).

What the body sent stays sealed. A photo that nobody decided about is not public, a PDF never is, nor is anything of a
confidential case, a tip-off, or a complaint about a body (个人信息保护法 25; `publishing.must_stay_closed`).
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from jishi.accounts.actions import reading
from jishi.cases.actions import covering, moving, photos
from jishi.cases.actions.enclosing import ENCLOSED, TABLE
from jishi.cases.actions.moving import Held
from jishi.cases.models import Reply, ReplyPhoto
from jishi.cases.refusals import GroundNeeded, NoPublicWords, NotAPicture
from jishi.cases.states import Status
from jishi.foundation import files, pictures
from jishi.foundation.actor import Actor
from jishi.foundation.files import StoredFile, Wanted
from jishi.foundation.pictures import Box
from jishi.foundation.refusals import NotFound

PUBLIC = "reply.public"


@transaction.atomic
def publish(
    file_id: int, *, of_case: int, boxes: Sequence[Box], ground: str, why: str = "", by: Actor, now: datetime,
    version: int | None = None,
) -> ReplyPhoto:  # fmt: skip
    """Make the copy that strangers see beside the reply's public words, with `boxes` painted over.

    Opening the original is a reading. Covered again, the new copy takes the place of the old one.
    :raises NotFound: no such file of the reply that counts now, or not this actor's to see.
    :raises NotAllowed: no reviewer outside the matter. :raises SamePerson: the reviewer answered in this case.
    :raises WrongMoment: no reply waits for review or was approved. :raises NotForThePublic: nobody may open the case.
    :raises NotAPicture: a PDF. :raises NoPublicWords: the reply says nothing to the public.
    :raises GroundNeeded: regions without a ground, or a ground without regions.
    """
    held = moving.hold(of_case, by=by, version=version)
    move = moving.ensure_beside(held, "answer_photos.publish", by=by)
    covering.ensure_may_be_public([held])
    file, reply = _file_of(held, file_id)
    if file.kind != "jpeg":
        raise NotAPicture
    if not reply.text_public.strip():
        raise NoPublicWords
    photos.ensure_ground(boxes, ground)
    opened = reading.read_file(file.id, what="enclosure", reason="公开前看一遍、遮盖", by=by, now=now)
    made = files.keep(
        [Wanted(one, PUBLIC, (TABLE, reply.id), file.ends_on, is_public=True)
         for one in pictures.covered(opened.data, boxes)],
        tenant_id=by.tenant_id, now=now,
    )  # fmt: skip
    _end(ReplyPhoto.objects.filter(tenant_id=by.tenant_id, file=file))
    row = ReplyPhoto.objects.create(
        tenant_id=by.tenant_id, case=held.case, reply=reply, code=secrets.token_hex(10), file=file,
        own_hash=file.content_hash, shown=made[0], small=made[1], shown_hash=made[0].content_hash, shown_at=now,
        ground=ground, why=why.strip()[:300], boxes=[list(b) for b in boxes], by=by.label,
    )  # fmt: skip
    codes = {
        "reply": reply.id, "photo": row.code, "own_hash": row.own_hash, "shown_hash": row.shown_hash,
        "ground": ground, "regions": len(boxes),
    }  # fmt: skip
    moving.carry_out_beside(held, move, by=by, now=now, codes=codes, words={"why": row.why} if row.why else None)
    return row


@transaction.atomic
def hide(file_id: int, *, of_case: int, why: str, by: Actor, now: datetime, version: int | None = None) -> None:
    """Let strangers not see it any more; the copies are gone, what the body sent stays.

    :raises NotFound: it is not public, or not this actor's to see. :raises NotAllowed: no reviewer outside the matter.
    :raises GroundNeeded: no reason.
    """
    held = moving.hold(of_case, by=by, version=version)
    move = moving.ensure_beside(held, "answer_photos.hide", by=by)
    rows = ReplyPhoto.objects.filter(tenant_id=by.tenant_id, case=held.case, file=file_id)
    row = rows.first()
    if row is None:
        raise NotFound
    if not why.strip():
        raise GroundNeeded(what="为什么不公开这张照片", what_en="why this photo is not public")
    _end(rows)
    codes = {"reply": row.reply_id, "photo": row.code}
    moving.carry_out_beside(held, move, by=by, now=now, codes=codes, words={"why": why.strip()[:300]})


def of_files(file_ids: Iterable[int], *, tenant_id: int) -> dict[int, ReplyPhoto]:
    """Give the public copies of these files, by file; one statement, none where there is no file."""
    ids = list(file_ids)
    rows = ReplyPhoto.objects.filter(tenant_id=tenant_id, file__in=ids) if ids else ()
    return {row.file_id: row for row in rows}


def end_with(file_ids: Iterable[int], *, tenant_id: int) -> int:
    """This will end the public copies whose original, or one of whose own files, is among these. Gives how many."""
    ids = list(file_ids)
    rows = ReplyPhoto.objects.filter(tenant_id=tenant_id)
    return _end(rows.filter(file__in=ids) | rows.filter(shown__in=ids) | rows.filter(small__in=ids))


def _file_of(held: Held, file_id: int) -> tuple[StoredFile, Reply]:
    """Find a file of the newest reply. :raises NotFound: of none, of an older one, of one that was never approved."""
    reply = Reply.objects.filter(case=held.case).order_by("-id").first()
    if reply is None or (reply.approved_at is None and held.case.status != Status.REPLIED):
        raise NotFound
    mine = StoredFile.objects.filter(tenant_id=reply.tenant_id, owner_table=TABLE, owner_row=reply.id)
    found = mine.filter(id=file_id, purpose=ENCLOSED).first()
    if found is None:
        raise NotFound
    return found, reply


def _end(rows: Iterable[ReplyPhoto]) -> int:
    ended = list(rows)
    if not ended:
        return 0
    ReplyPhoto.objects.filter(id__in=[row.id for row in ended]).delete()
    return files.end([i for row in ended for i in (row.shown_id, row.small_id)], tenant_id=ended[0].tenant_id)
