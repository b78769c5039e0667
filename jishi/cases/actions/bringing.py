"""现场照片、录音: what a device brings after the row it belongs to, one by one (spec 10 §§3, 12, 14, 18; 90 §9).

The row went first and stands whatever becomes of its photos. A photo's address is the row's key and its place: it is
taken once however often it comes, and a row has three at most. None is asked for; what stands in a picture of where
and when it was taken is dropped before anything is kept. Those of a report are its photos; those of an errand that was
ended without a report are stored files of the errand's row, kept sealed, opened as a reading. A recording belongs to
a report alone: it is the voice of whoever brings it, and he confirms what an operator writes down of it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction

from jishi.accounts.actions import reading
from jishi.accounts.actions.reading import OpenedFile
from jishi.cases import walkers
from jishi.cases.actions import photos, recordings, syncing
from jishi.cases.legwork import OPEN_ERRAND
from jishi.cases.models import Errand, Report
from jishi.cases.refusals import TooManyBrought
from jishi.foundation import files, idempotency, sounds, trail
from jishi.foundation.actor import Actor
from jishi.foundation.files import StoredFile, Wanted
from jishi.foundation.refusals import NotAllowed, NotFound, StillRunning
from jishi.foundation.uploads import PICTURES, FileKindRefused, Sent

ROUTE, VOICE = "sync.photo", "sync.recording"
MOST = 3  # photos of one row, and as many recordings
Looked = TypeVar("Looked")
TABLE, SHOT = Errand._meta.db_table, "errand.photo"


@transaction.atomic
def bring(row: str, place: int, sent: Sent, *, by: Actor, now: datetime) -> bool:
    """Keep one photo of a row that this person sent before, in place 1, 2 or 3; False: it was kept already.

    :raises NotAllowed: neither a grid worker nor a registered volunteer. :raises NotFound: no row of this person by
    that key within thirty days, one that no photo belongs to, or one that this person may not know of any more.
    :raises TooManyBrought: a fourth place, or a fourth photo of one errand. :raises KeyReused: another photo in that
    place. :raises StillRunning: its row has not ended. :raises ReopenWindowClosed: the matter ended long ago.
    :raises FileKindRefused: no picture. Else as `photos.ready`.
    """

    def keep(became: Mapping[str, Any], ready: photos.Ready) -> dict[str, Any]:
        if number := became.get("number"):
            return {"photo": photos.add_brought(_report(number, by), ready, by=by, now=now).code}
        return {"file": _beside_errand(became, ready, by=by, now=now)}

    return _once(row, place, sent, ROUTE, lambda: photos.ready([_picture(sent)])[0], keep, by=by, now=now)


@transaction.atomic
def bring_voice(row: str, place: int, sent: Sent, *, by: Actor, now: datetime) -> bool:
    """Keep one recording of a row that this person sent before, in place 1, 2 or 3; False: it was kept already.

    :raises NotFound: its row became no report. Else as `bring`, `recordings.ready` and `recordings.add_brought`.
    """

    def keep(became: Mapping[str, Any], ready: sounds.Sound) -> dict[str, Any]:
        report = _report(became.get("number", ""), by)
        return {"recording": recordings.add_brought(report, ready, by=by, now=now).code}

    return _once(row, place, sent, VOICE, lambda: recordings.ready([sent])[0], keep, by=by, now=now)


def _once(
    row: str, place: int, sent: Sent, route: str, look: Callable[[], Looked],
    keep: Callable[[Mapping[str, Any], Looked], dict[str, Any]], *, by: Actor, now: datetime,
) -> bool:  # fmt: skip
    """Look at what came, before anything is locked, and keep it once by the key of its row and its place."""
    if not by.has("grid_worker", walkers.VOLUNTEER) or by.account_id is None:
        raise NotAllowed(why="随身页由网格员和登记过的志愿者用。")
    person = replace(by, post_id=None)  # as its row: a change of post between two attempts makes nothing twice
    became = idempotency.answer_of(row, route=syncing.ROUTE, by=person)
    if became is None:
        raise NotFound
    if not became:
        raise StillRunning
    if not 1 <= place <= MOST:
        raise TooManyBrought(limit=MOST)
    key, body = f"{row}.{place}", hashlib.sha256(sent.data).digest()
    is_new = not idempotency.answer_of(key, route=route, by=person)
    ready = look() if is_new else None
    slot = idempotency.claim(key, route=route, body=body, by=person, now=now, keep=idempotency.KEEP_DEVICE)
    if not slot.is_first:
        return False
    slot.fill(keep(became, look() if ready is None else ready))  # what was kept may have run out in between
    return True


def _picture(sent: Sent) -> Sent:
    kind = sent.kind()
    if kind.endings != PICTURES:
        zh, en = kind.hint
        raise FileKindRefused(name=sent.name, kind_zh=kind.zh, kind_en=kind.en, hint_zh=zh, hint_en=en)
    return sent


def _report(number: str, by: Actor) -> int:
    """Whoever shows the key of the row took the report in; he must still be one who may know of it."""
    report = Report.objects.filter(tenant_id=by.tenant_id, number=number).values_list("id", flat=True).first()
    if report is None:
        raise NotFound
    return int(report)


def _beside_errand(became: Mapping[str, Any], ready: photos.Ready, *, by: Actor, now: datetime) -> int:
    """The row must be the one that ended the errand: whoever took it or put it back has looked at nothing yet."""
    number = str(became.get("errand", ""))
    errand = Errand.objects.select_for_update().filter(tenant_id=by.tenant_id, number=number).first()
    if errand is None or became.get("status") in OPEN_ERRAND or errand.status in OPEN_ERRAND:
        raise NotFound
    if not walkers.sees(by, errand):
        raise NotFound
    if len(of_errands([errand.id], tenant_id=by.tenant_id).get(errand.id, ())) >= MOST:
        raise TooManyBrought(limit=MOST)
    wanted = Wanted(ready.content, SHOT, (TABLE, errand.id), photos.last_day(now), ready.name)
    kept = files.keep([wanted], tenant_id=by.tenant_id, now=now)[0]
    codes = {"version": errand.version, "case": errand.case_id, "hash": kept.content_hash}
    trail.record("errand.photo_added", ("errand", errand.id), by=by, at=now, codes=codes)
    return kept.id


def of_errands(errand_ids: Iterable[int], *, tenant_id: int) -> dict[int, tuple[StoredFile, ...]]:
    """Give the photos of these errands, by errand; one statement, none where there is no errand."""
    ids = list(errand_ids)
    found: dict[int, tuple[StoredFile, ...]] = {}
    if not ids:
        return found
    rows = StoredFile.objects.filter(tenant_id=tenant_id, owner_table=TABLE, owner_row__in=ids, purpose=SHOT)
    for row in rows.order_by("id"):
        found[row.owner_row] = (*found.get(row.owner_row, ()), row)
    return found


def open_(file_id: int, *, of: str, reason: str, by: Actor, now: datetime) -> OpenedFile:
    """Open a photo of the errand with this number: a reading.

    :raises NotFound: no such photo of an errand that this actor may know of. Else as a reading.
    """
    rows = StoredFile.objects.filter(tenant_id=by.tenant_id, id=file_id, owner_table=TABLE, purpose=SHOT)
    errands = walkers.visible_to(by, Errand.objects.filter(number=of.strip().upper(), id__in=rows.values("owner_row")))
    if not errands.exists():
        raise NotFound
    return reading.read_file(file_id, what="photo", reason=reason, by=by, now=now)
